"""GLUE's metrics, equal to scikit-learn's and scipy's.

Wang et al., "GLUE", 2019: CoLA is scored by `matthews`, STS-B by `pearson` and `spearman`, MRPC
and QQP by `accuracy` and `f1`, the others by `accuracy`. All are 0 to 1 (correlations from -1), not
per cent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlpkit.errors import InputError, InputTypeError, UndefinedScoreError
from nlpkit.evaluation import estimators
from nlpkit.evaluation.estimators import Estimator, Floats
from nlpkit.evaluation.score import Score, Scores

Values = Sequence[Any] | NDArray[Any]


class Task(NamedTuple):
    """One of GLUE's tasks."""

    metrics: tuple[str, ...]
    """The names of its metrics."""
    splits: tuple[str, ...]
    """The parts with public labels that it is scored on."""
    labels: tuple[str, ...] | None
    """The names of labels 0, 1, ...; None for STS-B, whose labels are numbers from 0 to 5."""


_VALIDATION = ("validation",)

GLUE: dict[str, Task] = {
    "cola": Task(("matthews",), _VALIDATION, ("unacceptable", "acceptable")),
    "sst2": Task(("accuracy",), _VALIDATION, ("negative", "positive")),
    "mrpc": Task(("accuracy", "f1"), _VALIDATION, ("not_equivalent", "equivalent")),
    "stsb": Task(("pearson", "spearman"), _VALIDATION, None),
    "qqp": Task(("accuracy", "f1"), _VALIDATION, ("not_duplicate", "duplicate")),
    "mnli": Task(
        ("accuracy",),
        ("validation_matched", "validation_mismatched"),
        ("entailment", "neutral", "contradiction"),
    ),
    "qnli": Task(("accuracy",), _VALIDATION, ("entailment", "not_entailment")),
    "rte": Task(("accuracy",), _VALIDATION, ("entailment", "not_entailment")),
    "wnli": Task(("accuracy",), _VALIDATION, ("not_entailment", "entailment")),
}
"""GLUE's nine tasks by name, in the order of its leaderboard."""


def accuracy(predictions: Values, labels: Values, *, seed: int = 0) -> Score:
    """The part of the predictions that are right, 0 to 1.

    Labels are names or whole numbers, on both sides the same.

    Raises:
        InputError: nothing to score, unequal numbers of predictions and labels, or a number that
            is not finite or not whole.
        InputTypeError: names on one side and numbers on the other, or neither.

    >>> accuracy(["yes", "no", "no"], ["yes", "no", "yes"]).value
    0.6666666666666666
    """
    predicted, true = _labels(predictions, labels)
    return Score.of("accuracy", predicted == true, seed=seed)


def f1(predictions: Values, labels: Values, *, positive: Any = 1, seed: int = 0) -> Score:
    """F1 of the positive label, 0 to 1; 0 where it is neither predicted nor there.

    Args:
        predictions: names or whole numbers.
        labels: the right ones.
        positive: the label that is to be found.
        seed: of the interval.

    Raises:
        InputError: as `accuracy`; or labels of two names or more without the positive one.
        InputTypeError: as `accuracy`; or a `positive` that is a number where labels are names.

    >>> f1([1, 1, 0, 0], [1, 0, 1, 0]).value
    0.5
    >>> f1(["yes", "no"], ["yes", "yes"], positive="yes").value
    0.6666666666666666
    """
    predicted, true = _labels(predictions, labels)
    named = predicted.dtype.kind == "U"
    if named != isinstance(positive, str):
        raise InputTypeError(
            f"positive = {positive!r} is not allowed: the labels are"
            f" {'names' if named else 'numbers'}, and it has to be one of them"
        )
    found, there = predicted == positive, true == positive
    names = sorted(set(true.tolist()))
    if named and not (found.any() or there.any()) and len(names) > 1:
        raise InputError(f"positive = {positive!r} is no label here; there are {', '.join(names)}")
    table = np.stack([2 * (found & there), found.astype(np.int64) + there], axis=1)
    return Score.of("f1", table, estimator=estimators.ratio, seed=seed, positive=positive)


def matthews(predictions: Values, labels: Values, *, seed: int = 0) -> Score:
    """Matthews correlation, -1 to 1, of two labels or more (Gorodkin, 2004).

    0 where one label is all that is predicted or all that is there: as good as chance, and what
    scikit-learn says. Errors are those of `accuracy`.

    >>> matthews([1, 1, 0, 0], [1, 1, 1, 0]).value
    0.5773502691896258
    """
    predicted, true = _labels(predictions, labels)
    _, numbers = np.unique(np.concatenate([predicted, true]), return_inverse=True)
    table = numbers.reshape(2, -1).T.astype(np.float64)
    return Score.of("matthews", table, estimator=estimators.matthews, seed=seed)


def pearson(predictions: Values, labels: Values, *, seed: int = 0) -> Score:
    """Pearson's correlation, -1 to 1.

    Raises:
        InputError: no values, unequal numbers of them, or one that is not finite.
        UndefinedScoreError: a single pair, or one side all equal.
        InputTypeError: a value that is not a number.

    >>> pearson([1, 2, 3], [2, 4, 6]).value
    1.0
    """
    return _correlation("pearson", estimators.pearson, predictions, labels, seed)


def spearman(predictions: Values, labels: Values, *, seed: int = 0) -> Score:
    """Spearman's rank correlation, -1 to 1; equal values share the mean of their ranks.

    Errors are those of `pearson`.

    >>> spearman([1, 2, 30], [2, 4, 6]).value
    1.0
    """
    return _correlation("spearman", estimators.spearman, predictions, labels, seed)


def glue_scores(task: str, predictions: Values, labels: Values, *, seed: int = 0) -> Scores:
    """The metrics of one of GLUE's tasks.

    A correlation that is not defined is in `Scores.undefined`, with the reason.

    Args:
        task: a name in `GLUE`.
        predictions: the hub's label numbers, or all label names; for STS-B numbers.
        labels: the right ones, in the same form.
        seed: of the intervals.

    Raises:
        InputError: an unknown task, a label that the task does not have; or as the metrics.
        InputTypeError: as the metrics.

    >>> print(glue_scores("mrpc", ["equivalent", "equivalent"], ["equivalent", "not_equivalent"]))
    accuracy: 50.00
    f1: 66.67
    """
    if task not in GLUE:
        raise InputError(f"task = {task!r} is not one of GLUE's: {', '.join(GLUE)}")
    names = GLUE[task].labels
    options: dict[str, Any] = {}
    if names is not None:
        sides = _labels(predictions, labels)
        named = sides[0].dtype.kind == "U"
        allowed = names if named else range(len(names))
        for side, values in zip(("predictions", "labels"), sides, strict=True):
            unknown = [value for value in np.unique(values).tolist() if value not in allowed]
            if unknown:
                raise InputError(
                    f"{side} holds {unknown[0]!r}, which is no label of {task}: allowed are"
                    f" {', '.join(map(str, allowed))}"
                )
        options["positive"] = names[1] if named else 1
    scores, undefined = [], {}
    for name in GLUE[task].metrics:
        try:
            keywords = options if name == "f1" else {}
            scores.append(METRICS[name](predictions, labels, **keywords, seed=seed))
        except UndefinedScoreError as error:
            undefined[name] = str(error)
    return Scores([score.extended(task=task) for score in scores], undefined=undefined)


METRICS: dict[str, Callable[..., Score]] = {
    "accuracy": accuracy,
    "f1": f1,
    "matthews": matthews,
    "pearson": pearson,
    "spearman": spearman,
}
"""GLUE's metrics by name."""


def _correlation(
    name: str, estimator: Estimator, predictions: Values, labels: Values, seed: int
) -> Score:
    table = np.stack(_numbers(predictions, labels), axis=1)
    if len(table) < 2:
        raise UndefinedScoreError(f"{name} needs at least two pairs of numbers, and there is one")
    for side, values in zip(("predictions", "labels"), table.T, strict=True):
        if (values == values[0]).all():
            raise UndefinedScoreError(
                f"{name} is not defined where all {side} are equal ({values[0]:g})"
            )
    return Score.of(name, table, estimator=estimator, seed=seed)


def _labels(predictions: Values, labels: Values) -> tuple[NDArray[Any], NDArray[Any]]:
    _check_lengths(predictions, labels)
    sides = []
    for name, values in (("predictions", predictions), ("labels", labels)):
        array = np.asarray(values)
        if array.dtype.kind not in "biufU" and all(isinstance(value, str) for value in values):
            array = np.asarray([str(value) for value in values])
        if array.ndim != 1 or array.dtype.kind not in "biufU":
            raise InputTypeError(f"{name} has to be one list of names or of whole numbers")
        # numpy makes names of numbers that stand among names.
        if array.dtype.kind == "U" and not all(isinstance(value, str) for value in values):
            raise InputTypeError(f"{name} holds names and numbers: one or the other is needed")
        if array.dtype.kind == "f":
            _check_finite(name, array)
            if not (array == np.rint(array)).all():
                place = int(np.argmax(array != np.rint(array)))
                raise InputError(
                    f"{name} is {array[place]:g} at index {place}: labels are names or whole"
                    " numbers"
                )
        sides.append(array)
    predicted, true = sides
    if (predicted.dtype.kind == "U") != (true.dtype.kind == "U"):
        raise InputTypeError("predictions and labels have to be both names or both numbers")
    return predicted, true


def _numbers(predictions: Values, labels: Values) -> tuple[Floats, Floats]:
    _check_lengths(predictions, labels)
    sides = []
    for name, values in (("predictions", predictions), ("labels", labels)):
        array = np.asarray(values)
        if array.dtype.kind not in "biuf":
            raise InputTypeError(f"{name} holds something that is not a number")
        if array.ndim != 1:
            raise InputTypeError(f"{name} has the shape {array.shape}: one list is needed")
        array = array.astype(np.float64)
        _check_finite(name, array)
        sides.append(array)
    return sides[0], sides[1]


def _check_finite(name: str, array: NDArray[Any]) -> None:
    finite = np.isfinite(array)
    if not finite.all():
        place = int(np.argmin(finite))
        raise InputError(f"{name} is {array[place]} at index {place}: finite numbers are needed")


def _check_lengths(predictions: Values, labels: Values) -> None:
    if len(predictions) != len(labels):
        raise InputError(
            f"There are {len(predictions)} predictions and {len(labels)} labels:"
            " each prediction needs its label"
        )
    if len(labels) == 0:
        raise InputError("There are no predictions to score")
