"""How far off the shipped probabilities are, before and after calibration.

For every shipped classifier and question answering: the expected calibration error (15 bins) on a
seeded sample of its validation set at temperature 1 without a bias, and with what the recipe has.
Neither was fitted on these rows. Question answering is asked about each passage alone and, for up
to 500 questions, among five passages. Writes a Markdown table.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import nlpkit
from nlpkit import recipe as recipes
from nlpkit.evaluation.calibration import expected_calibration_error
from nlpkit.recipe import Recipe
from nlpkit.rows import read_rows
from nlpkit.tasks.folders import find
from nlpkit.tasks.pipeline import Pipeline
from nlpkit.training.calibrate import PLAIN, evidence_of

if TYPE_CHECKING:
    from nlpkit.evaluation.score import Score

RESULT = Path(__file__).resolve().parent / "results" / "calibration.md"

# What the names of `nlpkit.training.calibrate.calibrated` are of.
MEANING = {
    "ece": "best label: is it right",
    "ece_score": "best answer: is it exactly right",
    "ece_no_answer": "no answer: is there none",
    "ece_score_several": "best answer of five passages",
    "ece_no_answer_several": "no answer in five passages",
}


def calibrated(recipe: Recipe) -> bool:
    """Whether the pipeline's probabilities are in the table."""
    return recipe.task == "question_answering" or recipe.head.kind == "labels"


def measure(
    pipeline: Pipeline[Any, Any, Any], *, data: Path | None, limit: int, seed: int
) -> Iterator[tuple[str, Score, Score]]:
    """By name of the error: without and with the recipe's own calibration."""
    recipe = pipeline.recipe
    source = recipe.evaluation.data[0]
    frame = read_rows(recipe, [source], split=recipe.evaluation.split, data=data)
    frame = frame.sample(n=min(limit, len(frame)), random_state=seed).reset_index(drop=True)
    found = evidence_of(pipeline, frame)
    assert found is not None, "these pipelines are calibrated"
    evidence, every = found[0], np.ones(len(found[0]), np.bool_)
    decoding: Mapping[str, float] = {key: float(getattr(recipe.decoding, key)) for key in PLAIN}
    before, after = evidence.outcomes(PLAIN, every), evidence.outcomes(decoding, every)
    for name in before:
        yield (
            name,
            expected_calibration_error(*before[name], seed=seed),
            expected_calibration_error(*after[name], seed=seed),
        )


def table(names: list[str], *, data: Path | None, limit: int, seed: int) -> Iterator[str]:
    """The lines of the table, each as soon as it is measured."""
    yield "| pipeline | data | probability of | rows | temperature | before | after | 95% |"
    yield "|---|---|---|---:|---:|---:|---:|---|"
    for name in names:
        pipeline = nlpkit.load(name, dtype="float32")
        recipe = pipeline.recipe
        place = f"{recipe.evaluation.data[0]} {recipe.evaluation.split}"
        for error, before, after in measure(pipeline, data=data, limit=limit, seed=seed):
            low, high = (100 * value for value in after.interval)
            yield (
                f"| {name} | {place} | {MEANING[error]} | {after.n:,} "
                f"| {recipe.decoding.temperature:.2f} | {before.points:.2f} | {after.points:.2f} "
                f"| {low:.2f} to {high:.2f} |"
            )


def main() -> None:
    """Measures and writes the table, and shows it meanwhile."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="pipelines (all that are calibrated)")
    parser.add_argument("--data", type=Path, help="folder of the reference data sets")
    parser.add_argument("--limit", type=int, default=2000, help="most rows a set (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the sample (%(default)s)")
    parser.add_argument("-o", "--output", type=Path, default=RESULT, help="file (%(default)s)")
    options = parser.parse_args()
    names = options.names or [n for n in nlpkit.pipelines() if calibrated(recipes.read(find(n)))]
    lines = [
        "Expected calibration error in points (15 bins) of the probabilities of the shipped",
        "pipelines, at temperature 1 without a bias (before) and as shipped (after).",
        f"Validation rows, at most {options.limit:,} of a set, drawn with the seed {options.seed}.",
        "",
    ]
    for line in table(names, data=options.data, limit=options.limit, seed=options.seed):
        print(line, flush=True)
        lines.append(line)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"written to {options.output}", file=sys.stderr)


if __name__ == "__main__":
    main()
