"""How far to go from where a run began to where it ended: `training.blend`.

Measures the weights between the two on the rows that training set aside, so that a value can be
chosen without looking at validation. The folder holds a pipeline that was trained with `start`, and
without `blend` and `soup`; the value that is chosen goes into its recipe, and `nlpkit train` then
takes no new steps. Of answers the best span always counts, but for `best_f1`, which is at the best
threshold.
`--rows-of` takes the rows that another recipe sets aside, that of `start` for example, less those
that this run was trained on: what it learned should not cost what was known before.
Prints a Markdown table.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from nlpkit import recipe as recipes
from nlpkit.evaluation.evaluate import measure
from nlpkit.recipe import Recipe
from nlpkit.tasks.folders import find
from nlpkit.tasks.loading import assemble, stored
from nlpkit.training.holdout import split_rows
from nlpkit.training.overlap import overlap
from nlpkit.training.soup import blended
from nlpkit.training.train import first_weights
from nlpkit.training.training_rows import training_rows
from nlpkit.tuning import State

if TYPE_CHECKING:
    import pandas as pd

# Of the questions that have an answer, and of all of them at the best threshold.
_ANSWERS = ("HasAns_exact", "HasAns_f1", "best_f1")


def values(recipe: Recipe, state: State, heldout: pd.DataFrame, dtype: str) -> dict[str, float]:
    """The metrics of some weights, in points."""
    # The best span of each question is kept: that is SQuAD 1.1's rule, and `best_f1` is then of
    # the best threshold there is.
    open_to_all = recipe.decoding.model_copy(update={"threshold": 0.0})
    if recipe.task == "question_answering":
        recipe = recipe.model_copy(update={"decoding": open_to_all})
    half = {name: tensor.half() for name, tensor in state.items()}
    found = measure(assemble(recipe, half, device="cpu", dtype=dtype), heldout)
    if recipe.task != "question_answering":
        return {name: 100 * value for name, value in found.items()}
    kept = [name for name in _ANSWERS if name in found] or list(found)
    return {name: found[name] for name in kept}


def compare(
    column: str,
    named: Iterable[tuple[str, State]],
    recipe: Recipe,
    rows: pd.DataFrame,
    dtype: str,
) -> None:
    """Prints the metrics of some weights, each under its name, as a table."""
    print(f"{len(rows):,} rows, {dtype}\n")
    for number, (name, state) in enumerate(named):
        found = values(recipe, state, rows, dtype)
        if number == 0:
            print(f"| {column} | {' | '.join(found)} |")
            print(f"|{'---|' * (1 + len(found))}")
        cells = (f"{value:.2f}" for value in found.values())
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    """Measures one share after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="a pipeline trained with `start`")
    parser.add_argument("shares", nargs="+", type=float, help="0 is `start`, 1 the run's end")
    parser.add_argument("--data", type=Path, help="folder of the reference data sets")
    parser.add_argument("--rows-of", metavar="FOLDER", help="another recipe, whose rows are taken")
    parser.add_argument("--dtype", default="float32", help="number type (%(default)s)")
    options = parser.parse_args()
    recipe, ended = stored(options.folder)
    if recipe.training.start is None or recipe.training.blend < 1 or recipe.training.soup:
        parser.error(f"{options.folder} was trained without `start`, or has a `blend` or a `soup`")
    begun = first_weights(recipe)
    ended = {name: tensor.float() for name, tensor in ended.items()}
    training, heldout = split_rows(training_rows(recipe, options.data), recipe)
    if options.rows_of is not None:
        other = recipes.read(find(options.rows_of))
        _, heldout = split_rows(training_rows(other, options.data), other)
        if heldout is not None:
            heldout = heldout[~overlap(heldout, training, recipe.task).mask]
    if heldout is None:
        parser.error(f"{options.folder} sets no rows aside")
    named = ((f"{share:g}", blended(begun, ended, share)) for share in options.shares)
    compare("blend", named, recipe, heldout, options.dtype)


if __name__ == "__main__":
    main()
