"""How the sentences of a summary are best chosen, once all are scored: ROUGE for each way.

On documents of the training sets that training did not draw, so that a way can be chosen without
looking at validation. Sentences are scored once. `--share` measures coverage with other bounds on
which sentences it looks at, `--reference` with other lengths of the reference it expects.
Prints a Markdown table.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pandas as pd

import nlpkit
from nlpkit.evaluation.rouge import rouge
from nlpkit.results import Summary
from nlpkit.tasks import coverage, selection
from nlpkit.tasks.selection import Redundancy
from nlpkit.tasks.summarization import Summarization, is_heading
from nlpkit.tasks.summary_length import Length
from nlpkit.training.training_rows import training_rows

METRICS = ("rouge1", "rouge2", "rougeLsum")


def unseen(pipeline: Summarization, rows: int, data: Path | None, seed: int) -> pd.DataFrame:
    """Documents of the pipeline's training sets beyond those that were drawn for it."""
    recipe = pipeline.recipe
    assert recipe.data is not None
    unlimited = recipe.data.model_copy(update={"limit": None})
    every = training_rows(recipe.model_copy(update={"data": unlimited}), data)
    drawn = set(training_rows(recipe, data)["document"])
    left = every[~every["document"].isin(drawn)]
    return left.sample(n=min(rows, len(left)), random_state=seed)


def chosen(scored: Summary, document: str, count: int, way: Redundancy) -> list[str]:
    """The sentences of a summary, headings left out, as the pipeline chooses them."""
    texts = [document[start:stop] for start, stop in scored.spans]
    pool = [index for index, text in enumerate(texts) if not is_heading(text)]
    if len(pool) < count:
        pool = list(range(len(texts)))
    picked = selection.select(
        [scored.scores[index] for index in pool],
        sentences=[texts[index] for index in pool],
        length=Length(sentences=count),
        redundancy=way,
    )
    return [texts[pool[index]] for index in picked]


def main() -> None:
    """Measures one way after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pipeline", default="summarization", help="its name (%(default)s)")
    parser.add_argument("--data", type=Path, help="folder of the reference data sets")
    parser.add_argument("--rows", type=int, default=2000, help="documents (%(default)s)")
    parser.add_argument("--dtype", default="int8", help="number type (%(default)s)")
    parser.add_argument("--seed", type=int, default=7, help="of the rows (%(default)s)")
    parser.add_argument("--share", type=float, nargs="*", default=[0, 0.2, 0.5], help="others")
    parser.add_argument("--reference", type=float, nargs="*", default=[0.35, 0.7], help="others")
    options = parser.parse_args()
    pipeline = nlpkit.load(options.pipeline, dtype=options.dtype)
    frame = unseen(pipeline, options.rows, options.data, options.seed)
    documents = frame["document"].tolist()
    references = [summary.splitlines() for summary in frame["summary"]]
    scored = list(pipeline(documents, progress=True))
    count = pipeline.recipe.decoding.sentences

    def ways() -> Iterator[tuple[str, Redundancy]]:
        for way in get_args(Redundancy):
            yield way, way
        usual = selection.COVERAGE_SHARE, coverage.REFERENCE
        for share in options.share:
            selection.COVERAGE_SHARE = share
            yield f"coverage, from {share:g} of the probability", "coverage"
        selection.COVERAGE_SHARE = usual[0]
        for share in options.reference:
            coverage.REFERENCE = share
            yield f"coverage, a reference {share:g} times as long", "coverage"
        coverage.REFERENCE = usual[1]

    print(f"{len(documents):,} documents, {pipeline.info['dtype']}, {count} sentences\n")
    print("| | ROUGE-1 | ROUGE-2 | ROUGE-Lsum | words | sentences under 8 words |")
    print("|---|---|---|---|---|---|")
    for name, way in ways():
        summaries = [chosen(s, d, count, way) for s, d in zip(scored, documents, strict=True)]
        scores = rouge(summaries, references, types=METRICS)
        lengths = [len(sentence.split()) for summary in summaries for sentence in summary]
        cells = [f"{100 * scores[metric].value:.2f}" for metric in METRICS]
        cells.append(f"{sum(lengths) / len(summaries):.1f}")
        cells.append(f"{sum(n < 8 for n in lengths) / len(summaries):.2f}")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
