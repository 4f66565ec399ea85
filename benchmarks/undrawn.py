"""The rows of a recipe's training sets with those that `data.limit` leaves out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nlpkit.training.training_rows import training_rows

if TYPE_CHECKING:
    import pandas as pd

    from nlpkit.recipe import Recipe


def all_rows(recipe: Recipe, data: Path | None) -> pd.DataFrame:
    """What the recipe would train on, or set aside, without its limit."""
    assert recipe.data is not None
    unlimited = recipe.data.model_copy(update={"limit": None})
    return training_rows(recipe.model_copy(update={"data": unlimited}), data)
