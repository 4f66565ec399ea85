"""Decoding of spans: from start and end logits to ranked, calibrated answers.

In a window a span scores its start plus its end logit, less a penalty for each further token and
less the window's own score for "no answer" (the two logits of its first token; Devlin et al. 2019,
4.3). These differences are comparable between windows and passages, where the softmax of each
window by itself is not. One softmax over all spans found and "no answer", at a temperature fitted
on held-out questions, makes them probabilities.

Spans that overlap are one answer; which of them is given is decided by their wordings, as SQuAD's
evaluation compares them: "the 1990s" and "1990s" are the same, and what they weigh adds up.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlpkit.tasks.selection import words_of
from nlpkit.windows import Window

_ARTICLES = frozenset(("a", "an", "the"))


class Candidate(NamedTuple):
    """A possible answer: characters `start:end` of a passage, its score, and its `wording`."""

    passage: int
    start: int
    end: int
    score: float
    wording: str = ""


def wording(text: str) -> str:
    """What a text says but for its case, punctuation and articles; itself if nothing is left.

    >>> wording("the 1990s"), wording('"1990s,"'), wording("The")
    ('1990s', '1990s', 'The')
    """
    words = [word for word in words_of(text) if word not in _ARTICLES]
    return " ".join(words) or text


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

    Overlapping spans ("1990", "in 1990") are one answer said in several ways. An answer's score is
    the logarithm of the summed weights `exp(score)` of its spans, which is how the model itself
    compares spans of one window. For all of them stands the best span of the wording with the most
    weight. A span found in two overlapping windows counts once, with its better score.

    >>> spans = [Candidate(0, 3, 7, 2.0), Candidate(0, 0, 7, 1.0), Candidate(0, 9, 12, 0.5)]
    >>> [(one.start, one.end, round(one.score, 3)) for one in distinct(spans)]
    [(3, 7, 2.313), (9, 12, 0.5)]
    >>> text = "in the 1990s"
    >>> spans = [(0, 12, 1.0), (3, 12, 0.9), (7, 12, 0.8)]
    >>> [best] = distinct([Candidate(0, a, b, s, wording(text[a:b])) for a, b, s in spans])
    >>> text[best.start : best.end]
    'the 1990s'
    """
    found: dict[tuple[int, int, int], Candidate] = {}
    for one in candidates:
        known = found.get(one[:3])
        if known is None or known.score < one.score:
            found[one[:3]] = one
    groups: list[list[Candidate]] = []
    places: defaultdict[int, _Places] = defaultdict(_Places)
    for one in sorted(found.values(), key=_order):
        better = places[one.passage].overlapping(one.start, one.end)
        if better is None:
            places[one.passage].put(one.start, one.end, len(groups))
            groups.append([one])
        else:
            groups[better].append(one)
    return _worded(groups)


def _worded(groups: Sequence[Sequence[Candidate]]) -> list[Candidate]:
    """The answers that groups of overlapping spans are, in their best wording, best first.

    What then overlaps the wording of a better answer is a part of that.
    """
    answers: list[Candidate] = []
    places: defaultdict[int, _Places] = defaultdict(_Places)
    totals = [float(np.logaddexp.reduce([span.score for span in spans])) for spans in groups]
    firsts = [spans[0]._replace(score=total) for spans, total in zip(groups, totals, strict=True)]
    ranked = sorted(zip(firsts, groups, strict=True), key=lambda pair: _order(pair[0]))
    for best, spans in ranked:
        for said in (_best_said(spans), best):
            better = places[best.passage].overlapping(said.start, said.end)
            if better is None:
                places[best.passage].put(said.start, said.end, len(answers))
                answers.append(said._replace(score=best.score))
                break
        else:
            assert better is not None
            both = float(np.logaddexp(answers[better].score, best.score))
            answers[better] = answers[better]._replace(score=both)
    return sorted(answers, key=_order)


def _best_said(spans: Sequence[Candidate]) -> Candidate:
    """The first span of the wording with the most weight; of equal ones the first's."""
    if len(spans) == 1:
        return spans[0]
    weights: dict[str, float] = {}
    first: dict[str, Candidate] = {}
    for span in spans:
        first.setdefault(span.wording, span)
        before = weights.get(span.wording, 0.0)
        weights[span.wording] = before + float(np.exp(span.score - spans[0].score))
    return first[max(weights, key=weights.__getitem__)]


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
    >>> none, [(answer.start, answer.end, answer.score) for answer in answers]
    (0.5, [(3, 5, 0.5)])
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
