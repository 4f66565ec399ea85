from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics
from hypothesis import assume, given
from hypothesis import strategies as st

from nlpkit.errors import InputError, InputTypeError
from nlpkit.evaluation.glue import accuracy, f1, matthews, pearson, spearman

labels = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=12)
numbers = st.lists(
    st.tuples(st.integers(-3, 3) | st.floats(-1e3, 1e3), st.integers(-3, 3)),
    min_size=2,
    max_size=12,
)


@given(labels)
def test_labels_are_scored_as_by_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    predicted, true = zip(*pairs, strict=True)
    assert accuracy(predicted, true) == sklearn.metrics.accuracy_score(true, predicted)
    if len({*true, *predicted}) > 1:  # scikit-learn warns of a single label
        expected = sklearn.metrics.matthews_corrcoef(true, predicted)
        assert matthews(predicted, true) == pytest.approx(expected)
    binary = [[int(label == 1) for label in side] for side in (predicted, true)]
    expected = sklearn.metrics.f1_score(binary[1], binary[0], zero_division=0)
    assert f1(predicted, true) == pytest.approx(expected)


@given(numbers)
def test_correlations_are_those_of_scipy(pairs: list[tuple[float, int]]) -> None:
    predicted, true = (np.array(side, dtype=float) for side in zip(*pairs, strict=True))
    # Below this scipy itself warns that its result is not exact.
    assume(np.ptp(predicted) > 1e-3)
    assume(np.ptp(true) > 0)
    expected = scipy.stats.pearsonr(predicted, true).statistic
    assert pearson(predicted, true) == pytest.approx(expected, abs=1e-9)
    expected = scipy.stats.spearmanr(predicted, true).statistic
    assert spearman(predicted, true) == pytest.approx(expected, abs=1e-9)


def test_names_are_labels_too() -> None:
    predicted, true = ["yes", "no", "no", "yes"], np.array(["yes", "no", "yes", "no"], object)
    assert accuracy(predicted, true) == 0.5
    assert f1(predicted, true, positive="yes") == 0.5
    assert matthews(predicted, true) == 0.0


def test_one_label_is_as_good_as_chance() -> None:
    assert matthews([1, 1, 1], [1, 0, 1]) == 0.0
    assert matthews([1, 1], [1, 1]) == 0.0
    assert f1([0, 0], [0, 0]) == 0.0


def test_matthews_of_many_rows() -> None:
    # The products of counts pass 64 bits.
    predicted = np.repeat(np.array([1, 1, 0, 0], np.int8), 1_000_000)
    true = np.repeat(np.array([1, 0, 1, 0], np.int8), 1_000_000)
    assert matthews(predicted, true) == 0.0
    assert matthews(true, true) == 1.0


@pytest.mark.parametrize("scale", [1e-320, 1e-200, 1.0, 1e200, 1e307])
def test_correlation_at_any_scale(scale: float) -> None:
    x = np.array([1.0, 2.0, 3.0, 5.0])
    y = np.array([2.0, 1.0, 4.0, 3.0])
    assert pearson(x * scale, y) == pytest.approx(pearson(x, y), rel=1e-3)
    assert math.isclose(pearson(x * scale, -x), -1.0, rel_tol=1e-6)


@pytest.mark.parametrize("metric", [pearson, spearman])
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([2, 2], [1, 3]), InputError, "All predictions are 2.0: the correlation is not defined"),
        (([1, 3], [2, 2]), InputError, "All labels are 2.0: the correlation is not defined"),
        (([1], [1]), InputError, "at least two"),
        (([1, float("nan")], [1, 2]), InputError, "predictions is not finite at index 1"),
        ((["x", "y"], [1, 2]), InputTypeError, "predictions holds something"),
        (([[1], [2]], [1, 2]), InputTypeError, r"predictions has the shape \(2, 1\)"),
    ],
)
def test_undefined_correlations(
    metric: Any, arguments: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        metric(*arguments)


@pytest.mark.parametrize("metric", [accuracy, f1, matthews, pearson, spearman])
def test_nothing_or_unequal(metric: Any) -> None:
    with pytest.raises(InputError, match="no predictions"):
        metric([], [])
    with pytest.raises(InputError, match="2 predictions and 1 labels"):
        metric([1, 0], [1])


@pytest.mark.parametrize("metric", [accuracy, f1, matthews])
def test_names_against_numbers(metric: Any) -> None:
    with pytest.raises(InputTypeError, match="both names or both numbers"):
        metric(["1", "0"], [1, 0])
    with pytest.raises(InputTypeError, match="labels has to be one list"):
        metric([1, 0], [None, 1])
