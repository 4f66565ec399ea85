"""What pipelines return: one input gives one of these, whatever the arguments.

All are immutable, and `to_dict()` gives plain values for JSON.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from nlpkit.errors import NlpkitError
from nlpkit.text import Span


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a summary: `document[start:end] == text`.

    Attributes:
        text: as it stands in the document.
        start, end: its characters in the document.
        index: its place among the document's sentences, from 0.
        score: probability that it belongs in a summary, 0 to 1.
    """

    text: str
    start: int
    end: int
    index: int
    score: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Summary:
    """The chosen sentences of a document, in document order; falsy when there are none.

    Attributes:
        text: the sentences, joined by a space.
        sentences: the sentences with their places and scores.
        scores: of all sentences of the document, 0 to 1.
        spans: the characters of all sentences of the document.

    >>> bool(Summary())
    False
    """

    text: str = ""
    sentences: tuple[Sentence, ...] = ()
    scores: tuple[float, ...] = ()
    spans: tuple[Span, ...] = field(default=(), repr=False)

    def __bool__(self) -> bool:
        return bool(self.sentences)

    def __str__(self) -> str:
        return self.text

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "text": self.text,
            "sentences": [sentence.to_dict() for sentence in self.sentences],
            "scores": list(self.scores),
            "spans": [list(span) for span in self.spans],
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """A span of a passage; falsy where nothing is answered.

    Attributes:
        text: as it stands in the passage, `passages[passage][start:end]`; "" for no answer.
        start, end: its characters in that passage.
        passage: which one of the passages, from 0; None for no answer.
        score: probability that this is exactly the answer. Of "no answer" it is that of no answer.
        no_answer: probability that the passages do not answer the question.
        alternatives: the next best answers, best first; none of them overlaps a better one.

    >>> bool(Answer(no_answer=0.9, score=0.9)), bool(Answer("1998", 3, 7, 0, 0.8, 0.1))
    (False, True)
    """

    text: str = ""
    start: int = 0
    end: int = 0
    passage: int | None = None
    score: float = 0.0
    no_answer: float = 1.0
    alternatives: tuple[Answer, ...] = ()

    def __bool__(self) -> bool:
        return self.passage is not None

    def __str__(self) -> str:
        return self.text

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Label:
    """What a text is classified as.

    Attributes:
        label: the best label; None for regression.
        score: its probability, or the predicted number in the data's own range.
        scores: the probability of every label.
        labels: of a multi-label pipeline: every label at or over the threshold.
    """

    label: str | None
    score: float
    scores: dict[str, float] = field(default_factory=dict)
    labels: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "labels": list(self.labels)}


@dataclass(frozen=True, slots=True)
class Failure:
    """Stands in the place of an input that could not be used (`errors="return"`); falsy."""

    error: NlpkitError

    def __bool__(self) -> bool:
        return False

    @property
    def message(self) -> str:
        """What was wrong, in one sentence."""
        return str(self.error)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"error": self.message}
