"""Whatever predicts: a pipeline or a baseline, seen the same way by the harness."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypedDict

if TYPE_CHECKING:
    import pandas as pd


class Extract(TypedDict, total=False):
    """A predicted summary: the sentences, and which of the document's `total` they are."""

    sentences: list[str]
    positions: list[int]
    total: int


class Span(TypedDict, total=False):
    """A predicted answer: the best span, whatever the threshold, and how sure the reader is.

    `score` is the probability that the span is the answer, `no_answer` that there is none.
    """

    text: str
    start: int
    end: int
    score: float
    no_answer: float


class Choice(TypedDict, total=False):
    """A predicted label with its probability and those of all labels; or a number (`score`)."""

    label: str | None
    score: float
    scores: dict[str, float]
    labels: list[str]


class System(Protocol):
    """Predicts row by row, in order, as plain values for JSON.

    The rows' columns have the recipe's own names: `document`, `summary`; `question`, `context`,
    `answers` (`{"text": [...], "answer_start": [...]}`), `id`; `text`, `pair`, `label`.
    """

    @property
    def name(self) -> str:
        """What tables call it."""

    @property
    def task(self) -> str:
        """`summarization`, `question_answering` or `classification`."""

    @property
    def fields(self) -> Mapping[str, Any]:
        """What a signature has to say of it, such as the weights' fingerprint or the seed."""

    def predict(self, rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
        """One `Extract`, `Span` or `Choice` a row, in the order of the rows."""
