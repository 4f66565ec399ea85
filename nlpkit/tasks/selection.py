"""How many and which sentences a summary takes from a scored document.

Length (sentences, ratio, words or tokens) and redundancy removal: trigram blocking as in BertSum
(Liu, "Fine-tune BERT for Extractive Summarization", 2019, section 3.2, after Paulus et al., 2018)
or maximal marginal relevance (Carbonell and Goldstein, 1998).
"""

from __future__ import annotations

import math
import operator
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from nlpkit.errors import InputError, InputTypeError

Redundancy = Literal["none", "trigram", "mmr"]
Floats = npt.NDArray[np.float64]

DEFAULT_SENTENCES = 3
# Each MMR step costs time in proportion to the candidates, and the steps to the summary: without a
# bound, half of a book would take hours. Sentences beyond the best 2,000 join by score.
MMR_CANDIDATES = 2000

_WORD = re.compile(r"[^\W_]+")


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


def select(
    scores: Sequence[float] | npt.NDArray[np.floating[Any]],
    *,
    sentences: Sequence[str],
    length: Length,
    redundancy: Redundancy = "trigram",
    fill: bool = True,
    token_counts: Sequence[int] | None = None,
    vectors: npt.NDArray[np.floating[Any]] | None = None,
    diversity: float = 0.3,
) -> list[int]:
    """The sentences of a summary, best first by score, given back in document order.

    Of equal sentences the earlier one is taken. With `sentences` or `ratio`, exactly
    `length.count(n)` sentences come back (but see `fill`). With `words` or `tokens`, a sentence
    that does not fit in what is left is passed over and a shorter one of a lower score may come
    in; the limit is never exceeded, so where every sentence is longer, nothing is selected.

    Redundancy removal:

    - `"none"`: by score alone.
    - `"trigram"`: a sentence is blocked if it shares three words in a row with one already
      chosen. Words are lower-cased letters and digits of any script. If too few sentences are
      left, the best blocked ones fill the summary up to the number asked for; with `fill=False`
      it stays shorter, as in BertSum. Words and tokens are upper limits and are never filled up.
    - `"mmr"`: each step takes the sentence with the highest `(1 - diversity) * score -
      diversity * similarity`, with the scores scaled to 0 to 1 within the document and the
      similarity to the nearest sentence chosen: the cosine of `vectors`, or of TF-IDF weighted
      words, at least 0. Only the `MMR_CANDIDATES` best scores are compared; a summary longer than
      that goes on by score.

    Args:
        scores: One number for each sentence, higher is better.
        sentences: The document, n sentences.
        length: The limit.
        redundancy: How sentences that say the same are kept out.
        fill: Whether blocked sentences fill up a summary that trigram blocking left too short.
        token_counts: The tokens of each sentence; needed for `Length(tokens=...)`.
        vectors: Sentence vectors (n, d) for `"mmr"`.
        diversity: 0 is by score alone, 1 by novelty alone.

    Returns:
        Indices into `sentences`, ascending.

    Raises:
        InputError: a score or vector that is not finite, arguments of unequal lengths,
            `token_counts` missing or negative, an unknown `redundancy`, `diversity` outside 0-1.

    >>> document = ["The bank was robbed.", "Police say the bank was robbed.", "Two men fled."]
    >>> select([0.9, 0.8, 0.7], sentences=document, length=Length(sentences=2))
    [0, 2]
    >>> select([0.9, 0.8, 0.7], sentences=document, length=Length(words=5))
    [0]
    """
    n = len(sentences)
    values = _finite("scores", scores)
    if values.shape != (n,):
        raise InputError(f"scores has the shape {values.shape} for {n} sentences: give one each.")
    if redundancy not in get_args(Redundancy):
        allowed = ", ".join(get_args(Redundancy))
        raise InputError(f"redundancy is {redundancy!r}: it has to be one of {allowed}.")
    if not 0 <= diversity <= 1:
        raise InputError(f"diversity is {diversity!r}: it has to be from 0 to 1.")
    if vectors is not None:
        vectors = _finite("vectors", vectors)
        if vectors.ndim != 2 or len(vectors) != n:
            raise InputError(f"vectors has the shape {vectors.shape}: ({n}, d) is needed.")
    room = _Room(length, sentences, token_counts)
    if n == 0:
        return []

    ranked = np.argsort(-values, kind="stable")
    if redundancy == "mmr":
        chosen = _by_relevance(values, ranked, sentences, vectors, diversity, room)
    elif redundancy == "trigram":
        chosen = _unlike(ranked, sentences, room, fill)
    else:
        chosen = [index for index in ranked.tolist() if room.take(index)]
    return sorted(chosen)


class _Room:
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
        # A sentence without a word costs nothing and would be in every summary.
        costs = self.costs[indices]
        return (costs > 0) & (costs <= self.left)

    def open(self, index: int) -> bool:
        return bool(0 < self.costs[index] <= self.left)

    def take(self, index: int) -> bool:
        if not self.open(index):
            return False
        self.left -= int(self.costs[index])
        return True


def _unlike(
    ranked: npt.NDArray[np.int64], sentences: Sequence[str], room: _Room, fill: bool
) -> list[int]:
    """The best sentences that share no trigram, each looked at once."""
    seen: set[tuple[str, str, str]] = set()
    chosen: list[int] = []
    blocked: list[int] = []
    for index in ranked.tolist():
        if room.left == 0:
            break
        if not room.open(index):
            continue
        words = _words(sentences[index])
        trigrams = set(zip(words, words[1:], words[2:], strict=False))
        if seen.isdisjoint(trigrams):
            room.take(index)
            seen |= trigrams
            chosen.append(index)
        else:
            blocked.append(index)
    if fill and room.counts_sentences:
        chosen += blocked[: room.left]
    return chosen


def _by_relevance(
    scores: Floats,
    ranked: npt.NDArray[np.int64],
    sentences: Sequence[str],
    vectors: Floats | None,
    diversity: float,
    room: _Room,
) -> list[int]:
    """Maximal marginal relevance: one pass over the candidates for each sentence chosen."""
    pool = np.sort(ranked[:MMR_CANDIDATES])
    if vectors is None:
        similarity = _word_similarity([sentences[index] for index in pool])
    else:
        similarity = _vector_similarity(vectors[pool])
    relevance = scores[pool]
    # Divided first: the difference of two scores may overflow.
    scale = float(np.abs(scores).max()) or 1.0
    low, high = scores.min() / scale, scores.max() / scale
    relevance = (relevance / scale - low) / (high - low) if high > low else relevance * 0

    chosen: list[int] = []
    nearest = np.zeros(len(pool))
    free = np.ones(len(pool), dtype=bool)
    while (free := free & room.fits(pool)).any():
        # Rounded, for the same sentence at another place may differ in the last bit.
        merit = np.round((1 - diversity) * relevance - diversity * nearest, 9)
        best = int(np.argmax(np.where(free, merit, -np.inf)))
        room.take(int(pool[best]))
        chosen.append(int(pool[best]))
        free[best] = False
        nearest = np.maximum(nearest, similarity(best))
    chosen += [index for index in ranked[MMR_CANDIDATES:].tolist() if room.take(index)]
    return chosen


def _vector_similarity(vectors: Floats) -> Callable[[int], Floats]:
    """The cosines of one row with all; a vector of zeros is like nothing."""
    largest = np.abs(vectors).max(axis=1, keepdims=True, initial=0.0)
    vectors = vectors / np.where(largest > 0, largest, 1.0)  # squares may overflow
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.where(norms > 0, norms, 1.0)

    def similarity(index: int) -> Floats:
        return np.asarray(unit @ unit[index], dtype=np.float64)

    return similarity


def _word_similarity(sentences: Sequence[str]) -> Callable[[int], Floats]:
    """The cosines of one sentence's words with all, the words of many sentences weighing less."""
    n = len(sentences)
    numbers: dict[str, int] = {}
    rows, columns, weights = [], [], []
    for row, sentence in enumerate(sentences):
        for word, count in Counter(_words(sentence)).items():
            rows.append(row)
            columns.append(numbers.setdefault(word, len(numbers)))
            weights.append(count)
    row_of = np.array(rows, dtype=np.int64)
    column_of = np.array(columns, dtype=np.int64)
    frequency = np.bincount(column_of, minlength=len(numbers))
    weight = np.array(weights, dtype=np.float64) * np.log1p(n / frequency)[column_of]
    norms = np.sqrt(np.bincount(row_of, weight**2, minlength=n))
    weight /= norms[row_of]
    starts = np.searchsorted(row_of, np.arange(n + 1))

    def similarity(index: int) -> Floats:
        own = slice(starts[index], starts[index + 1])
        words = np.zeros(len(numbers))
        words[column_of[own]] = weight[own]
        cosines = np.bincount(row_of, weight * words[column_of], minlength=n)
        return cosines.astype(np.float64)  # integers where there is no word at all

    return similarity


def _words(sentence: str) -> list[str]:
    return _WORD.findall(sentence.lower())


def _finite(name: str, values: object) -> Floats:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputTypeError(f"{name} holds something that is not a number.") from None
    finite = np.isfinite(array)
    if not finite.all():
        place = int(np.argwhere(~finite)[0][0]) if array.ndim else 0
        raise InputError(f"{name} is not finite at index {place}.")
    return array


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
