"""Which sentences a summary takes from a scored document, without saying the same thing twice.

By trigram blocking as in BertSum (Liu, "Fine-tune BERT for Extractive Summarization", 2019,
section 3.2, after Paulus et al., 2018), maximal marginal relevance (Carbonell and Goldstein, 1998)
or what the sentences cover between them (`nlpkit.tasks.coverage`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from nlpkit.errors import InputError, InputTypeError
from nlpkit.recipe_sections import WorthRecipe
from nlpkit.tasks import coverage
from nlpkit.tasks.concepts import Concepts
from nlpkit.tasks.summary_length import Length, Room

Redundancy = Literal["none", "trigram", "mmr", "coverage"]
Floats = npt.NDArray[np.float64]

# Each step of MMR or of coverage costs time in proportion to the candidates, and the steps to the
# summary: without a bound, half of a book would take hours. Sentences beyond the best 2,000 join by
# score.
CANDIDATES = 2000

# Coverage chooses among the sentences with at least this share of the probability of the last one
# that a summary by score would have. Without a bound a short sentence that hardly says anything
# would often be the third: it takes little room.
COVERAGE_SHARE = 0.4

_WORD = re.compile(r"[^\W_]+")


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
    worth: WorthRecipe | None = None,
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
      words, at least 0. Only the `CANDIDATES` best scores are compared; a summary longer than
      that goes on by score.
    - `"coverage"`: the sentences that together hold the most of what likely sentences say, for
      their length (see `nlpkit.tasks.coverage`); scores are probabilities. The same candidates.

    Args:
        scores: One number for each sentence, higher is better.
        sentences: The document, n sentences.
        length: The limit.
        redundancy: How sentences that say the same are kept out.
        fill: Whether blocked sentences fill up a summary that trigram blocking left too short.
        token_counts: The tokens of each sentence; needed for `Length(tokens=...)`.
        vectors: Sentence vectors (n, d) for `"mmr"`.
        diversity: 0 is by score alone, 1 by novelty alone.
        worth: for `"coverage"`: what a pipeline has learned of words and word pairs.

    Returns:
        Indices into `sentences`, ascending.

    Raises:
        InputError: a score or vector that is not finite, arguments of unequal lengths,
            `token_counts` missing or negative, an unknown `redundancy`, `diversity` outside 0-1, a
            score outside 0-1 with `"coverage"`.

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
    room = Room(length, sentences, token_counts)
    if n == 0:
        return []

    ranked = np.argsort(-values, kind="stable")
    if redundancy == "mmr":
        chosen = _by_relevance(values, ranked, sentences, vectors, diversity, room)
    elif redundancy == "coverage":
        chosen = _by_coverage(values, ranked, sentences, room, worth)
    elif redundancy == "trigram":
        chosen = _unlike(ranked, sentences, room, fill)
    else:
        chosen = [index for index in ranked.tolist() if room.take(index)]
    return sorted(chosen)


def _unlike(
    ranked: npt.NDArray[np.int64], sentences: Sequence[str], room: Room, fill: bool
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
        words = words_of(sentences[index])
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
    room: Room,
) -> list[int]:
    """Maximal marginal relevance: one pass over the candidates for each sentence chosen."""
    pool = np.sort(ranked[:CANDIDATES])
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
    chosen += [index for index in ranked[CANDIDATES:].tolist() if room.take(index)]
    return chosen


def _by_coverage(
    scores: Floats,
    ranked: npt.NDArray[np.int64],
    sentences: Sequence[str],
    room: Room,
    learned: WorthRecipe | None,
) -> list[int]:
    """The most worth of words and word pairs among the candidates."""
    if scores.min() < 0 or scores.max() > 1:
        place = int(np.argmax((scores < 0) | (scores > 1)))
        raise InputError(
            f"scores holds {scores[place]:g} at index {place}: coverage needs probabilities, "
            "0 to 1."
        )
    field = weighed(scores, sentences, room, learned)
    chosen = coverage.most_covering(
        scores[field.pool],
        room,
        field.pool,
        concepts=field.concepts,
        worth=field.worth,
        reference=field.reference,
    )
    return chosen + [index for index in ranked[len(field.pool) :].tolist() if room.take(index)]


class Weighed(NamedTuple):
    """What coverage chooses from.

    Attributes:
        pool: the candidates, best first.
        concepts: of these.
        worth: of each concept.
        reference: how long the reference is taken to be, as a share of a summary of average
            sentences.
    """

    pool: npt.NDArray[np.int64]
    concepts: Concepts
    worth: Floats
    reference: float


def weighed(
    scores: Floats, sentences: Sequence[str], room: Room, learned: WorthRecipe | None
) -> Weighed:
    """The sentences among which coverage chooses, and what their words and pairs are worth.

    Args:
        scores: of all sentences, probabilities.
        sentences: the document.
        room: the summary's length.
        learned: what a pipeline has learned of words and word pairs.
    """
    pool = candidates(scores, room, COVERAGE_SHARE)
    concepts = Concepts.of(map(words_of, sentences), pool)
    if learned is None:
        return Weighed(pool, concepts, concepts.chances(scores[pool]), coverage.REFERENCE)
    worth = concepts.learned(scores, learned)
    worth = worth * np.where(concepts.pairs, coverage.PAIR_WEIGHT, 1.0)
    return Weighed(pool, concepts, worth, coverage.LEARNED_REFERENCE)


def candidates(scores: Floats, room: Room, share: float) -> npt.NDArray[np.int64]:
    """The sentences among which coverage chooses, best first; at most `CANDIDATES`.

    Args:
        scores: of all sentences.
        room: the summary's length.
        share: those with at least this share of the score of the last one that a summary by score
            would have.
    """
    ranked = np.argsort(-scores, kind="stable")
    costs = room.costs[ranked]
    by_score = int(np.searchsorted(np.cumsum(costs), room.left, side="right"))
    least = share * scores[ranked[max(0, by_score - 1)]]
    likely = int(np.searchsorted(-scores[ranked], -least, side="right"))
    return ranked[: min(CANDIDATES, likely)]


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
        for word, count in Counter(words_of(sentence)).items():
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


def words_of(sentence: str) -> list[str]:
    """Lower-cased runs of letters and digits of any script."""
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
