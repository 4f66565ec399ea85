"""SQuAD's exact match and F1, as the two official evaluation scripts compute them.

Rajpurkar et al., "SQuAD: 100,000+ Questions for Machine Comprehension of Text", 2016, section 6.1
(`evaluate-v1.1.py`), and "Know What You Don't Know", 2018 (`evaluate-v2.0.py`). Scores of data sets
are 0 to 100, as there; of one answer, 0 to 1.
"""

from __future__ import annotations

import math
import re
import string
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from nlpkit.errors import InputError, InputTypeError

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalize_answer(text: str) -> str:
    """Lower case, without ASCII punctuation, without a, an and the, single spaces.

    >>> normalize_answer("The  Norman-French  (c. 1066)")
    'normanfrench c 1066'
    """
    text = text.lower().translate(_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", text).split())


def exact_match(prediction: str, golds: Sequence[str]) -> float:
    """1.0 if the answer equals one of the gold answers after normalising, else 0.0.

    Without gold answers the right one is the empty one.

    >>> exact_match("the Normans", ["Normans", "Franks"]), exact_match("Normans", [])
    (1.0, 0.0)
    """
    answer = normalize_answer(prediction)
    return float(any(answer == normalize_answer(gold) for gold in _answers(golds)))


def f1(prediction: str, golds: Sequence[str]) -> float:
    """The best F1 of the answer's words with those of a gold answer, 0 to 1, by SQuAD 2.0's rules.

    An answer without words, like "" or "the", is no answer: 1.0 where the gold answer has none
    either, else 0.0. Without gold answers the right one is the empty one.

    >>> f1("the Normans of France", ["Normans"]), f1("", []), f1("Normans", [])
    (0.5, 1.0, 0.0)
    """
    words = normalize_answer(prediction).split()
    return max(_f1_v2(words, normalize_answer(gold).split()) for gold in _answers(golds))


def evaluate_v1(
    predictions: Mapping[str, str], golds: Mapping[str, Sequence[str]]
) -> dict[str, float]:
    """Exact match and F1 on SQuAD 1.1, 0 to 100, over all questions of `golds`.

    A question without a prediction scores 0; predictions for other questions are ignored.

    Args:
        predictions: Answers by question id.
        golds: The gold answers of each question, at least one.

    Raises:
        InputError: no questions, or a question without a gold answer.
        InputTypeError: an answer that is not a string, gold answers that are not a list.

    >>> evaluate_v1({"q1": "Rome"}, {"q1": ["Rome", "in Rome"], "q2": ["1066"]})
    {'exact_match': 50.0, 'f1': 50.0}
    """
    _check(predictions, golds)
    exact = overlap = 0.0
    for question, answers in golds.items():
        if len(answers) == 0:
            raise InputError(f"Question {question!r} has no gold answer: SQuAD 1.1 needs one.")
        if question not in predictions:
            continue
        words = normalize_answer(predictions[question]).split()
        targets = [normalize_answer(answer).split() for answer in answers]
        exact += float(words in targets)
        overlap += max(_f1(words, target) for target in targets)
    return {"exact_match": 100 * exact / len(golds), "f1": 100 * overlap / len(golds)}


def evaluate_v2(
    predictions: Mapping[str, str],
    golds: Mapping[str, Sequence[str]],
    no_answer_probabilities: Mapping[str, float] | None = None,
    threshold: float = 1.0,
) -> dict[str, float]:
    """Exact match and F1 on SQuAD 2.0, 0 to 100, with all the official script's figures.

    A question whose no-answer probability is above the threshold counts as unanswered, whatever
    its prediction. At the official threshold of 1.0 none is, so that the probabilities move only
    the `best_` figures: the scores at the threshold best for these very questions, an upper limit
    and not a measurement.

    Questions without a prediction are left out of all figures (the official script stops at them).

    Args:
        predictions: Answers by question id, "" for no answer.
        golds: The gold answers of each question, an empty list where there is none.
        no_answer_probabilities: By question id; they need not be probabilities, only higher where
            an answer is less likely.
        threshold: Above it, a question counts as unanswered.

    Returns:
        `exact`, `f1`, `total`; the same with the prefix `HasAns_` and `NoAns_` where there are
        such questions; with probabilities `best_exact`, `best_f1` and for both `..._thresh`.

    Raises:
        InputError: no questions, no prediction for any of them, or a probability that is missing
            or not a number.
        InputTypeError: an answer that is not a string, gold answers that are not a list.

    >>> scores = evaluate_v2({"q1": "Rome", "q2": "1066"}, {"q1": ["Rome"], "q2": []})
    >>> scores["exact"], scores["HasAns_exact"], scores["NoAns_exact"]
    (50.0, 100.0, 0.0)
    >>> evaluate_v2(
    ...     {"q1": "Rome", "q2": "1066"}, {"q1": ["Rome"], "q2": []}, {"q1": 0.1, "q2": 0.8}
    ... )["best_exact"]
    100.0
    """
    _check(predictions, golds)
    questions = [question for question in golds if question in predictions]
    if not questions:
        raise InputError("None of the predictions is for a question of the gold answers.")
    raw_exact = {q: exact_match(predictions[q], golds[q]) for q in questions}
    raw_f1 = {q: f1(predictions[q], golds[q]) for q in questions}
    answerable = [q for q in questions if len(golds[q])]
    unanswerable = [q for q in questions if not len(golds[q])]

    exact, overlap = raw_exact, raw_f1
    if no_answer_probabilities is not None:
        probabilities = _probabilities(no_answer_probabilities, questions)
        silent = {q for q in questions if probabilities[q] > threshold}
        right = dict.fromkeys(unanswerable, 1.0)
        exact = {q: right.get(q, 0.0) if q in silent else raw_exact[q] for q in questions}
        overlap = {q: right.get(q, 0.0) if q in silent else raw_f1[q] for q in questions}

    result = _means("", questions, exact, overlap)
    if answerable:
        result |= _means("HasAns_", answerable, exact, overlap)
    if unanswerable:
        result |= _means("NoAns_", unanswerable, exact, overlap)
    if no_answer_probabilities is not None:
        for name, raw in (("exact", raw_exact), ("f1", raw_f1)):
            best, at = _best(predictions, raw, probabilities, set(answerable))
            result |= {f"best_{name}": best, f"best_{name}_thresh": at}
    return result


def _answers(golds: Sequence[str]) -> Sequence[str]:
    return [gold for gold in golds if normalize_answer(gold)] or [""]


def _f1(words: Sequence[str], target: Sequence[str]) -> float:
    common = sum((Counter(words) & Counter(target)).values())
    if common == 0:
        return 0.0
    precision, recall = common / len(words), common / len(target)
    return 2 * precision * recall / (precision + recall)


def _f1_v2(words: Sequence[str], target: Sequence[str]) -> float:
    return _f1(words, target) if words and target else float(words == target)


def _means(
    prefix: str, questions: Sequence[str], exact: Mapping[str, float], overlap: Mapping[str, float]
) -> dict[str, float]:
    n = len(questions)
    return {
        f"{prefix}exact": 100 * sum(exact[q] for q in questions) / n,
        f"{prefix}f1": 100 * sum(overlap[q] for q in questions) / n,
        f"{prefix}total": n,
    }


def _best(
    predictions: Mapping[str, str],
    scores: Mapping[str, float],
    probabilities: Mapping[str, float],
    answerable: Collection[str],
) -> tuple[float, float]:
    """The best score and its threshold, answering one question more at a time.

    As in the official script, questions of equal probability are taken one by one, in the order of
    the probabilities given, and the threshold is 0 where it is best to answer none.
    """
    current = best = float(len(scores) - len(answerable))
    threshold = 0.0
    for question in sorted(probabilities, key=lambda q: probabilities[q]):
        if question in answerable:
            current += scores[question]
        elif predictions[question]:
            current -= 1
        if current > best:
            best, threshold = current, probabilities[question]
    return 100 * best / len(scores), threshold


def _check(predictions: Mapping[str, str], golds: Mapping[str, Sequence[str]]) -> None:
    if not golds:
        raise InputError("There are no questions to evaluate.")
    for question, answers in golds.items():
        if isinstance(answers, str):
            raise InputTypeError(f"The gold answers of {question!r} are a string: give a list.")
        answer = predictions.get(question, "")
        if not isinstance(answer, str):
            raise InputTypeError(
                f"The prediction for {question!r} is {answer!r}: it has to be a string."
            )


def _probabilities(given: Mapping[str, float], questions: Sequence[str]) -> dict[str, float]:
    for question in questions:
        if question not in given:
            raise InputError(f"Question {question!r} has no no-answer probability.")
        if math.isnan(given[question]):
            raise InputError(f"The no-answer probability of {question!r} is not a number.")
    asked = set(questions)
    return {q: float(probability) for q, probability in given.items() if q in asked}
