"""Decoding of spans: from start and end logits to ranked, calibrated answers.

In a window a span scores its start plus its end logit, less a penalty for each further token and
less the window's own score for "no answer" (the two logits of its first token; Devlin et al. 2019,
4.3). These differences are comparable between windows and passages, where the softmax of each
window by itself is not. One softmax over all spans found and "no answer", at a temperature fitted
on held-out questions, makes them probabilities.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlpkit.windows import Window


class Candidate(NamedTuple):
    """A possible answer: characters `start:end` of a passage, and its score."""

    passage: int
    start: int
    end: int
    score: float


def best_spans(
    logits: NDArray[np.float32],
    window: Window,
    *,
    longest: int,
    count: int,
    apart: int = 0,
    penalty: float = 0.0,
) -> list[tuple[int, int, float]]:
    """The best spans of one window as `(first token, last token, score)`, best first.

    Args:
        logits: `(tokens, 2)`, start and end of every token of the window.
        window: says which tokens of the passage it holds; the result counts in those.
        longest: most tokens in a span; starts and ends are scored together, and no end is
            before its start.
        count: how many of the best spans are returned.
        apart: how many of the best spans of which none overlaps a better one are returned as well;
            the `count` best are often one answer said in several ways.
        penalty: what each token of a span but its first takes from its score.

    >>> logits = np.array([[1, 1], [5, 0], [0, 4], [0, 0]], np.float32)
    >>> window = Window(np.zeros(4, np.int32), np.zeros(4, np.int32), 1, 10, 13)
    >>> best_spans(logits, window, longest=2, count=2)
    [(10, 11, 7.0), (10, 10, 3.0)]
    """
    body = slice(window.body, window.body + window.stop - window.start)
    null = float(logits[0, 0]) + float(logits[0, 1])
    starts, ends = logits[body, 0].astype(np.float64), logits[body, 1].astype(np.float64)
    longest = min(longest, len(starts))
    # Row d holds the spans of d + 1 tokens: a band of the square of all starts and ends.
    band = np.full((longest, len(starts)), -np.inf)
    for extra in range(longest):
        sums = starts[: len(starts) - extra] + ends[extra:]
        band[extra, : len(starts) - extra] = sums - penalty * extra
    flat = band.ravel()
    count = min(count, int(np.isfinite(flat).sum()))
    if count == 0:
        return []
    # Equal scores are ordered by place, so that the result does not depend on the selection.
    top = np.argpartition(-flat, count - 1)[:count]
    top = np.union1d(top, _apart(band, apart))
    top = top[np.lexsort((top, -flat[top]))]
    spans = []
    for cell in top.tolist():
        more, first = divmod(cell, len(starts))
        token = window.start + first
        spans.append((token, token + more, float(flat[cell]) - null))
    return spans


def _apart(band: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """The cells of the best spans of which none overlaps a better one."""
    left = band.copy()
    cells: list[int] = []
    for _ in range(count):
        cell = int(np.argmax(left))
        extra, first = divmod(cell, left.shape[1])
        if left[extra, first] == -np.inf:
            break
        cells.append(cell)
        for more in range(len(left)):
            left[more, max(0, first - more) : first + extra + 1] = -np.inf
    return np.array(cells, np.int64)


def distinct(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The answers that the candidates come down to, none overlapping another, best first.

    Overlapping spans ("1990", "in 1990") are one answer said in several ways: the best of them
    stands for all. An answer's score is the logarithm of the summed weights `exp(score)` of its
    spans, which is how the model itself compares spans of one window. A span found in two
    overlapping windows counts once, with its better score.

    >>> spans = [Candidate(0, 3, 7, 2.0), Candidate(0, 0, 7, 1.0), Candidate(0, 9, 12, 0.5)]
    >>> [(one.start, one.end, round(one.score, 3)) for one in distinct(spans)]
    [(3, 7, 2.313), (9, 12, 0.5)]
    """
    found: dict[tuple[int, int, int], float] = {}
    for one in candidates:
        key = one[:3]
        found[key] = max(found.get(key, -np.inf), one.score)
    kept: list[Candidate] = []
    scores: list[list[float]] = []
    places: defaultdict[int, _Places] = defaultdict(_Places)
    for (passage, start, end), score in sorted(found.items(), key=lambda item: (-item[1], item[0])):
        better = places[passage].overlapping(start, end)
        if better is None:
            places[passage].put(start, end, len(kept))
            kept.append(Candidate(passage, start, end, score))
            scores.append([score])
        else:
            scores[better].append(score)
    sums = [float(np.logaddexp.reduce(spans)) for spans in scores]
    answers = [one._replace(score=total) for one, total in zip(kept, sums, strict=True)]
    return sorted(answers, key=_order)


class _Places:
    """Where the answers of one passage are: spans in order, none overlapping another.

    Long texts have hundreds of thousands of them, so that a new one is not compared with each.
    """

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.numbers: list[int] = []

    def overlapping(self, start: int, end: int) -> int | None:
        """The lowest number of those that overlap `start:end`."""
        first = bisect_right(self.ends, start)
        last = bisect_left(self.starts, end)
        return min(self.numbers[first:last], default=None)

    def put(self, start: int, end: int, number: int) -> None:
        """Adds one that overlaps none."""
        at = bisect_left(self.starts, start)
        self.starts.insert(at, start)
        self.ends.insert(at, end)
        self.numbers.insert(at, number)


def probabilities(
    answers: Sequence[Candidate], *, temperature: float, null_bias: float, exactness: float = 1.0
) -> tuple[float, list[Candidate]]:
    """The probability of "no answer", and the answers with theirs, best first.

    Args:
        answers: of `distinct`: with these scores, each answer has one share of the probability,
            and those of one place in the text do not take it from each other.
        temperature: what scores are divided by; changes how sure, not which is best.
        null_bias: the score of "no answer".
        exactness: how often an answer in the right place has exactly the right ends. What it
            takes from the answers is the probability of another wording.

    >>> none, answers = probabilities([Candidate(0, 3, 5, 0.0)], temperature=1.0, null_bias=0.0)
    >>> none, answers
    (0.5, [Candidate(passage=0, start=3, end=5, score=0.5)])
    """
    scores = np.array([null_bias, *(one.score for one in answers)]) / temperature
    weights = np.exp(scores - scores.max())
    weights /= weights.sum()
    ranked = [
        one._replace(score=exactness * float(w))
        for one, w in zip(answers, weights[1:], strict=True)
    ]
    return float(weights[0]), sorted(ranked, key=_order)


def _order(answer: Candidate) -> tuple[float, int, int, int]:
    return -answer.score, answer.passage, answer.start, answer.end
