"""The rows set aside from training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nlpkit.recipe import Recipe
from nlpkit.training.groups import groups

if TYPE_CHECKING:
    import pandas as pd


def split_rows(frame: pd.DataFrame, recipe: Recipe) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """The rows to train on, and those set aside (None where the recipe sets none aside).

    Rows of one group (`nlpkit.training.groups`: the same title, passage, sentence, ...) stay on
    one side, so that what is measured is not what was read in training. A group of more rows
    than are wanted is set aside only where the smaller ones are too few. Those at the end
    (`data.holdout_from`) take the rest of their groups along, wherever that stands.

    `data.unanswerable` thins out the questions to train on only: what is set aside keeps all of
    its own, since the threshold of "no answer" is chosen there.
    """
    training, aside = _split(frame, recipe)
    assert recipe.data is not None
    if recipe.task == "question_answering" and recipe.data.unanswerable < 1:
        training = _fewer_unanswerable(training, recipe.data.unanswerable, recipe.rows_seed)
    return training, aside


def _fewer_unanswerable(frame: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    empty = np.array([len(answers["text"]) == 0 for answers in frame["answers"]])
    keep = np.random.default_rng(seed).random(len(frame)) < share
    return frame[~empty | keep].reset_index(drop=True)


def _split(frame: pd.DataFrame, recipe: Recipe) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    assert recipe.data is not None
    if recipe.data.holdout == 0 or len(frame) < 2:
        return frame, None
    of_row = groups(frame, recipe)
    wanted = max(1, round(recipe.data.holdout * len(frame)))
    if recipe.data.holdout_from == "end":
        taken = np.unique(of_row[-wanted:])
    else:
        taken = _drawn(of_row, wanted, recipe.rows_seed)
    aside = np.isin(of_row, taken)
    if aside.all():  # one single group: nothing would be left to train on
        return frame, None
    return frame[~aside].reset_index(drop=True), frame[aside].reset_index(drop=True)


def _drawn(of_row: NDArray[np.int64], wanted: int, seed: int) -> NDArray[np.int64]:
    """Groups with that many rows between them, drawn with the seed."""
    rng = np.random.default_rng((seed, len(of_row)))
    sizes = np.bincount(of_row)
    order = rng.permutation(len(sizes))
    if sizes[sizes <= wanted].sum() >= wanted:
        order = order[sizes[order] <= wanted]
    return order[: int(np.searchsorted(np.cumsum(sizes[order]), wanted)) + 1]
