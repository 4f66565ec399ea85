"""Scores: intervals, comparisons and signatures."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpkit.errors import InputError, UndefinedScoreError
from nlpkit.evaluation import estimators
from nlpkit.evaluation.score import Score, Scores, draws
from nlpkit.evaluation.signature import Signature
from nlpkit.evaluation.significance import compare


def weighted_copy(table: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The examples of one resample, each as often as it was drawn."""
    return np.repeat(table, weights.astype(int), axis=0)


ESTIMATORS = {
    "mean": estimators.mean,
    "ratio": estimators.ratio,
    "matthews": estimators.matthews,
    "pearson": estimators.pearson,
    "spearman": estimators.spearman,
    "ece": estimators.calibration_error(5),
}


@pytest.mark.parametrize("name", ESTIMATORS)
@given(
    rows=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=12),
    seed=st.integers(0, 99),
)
@settings(max_examples=40)
def test_a_weighted_estimate_is_that_of_the_examples_drawn(
    name: str, rows: list[tuple[int, int]], seed: int
) -> None:
    table = np.array(rows, np.float64)
    if name == "ece":
        table /= 3
        table[:, 1] = table[:, 1] > 0.5
    weights = draws(np.random.default_rng(seed), 3, len(table))
    with np.errstate(all="ignore"):
        at_once = ESTIMATORS[name](table, weights)
        for value, row in zip(at_once, weights, strict=True):
            copy = weighted_copy(table, row)
            alone = ESTIMATORS[name](copy, np.ones((1, len(copy))))[0]
            assert value == pytest.approx(alone, nan_ok=True)


def test_the_interval_is_the_same_on_every_run_and_holds_the_value() -> None:
    examples = np.random.default_rng(3).random(200)
    first, second = (Score.of("meteor", examples, seed=5) for _ in range(2))
    assert first.interval == second.interval
    low, high = first.interval
    assert low < first.value < high
    # The normal approximation is close for a mean of 200.
    width = 2 * 1.96 * examples.std() / math.sqrt(200)
    assert high - low == pytest.approx(width, rel=0.1)
    assert Score.of("meteor", examples, seed=6).interval != first.interval


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    generator = np.random.default_rng(0)
    covered = 0
    for seed in range(150):
        low, high = Score.of("accuracy", generator.random(120) < 0.7, seed=seed).interval
        covered += low <= 0.7 <= high
    assert 0.88 <= covered / 150 <= 0.99


def test_one_example_has_an_interval_of_one_point() -> None:
    assert Score.of("f1", [0.25]).interval == (0.25, 0.25)


def test_a_score_counts_as_its_value() -> None:
    score = Score.of("exact_match", [1, 0, 1, 1], scale=100)
    assert float(score) == score.value == 75.0
    assert 70 < score < 80
    assert 75 <= score <= 75.0
    assert not score < 75
    assert f"{score:.1f}" == "75.0"
    assert str(score) == "75.00"
    assert score.points == 75.0
    assert Score.of("accuracy", [1, 0, 1, 1]).points == 75.0


def test_no_examples_and_no_value() -> None:
    with pytest.raises(InputError, match="no examples to compute f1"):
        Score.of("f1", [])
    with pytest.raises(UndefinedScoreError, match="pearson is not defined"):
        Score.of("pearson", [[1, 2], [1, 3]], estimator=estimators.pearson)


def test_scores_as_plain_values_and_as_a_frame() -> None:
    scores = Scores(
        [Score.of("f1", [1, 0], scale=100, variant="squad-1.1"), Score.of("accuracy", [1, 1])],
        undefined={"pearson": "all predictions are 1.0"},
    )
    plain = json.loads(json.dumps(scores.to_dict(), allow_nan=False))
    assert plain["f1"]["value"] == plain["f1"]["points"] == 50.0
    assert plain["accuracy"]["points"] == 100.0
    assert plain["pearson"] == {"value": None, "why": "all predictions are 1.0"}
    assert "variant:squad-1.1" in plain["f1"]["signature"]
    assert "seed:0" in plain["f1"]["signature"]
    frame = scores.to_frame()
    assert list(frame.index) == ["f1", "accuracy"]
    assert list(frame.columns) == ["value", "points", "low", "high", "n", "signature"]


@pytest.mark.parametrize("method", ["bootstrap", "randomization"])
class TestCompare:
    def test_equal_systems(self, method: str) -> None:
        score = Score.of("accuracy", [1, 0, 1, 1, 0] * 20)
        result = compare(score, score, method=method, samples=200)
        assert result.difference == 0
        assert result.p_value == 1.0

    def test_a_clear_difference(self, method: str) -> None:
        better = Score.of("accuracy", [1] * 90 + [0] * 10)
        worse = Score.of("accuracy", [1] * 50 + [0] * 50)
        result = compare(better, worse, method=method, samples=2000)
        assert result.difference == pytest.approx(0.4)
        assert result.p_value < 0.005
        assert result.low > 0
        back = compare(worse, better, method=method, samples=2000)
        assert back.difference == pytest.approx(-0.4)
        assert back.p_value == pytest.approx(result.p_value, abs=0.005)

    def test_luck(self, method: str) -> None:
        one = Score.of("accuracy", [1, 0] * 30)
        other = Score.of("accuracy", [0, 1] * 29 + [1, 1])
        assert compare(one, other, method=method, samples=2000).p_value > 0.5

    def test_a_metric_that_is_no_mean(self, method: str) -> None:
        generator = np.random.default_rng(1)
        truth = generator.random(80)
        near = np.stack([truth + 0.01 * generator.random(80), truth], axis=1)
        far = np.stack([generator.random(80), truth], axis=1)
        ours = Score.of("pearson", near, estimator=estimators.pearson)
        theirs = Score.of("pearson", far, estimator=estimators.pearson)
        result = compare(ours, theirs, method=method, samples=500)
        assert result.p_value < 0.01
        assert result == compare(ours, theirs, method=method, samples=500)


def test_randomization_is_right_where_all_swaps_can_be_counted() -> None:
    one, other = Score.of("accuracy", [1, 1, 1, 1]), Score.of("accuracy", [0, 0, 0, 0])
    # Of the 16 ways to swap, 2 have a difference as large.
    result = compare(one, other, method="randomization", samples=20_000)
    assert result.p_value == pytest.approx(2 / 16, abs=0.01)


def test_scores_that_cannot_be_compared() -> None:
    score = Score.of("f1", [1, 0])
    with pytest.raises(InputError, match="cannot be compared"):
        compare(score, Score.of("f1", [1, 0, 1]))
    with pytest.raises(InputError, match="cannot be compared"):
        compare(score, Score.of("accuracy", [1, 0]))
    with pytest.raises(InputError, match="data is 'squad' and 'nq'"):
        compare(score.extended(data="squad"), score.extended(data="nq"))
    with pytest.raises(InputError, match="allowed: bootstrap, randomization"):
        compare(score, score, method="t-test")
    with pytest.raises(InputError, match="samples = 0"):
        compare(score, score, samples=0)


KEYS = st.text(st.characters(codec="utf-8", exclude_characters="|:"), min_size=1, max_size=8)


@given(metric=KEYS, fields=st.dictionaries(KEYS, st.text(max_size=8), max_size=4))
def test_a_signature_reads_back(metric: str, fields: dict[str, str]) -> None:
    signature = Signature(metric, fields)
    assert "\n" not in str(signature)
    assert Signature.parse(str(signature)) == signature


def test_a_signature_that_is_none() -> None:
    with pytest.raises(InputError, match="the part 'stem'"):
        Signature.parse("rouge1|stem")
