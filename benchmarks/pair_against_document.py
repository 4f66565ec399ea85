"""The two scorers of summarization on the same documents: quality and speed in one run.

`summarization` reads a document once and scores all its sentences; `summarization_pair` reads each
(sentence, document) pair. Both get the first rows of CNN/DailyMail's test part, in alternating
groups, so that a change in the machine's load falls on both, and choose three sentences of each.
Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

from nlpkit import corpora, load
from nlpkit.evaluation.rouge import rouge
from nlpkit.evaluation.scoring.summarization import lines
from nlpkit.text import split_sentences


def main() -> None:
    """Runs both pipelines and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=150, help="documents")
    parser.add_argument("--group", type=int, default=10, help="documents before the other's turn")
    parser.add_argument("--document", default="summarization", help="pipeline that reads once")
    parser.add_argument("--pair", default="summarization_pair", help="pipeline that reads pairs")
    parser.add_argument("--data", help="folder of the data sets; default: NLPKIT_DATA")
    parser.add_argument("--device", default="auto")
    args = parser.parse_args()

    frame = corpora.read("cnn_dailymail", "test", root=args.data, limit=args.rows)
    documents: list[str] = list(frame["article"])
    references = [lines(summary) for summary in frame["highlights"]]
    pipelines: dict[str, Any] = {
        name: load(name, device=args.device, runtime="torch", dtype="float32")
        for name in (args.document, args.pair)
    }
    for pipeline in pipelines.values():  # the first pass through a model allocates
        pipeline(documents[0])

    chosen: dict[str, list[list[str]]] = {name: [] for name in pipelines}
    seconds = dict.fromkeys(pipelines, 0.0)
    for start in range(0, len(documents), args.group):
        group = documents[start : start + args.group]
        for name, pipeline in pipelines.items():
            began = time.perf_counter()
            summaries = pipeline(group, sentences=3)
            seconds[name] += time.perf_counter() - began
            chosen[name] += [[s.text for s in summary.sentences] for summary in summaries]

    lead = [[text[a:b] for a, b in split_sentences(text)[:3]] for text in documents]
    print(f"The first {len(documents)} rows of cnn_dailymail test, ROUGE F1, stemmed.\n")
    print("| pipeline | ROUGE-1 | ROUGE-2 | ROUGE-Lsum | documents a second |")
    print("|---|---|---|---|---|")
    for name, picked in {"LEAD-3": lead, **chosen}.items():
        values = rouge(picked, references)
        speed = f"{len(documents) / seconds[name]:.2f}" if name in seconds else ""
        scores = (f"{values[kind].points:.2f}" for kind in ("rouge1", "rouge2", "rougeLsum"))
        print(f"| {name} | {' | '.join(scores)} | {speed} |")
    ratio = seconds[args.pair] / seconds[args.document]
    print(f"\n`{args.document}` is {ratio:.1f} times as fast as `{args.pair}`.")


if __name__ == "__main__":
    main()
