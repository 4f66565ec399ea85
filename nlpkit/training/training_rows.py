"""The rows that a recipe trains on: read, each once, without those of other sets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nlpkit.recipe import Recipe
from nlpkit.rows import read_rows
from nlpkit.training.overlap import overlap, texts, without

if TYPE_CHECKING:
    import pandas as pd


def training_rows(recipe: Recipe, data: str | Path | None) -> pd.DataFrame:
    """The rows of `data.train`, set-aside ones included, with our own column names.

    Raises:
        DataError: when a set, a file or a column is not there.
    """
    assert recipe.data is not None
    frame = read_rows(recipe, recipe.data.train, split=recipe.data.split, data=data)
    if recipe.task == "summarization" and len(recipe.data.train) > 1:
        frame = _once(frame)
    frame = without(frame, recipe, recipe.data.without, data)
    if recipe.data.limit is not None and recipe.data.limit < len(frame):
        frame = frame.sample(n=recipe.data.limit, random_state=recipe.rows_seed)
        if recipe.data.holdout_from == "end":
            frame = frame.sort_index()  # in the order that they came in
    return frame.reset_index(drop=True)


def with_extra(
    frame: pd.DataFrame,
    recipe: Recipe,
    data: str | Path | None,
    *,
    heldout: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The rows to train on, and after them those of `data.extra`, of which none is set aside.

    Of the extra rows those are left out that share a text with the rows set aside or with the
    sets of `data.without`, and documents that are among the rows to train on already.

    Args:
        frame: the rows to train on.
        recipe: with its `[data]`.
        data: folder of the reference sets.
        heldout: the rows that are set aside.

    Raises:
        DataError: when a set, a file or a column is not there.
    """
    import pandas as pd

    assert recipe.data is not None
    if not recipe.data.extra:
        return frame
    more = read_rows(recipe, recipe.data.extra, split=recipe.data.split, data=data)
    more = without(more, recipe, recipe.data.without, data)
    if heldout is not None:
        more = more[~overlap(more, heldout, recipe.task).mask]
    joined = pd.concat([frame, more], ignore_index=True)
    return _once(joined) if recipe.task == "summarization" else joined


def _once(frame: pd.DataFrame) -> pd.DataFrame:
    """Documents that stand in several sets, in whatever spelling, from the first of them only."""
    _, first = np.unique(texts(frame, "summarization")["start"], return_index=True)
    return frame.iloc[np.sort(first)].reset_index(drop=True)
