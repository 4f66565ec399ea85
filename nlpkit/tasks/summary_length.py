"""How long a summary may be, and what is left of that while sentences are chosen."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nlpkit.errors import InputError, InputTypeError

DEFAULT_SENTENCES = 3


@dataclass(frozen=True, slots=True)
class Length:
    """How long a summary may be: one of four limits, three sentences if none is given.

    Attributes:
        sentences: That many sentences, or all of a shorter document.
        ratio: That part of the document's sentences, above 0 and at most 1: `ratio * n` rounded
            half up, and at least one.
        words: At most that many words, separated by white space.
        tokens: At most that many tokens of the pipeline's own vocabulary.

    Raises:
        InputError: two limits at once, a count below 1, a ratio outside 0 to 1.
        InputTypeError: a count that is not a whole number, a ratio that is not a number.

    >>> Length()
    Length(sentences=3, ratio=None, words=None, tokens=None)
    >>> Length(words=0)
    Traceback (most recent call last):
    nlpkit.errors.InputError: words is 0: it has to be at least 1.
    """

    sentences: int | None = None
    ratio: float | None = None
    words: int | None = None
    tokens: int | None = None

    def __post_init__(self) -> None:
        values = (self.sentences, self.ratio, self.words, self.tokens)
        names = ("sentences", "ratio", "words", "tokens")
        given = [name for name, value in zip(names, values, strict=True) if value is not None]
        if len(given) > 1:
            raise InputError(f"{' and '.join(given)} are given together: one limit is allowed.")
        name = given[0] if given else "sentences"
        value = getattr(self, name) if given else DEFAULT_SENTENCES
        # numpy's numbers are welcome, but they would not survive JSON.
        checked = _ratio(value) if name == "ratio" else _count(name, value)
        object.__setattr__(self, name, checked)

    def count(self, n: int) -> int | None:
        """The number of sentences to take of `n`; None where words or tokens are the limit.

        >>> Length(ratio=0.1).count(25), Length(ratio=0.1).count(2), Length(words=50).count(25)
        (3, 1, None)
        """
        if self.sentences is not None:
            return min(self.sentences, n)
        if self.ratio is not None:
            return min(max(1, math.floor(self.ratio * n + 0.5)), n)
        return None


class Room:
    """What is left of the length: each sentence costs 1, or its words or tokens."""

    def __init__(
        self, length: Length, sentences: Sequence[str], token_counts: Sequence[int] | None
    ) -> None:
        count = length.count(len(sentences))
        self.counts_sentences = count is not None
        if count is not None:
            self.left, costs = count, [1] * len(sentences)
        elif length.words is not None:
            self.left, costs = length.words, [len(sentence.split()) for sentence in sentences]
        else:
            assert length.tokens is not None
            self.left, costs = length.tokens, _token_counts(token_counts, len(sentences))
        self.costs = np.array(costs, dtype=np.int64)

    def fits(self, indices: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Which of these sentences there is room for."""
        # A sentence without a word costs nothing and would be in every summary.
        costs = self.costs[indices]
        return (costs > 0) & (costs <= self.left)

    def open(self, index: int) -> bool:
        """Whether there is room for a sentence."""
        return bool(0 < self.costs[index] <= self.left)

    def take(self, index: int) -> bool:
        """Takes a sentence in, if there is room for it."""
        if not self.open(index):
            return False
        self.left -= int(self.costs[index])
        return True

    def give_back(self, index: int) -> None:
        """Makes the room of a sentence free again."""
        self.left += int(self.costs[index])


def _token_counts(counts: Sequence[int] | None, n: int) -> list[int]:
    if counts is None:
        raise InputError("token_counts is missing: a length in tokens needs each sentence's.")
    if len(counts) != n:
        raise InputError(f"token_counts has {len(counts)} numbers for {n} sentences.")
    checked = [_whole("token_counts", count) for count in counts]
    if checked and min(checked) < 0:
        raise InputError(f"token_counts holds {min(checked)}: no sentence has fewer than 0.")
    return checked


def _count(name: str, value: object) -> int:
    count = _whole(name, value)
    if count < 1:
        raise InputError(f"{name} is {count}: it has to be at least 1.")
    return count


def _whole(name: str, value: Any) -> int:
    try:
        if isinstance(value, bool | np.bool_):
            raise TypeError
        return operator.index(value)
    except TypeError:
        raise InputTypeError(f"{name} is {value!r}: it has to be a whole number.") from None


def _ratio(value: Any) -> float:
    try:
        if isinstance(value, bool | np.bool_ | str):
            raise TypeError
        ratio = float(value)
    except (TypeError, ValueError):
        raise InputTypeError(f"ratio is {value!r}: it has to be a number.") from None
    if not 0 < ratio <= 1:
        raise InputError(f"ratio is {ratio}: it has to be above 0 and at most 1.")
    return ratio
