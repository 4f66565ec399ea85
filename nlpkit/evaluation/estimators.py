"""From the statistics of each example to one number, for many resamples at once.

Every metric of the harness is a function of a table with a row an example, `(n, columns)`. A
resample of the examples is the number of times that each is drawn, so an estimator takes weights
`(resamples, n)` and gives one value a resample: what the metric would be on those examples. Where
it is not defined (a correlation of equal numbers) the value is NaN, and `Score` says so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Estimator = Callable[[Floats, Floats], Floats]
"""(statistics `(n, columns)`, weights `(resamples, n)`) to values `(resamples,)`."""

# Correlations that come out of rounding, not of the data, are below this part of the squares.
_ROUNDING = 1e-14


def mean(statistics: Floats, weights: Floats) -> Floats:
    """The mean of the first column.

    >>> mean(np.array([[1.0], [0.0]]), np.array([[1, 1], [2, 0]], float))
    array([0.5, 1. ])
    """
    return np.asarray(weights @ statistics[:, 0] / weights.sum(axis=1))


def ratio(statistics: Floats, weights: Floats) -> Floats:
    """The sum of the first column over that of the second, 0 where that is 0.

    F1 is one: twice the hits over what was predicted and what is there.

    >>> ratio(np.array([[2.0, 2.0], [0.0, 1.0]]), np.ones((1, 2)))
    array([0.66666667])
    """
    above, below = (weights @ statistics[:, :2]).T
    return np.asarray(np.divide(above, below, out=np.zeros_like(above), where=below != 0))


def matthews(statistics: Floats, weights: Floats) -> Floats:
    """Matthews correlation of predicted (first column) and true labels, as whole numbers from 0.

    0 where one label is all that is predicted or all that is there (Gorodkin, 2004).

    >>> matthews(np.array([[1, 1], [1, 1], [0, 1], [0, 0]], float), np.ones((1, 4))).round(4)
    array([0.5774])
    """
    predicted, true = statistics[:, 0], statistics[:, 1]
    labels = np.unique(statistics)
    total = weights.sum(axis=1)
    times_predicted = weights @ (predicted[:, None] == labels).astype(np.float64)
    times_true = weights @ (true[:, None] == labels).astype(np.float64)
    hits = weights @ (predicted == true).astype(np.float64)
    covariance = hits * total - (times_predicted * times_true).sum(axis=1)
    spread = (total**2 - (times_predicted**2).sum(axis=1)) * (
        total**2 - (times_true**2).sum(axis=1)
    )
    root = np.sqrt(np.maximum(spread, 0))
    return np.asarray(np.divide(covariance, root, out=np.zeros_like(root), where=root != 0))


def pearson(statistics: Floats, weights: Floats) -> Floats:
    """Pearson's correlation of the first two columns; NaN where one of them is constant.

    >>> pearson(np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]]), np.ones((1, 3)))
    array([1.])
    """
    x, y = (_scaled(statistics[:, i]) for i in (0, 1))
    return _correlation(x[None, :], y[None, :], weights)


def spearman(statistics: Floats, weights: Floats) -> Floats:
    """Spearman's rank correlation of the first two columns; equal values share their mean rank.

    The ranks are those within each resample, where an example drawn twice is a tie with itself.

    >>> spearman(np.array([[1.0, 2.0], [2.0, 4.0], [30.0, 6.0]]), np.ones((1, 3)))
    array([1.])
    """
    x, y = (_ranks(statistics[:, i], weights) for i in (0, 1))
    return _correlation(x, y, weights)


def calibration_error(bins: int) -> Estimator:
    """The expected calibration error: columns are the probability and whether it was right.

    >>> table = np.array([[0.9, 1.0], [0.9, 0.0]])
    >>> calibration_error(10)(table, np.ones((1, 2))).round(2)
    array([0.4])
    """

    def estimate(statistics: Floats, weights: Floats) -> Floats:
        sure, right = statistics[:, 0], statistics[:, 1]
        place = np.digitize(sure, np.linspace(0, 1, bins + 1)[1:-1], right=True)
        of_bin = (place[:, None] == np.arange(bins)).astype(np.float64)
        gaps = weights @ (of_bin * (sure - right)[:, None])
        return np.asarray(np.abs(gaps).sum(axis=1) / weights.sum(axis=1))

    return estimate


def _scaled(values: Floats) -> Floats:
    """Centred and within -1 to 1, so that no square overflows or vanishes."""
    most = np.abs(values).max(initial=0.0)
    values = values / most if most else values
    centred = values - values.mean()
    most = np.abs(centred).max(initial=0.0)
    return np.asarray(centred / most if most else centred)


def _ranks(values: Floats, weights: Floats) -> Floats:
    _, group = np.unique(values, return_inverse=True)
    groups = int(group.max(initial=-1)) + 1
    sizes = np.zeros((len(weights), groups))
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(groups))
    sizes = np.add.reduceat(weights[:, order], starts, axis=1)
    middle = np.cumsum(sizes, axis=1) - (sizes - 1) / 2
    return np.asarray(middle[:, group])


def _correlation(x: Floats, y: Floats, weights: Floats) -> Floats:
    total = weights.sum(axis=1, keepdims=True)
    x = x - (weights * x).sum(axis=1, keepdims=True) / total
    y = y - (weights * y).sum(axis=1, keepdims=True) / total
    square_x, square_y = (weights * x * x).sum(axis=1), (weights * y * y).sum(axis=1)
    largest: Any = np.abs(weights).sum(axis=1)
    there = (square_x > _ROUNDING * largest * np.abs(x).max(initial=0.0) ** 2) & (
        square_y > _ROUNDING * largest * np.abs(y).max(initial=0.0) ** 2
    )
    root = np.sqrt(square_x * square_y)
    product = (weights * x * y).sum(axis=1)
    value = np.divide(product, root, out=np.full_like(root, np.nan), where=there & (root > 0))
    return np.asarray(np.clip(value, -1.0, 1.0))
