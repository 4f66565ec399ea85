"""How far windows may move on before results get worse: quality and time for some strides.

On rows that training set aside, so that a stride can be chosen without looking at validation. A
document is summarized as it is. A question is asked about its paragraph and eleven others of the
same article, joined to one text that is longer than a window; the best span always counts. Prints
a Markdown table.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import nlpkit
from nlpkit.training.holdout import split_rows
from nlpkit.training.training_rows import training_rows

PARAGRAPHS = 12
METRICS = {
    "summarization": ("rouge1", "rouge2", "rougeLsum"),
    "question_answering": ("exact_match", "f1"),
}


def joined(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Questions with an answer, each about a text of several paragraphs of its article."""
    rng = np.random.default_rng(seed)
    articles = {title: list(dict.fromkeys(rows.context)) for title, rows in frame.groupby("title")}
    rows = []
    for row in frame.to_dict("records"):
        if not len(row["answers"]["text"]):
            continue
        others = [text for text in articles[row["title"]] if text != row["context"]]
        texts = [others[i] for i in rng.permutation(len(others))[: PARAGRAPHS - 1]]
        place = int(rng.integers(len(texts) + 1))
        shift = sum(len(text) + 1 for text in texts[:place])
        texts.insert(place, row["context"])
        starts = [start + shift for start in row["answers"]["answer_start"]]
        answers = {"text": list(row["answers"]["text"]), "answer_start": starts}
        rows.append({**row, "context": "\n".join(texts), "answers": answers})
    return pd.DataFrame(rows)


def main() -> None:
    """Measures one stride after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=sorted(METRICS), help="pipeline")
    parser.add_argument("strides", nargs="+", type=int, help="in tokens")
    parser.add_argument("--data", type=Path, help="folder of the reference data sets")
    parser.add_argument("--rows", type=int, default=500, help="most rows (%(default)s)")
    parser.add_argument("--dtype", default="float32", help="number type (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the rows (%(default)s)")
    options = parser.parse_args()
    pipeline = nlpkit.load(options.name, dtype=options.dtype)
    recipe = pipeline.recipe
    _, frame = split_rows(training_rows(recipe, options.data), recipe)
    assert frame is not None, "the shipped recipes set rows aside"
    if recipe.task == "question_answering":
        frame = joined(frame, options.seed)
    frame = frame.sample(n=min(options.rows, len(frame)), random_state=options.seed)
    names = METRICS[recipe.task]
    print("| stride |", " | ".join(names), "| processor seconds |")
    print("|---:|" + "---:|" * (len(names) + 1))
    for stride in options.strides:
        decoding = recipe.decoding.model_copy(update={"stride": stride})
        pipeline.recipe = recipe.model_copy(update={"decoding": decoding})
        began = time.process_time()
        scores: Any = pipeline.evaluate(frame)
        seconds = time.process_time() - began
        points = " | ".join(f"{scores[name].points:.2f}" for name in names)
        print(f"| {stride} | {points} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
