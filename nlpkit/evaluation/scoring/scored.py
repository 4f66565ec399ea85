"""What scoring a task's predictions gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nlpkit.evaluation.score import Score

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Scored:
    """The scores of a set of predictions, and each example.

    Attributes:
        scores: the main one first.
        examples: one row an example; the columns are each task's own.
        undefined: metrics without a value on these examples, with the reason.
        notes: what a reader has to know.
    """

    scores: list[Score]
    examples: pd.DataFrame
    undefined: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def identities(rows: pd.DataFrame) -> list[str]:
    """The rows' ids, or their numbers from 0 where there are none."""
    return [str(i) for i in (rows["id"] if "id" in rows else range(len(rows)))]
