from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpkit.errors import InputError, InputTypeError
from nlpkit.evaluation.calibration import (
    expected_calibration_error,
    fit_temperature,
    reliability,
)


def softmax(logits: Any) -> Any:
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponents / exponents.sum(axis=1, keepdims=True)


def loss(logits: Any, labels: Any, temperature: float) -> float:
    chosen = softmax(logits / temperature)[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(chosen, 1e-300)).mean())


@settings(max_examples=60)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 30), classes=st.integers(2, 5))
def test_no_other_temperature_is_likelier(seed: int, n: int, classes: int) -> None:
    random = np.random.default_rng(seed)
    logits = random.normal(size=(n, classes)) * random.uniform(0.1, 10)
    labels = random.integers(classes, size=n)
    fitted = fit_temperature(logits, labels)
    assert 0.01 <= fitted <= 100
    others = np.geomspace(0.01, 100, 60)
    assert loss(logits, labels, fitted) <= min(loss(logits, labels, t) for t in others) + 1e-9


@pytest.mark.parametrize("temperature", [0.2, 1.0, 4.0])
def test_finds_the_temperature_that_made_the_labels(temperature: float) -> None:
    random = np.random.default_rng(3)
    logits = random.normal(size=(20_000, 4)) * temperature
    drawn = softmax(logits / temperature).cumsum(axis=1) > random.random((20_000, 1))
    labels = drawn.argmax(axis=1)
    fitted = fit_temperature(logits, labels)
    assert fitted == pytest.approx(temperature, rel=0.05)
    probabilities = softmax(logits / fitted)
    correct = probabilities.argmax(axis=1) == labels
    assert expected_calibration_error(probabilities.max(axis=1), correct).value < 0.02


def test_limits() -> None:
    logits = np.array([[3.0, 0.0], [0.0, 3.0]])
    assert fit_temperature(logits, [0, 1]) == 0.01
    assert fit_temperature(logits, [1, 0]) == 100.0
    assert fit_temperature(np.zeros((2, 3)), [0, 1]) == 1.0
    assert fit_temperature(np.zeros((2, 1)), [0, 0]) == 1.0


def test_a_class_that_is_not_there_changes_nothing() -> None:
    logits = np.array([[2.0, 0.0, 1.0], [0.0, 1.0, 3.0], [1.0, 0.5, 0.0]])
    labels = np.array([0, 1, 0])
    padded = np.concatenate([logits, np.full((3, 2), -np.inf)], axis=1)
    assert fit_temperature(padded, labels) == pytest.approx(fit_temperature(logits, labels))
    assert fit_temperature(logits + 1e4, labels) == pytest.approx(fit_temperature(logits, labels))


def test_calibration_error() -> None:
    assert expected_calibration_error([1.0, 0.0], [True, False]).value == 0.0
    assert expected_calibration_error([1.0, 0.0], [False, True]).value == 1.0
    # Bins are closed at their upper end: 0.5 is in the lower of two, 0.51 in the upper.
    sure, right = [0.5, 0.51], [False, True]
    assert expected_calibration_error(sure, right, bins=2).value == pytest.approx(0.495)
    assert expected_calibration_error(sure, right, bins=1).value == pytest.approx(0.005)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1), st.integers(1, 20))
def test_calibration_error_follows_its_definition(
    pairs: list[tuple[float, bool]], bins: int
) -> None:
    expected = 0.0
    for number in range(bins):
        low, high = number / bins, (number + 1) / bins
        own = [(p, c) for p, c in pairs if low < p <= high or (number == 0 and p == 0)]
        if own:
            gap = np.mean([c for _, c in own]) - np.mean([p for p, _ in own])
            expected += float(abs(gap)) * len(own) / len(pairs)
    sure, right = zip(*pairs, strict=True)
    score = expected_calibration_error(sure, right, bins)
    assert score.value == pytest.approx(expected, abs=1e-9)
    parts = reliability(sure, right, bins)
    assert sum(part.size for part in parts) == len(pairs)
    gaps = sum(part.size * abs(part.probability - part.accuracy) for part in parts)
    assert gaps / len(pairs) == pytest.approx(score.value, abs=1e-9)
    for part in parts:
        inside = [p for p in sure if part.lower < p <= part.upper or p == part.lower == 0]
        assert len(inside) == part.size
        assert part.lower - 1e-9 <= part.probability <= part.upper + 1e-9


@pytest.mark.parametrize(
    ("logits", "labels", "message"),
    [
        (np.zeros((0, 2)), [], r"shape \(0, 2\)"),
        (np.zeros((2, 2)), [0], r"labels \(1,\)"),
        (np.zeros(2), [0, 1], r"shape \(2,\)"),
        (np.array([[np.nan, 0.0]]), [0], "NaN"),
        (np.zeros((1, 2)), [2], "from 0 to 1"),
        (np.zeros((1, 2)), [-1], "from 0 to 1"),
        (np.zeros((1, 2)), [0.0], "whole numbers"),
        (np.array([[-np.inf, 0.0]]), [0], "own logit"),
    ],
)
def test_wrong_logits(logits: Any, labels: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        fit_temperature(logits, labels)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], []), r"shape \(0,\)"),
        (([0.5], [True, False]), r"correct \(2,\)"),
        (([1.5], [True]), "from 0 to 1"),
        (([float("nan")], [True]), "from 0 to 1"),
        (([0.5], [0.5]), "true or false"),
        (([0.5], [True], 0), "bins is 0"),
    ],
)
def test_wrong_calibration_arguments(arguments: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        expected_calibration_error(*arguments)
    with pytest.raises(InputError, match=message):
        reliability(*arguments)


def test_no_number() -> None:
    with pytest.raises(InputTypeError, match="no number"):
        expected_calibration_error(["high"], [True])  # type: ignore[list-item]


def test_interval_and_signature_of_the_calibration_error() -> None:
    random = np.random.default_rng(2)
    sure = random.random(500)
    score = expected_calibration_error(sure, random.random(500) < sure, bins=10)
    low, high = score.interval
    assert 0 <= low < high < 1
    assert str(score.signature).startswith("ece|bins:10|n:500|")
