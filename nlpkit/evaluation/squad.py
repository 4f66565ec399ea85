"""SQuAD's exact match and F1, as the two official evaluation scripts compute them.

Rajpurkar et al., "SQuAD: 100,000+ Questions for Machine Comprehension of Text", 2016, section 6.1
(`evaluate-v1.1.py`), and "Know What You Don't Know", 2018 (`evaluate-v2.0.py`). Scores of data sets
are 0 to 100, as there; of one answer, 0 to 1.
"""

from __future__ import annotations

import math
import re
import string
from collections.abc import Mapping, Sequence
from functools import lru_cache
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlpkit.errors import InputError, InputTypeError
from nlpkit.evaluation.estimators import Floats
from nlpkit.evaluation.score import Score, Scores

Golds = Mapping[str, Sequence[str]]

V1, V2 = "squad-1.1", "squad-2.0"
_OFFICIAL_THRESHOLD = 1.0

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalize_answer(text: str) -> str:
    """Lower case, without ASCII punctuation, without a, an and the, single spaces.

    >>> normalize_answer("The  Norman-French  (c. 1066)")
    'normanfrench c 1066'
    """
    text = text.lower().translate(_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", text).split())


# The gold answers of one question are often the same text, and calibration asks again and again.
_normal = lru_cache(maxsize=1 << 16)(normalize_answer)


def exact_match(prediction: str, golds: Sequence[str]) -> float:
    """1.0 if the answer equals one of the gold answers after normalising, else 0.0 (SQuAD 2.0).

    Without gold answers the right one is the empty one.

    >>> exact_match("the Normans", ["Normans", "Franks"]), exact_match("Normans", [])
    (1.0, 0.0)
    """
    return _v2(_normal(prediction), golds)[0]


def f1(prediction: str, golds: Sequence[str]) -> float:
    """The best F1 of the answer's words with those of a gold answer, 0 to 1, by SQuAD 2.0's rules.

    An answer without words, like "" or "the", is no answer: 1.0 where the gold answer has none
    either, else 0.0. Without gold answers the right one is the empty one.

    >>> f1("the Normans of France", ["Normans"]), f1("", []), f1("Normans", [])
    (0.5, 1.0, 0.0)
    """
    return _v2(_normal(prediction), golds)[1]


class Unmatched(NamedTuple):
    """Ids on one side only."""

    missing: list[str]
    """Questions without a prediction."""
    unknown: list[str]
    """Predictions for no question."""


def unmatched(predictions: Mapping[str, object], golds: Mapping[str, object]) -> Unmatched:
    """The ids without a partner: questions without a prediction, predictions for no question.

    >>> unmatched({"q1": "Rome", "q9": "1066"}, {"q1": ["Rome"], "q2": ["Paris"]})
    Unmatched(missing=['q2'], unknown=['q9'])
    """
    return Unmatched(
        [question for question in golds if question not in predictions],
        [question for question in predictions if question not in golds],
    )


def squad_v1(predictions: Mapping[str, str], golds: Golds, *, seed: int = 0) -> Scores:
    """Exact match and F1 on SQuAD 1.1, 0 to 100, over all questions of `golds`.

    A question without a prediction scores 0, and predictions for other questions do not count:
    the signatures say how many there were (`missing`, and `unknown` where there are any), and
    `unmatched` names them. Statistics have the order of `golds`.

    Args:
        predictions: Answers by question id.
        golds: The gold answers of each question, at least one.
        seed: Of the intervals.

    Raises:
        InputError: no questions, no prediction for any of them, or a question without a gold
            answer.
        InputTypeError: an answer that is not a string, gold answers that are not a list.

    >>> scores = squad_v1({"q1": "Rome"}, {"q1": ["Rome", "in Rome"], "q2": ["1066"]})
    >>> scores["exact_match"].value, scores["f1"].value
    (50.0, 50.0)
    >>> print(scores["f1"].signature)
    f1|variant:squad-1.1|missing:1|n:2|seed:0|version:nlpkit-0.1.0
    """
    fields = _checked(predictions, golds, V1)
    table = np.zeros((len(golds), 2))
    for row, (question, answers) in enumerate(golds.items()):
        if not len(answers):
            raise InputError(
                f"Question {question!r} has no gold answer: SQuAD 1.1 needs one (squad_v2 does not)"
            )
        if question in predictions:
            table[row] = _v1(_normal(predictions[question]), answers)
    return Scores(
        [
            Score.of(name, table[:, column], scale=100, seed=seed, **fields)
            for column, name in enumerate(("exact_match", "f1"))
        ]
    )


def squad_v2(
    predictions: Mapping[str, str],
    golds: Golds,
    no_answer_probabilities: Mapping[str, float] | None = None,
    threshold: float = _OFFICIAL_THRESHOLD,
    *,
    seed: int = 0,
) -> Scores:
    """Exact match and F1 on SQuAD 2.0, 0 to 100, with all the official script's figures.

    `exact` and `f1`; the same with the prefix `HasAns_` and `NoAns_` on the questions with and
    without an answer, where there are any; and, with probabilities, `best_exact` and `best_f1`.

    A question whose no-answer probability is above the threshold counts as unanswered, whatever
    its prediction. At the official threshold of 1.0 none is, so that the probabilities move only
    the `best_` figures. Those are the scores at the threshold that is best for these very
    questions (`best_threshold` reads it): an upper limit and not a measurement, and so is their
    interval, in which the threshold does not move.

    Questions without a prediction are left out of all figures, as in the official script, and
    predictions for other questions do not count: the signatures say how many (`missing`,
    `unknown`). Statistics have the order of `golds`.

    Args:
        predictions: Answers by question id, "" for no answer.
        golds: The gold answers of each question, an empty list where there is none.
        no_answer_probabilities: By question id; they need not be probabilities, only higher where
            an answer is less likely.
        threshold: Above it, a question counts as unanswered.
        seed: Of the intervals.

    Raises:
        InputError: no questions, no prediction for any of them, a probability that is missing, a
            probability or threshold that is NaN or infinite, or a threshold without probabilities.
        InputTypeError: an answer that is not a string, gold answers that are not a list, a
            probability that is not a number.

    >>> predictions, golds = {"q1": "Rome", "q2": "1066"}, {"q1": ["Rome"], "q2": []}
    >>> {name: score.value for name, score in squad_v2(predictions, golds).items()}
    {'exact': 50.0, 'f1': 50.0, 'HasAns_exact': 100.0, 'HasAns_f1': 100.0, 'NoAns_exact': 0.0,
     'NoAns_f1': 0.0}
    >>> best = squad_v2(predictions, golds, {"q1": 0.1, "q2": 0.8})["best_f1"]
    >>> best.value, best_threshold(best)
    (100.0, 0.1)
    """
    fields = _checked(predictions, golds, V2)
    questions = [question for question in golds if question in predictions]
    raw = np.array([_v2(_normal(predictions[q]), golds[q]) for q in questions])
    answerable = np.array([bool(len(golds[q])) for q in questions])
    table, at = raw, None
    if no_answer_probabilities is not None:
        chances = _probabilities(no_answer_probabilities, questions, threshold)
        silent = np.array([chances[q] for q in questions]) > threshold
        table = np.where(silent[:, None], ~answerable[:, None], raw)
        at = repr(float(threshold))
    elif threshold != _OFFICIAL_THRESHOLD:
        raise InputError(f"threshold = {threshold} needs no-answer probabilities to compare with")

    scores = []
    for prefix, kept in (("", None), ("HasAns_", answerable), ("NoAns_", ~answerable)):
        part = table if kept is None else table[kept]
        if len(part):
            scores += [
                Score.of(
                    f"{prefix}{name}", part[:, i], scale=100, seed=seed, **fields, threshold=at
                )
                for i, name in enumerate(("exact", "f1"))
            ]
    if no_answer_probabilities is not None:
        said = np.array([bool(predictions[q]) for q in questions])
        for i, name in enumerate(("best_exact", "best_f1")):
            best, least = _best(raw[:, i], answerable, said, chances, questions)
            tuned: dict[str, Any] = {"threshold": repr(least), "tuned_on": "these examples"}
            scores.append(Score.of(name, best, scale=100, seed=seed, **fields, **tuned))
    return Scores(scores)


def best_threshold(score: Score) -> float:
    """The no-answer threshold that a score of SQuAD 2.0 was computed at.

    Raises:
        InputError: a score without a threshold.
    """
    if "threshold" not in score.signature:
        raise InputError(f"{score.signature} has no threshold: it was computed without one")
    return float(score.signature["threshold"])


def _v1(answer: str, golds: Sequence[str]) -> tuple[float, float]:
    """Exact match and F1 of a normalised answer; 1 and 0 where no word is left on either side."""
    targets = {_normal(gold) for gold in golds}
    if answer in targets:
        return 1.0, float(bool(answer))
    words = answer.split()
    return 0.0, max(_f1(words, target.split()) for target in targets)


def _v2(answer: str, golds: Sequence[str]) -> tuple[float, float]:
    """Exact match and F1 of a normalised answer; gold answers without a word are left out."""
    targets = {normal for gold in golds if (normal := _normal(gold))} or {""}
    if answer in targets:
        return 1.0, 1.0
    words = answer.split()
    return 0.0, max(_f1(words, target.split()) for target in targets)


def _f1(words: Sequence[str], target: Sequence[str]) -> float:
    left: dict[str, int] = {}
    for word in target:
        left[word] = left.get(word, 0) + 1
    common = 0
    for word in words:
        if left.get(word, 0):
            left[word] -= 1
            common += 1
    if not common:
        return 0.0
    precision, recall = common / len(words), common / len(target)
    return 2 * precision * recall / (precision + recall)


def _best(
    raw: Floats,
    answerable: NDArray[np.bool_],
    said: NDArray[np.bool_],
    chances: Mapping[str, float],
    questions: Sequence[str],
) -> tuple[Floats, float]:
    """Each question's score at the best threshold, and that threshold.

    Questions are answered one more at a time, from the least no-answer probability on. As in the
    official script, those of equal probability are taken one by one, in the order in which the
    probabilities were given; an answer of articles only to a question without one counts as
    wrong; and the threshold is 0 where it is best to answer none.
    """
    row = {question: i for i, question in enumerate(questions)}
    order = np.array([row[q] for q in sorted(chances, key=chances.__getitem__)])
    answered = np.where(answerable, raw, 1.0 - said)
    best = (~answerable).astype(np.float64)
    totals = np.cumsum([best.sum(), *(answered - best)[order]])
    most = int(np.argmax(totals))
    best[order[:most]] = answered[order[:most]]
    return best, chances[questions[order[most - 1]]] if most else 0.0


def _checked(predictions: Mapping[str, str], golds: Golds, variant: str) -> dict[str, Any]:
    """What the signatures say of the input, once it is known to be right."""
    if not golds:
        raise InputError("There are no questions to evaluate")
    for question, answers in golds.items():
        if isinstance(answers, str) or not hasattr(answers, "__len__"):
            raise InputTypeError(
                f"The gold answers of {question!r} are {answers!r:.40}: a list is needed"
            )
        for gold in answers:
            if not isinstance(gold, str):
                raise InputTypeError(
                    f"A gold answer of {question!r} is {gold!r:.40}: it has to be a string"
                )
    for question, answer in predictions.items():
        if not isinstance(answer, str):
            raise InputTypeError(
                f"The prediction for {question!r} is {answer!r:.40}: it has to be a string"
            )
    missing, unknown = unmatched(predictions, golds)
    if len(missing) == len(golds):
        first = f", such as {unknown[0]!r}," if unknown else ""
        raise InputError(
            f"None of the {len(predictions)} predictions{first} is for one of the {len(golds)}"
            f" questions, such as {missing[0]!r}"
        )
    return {"variant": variant, "missing": len(missing), "unknown": len(unknown) or None}


def _probabilities(
    given: Mapping[str, float], questions: Sequence[str], threshold: float
) -> dict[str, float]:
    """The probabilities of the questions, in the order given."""
    if not math.isfinite(threshold):
        raise InputError(f"threshold = {threshold} is not allowed; it must be a finite number")
    for question in questions:
        if question not in given:
            raise InputError(f"Question {question!r} has no no-answer probability")
        chance: Any = given[question]
        if isinstance(chance, bool) or not isinstance(chance, Real):
            raise InputTypeError(
                f"The no-answer probability of {question!r} is {chance!r:.40}: it has to be a"
                " number"
            )
        if not math.isfinite(chance):
            raise InputError(
                f"The no-answer probability of {question!r} is {chance}: it has to be finite"
            )
    asked = set(questions)
    return {q: float(chance) for q, chance in given.items() if q in asked}
