"""GLUE's metrics as pure functions, equal to scikit-learn's and scipy's.

Wang et al., "GLUE", 2019: CoLA is scored by `matthews`, STS-B by `pearson` and `spearman`, MRPC
and QQP by `accuracy` and `f1`, the others by `accuracy`. All are fractions, not per cent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nlpkit.errors import InputError, InputTypeError

Values = Sequence[Any] | npt.NDArray[Any]


def accuracy(predictions: Values, labels: Values) -> float:
    """The part of the predictions that are right, 0 to 1.

    Labels are names or numbers, on both sides the same.

    Raises:
        InputError: nothing to score, or unequal numbers of predictions and labels.
        InputTypeError: names on one side and numbers on the other.

    >>> accuracy(["yes", "no", "no"], ["yes", "no", "yes"])
    0.6666666666666666
    """
    predicted, true = _labels(predictions, labels)
    return float(np.mean(predicted == true))


def f1(predictions: Values, labels: Values, *, positive: Any = 1) -> float:
    """F1 of the positive label, 0 to 1; 0 where it is neither predicted nor there.

    Errors are those of `accuracy`.

    >>> f1([1, 1, 0, 0], [1, 0, 1, 0])
    0.5
    """
    predicted, true = _labels(predictions, labels)
    positives = np.sum(predicted == positive) + np.sum(true == positive)
    hits = np.sum((predicted == positive) & (true == positive))
    return float(2 * hits / positives) if positives else 0.0


def matthews(predictions: Values, labels: Values) -> float:
    """Matthews correlation, -1 to 1, of two labels or more (Gorodkin, 2004).

    0 where one label is all that is predicted or all that is there: as good as chance. Errors
    are those of `accuracy`.

    >>> matthews([1, 1, 0, 0], [1, 1, 1, 0])
    0.5773502691896258
    """
    predicted, true = _labels(predictions, labels)
    n = len(true)
    names, numbers = np.unique(np.concatenate([predicted, true]), return_inverse=True)
    # Floats, for products of counts pass 2**63 at a few million rows.
    times_predicted = np.bincount(numbers[:n], minlength=len(names)).astype(np.float64)
    times_true = np.bincount(numbers[n:], minlength=len(names)).astype(np.float64)
    hits = float(np.sum(predicted == true))
    covariance = hits * n - times_predicted @ times_true
    spread = (n**2 - times_predicted @ times_predicted) * (n**2 - times_true @ times_true)
    return float(covariance / np.sqrt(spread)) if spread else 0.0


def pearson(predictions: Values, labels: Values) -> float:
    """Pearson's correlation, -1 to 1.

    Raises:
        InputError: fewer than two values, unequal numbers, a value that is not finite, or one
            side all equal: the correlation is not defined then.
        InputTypeError: a value that is not a number.

    >>> pearson([1, 2, 3], [2, 4, 6])
    1.0
    """
    return _correlation(*_numbers(predictions, labels))


def spearman(predictions: Values, labels: Values) -> float:
    """Spearman's rank correlation, -1 to 1; equal values share the mean of their ranks.

    Errors are those of `pearson`.

    >>> spearman([1, 2, 30], [2, 4, 6])
    1.0
    """
    predicted, true = _numbers(predictions, labels)
    return _correlation(_ranks(predicted), _ranks(true))


def _correlation(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> float:
    return float(np.clip(_unit(x) @ _unit(y), -1.0, 1.0))


def _unit(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    # Scaled twice: neither the mean nor the squares may overflow or vanish.
    values = values / np.abs(values).max()
    centred = values - values.mean()
    centred /= np.abs(centred).max()
    return np.asarray(centred / np.linalg.norm(centred))


def _ranks(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    _, group, sizes = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(sizes)
    return np.asarray((last - (sizes - 1) / 2)[group], dtype=np.float64)


def _labels(predictions: Values, labels: Values) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    _check_lengths(predictions, labels)
    sides = []
    for name, values in (("predictions", predictions), ("labels", labels)):
        array = np.asarray(values)
        if array.dtype.kind == "O" and all(isinstance(value, str) for value in values):
            array = array.astype(str)
        if array.ndim != 1 or array.dtype.kind not in "biufU":
            raise InputTypeError(f"{name} has to be one list of names or of numbers.")
        sides.append(array)
    predicted, true = sides
    if (predicted.dtype.kind == "U") != (true.dtype.kind == "U"):
        raise InputTypeError("predictions and labels have to be both names or both numbers.")
    return predicted, true


def _numbers(
    predictions: Values, labels: Values
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    _check_lengths(predictions, labels)
    if len(labels) < 2:
        raise InputError("A correlation needs at least two values.")
    sides = []
    for name, values in (("predictions", predictions), ("labels", labels)):
        try:
            array = np.asarray(values, dtype=np.float64)
        except (TypeError, ValueError):
            raise InputTypeError(f"{name} holds something that is not a number.") from None
        if array.ndim != 1:
            raise InputTypeError(f"{name} has the shape {array.shape}: one list is needed.")
        if not np.isfinite(array).all():
            place = int(np.argmin(np.isfinite(array)))
            raise InputError(f"{name} is not finite at index {place}.")
        if (array == array[0]).all():
            raise InputError(f"All {name} are {array[0]}: the correlation is not defined.")
        sides.append(array)
    return sides[0], sides[1]


def _check_lengths(predictions: Values, labels: Values) -> None:
    if len(predictions) != len(labels):
        raise InputError(
            f"There are {len(predictions)} predictions and {len(labels)} labels:"
            " each prediction needs its label."
        )
    if len(labels) == 0:
        raise InputError("There are no predictions to score.")
