from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics
from hypothesis import assume, given
from hypothesis import strategies as st

from nlpkit.corpora import CORPORA
from nlpkit.errors import InputError, InputTypeError, UndefinedScoreError
from nlpkit.evaluation.glue import (
    GLUE,
    METRICS,
    accuracy,
    f1,
    glue_scores,
    matthews,
    pearson,
    spearman,
)

labels = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=12)
numbers = st.lists(
    st.tuples(st.integers(-3, 3) | st.floats(-1e3, 1e3), st.integers(-3, 3)),
    min_size=2,
    max_size=12,
)


@given(labels)
def test_labels_are_scored_as_by_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    predicted, true = zip(*pairs, strict=True)
    expected = sklearn.metrics.accuracy_score(true, predicted)
    assert accuracy(predicted, true).value == pytest.approx(expected, abs=1e-9)
    if len({*true, *predicted}) > 1:  # scikit-learn warns of a single label
        expected = sklearn.metrics.matthews_corrcoef(true, predicted)
        assert matthews(predicted, true).value == pytest.approx(expected, abs=1e-9)
    binary = [[int(label == 1) for label in side] for side in (predicted, true)]
    expected = sklearn.metrics.f1_score(binary[1], binary[0], zero_division=0)
    assert f1(predicted, true).value == pytest.approx(expected, abs=1e-9)
    assert f1(*binary).value == pytest.approx(expected, abs=1e-9)


@given(numbers)
def test_correlations_are_those_of_scipy(pairs: list[tuple[float, int]]) -> None:
    predicted, true = (np.array(side, dtype=float) for side in zip(*pairs, strict=True))
    # Below this scipy itself warns that its result is not exact.
    assume(np.ptp(predicted) > 1e-3)
    assume(np.ptp(true) > 0)
    expected = scipy.stats.pearsonr(predicted, true).statistic
    assert pearson(predicted, true).value == pytest.approx(expected, abs=1e-9)
    expected = scipy.stats.spearmanr(predicted, true).statistic
    assert spearman(predicted, true).value == pytest.approx(expected, abs=1e-9)


def test_resamples_are_scored_as_by_scikit_learn_and_scipy() -> None:
    draw = np.random.default_rng(1)
    classes, numbers = draw.integers(0, 3, (2, 40)), draw.normal(size=(2, 40)).round(1)
    rows = draw.integers(0, 40, 40)
    counts = np.bincount(rows, minlength=40)[None].astype(float)
    a, b = classes[:, rows]
    x, y = numbers[:, rows]
    expected = {
        "accuracy": sklearn.metrics.accuracy_score(b, a),
        "f1": sklearn.metrics.f1_score(b == 1, a == 1),
        "matthews": sklearn.metrics.matthews_corrcoef(b, a),
        "pearson": scipy.stats.pearsonr(x, y).statistic,
        "spearman": scipy.stats.spearmanr(x, y).statistic,
    }
    for name, value in expected.items():
        score = METRICS[name](*(classes if name in ("accuracy", "f1", "matthews") else numbers))
        assert score.estimator(score.statistics, counts)[0] == pytest.approx(value, abs=1e-9)
        low, high = score.interval
        assert low < score.value < high


def test_names_are_labels_too() -> None:
    predicted, true = ["yes", "no", "no", "yes"], np.array(["yes", "no", "yes", "no"], object)
    assert accuracy(predicted, true).value == 0.5
    assert f1(predicted, true, positive="yes").value == 0.5
    assert matthews(predicted, true).value == 0.0
    assert str(f1(predicted, true, positive="no").signature).startswith("f1|positive:no|n:4|")


def test_one_label_is_as_good_as_chance() -> None:
    assert matthews([1, 1, 1], [1, 0, 1]).value == 0.0
    assert matthews([1, 1], [1, 1]).value == 0.0
    assert f1([0, 0], [0, 0]).value == 0.0
    assert f1(["no", "no"], ["no", "no"], positive="yes").value == 0.0


def test_matthews_of_many_rows() -> None:
    # The products of counts pass 64 bits.
    predicted = np.repeat(np.array([1, 1, 0, 0], np.int8), 50_000)
    true = np.repeat(np.array([1, 0, 1, 0], np.int8), 50_000)
    assert matthews(predicted, true).value == 0.0
    assert matthews(true, true).value == 1.0


@pytest.mark.parametrize("scale", [1e-320, 1e-200, 1.0, 1e200, 1e307])
def test_correlation_at_any_scale(scale: float) -> None:
    x = np.array([1.0, 2.0, 3.0, 5.0])
    y = np.array([2.0, 1.0, 4.0, 3.0])
    assert pearson(x * scale, y).value == pytest.approx(pearson(x, y).value, rel=1e-3)
    assert math.isclose(pearson(x * scale, -x).value, -1.0, rel_tol=1e-6)


@pytest.mark.parametrize("metric", [pearson, spearman])
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([2, 2], [1, 3]), UndefinedScoreError, r"not defined where all predictions are equal \(2"),
        (([1, 3], [2, 2]), UndefinedScoreError, r"not defined where all labels are equal \(2"),
        (([1], [1]), UndefinedScoreError, "at least two"),
        (([1, math.nan], [1, 2]), InputError, "predictions is nan at index 1"),
        (([1, 3], [-math.inf, 2]), InputError, "labels is -inf at index 0"),
        ((["x", "y"], [1, 2]), InputTypeError, "predictions holds something"),
        ((["1", "2"], [1, 2]), InputTypeError, "predictions holds something"),
        (([None, 1], [1, 2]), InputTypeError, "predictions holds something"),
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
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((["1", "0"], [1, 0]), InputTypeError, "both names or both numbers"),
        (([1, 0], [None, 1]), InputTypeError, "labels has to be one list"),
        (([[1], [0]], [1, 0]), InputTypeError, "predictions has to be one list"),
        (([1, "no"], ["1", "no"]), InputTypeError, "predictions holds names and numbers"),
        (([1.0, math.nan], [1, 0]), InputError, "predictions is nan at index 1"),
        (([1.0, math.inf], [1, 0]), InputError, "predictions is inf at index 1"),
        (([1.0, 0.3], [1, 0]), InputError, "predictions is 0.3 at index 1"),
    ],
)
def test_wrong_labels(metric: Any, arguments: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        metric(*arguments)


def test_wrong_positive_label() -> None:
    with pytest.raises(InputTypeError, match="positive = 1 is not allowed: the labels are names"):
        f1(["yes", "no"], ["yes", "no"])
    with pytest.raises(InputTypeError, match=r"positive = 'yes' .* the labels are numbers"):
        f1([1, 0], [1, 0], positive="yes")
    with pytest.raises(InputError, match="positive = 'Yes' is no label here; there are no, yes"):
        f1(["yes", "no"], ["yes", "no"], positive="Yes")


def test_tasks_have_the_labels_of_the_hub() -> None:
    known = {name.removeprefix("glue/") for name in CORPORA if name.startswith("glue/")}
    assert set(GLUE) == known
    for task, entry in GLUE.items():
        assert entry.labels == CORPORA[f"glue/{task}"].labels


@pytest.mark.parametrize("task", GLUE)
def test_scores_of_a_task(task: str) -> None:
    names = GLUE[task].labels
    said, true = [0, 1, 1, 0, 1], [0, 1, 0, 1, 1]
    scores = glue_scores(task, said, true)
    assert tuple(scores) == GLUE[task].metrics
    for name, score in scores.items():
        assert score.value == METRICS[name](said, true).value
        assert score.signature.fields["task"] == task
    if names is not None:
        named = glue_scores(task, [names[i] for i in said], [names[i] for i in true])
        assert {k: v.value for k, v in named.items()} == {k: v.value for k, v in scores.items()}
        with pytest.raises(InputError, match=f"predictions holds 7, which is no label of {task}"):
            glue_scores(task, [7, 0], [0, 1])
        with pytest.raises(InputError, match=r"labels holds 'good', .* allowed are"):
            glue_scores(task, [names[0], names[1]], [names[0], "good"])


def test_undefined_scores_of_a_task() -> None:
    scores = glue_scores("stsb", [2.5, 2.5], [1.0, 2.0])
    assert set(scores.undefined) == {"pearson", "spearman"}
    with pytest.raises(UndefinedScoreError, match="all predictions are equal"):
        scores["pearson"]
    with pytest.raises(InputError, match="task = 'sst' is not one of GLUE's: cola, sst2"):
        glue_scores("sst", [1], [1])
