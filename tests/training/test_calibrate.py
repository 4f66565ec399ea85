"""Calibration: what is fitted, on what, and whether the error after it is honest."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nlpkit.tasks.loading import load
from nlpkit.tasks.pipeline import Pipeline
from nlpkit.training.calibrate import (
    LEAST,
    PLAIN,
    LabelEvidence,
    SentenceEvidence,
    calibrated,
    cross_fitted,
    evidence_of,
    halves,
)
from nlpkit.training.calibrate_answers import AnswerEvidence, Reading, _best_threshold

Values = NDArray[np.float64]
Rows = NDArray[np.bool_]


def every(evidence: Any) -> Rows:
    return np.ones(len(evidence), np.bool_)


def softmax(logits: Values) -> Values:
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def drawn(rng: np.random.Generator, logits: Values) -> NDArray[np.intp]:
    """A label for each row, drawn with the probabilities that the logits say."""
    return (softmax(logits).cumsum(axis=1) > rng.random((len(logits), 1))).argmax(axis=1)


def labels(scale: float, rows: int = 4000, seed: int = 0) -> LabelEvidence:
    """Logits that would be right, times the scale."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (rows, 3))
    return LabelEvidence(logits * scale, drawn(rng, logits))


@pytest.mark.parametrize("scale", [0.3, 1.0, 3.0])
def test_the_temperature_of_labels_is_the_scale(scale: float) -> None:
    evidence = labels(scale)
    fitted = evidence.fit(every(evidence))
    assert fitted == {"temperature": pytest.approx(scale, rel=0.06)}
    errors = cross_fitted(evidence, np.arange(len(evidence)), seed=0)["ece"]
    assert errors["after"] < 0.03
    if scale == 1:
        assert errors["before"] < 0.03
    else:
        assert errors["before"] > 3 * errors["after"]


def test_labels_that_are_always_right_say_nothing_of_how_sure() -> None:
    evidence = LabelEvidence(np.tile([2.0, 0.0], (200, 1)), np.zeros(200, np.intp))
    assert evidence.fit(every(evidence)) == {"temperature": 1.0}


def test_the_temperature_of_sentences_is_the_scale() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(-1, 1.5, 6000)
    gold = rng.random(6000) < 1 / (1 + np.exp(-logits))
    evidence = SentenceEvidence(3 * logits, gold, np.repeat(np.arange(300), 20))
    assert len(evidence) == 300
    assert evidence.fit(every(evidence)) == {"temperature": pytest.approx(3, rel=0.06)}
    errors = cross_fitted(evidence, np.arange(300), seed=0)["ece"]
    assert errors["after"] < 0.03 < errors["before"] / 3


class Noted:
    """Evidence that says which rows it was fitted on when it is measured."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.measured: list[tuple[Rows, Rows]] = []
        self.fitted: list[Rows] = []

    def __len__(self) -> int:
        return self.size

    def fit(self, rows: Rows) -> dict[str, float]:
        self.fitted.append(rows)
        return {"fit": len(self.fitted) - 1}

    def outcomes(
        self, decoding: Mapping[str, float], rows: Rows
    ) -> dict[str, tuple[Values, Values]]:
        if decoding is not PLAIN:
            self.measured.append((self.fitted[int(decoding["fit"])], rows))
        return {"one": (np.full(rows.sum(), 0.5), np.ones(rows.sum()))}


@settings(max_examples=60)
@given(together=st.lists(st.integers(0, 9), min_size=2, max_size=60), seed=st.integers(0, 5))
def test_no_row_is_measured_with_what_was_fitted_on_it_or_its_group(
    together: list[int], seed: int
) -> None:
    groups = np.array(together)
    evidence = Noted(len(groups))
    cross_fitted(evidence, groups, seed=seed)
    times = np.zeros(len(groups))
    largest = np.bincount(groups).max()
    for fitted, measured in evidence.measured:
        times += measured
        assert not (fitted & measured).any()
        assert fitted.any()
        if largest <= len(groups) * 2 / 3:
            assert not set(groups[fitted]) & set(groups[measured])
    assert (times == 1).all()
    half = halves(groups, seed=seed)
    assert (half == halves(groups, seed=seed)).all()
    assert abs(2 * half.sum() - len(groups)) <= (largest if largest <= len(groups) * 2 / 3 else 1)


def test_a_fit_to_noise_is_not_sold_as_calibration() -> None:
    # Two subjects, one over- and one underconfident: a fit on one is wrong for the other, which
    # a temperature fitted and measured on the same rows would hide.
    over, under = labels(4.0, 400, seed=1), labels(0.25, 400, seed=2)
    both = LabelEvidence(
        np.concatenate([over.logits, under.logits]), np.concatenate([over.gold, under.gold])
    )
    subjects = np.repeat([0, 1], 400)
    honest = cross_fitted(both, subjects, seed=0)["ece"]["after"]
    mixed = cross_fitted(both, np.arange(800), seed=0)["ece"]["after"]
    assert honest > 1.5 * mixed


def reading(
    rows: int, temperature: float, bias: float, *, answers: int = 6, seed: int = 0
) -> Reading:
    """Questions whose answers are right, and there, as often as the scores say."""
    rng = np.random.default_rng(seed)
    scores = -np.sort(-rng.normal(0, 5, (rows, answers)), axis=1)
    logits = np.concatenate([np.full((rows, 1), bias), scores], axis=1) / temperature
    truth = drawn(rng, logits)
    exact = (truth == 1).astype(np.float64)
    # A wrong answer to a question that has one may share words with it.
    f1 = np.where(truth > 1, 0.3, exact)
    answerable = (truth > 0).astype(np.float64)
    return Reading(np.arange(rows), scores, exact, f1, answerable)


@pytest.mark.parametrize(("temperature", "bias"), [(1.0, 0.0), (2.5, 3.0), (0.6, 6.0)])
def test_temperature_and_bias_of_answers_are_found(temperature: float, bias: float) -> None:
    evidence = AnswerEvidence(4000, {"": reading(4000, temperature, bias)})
    fitted = evidence.fit(every(evidence))
    assert fitted["temperature"] == pytest.approx(temperature, rel=0.1)
    assert fitted["null_bias"] == pytest.approx(bias, abs=0.4)
    assert fitted["exactness"] >= 0.95
    errors = cross_fitted(evidence, np.arange(4000), seed=0)
    assert set(errors) == {"ece_score", "ece_no_answer"}
    assert all(error["after"] < 0.03 for error in errors.values())
    if bias:
        assert all(error["before"] > error["after"] for error in errors.values())


def test_answers_in_the_right_place_with_other_ends_are_less_sure() -> None:
    found = reading(4000, 1.5, 1.0)
    wrong_ends = np.random.default_rng(1).random(4000) < 0.3
    exact = np.where(wrong_ends, 0.0, found.exact)
    f1 = np.where(wrong_ends & (found.exact > 0), 0.6, found.f1)
    inexact = Reading(found.row, found.scores, exact, f1, found.answerable)
    evidence = AnswerEvidence(4000, {"": inexact})
    fitted = evidence.fit(every(evidence))
    assert fitted["exactness"] == pytest.approx(0.7, abs=0.051)
    assert fitted["temperature"] == pytest.approx(1.5, rel=0.15)
    errors = cross_fitted(evidence, np.arange(4000), seed=0)
    assert all(error["after"] < 0.03 for error in errors.values())


def test_both_readings_count_alike() -> None:
    # Few questions among several passages weigh as much as many that are asked alone.
    alone, several = reading(2000, 1.0, 4.0, seed=1), reading(100, 1.0, -4.0, seed=2)
    evidence = AnswerEvidence(2000, {"": alone, "_several": several})
    fitted = evidence.fit(every(evidence))
    assert -2.5 < fitted["null_bias"] < 2.5
    assert set(evidence.outcomes(fitted, every(evidence))) == {
        "ece_score", "ece_no_answer", "ece_score_several", "ece_no_answer_several",
    }  # fmt: skip


def mean_f1(reading: Reading, threshold: float, fitted: Mapping[str, float]) -> float:
    """With as much weight on the questions that have an answer as on those that have none."""
    score, _ = reading.probabilities(fitted["temperature"], fitted["null_bias"])
    given = fitted["exactness"] * score >= threshold
    there = reading.answerable > 0
    return float(np.where(given, reading.f1, 0.0)[there].mean() + (~given)[~there].mean()) / 2


@pytest.mark.parametrize("bias", [2.0, 4.0, 6.0, 8.0])
def test_no_other_threshold_is_better(bias: float) -> None:
    readings = [reading(3000, 1.5, bias, seed=1), reading(500, 1.5, bias, seed=2)]
    evidence = AnswerEvidence(3000, {"": readings[0], "_several": readings[1]})
    fitted = evidence.fit(every(evidence))
    best = sum(mean_f1(r, fitted["threshold"], fitted) for r in readings)
    for other in np.linspace(0, 1, 101):
        assert best >= sum(mean_f1(r, float(other), fitted) for r in readings) - 0.03


def test_the_share_of_unanswerable_questions_does_not_move_the_threshold() -> None:
    half = reading(8000, 1.5, 6.0)
    few = half.among(np.arange(8000) % 5 < np.where(half.answerable > 0, 5, 1))
    assert few.answerable.mean() > half.answerable.mean() + 0.1
    same = {"temperature": 1.5, "bias": 6.0}
    found = [_best_threshold([questions], **same) for questions in (half, few)]
    assert found[0] == pytest.approx(found[1], abs=0.03)


@settings(max_examples=20)
@given(seed=st.integers(0, 1000), bias=st.floats(-6, 12))
def test_few_questions_give_a_threshold_from_0_to_1(seed: int, bias: float) -> None:
    evidence = AnswerEvidence(5, {"": reading(5, 1.5, bias, seed=seed)})
    assert 0 <= evidence.fit(every(evidence)).get("threshold", 0.0) <= 1


def test_without_unanswerable_questions_there_is_no_threshold_to_choose() -> None:
    found = reading(500, 1.0, -50.0)
    assert found.answerable.all()
    evidence = AnswerEvidence(500, {"": found})
    fitted = evidence.fit(every(evidence))
    assert set(fitted) == {"temperature", "null_bias", "exactness"}
    assert np.isfinite(list(fitted.values())).all()
    _, none = found.probabilities(fitted["temperature"], fitted["null_bias"])
    assert none.mean() < 0.05


def test_a_question_without_any_span_has_no_answer() -> None:
    scores = np.array([[3.0, 1.0], [-1e9, -np.inf]])
    found = Reading(np.arange(2), scores, np.array([1.0, 0.0]), np.array([1.0, 0.0]), np.ones(2))
    score, none = found.probabilities(2.0, 1.0)
    assert score[1] < 1e-300
    assert none[1] == 1
    assert 0 < score[0] < 1
    _, table = found.probabilities(2.0, np.array([1.0, 2.0]))
    np.testing.assert_allclose(table[:, 0], none)
    fitted = AnswerEvidence(2, {"": found}).fit(np.ones(2, np.bool_))
    assert np.isfinite(list(fitted.values())).all()


def settled(pipeline: Pipeline[Any, Any, Any], **decoding: float) -> Pipeline[Any, Any, Any]:
    """The pipeline with other values in `[decoding]`."""
    other = copy.copy(pipeline)
    changed = pipeline.recipe.decoding.model_copy(update=decoding)
    other.recipe = pipeline.recipe.model_copy(update={"decoding": changed})
    return other


TEXTS = [f"{'good ' * (n % 5)}{n} was {'bad ' * (n % 3)}." for n in range(LEAST + 20)]
WORDS = ("Anna", "Bert", "Carl", "Dora")
PASSAGES = [f"{WORDS[n % 4]} fell in {1900 + n}. Nobody was there." for n in range(LEAST + 20)]


def texts() -> pd.DataFrame:
    return pd.DataFrame({"text": TEXTS, "label": [n * 7 % 3 % 2 for n in range(len(TEXTS))]})


def questions() -> pd.DataFrame:
    answers = [
        {"text": [WORDS[n % 4]] * (n % 3 > 0), "answer_start": [0] * (n % 3 > 0)}
        for n in range(len(PASSAGES))
    ]
    return pd.DataFrame({"question": "who fell?", "context": PASSAGES, "answers": answers})


def test_labels_are_those_that_the_pipeline_gives(tiny_pipelines: dict[str, Path]) -> None:
    pipeline = load(tiny_pipelines["classification"], device="cpu")
    found = evidence_of(settled(pipeline, temperature=7.0), texts())
    assert found is not None
    evidence, groups = found
    assert len(evidence) == len(groups) == len(TEXTS)
    chance, right = evidence.outcomes({"temperature": 0.2}, every(evidence))["ece"]
    labels = settled(pipeline, temperature=0.2)(TEXTS)
    np.testing.assert_allclose(chance, [label.score for label in labels], atol=1e-5)
    names = [pipeline.recipe.head.labels[number] for number in texts()["label"]]
    assert right.tolist() == [a.label == b for a, b in zip(labels, names, strict=True)]


def test_answers_are_those_that_the_pipeline_gives(tiny_pipelines: dict[str, Path]) -> None:
    pipeline = load(tiny_pipelines["question_answering"], device="cpu")
    rows = questions()
    found = evidence_of(settled(pipeline, temperature=7.0, null_bias=9.0), rows)
    assert found is not None
    evidence, _ = found
    decoding = {"temperature": 0.3, "null_bias": 0.5, "exactness": 0.7}
    outcomes = evidence.outcomes(decoding, every(evidence))
    asked = list(zip(rows["question"], rows["context"], strict=True))
    answers = settled(pipeline, **decoding)(asked, threshold=0)
    score, exact = outcomes["ece_score"]
    none, nothing = outcomes["ece_no_answer"]
    np.testing.assert_allclose(score, [answer.score for answer in answers], atol=1e-5)
    np.testing.assert_allclose(none, [answer.no_answer for answer in answers], atol=1e-5)
    golds = [answer["text"] for answer in rows["answers"]]
    assert nothing.tolist() == [not gold for gold in golds]
    assert exact.tolist() == [
        bool(gold) and answer.text == gold[0] for answer, gold in zip(answers, golds, strict=True)
    ]
    # More to read: "no answer" loses to more spans.
    assert len(outcomes["ece_score_several"][0]) == len(rows)
    assert outcomes["ece_no_answer_several"][0].mean() < none.mean()


def test_sentences_are_those_that_the_pipeline_gives(tiny_pipelines: dict[str, Path]) -> None:
    pipeline = load(tiny_pipelines["summarization"], device="cpu")
    documents = [f"{text} Rain fell on day {n}." for n, text in enumerate(PASSAGES)]
    rows = pd.DataFrame({"document": documents, "summary": [f"{p[:15]}." for p in PASSAGES]})
    found = evidence_of(pipeline, rows)
    assert found is not None
    evidence, _ = found
    chance, chosen = evidence.outcomes({"temperature": 0.5}, every(evidence))["ece"]
    summaries = settled(pipeline, temperature=0.5)(documents)
    scores = [score for summary in summaries for score in summary.scores]
    np.testing.assert_allclose(chance, scores, atol=1e-5)
    assert chosen.sum() >= len(documents)  # each reference has a sentence of its document
    assert chosen.mean() < 0.6


@pytest.mark.parametrize("name", ["classification", "question_answering"])
def test_what_the_recipe_brought_along_does_not_count(
    tiny_pipelines: dict[str, Path], name: str
) -> None:
    pipeline = load(tiny_pipelines[name], device="cpu")
    rows = texts() if name == "classification" else questions()
    fresh = calibrated(pipeline, rows)
    again = calibrated(settled(pipeline, temperature=5.0, null_bias=-3.0), rows)
    assert fresh.errors == again.errors
    assert fresh.errors is not None
    assert fresh.recipe.decoding.temperature == again.recipe.decoding.temperature != 1
    assert pipeline.recipe.decoding.temperature == 1  # the pipeline itself stays as it was
    if name == "question_answering":
        assert fresh.recipe.decoding == again.recipe.decoding
        assert fresh.recipe.decoding.threshold is not None


@pytest.mark.parametrize("name", ["classification", "question_answering"])
def test_too_few_rows_leave_all_as_it_is(tiny_pipelines: dict[str, Path], name: str) -> None:
    pipeline = load(tiny_pipelines[name], device="cpu")
    rows = (texts() if name == "classification" else questions()).head(LEAST - 1)
    assert calibrated(pipeline, rows) == (pipeline.recipe, None)


@pytest.mark.parametrize("name", ["multi_label", "regression"])
def test_what_has_nothing_to_fit_is_left_alone(tiny_pipelines: dict[str, Path], name: str) -> None:
    pipeline = load(tiny_pipelines[name], device="cpu")
    assert calibrated(pipeline, texts()) == (pipeline.recipe, None)


def test_rows_that_cannot_be_read_or_have_no_label_are_left_out(
    tiny_pipelines: dict[str, Path],
) -> None:
    rows = texts()
    rows.loc[3, "text"], rows.loc[5, "label"] = "  ", -1
    found = evidence_of(load(tiny_pipelines["classification"], device="cpu"), rows)
    assert found is not None
    assert len(found[0]) == len(found[1]) == len(rows) - 2
    asked = questions()
    asked.loc[2, "question"], asked.loc[4, "question"] = " ", "why " * 60
    found = evidence_of(load(tiny_pipelines["question_answering"], device="cpu"), asked)
    assert found is not None
    assert len(found[0]) == len(found[1]) == len(asked) - 2
    # What is left of just enough rows is too few.
    few = rows.head(LEAST)
    pipeline = load(tiny_pipelines["classification"], device="cpu")
    assert calibrated(pipeline, few) == (pipeline.recipe, None)


def test_one_single_passage_has_no_others_beside_it(tiny_pipelines: dict[str, Path]) -> None:
    rows = questions().assign(context=PASSAGES[1])
    result = calibrated(load(tiny_pipelines["question_answering"], device="cpu"), rows)
    assert result.errors is not None
    assert set(result.errors) == {"ece_score", "ece_no_answer"}
