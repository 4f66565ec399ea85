"""How far to go from where a run began to where it ended: `training.blend`.

Measures the weights between the two on the rows that training set aside, so that a value can be
chosen without looking at validation. The folder holds a pipeline that was trained with `start` and
without `blend`; the value that is chosen goes into its recipe, and `nlpkit train` then takes no new
steps. Of answers, "with an answer" is over the questions that have one, by SQuAD 1.1's rule.
Prints a Markdown table.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from nlpkit.evaluation.evaluate import measure
from nlpkit.recipe import Recipe
from nlpkit.tasks.loading import assemble, stored
from nlpkit.training.holdout import split_rows
from nlpkit.training.train import blended
from nlpkit.training.training_rows import training_rows
from nlpkit.tuning import State

if TYPE_CHECKING:
    import pandas as pd


def values(recipe: Recipe, state: State, heldout: pd.DataFrame, dtype: str) -> dict[str, float]:
    """The metrics of some weights, in points."""
    half = {name: tensor.half() for name, tensor in state.items()}
    pipeline = assemble(recipe, half, device="cpu", dtype=dtype)
    found = measure(pipeline, heldout)
    if recipe.task != "question_answering":
        return {name: 100 * value for name, value in found.items()}
    there = heldout[[len(answers["text"]) > 0 for answers in heldout["answers"]]]
    alone = measure(pipeline, there.reset_index(drop=True))
    kept = {name: found[name] for name in ("f1", "best_f1") if name in found}
    return kept | {f"{name}, with an answer": alone[name] for name in ("exact_match", "f1")}


def main() -> None:
    """Measures one share after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="a pipeline trained with `start`")
    parser.add_argument("shares", nargs="+", type=float, help="0 is `start`, 1 the run's end")
    parser.add_argument("--data", type=Path, help="folder of the reference data sets")
    parser.add_argument("--dtype", default="float32", help="number type (%(default)s)")
    options = parser.parse_args()
    recipe, ended = stored(options.folder)
    if recipe.training.start is None or recipe.training.blend < 1:
        parser.error(f"{options.folder} was trained without `start`, or is blended already")
    _, begun = stored(recipe.training.start)
    begun = {name: tensor.float() for name, tensor in begun.items()}
    ended = {name: tensor.float() for name, tensor in ended.items()}
    _, heldout = split_rows(training_rows(recipe, options.data), recipe)
    if heldout is None:
        parser.error(f"{options.folder} sets no rows aside")
    for share in options.shares:
        found = values(recipe, blended(begun, ended, share), heldout, options.dtype)
        if share == options.shares[0]:
            print(f"{len(heldout):,} rows set aside, {options.dtype}\n")
            print(f"| blend | {' | '.join(found)} |")
            print(f"|{'---|' * (1 + len(found))}")
        cells = (f"{value:.2f}" for value in found.values())
        print(f"| {share:g} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
