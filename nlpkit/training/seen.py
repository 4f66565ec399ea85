"""Rows set aside that the pipelines which a run begins from have been trained on.

Settings, thresholds and temperatures are chosen on the rows set aside, so they must be new to the
weights: to those that training begins from, and to a teacher too. Each recipe draws its own rows;
the same ones are drawn only where `train`, `without`, `limit`, `holdout` and the seed (`data.seed`,
or else the training's) agree.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from nlpkit import recipe as recipes
from nlpkit.errors import NlpkitError, NlpkitWarning
from nlpkit.recipe import Recipe
from nlpkit.tasks.folders import find
from nlpkit.training.holdout import split_rows
from nlpkit.training.overlap import overlap
from nlpkit.training.training_rows import training_rows, with_extra

if TYPE_CHECKING:
    import pandas as pd


def warn_of_seen(heldout: pd.DataFrame, recipe: Recipe, data: str | Path | None) -> None:
    """Warns of rows set aside that stand among what earlier pipelines were trained on.

    Those are `training.start`, `training.soup` and `teacher.pipeline`, and what they in turn began
    from, as far as they have the same task, name one of the same sources (no other is fetched for
    this) and their data is at hand. Compared is what `overlap` compares.
    """
    for key, name, other in _before(recipe, set()):
        if not _alike(recipe, other):
            continue
        try:
            training, aside = split_rows(training_rows(other, data), other)
            training = with_extra(training, other, data, heldout=aside)
            seen = int(overlap(heldout, training, recipe.task).mask.sum())
        except NlpkitError:
            continue  # its rows are not here any more: nothing to compare with
        if seen:
            warnings.warn(
                f"{seen:,} of the {len(heldout):,} rows set aside are among those that {key} = "
                f"{name!r} was trained on, so what is measured and fitted on them looks too good; "
                "the same rows are set aside where [data] and the seed of both recipes agree",
                NlpkitWarning,
                stacklevel=2,
            )


def _alike(recipe: Recipe, other: Recipe) -> bool:
    """Whether rows that this recipe sets aside may be rows that the other is trained on."""
    assert recipe.data is not None
    assert other.data is not None
    if (other.task, other.pair) != (recipe.task, recipe.pair):
        return False
    if set(recipe.data.train).isdisjoint(other.data.train + other.data.extra):
        return False
    return _drawn_by(recipe) != _drawn_by(other)  # else both set the same rows aside


def _drawn_by(recipe: Recipe) -> tuple[object, int]:
    """All that decides which rows are set aside: the rest of `[data]` comes after that."""
    assert recipe.data is not None
    apart = {"seed", "extra", "unanswerable", "oracle_sentences", "soft_labels"}
    return recipe.data.model_dump(exclude=apart), recipe.rows_seed


def _before(recipe: Recipe, known: set[Path]) -> Iterator[tuple[str, str, Recipe]]:
    """The recipes that went into the weights of this one, each once: key, name and recipe."""
    named = []
    if recipe.training.start is not None:
        named.append(("training.start", recipe.training.start))
    named += [("training.soup", name) for name in recipe.training.soup]
    if recipe.teacher is not None:
        named.append(("teacher.pipeline", recipe.teacher.pipeline))
    for key, name in named:
        try:
            folder = find(name).resolve()
            other = recipes.read(folder)
        except NlpkitError:
            continue  # what a pipeline began from need not be at hand to begin from it
        if folder not in known and other.data is not None:
            known.add(folder)
            yield key, name, other
            yield from _before(other, known)
