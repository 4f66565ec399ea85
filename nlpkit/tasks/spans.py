"""Decoding of spans: from start and end logits to ranked, calibrated answers.

In a window a span scores its start plus its end logit, less the window's own score for "no
answer" (the two logits of its first token; Devlin et al. 2019, 4.3). These differences are
comparable between windows and passages, where the softmax of each window by itself is not. One
softmax over all spans found and "no answer", at a temperature fitted on held-out questions,
makes them probabilities.
"""

from __future__ import annotations

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
    logits: NDArray[np.float32], window: Window, *, longest: int, count: int, apart: int = 0
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
        band[extra, : len(starts) - extra] = starts[: len(starts) - extra] + ends[extra:]
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


def probabilities(
    candidates: Sequence[Candidate], *, temperature: float, null_bias: float
) -> tuple[float, list[Candidate]]:
    """The probability of "no answer", and the candidates with theirs, best first.

    A span found in two overlapping windows counts once, with its better score.

    >>> none, answers = probabilities([Candidate(0, 3, 5, 0.0)], temperature=1.0, null_bias=0.0)
    >>> none, answers
    (0.5, [Candidate(passage=0, start=3, end=5, score=0.5)])
    """
    best: dict[tuple[int, int, int], float] = {}
    for candidate in candidates:
        key = candidate[:3]
        best[key] = max(best.get(key, -np.inf), candidate.score)
    scores = np.array([null_bias, *best.values()]) / temperature
    weights = np.exp(scores - scores.max())
    weights /= weights.sum()
    ranked = sorted(
        (Candidate(*key, float(w)) for key, w in zip(best, weights[1:], strict=True)),
        key=lambda c: (-c.score, c.passage, c.start, c.end),
    )
    return float(weights[0]), ranked


def distinct(ranked: Sequence[Candidate], count: int) -> list[Candidate]:
    """The best `count` candidates of which none overlaps a better one.

    Overlapping spans ("1990", "in 1990") are one answer said in several ways: the best of them
    stands for all and takes their probability, so the sum over answers stays at most 1.

    >>> distinct([Candidate(0, 3, 7, 0.5), Candidate(0, 0, 7, 0.25), Candidate(0, 9, 12, 0.1)], 2)
    [Candidate(passage=0, start=3, end=7, score=0.75),
     Candidate(passage=0, start=9, end=12, score=0.1)]
    """
    kept: list[Candidate] = []
    for candidate in ranked:
        for index, better in enumerate(kept):
            if (
                better.passage == candidate.passage
                and better.start < candidate.end
                and candidate.start < better.end
            ):
                kept[index] = better._replace(score=better.score + candidate.score)
                break
        else:
            kept.append(candidate)
    kept.sort(key=lambda c: (-c.score, c.passage, c.start, c.end))
    return kept[:count]
