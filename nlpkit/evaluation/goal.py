"""What a system is to predict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from nlpkit.recipe import Recipe

Kind = Literal["summarization", "question_answering", "labels", "multi_label", "regression"]


@dataclass(frozen=True, slots=True)
class Goal:
    """What is to be predicted.

    Attributes:
        kind: the task, and for classification the kind of label.
        labels: all labels, in the order of their numbers.
        pair: whether the texts come in pairs.
        columns: what a data set calls the columns, where it is not as usual (`nlpkit.rows`).
        owner: the pipeline whose goal it is, for errors.
    """

    kind: Kind
    labels: tuple[str, ...] = ()
    pair: bool = False
    columns: Mapping[str, str] | None = None
    owner: str = ""

    @property
    def task(self) -> str:
        """`summarization`, `question_answering` or `classification`."""
        classes = self.kind in ("labels", "multi_label", "regression")
        return "classification" if classes else self.kind

    @classmethod
    def of(cls, recipe: Recipe) -> Goal:
        """The goal of a pipeline."""
        kind: Any = recipe.head.kind if recipe.task == "classification" else recipe.task
        columns = recipe.data.columns if recipe.data is not None else None
        return cls(kind, recipe.head.labels, recipe.pair, columns, recipe.name)
