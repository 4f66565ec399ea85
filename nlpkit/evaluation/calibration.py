"""Probabilities that mean what they say: temperature scaling and how far off one is.

Guo et al., "On Calibration of Modern Neural Networks", 2017, sections 2 and 4.2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from nlpkit.errors import InputError, InputTypeError
from nlpkit.evaluation.estimators import Floats, calibration_error
from nlpkit.evaluation.score import Score

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


class Bin(NamedTuple):
    """The predictions whose probability is above `lower` and at most `upper`."""

    lower: float
    upper: float
    probability: float
    """Their mean probability."""
    accuracy: float
    """The part of them that is right."""
    size: int
    """How many they are."""


def expected_calibration_error(
    probabilities: Sequence[float] | npt.NDArray[np.floating[Any]],
    correct: Sequence[bool] | npt.NDArray[Any],
    bins: int = 15,
    *,
    seed: int = 0,
) -> Score:
    """The mean gap between how sure and how often right, 0 (calibrated) to 1.

    Predictions are put in bins of equal width by probability, (0, 1/bins], (1/bins, 2/bins] and so
    on, 0 with the first; the gaps between a bin's mean probability and its part of right ones are
    weighted by its size. The fewer predictions a bin has, the more chance adds to its gap (Kumar
    et al., "Verified Uncertainty Calibration", 2019); resamples add still more, so the interval of
    a small gap may lie above the value.

    Args:
        probabilities: The probability of each prediction, 0 to 1.
        correct: Whether it was right.
        bins: How many bins.
        seed: Of the interval.

    Raises:
        InputError: no predictions, unequal lengths, a probability outside 0 to 1, `correct` other
            than true and false, bins below 1.
        InputTypeError: a probability that is not a number.

    >>> score = expected_calibration_error([0.9, 0.9, 0.6, 0.6], [True, True, True, False])
    >>> round(score.value, 3)
    0.1
    >>> print(score.signature)
    ece|bins:15|n:4|seed:0|version:nlpkit-0.1.0
    """
    table = np.stack(_checked(probabilities, correct, bins), axis=1)
    return Score.of("ece", table, estimator=calibration_error(bins), seed=seed, bins=bins)


def reliability(
    probabilities: Sequence[float] | npt.NDArray[np.floating[Any]],
    correct: Sequence[bool] | npt.NDArray[Any],
    bins: int = 15,
) -> list[Bin]:
    """The bins of `expected_calibration_error`, for a reliability diagram.

    In a calibrated system `accuracy` is `probability` in each bin. Bins without a prediction are
    left out. Arguments and errors are those of `expected_calibration_error`.

    >>> for part in reliability([0.9, 0.8, 0.6, 0.6], [True, True, True, False], bins=2):
    ...     print(part.lower, part.upper, round(part.probability, 3), part.accuracy, part.size)
    0.5 1.0 0.725 0.75 4
    """
    sure, right = _checked(probabilities, correct, bins)
    edges = np.linspace(0, 1, bins + 1)
    place = np.digitize(sure, edges[1:-1], right=True)
    found = []
    for number in np.unique(place).tolist():
        inside = place == number
        found.append(
            Bin(
                lower=float(edges[number]),
                upper=float(edges[number + 1]),
                probability=float(sure[inside].mean()),
                accuracy=float(right[inside].mean()),
                size=int(inside.sum()),
            )
        )
    return found


def _checked(
    probabilities: Sequence[float] | npt.NDArray[np.floating[Any]],
    correct: Sequence[bool] | npt.NDArray[Any],
    bins: int,
) -> tuple[Floats, Floats]:
    """Both as numbers, 0 and 1 for whether it was right."""
    try:
        sure = np.asarray(probabilities, dtype=np.float64)
        right = np.asarray(correct, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputTypeError("probabilities or correct holds something that is no number") from None
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
    return sure, right
