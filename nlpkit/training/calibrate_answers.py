"""Calibration of answers, read alone and among several passages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nlpkit.evaluation import squad
from nlpkit.results import Failure
from nlpkit.tasks.question_answering import QuestionAnswering
from nlpkit.tasks.spans import Candidate, distinct

if TYPE_CHECKING:
    import pandas as pd

Values = NDArray[np.float64]
Rows = NDArray[np.bool_]

# Each question is asked of its own passage and, so many questions of the rows at most, of that
# passage among others: with more to read there are more spans that may be taken for an answer.
_PASSAGES = 5
_SEVERAL = 500

_EXACTNESS = tuple(round(0.4 + 0.05 * step, 2) for step in range(13))

# The score of an answer where there is none: it has no probability at any temperature.
_NEVER = -1e9


@dataclass(frozen=True)
class Reading:
    """Questions asked of so many passages each.

    Attributes:
        row: which row each question is of, `(questions,)`.
        scores: of the answers to each question, the best first, `(questions, most answers)`;
            -inf where there are fewer.
        exact: exact match of the best answer, 0 where there is none to find, `(questions,)`.
        f1: likewise, F1.
        answerable: 1 where there is an answer to find, `(questions,)`.
    """

    row: NDArray[np.intp]
    scores: Values
    exact: Values
    f1: Values
    answerable: Values

    def among(self, rows: Rows) -> Reading:
        """The questions of some of the rows."""
        inside = rows[self.row]
        return Reading(
            self.row[inside],
            self.scores[inside],
            self.exact[inside],
            self.f1[inside],
            self.answerable[inside],
        )

    def probabilities(self, temperature: float, bias: float | Values) -> tuple[Values, Values]:
        """Of the best answer and of "no answer", `(questions,)`, or `(questions, biases)`."""
        best = self.scores[:, 0] / temperature
        rest = np.exp(self.scores / temperature - best[:, None]).sum(axis=1)
        if isinstance(bias, np.ndarray):
            best, rest = best[:, None], rest[:, None]
        # Both over exp(best), whose own weight is then 1.
        none = np.exp(np.minimum(bias / temperature - best, 700.0))
        return 1 / (none + rest), none / (none + rest)


@dataclass(frozen=True)
class AnswerEvidence:
    """Answers of questions, before temperature and bias.

    Temperature, bias and exactness are those at which two numbers are most likely, in all readings
    alike: the score of the best answer, that it is right (exact match), and the probability of
    "no answer", that there is none. The threshold is the score from which answering pays most, in
    SQuAD 2.0's F1, the mean of the readings, with questions that have an answer and those that
    have none counting alike; where no row, or every one, has an answer there is none to choose.

    Attributes:
        size: how many rows.
        readings: by what is put behind the names of the outcomes.
    """

    size: int
    readings: Mapping[str, Reading]

    def __len__(self) -> int:
        return self.size

    def fit(self, rows: Rows) -> dict[str, float]:
        """Temperature, bias, exactness and, with unanswerable questions, the threshold."""
        readings = [reading.among(rows) for reading in self.readings.values()]
        readings = [reading for reading in readings if len(reading.row)]
        _, temperature, bias, exactness = min(_most_likely(readings, c) for c in _EXACTNESS)
        temperature, bias = round(temperature, 4), round(bias, 4)
        fitted = {"temperature": temperature, "null_bias": bias, "exactness": exactness}
        if 0 < readings[0].answerable.mean() < 1:
            threshold = exactness * _best_threshold(readings, temperature, bias)
            fitted["threshold"] = round(threshold, 4)
        return fitted

    def outcomes(
        self, decoding: Mapping[str, float], rows: Rows
    ) -> dict[str, tuple[Values, Values]]:
        """Of each reading: scores and exact matches; "no answer" and whether there is none."""
        found = {}
        for name, reading in self.readings.items():
            inside = reading.among(rows)
            score, none = inside.probabilities(decoding["temperature"], decoding["null_bias"])
            found[f"ece_score{name}"] = (score * decoding["exactness"], inside.exact)
            found[f"ece_no_answer{name}"] = (none, 1 - inside.answerable)
        return found


def _most_likely(readings: list[Reading], exactness: float) -> tuple[float, float, float, float]:
    """How unlikely what happened is at best, and the temperature and the bias for that."""
    best = np.concatenate([reading.scores[:, 0] for reading in readings])
    best = best[best > _NEVER]
    low, high = (float(best.min()) - 5, float(best.max()) + 5) if len(best) else (-5.0, 5.0)
    centre = np.array([np.log(2.0), (low + high) / 2])
    width = np.array([np.log(8.0), (high - low) / 2])
    # A grid around the best so far, finer each time, cannot get lost.
    for _ in range(5):
        biases = np.clip(centre[1] + width[1] * np.linspace(-1, 1, 21), low, high)
        found = []
        for power in centre[0] + width[0] * np.linspace(-1, 1, 13):
            temperature = float(np.exp(power))
            surprises = np.sum(
                [_surprise(r, temperature, biases, exactness) for r in readings], axis=0
            )
            place = int(np.argmin(surprises))
            found.append((float(surprises[place]), float(power), float(biases[place])))
        least, *point = min(found)
        centre, width = np.array(point), width / 4
    return least, float(np.exp(centre[0])), float(centre[1]), exactness


def _surprise(reading: Reading, temperature: float, biases: Values, exactness: float) -> Values:
    """Minus the mean log-likelihood of what happened, `(biases,)`."""
    total = np.zeros(len(biases))
    score, none = reading.probabilities(temperature, biases)
    for chance, happened in ((exactness * score, reading.exact), (none, 1 - reading.answerable)):
        chance = np.clip(chance, 1e-6, 1 - 1e-6)
        y = happened[:, None]
        total -= (y * np.log(chance) + (1 - y) * np.log(1 - chance)).mean(axis=0)
    return total


def _best_threshold(readings: list[Reading], temperature: float, bias: float) -> float:
    """The score from which answering is expected to pay, in F1, with the readings weighted alike.

    In each of them the questions without an answer weigh as much as those with one, as they do in
    SQuAD 2.0's validation and test sets: how many there will be in use nobody knows, and their
    share of the set-aside rows (a third in SQuAD 2.0) is no better a guess than half.

    What answering brings is smoothed first, by a parabola over the score: the best place for the
    rows themselves is as much of their chance as of the scores (with 700 questions it moved twice
    as much between halves of them, and was up to half a point of F1 worse on the other half).
    """
    score = np.concatenate([r.probabilities(temperature, bias)[0] for r in readings])
    # What answering a question brings over leaving it: its F1, or the loss of a right "none".
    gain = np.concatenate([np.where(r.answerable > 0, r.f1, -1.0) for r in readings])
    weight = np.concatenate([_balanced(r.answerable) for r in readings])
    terms = np.stack([np.ones_like(score), score, score**2], axis=1)
    root = np.sqrt(weight)
    factors = np.linalg.lstsq(terms * root[:, None], gain * root, rcond=None)[0]
    order = np.argsort(-score, kind="stable")
    expected = (weight * (terms @ factors))[order]
    count = int(np.argmax(np.concatenate([[0.0], np.cumsum(expected)])))
    if count == 0:
        return 1.0
    after = score[order[count]] if count < len(order) else 0.0
    return float((score[order[count - 1]] + after) / 2)


def _balanced(answerable: Values) -> Values:
    """The weight of each question, so that those with and those without an answer weigh alike.

    >>> _balanced(np.array([1.0, 1.0, 0.0])).round(6).tolist()
    [0.25, 0.25, 0.5]
    """
    share = answerable.mean() if len(answerable) else 0.0
    if share in (0.0, 1.0):
        return np.full(len(answerable), 1 / max(1, len(answerable)))
    return np.where(answerable > 0, 0.5 / share, 0.5 / (1 - share)) / len(answerable)


def answer_evidence(
    pipeline: QuestionAnswering, heldout: pd.DataFrame
) -> tuple[AnswerEvidence, NDArray[np.intp]]:
    """What the pipeline finds for the rows, and the numbers of the rows that can be asked.

    Other passages are drawn with the recipe's seed, of the same title where there are any: near
    the subject, without the answer.
    """
    rng = np.random.default_rng((pipeline.recipe.training.seed, len(heldout)))
    several = np.zeros(len(heldout), np.bool_)
    several[rng.permutation(len(heldout))[:_SEVERAL]] = True
    own = list(heldout["context"])
    passages = [
        _beside(heldout, row, rng) if several[row] else [context] for row, context in enumerate(own)
    ]
    found = pipeline.candidates(
        list(zip(heldout["question"], passages, strict=True)), errors="return"
    )
    kept = [row for row, one in enumerate(found) if not isinstance(one, Failure)]
    number = {row: place for place, row in enumerate(kept)}
    alone, among = _Table(), _Table()
    for row in kept:
        candidates = found[row]
        assert not isinstance(candidates, Failure)
        gold = [str(text) for text in heldout["answers"].iloc[row]["text"]]
        place = passages[row].index(own[row])
        texts = passages[row]
        alone.add(number[row], [c for c in candidates if c.passage == place], texts, gold)
        if len(texts) > 1:
            among.add(number[row], candidates, texts, gold)
    readings = {"": alone.reading()}
    if among.rows:
        readings["_several"] = among.reading()
    return AnswerEvidence(len(kept), readings), np.array(kept, np.intp)


def _beside(heldout: pd.DataFrame, row: int, rng: np.random.Generator) -> list[str]:
    """The row's passage, somewhere among others of the set-aside rows."""
    own = heldout["context"].iloc[row]
    others = heldout["context"]
    if "title" in heldout.columns:
        others = others[heldout["title"] == heldout["title"].iloc[row]]
        if (others == own).all():
            others = heldout["context"]
    different = [text for text in others.unique() if text != own]
    drawn = [different[i] for i in rng.permutation(len(different))[: _PASSAGES - 1]]
    drawn.insert(int(rng.integers(len(drawn) + 1)), own)
    return drawn


class _Table:
    """A reading in the making."""

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.scores: list[list[float]] = []
        self.measured: list[tuple[float, float, float]] = []

    def add(
        self, row: int, candidates: list[Candidate], passages: Sequence[str], gold: Sequence[str]
    ) -> None:
        """The answers to one question, and how right the best of them is."""
        answers = distinct(candidates)
        said = passages[answers[0].passage][answers[0].start : answers[0].end] if answers else ""
        self.rows.append(row)
        self.scores.append([one.score for one in answers] or [_NEVER])
        right = (squad.exact_match(said, gold), squad.f1(said, gold)) if gold else (0.0, 0.0)
        self.measured.append((*right, float(bool(gold))))

    def reading(self) -> Reading:
        """All of them as arrays."""
        scores = np.full((len(self.rows), max(map(len, self.scores), default=1)), -np.inf)
        for line, values in zip(scores, self.scores, strict=True):
            line[: len(values)] = values
        exact, f1, answerable = np.array(self.measured, np.float64).reshape(-1, 3).T
        return Reading(np.array(self.rows, np.intp), scores, exact, f1, answerable)
