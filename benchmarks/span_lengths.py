"""How much long answers are held back: EM and F1 for some values of `decoding.length_penalty`.

On the questions that training set aside, so that a value can be chosen without looking at
validation; the encoder runs once. EM and F1 are of the best span for each question that has an
answer. "F1 with none" is over all questions, those with and without an answer counting alike, at
the best threshold. Both for the question's own passage and for that among four others. Prints a
Markdown table.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import nlpkit
from nlpkit.runtimes.base import Runtime
from nlpkit.training.calibrate_answers import Reading, answer_evidence
from nlpkit.training.holdout import split_rows
from nlpkit.training.training_rows import training_rows
from nlpkit.windows import Window


class Once:
    """A runtime that computes what it is given the first time, and remembers it."""

    def __init__(self, runtime: Runtime) -> None:
        self.name, self.device, self.dtype = runtime.name, runtime.device, runtime.dtype
        self.batch_tokens, self.runtime = runtime.batch_tokens, runtime
        self.logits: list[NDArray[np.float32]] = []

    def __call__(self, windows: Sequence[Window]) -> list[NDArray[np.float32]]:
        """The logits of each window; the windows have to be the same each time."""
        if not self.logits:
            self.logits = self.runtime(windows)
        assert len(windows) == len(self.logits)
        return self.logits


def with_none(reading: Reading, temperature: float, bias: float) -> float:
    """F1 at the best threshold, questions with and without an answer counting alike."""
    score, _ = reading.probabilities(temperature, bias)
    order = np.argsort(-np.asarray(score))
    there = reading.answerable[order] > 0
    gains = np.where(there, reading.f1[order] / there.sum(), -1 / (~there).sum()) / 2
    return 0.5 + max(0.0, float(np.cumsum(gains).max()))


def main() -> None:
    """Measures one value after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("penalties", nargs="+", type=float, help="for each token but the first")
    parser.add_argument("--data", type=Path, help="folder of the reference data sets")
    parser.add_argument("--dtype", default="float32", help="number type (%(default)s)")
    options = parser.parse_args()
    pipeline = nlpkit.load("question_answering", dtype=options.dtype)
    pipeline.runtime = Once(pipeline.runtime)
    _, heldout = split_rows(training_rows(pipeline.recipe, options.data), pipeline.recipe)
    decoding = pipeline.recipe.decoding
    print(f"{len(heldout):,} questions set aside, {options.dtype}\n")
    print("| penalty | EM | F1 | F1 with none | EM of five passages | F1 | F1 with none |")
    print("|---|---|---|---|---|---|---|")
    for penalty in options.penalties:
        changed = decoding.model_copy(update={"length_penalty": penalty})
        pipeline.recipe = pipeline.recipe.model_copy(update={"decoding": changed})
        evidence, _ = answer_evidence(pipeline, heldout)
        cells = []
        for reading in evidence.readings.values():
            there = reading.answerable > 0
            cells += [reading.exact[there].mean(), reading.f1[there].mean()]
            cells.append(with_none(reading, decoding.temperature, decoding.null_bias))
        print(f"| {penalty:g} | {' | '.join(f'{100 * cell:.2f}' for cell in cells)} |", flush=True)


if __name__ == "__main__":
    main()
