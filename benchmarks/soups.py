"""The mean of some runs' weights: `training.soup`.

Measures each run and the mean of the runs on the rows that training set aside, so that what is
averaged can be chosen without looking at validation; `--on` measures on the rows of a file in
their place, `--validation` on what the recipe is reported on, once that is chosen. The runs began
from the same `training.start`; the first one's recipe says what is measured. Prints a Markdown
table.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.blends import compare
from nlpkit.errors import NlpkitError
from nlpkit.rows import read_rows
from nlpkit.tasks.loading import stored
from nlpkit.training.holdout import split_rows
from nlpkit.training.soup import mean, other_runs
from nlpkit.training.training_rows import training_rows

if TYPE_CHECKING:
    import pandas as pd

    from nlpkit.recipe import Recipe


def rows(
    recipe: Recipe, data: Path | None, *, validation: bool = False, file: str | None = None
) -> pd.DataFrame | None:
    """The rows to measure on; None where the recipe says nothing of any."""
    goal = recipe.evaluation
    if file is not None:
        return read_rows(recipe, [file], split=goal.split, data=data)
    if validation and goal.data:
        return read_rows(recipe, goal.data[:1], split=goal.split, data=data)
    if validation or recipe.data is None:
        return None
    return split_rows(training_rows(recipe, data), recipe)[1]


def main() -> None:
    """Measures one run after the other, then their mean."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER", help="trained pipelines")
    parser.add_argument("--data", type=Path, help="folder of the reference data sets")
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument("--on", metavar="FILE", help="rows in place of those set aside")
    chosen.add_argument("--validation", action="store_true", help="in place of rows set aside")
    parser.add_argument("--dtype", default="float32", help="number type (%(default)s)")
    options = parser.parse_args()
    try:
        recipe, first = stored(options.folders[0])
        others = tuple(map(str, options.folders[1:]))
        training = recipe.training.model_copy(update={"soup": others})
        states = [first, *other_runs(recipe.model_copy(update={"training": training}), first)]
        heldout = rows(recipe, options.data, validation=options.validation, file=options.on)
    except NlpkitError as error:
        parser.error(str(error))
    if heldout is None:
        parser.error(f"{options.folders[0]} says nothing of rows to measure on")
    named = list(zip(map(str, options.folders), states, strict=True))
    if others:
        named.append(("their mean", mean(states)))
    compare("run", named, recipe, heldout, options.dtype)


if __name__ == "__main__":
    main()
