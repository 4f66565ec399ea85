"""Probabilities that mean what they say: temperature scaling and how far off one is.

Guo et al., "On Calibration of Modern Neural Networks", 2017, sections 2 and 4.2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nlpkit.errors import InputError

COLDEST, HOTTEST = 0.01, 100.0


def fit_temperature(
    logits: npt.NDArray[np.floating[Any]], labels: Sequence[int] | npt.NDArray[np.integer[Any]]
) -> float:
    """The T at which `softmax(logits / T)` gives the labels the highest likelihood.

    The negative log-likelihood is convex in 1/T, so its slope is bisected. Where the highest logit
    is always the label's, it falls for ever as T does, and where logits say nothing of the label,
    or the contrary, as T grows: T stays within 0.01 to 100. If the slope is 0 everywhere (one
    class, or equal logits), T is 1. Fit on data that was not trained on.

    Args:
        logits: Scores (n, classes); -inf is a class that an example does not have.
        labels: The right class of each example, below `classes`.

    Raises:
        InputError: no examples, wrong shapes, logits that are NaN or +inf, a label that is not a
            class or whose logit is -inf.

    >>> logits = np.array([[2.0, 0.0], [2.0, 0.0], [2.0, 0.0], [2.0, 0.0]])
    >>> round(fit_temperature(logits, [0, 0, 0, 1]), 3)  # right 3 times in 4: log 3 = 2 / T
    1.82
    """
    scores = np.asarray(logits, dtype=np.float64)
    right = np.asarray(labels)
    if scores.ndim != 2 or 0 in scores.shape or right.shape != scores.shape[:1]:
        raise InputError(
            f"logits has the shape {scores.shape} and labels {right.shape}:"
            " (n, classes) and (n,) are needed, with n at least 1."
        )
    if np.isnan(scores).any() or np.isposinf(scores).any():
        raise InputError("logits holds NaN or +inf.")
    if right.dtype.kind not in "iu" or right.min() < 0 or right.max() >= scores.shape[1]:
        raise InputError(f"labels have to be whole numbers from 0 to {scores.shape[1] - 1}.")
    of_label = scores[np.arange(len(right)), right]
    if np.isneginf(of_label).any():
        raise InputError("A label's own logit is -inf.")

    there = np.isfinite(scores)
    scores = np.where(there, scores - scores.max(axis=1, keepdims=True), 0.0)
    target = scores[np.arange(len(right)), right]

    def slope(inverse: float) -> float:
        weights = np.where(there, np.exp(scores * inverse), 0.0)
        expected = (weights * scores).sum(axis=1) / weights.sum(axis=1)
        return float(np.mean(expected - target))

    low, high = math.log(1 / HOTTEST), math.log(1 / COLDEST)
    at_low, at_high = slope(1 / HOTTEST), slope(1 / COLDEST)
    if at_low == at_high == 0:
        return 1.0
    if at_low >= 0:
        return HOTTEST
    if at_high <= 0:
        return COLDEST
    for _ in range(60):
        middle = (low + high) / 2
        if slope(math.exp(middle)) < 0:
            low = middle
        else:
            high = middle
    return math.exp(-(low + high) / 2)


def expected_calibration_error(
    probabilities: Sequence[float] | npt.NDArray[np.floating[Any]],
    correct: Sequence[bool] | npt.NDArray[Any],
    bins: int = 15,
) -> float:
    """The mean gap between how sure and how often right, 0 (calibrated) to 1.

    Predictions are put in bins of equal width by probability, (0, 1/bins], (1/bins, 2/bins] and so
    on, 0 with the first; the gaps between a bin's mean probability and its part of right ones are
    weighted by its size.

    Args:
        probabilities: The probability of each prediction, 0 to 1.
        correct: Whether it was right.
        bins: How many bins.

    Raises:
        InputError: no predictions, unequal lengths, a probability outside 0 to 1, `correct` other
            than true and false, bins below 1.

    >>> round(expected_calibration_error([0.9, 0.9, 0.6, 0.6], [True, True, True, False]), 3)
    0.1
    """
    sure = np.asarray(probabilities, dtype=np.float64)
    right = np.asarray(correct, dtype=np.float64)
    if sure.ndim != 1 or len(sure) == 0 or right.shape != sure.shape:
        raise InputError(
            f"probabilities has the shape {sure.shape} and correct {right.shape}:"
            " two lists of one length, at least 1, are needed."
        )
    if not ((sure >= 0) & (sure <= 1)).all():
        raise InputError("probabilities have to be from 0 to 1.")
    if not np.isin(right, (0.0, 1.0)).all():
        raise InputError("correct has to be true or false for each prediction.")
    if bins < 1:
        raise InputError(f"bins is {bins}: it has to be at least 1.")
    edges = np.linspace(0, 1, bins + 1)[1:-1]
    place = np.digitize(sure, edges, right=True)
    gaps = np.bincount(place, weights=sure - right, minlength=bins)
    return float(np.abs(gaps).sum() / len(sure))
