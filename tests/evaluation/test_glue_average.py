from __future__ import annotations

import json
import math
from typing import Any

import pytest

from nlpkit.errors import InputError, InputTypeError
from nlpkit.evaluation.glue import accuracy
from nlpkit.evaluation.glue_average import glue_average

# MNLI-m, MNLI-mm, QQP, QNLI, SST-2, CoLA, STS-B, MRPC, RTE and the average, as the BERT paper
# prints them for GLUE's test sets.
BERT_PAPER = {
    "OpenAI GPT": ("82.1 81.4 70.3 87.4 91.3 45.4 80.0 82.3 56.0", 75.1),
    "BERT-base": ("84.6 83.4 71.2 90.5 93.5 52.1 85.8 88.9 66.4", 79.6),
    "BERT-large": ("86.7 85.9 72.1 92.7 94.9 60.5 86.5 89.3 70.1", 82.1),
}
COLUMNS = (
    "mnli_matched accuracy, mnli_mismatched accuracy, qqp f1, qnli accuracy, sst2 accuracy,"
    " cola matthews, stsb spearman, mrpc f1, rte accuracy"
)

# BERT-large on the leaderboard, whose score for it is the 80.5 of the paper's abstract.
LEADERBOARD = {
    "cola": {"matthews": 0.605},
    "sst2": {"accuracy": 0.949},
    "mrpc": {"f1": 0.893, "accuracy": 0.854},
    "stsb": {"pearson": 0.876, "spearman": 0.865},
    "qqp": {"f1": 0.721, "accuracy": 0.893},
    "mnli_matched": {"accuracy": 0.867},
    "mnli_mismatched": {"accuracy": 0.859},
    "qnli": {"accuracy": 0.927},
    "rte": {"accuracy": 0.701},
    "wnli": {"accuracy": 0.651},
}


@pytest.mark.parametrize("system", BERT_PAPER)
def test_the_average_of_the_bert_paper(system: str) -> None:
    row, printed = BERT_PAPER[system]
    results: dict[str, dict[str, float]] = {}
    for column, value in zip(COLUMNS.split(","), row.split(), strict=True):
        task, metric = column.split()
        results[task] = {metric: float(value) / 100}
    average = glue_average(results, rules="bert")
    assert round(100 * average.value, 1) == printed
    assert average.missing == ()


def test_the_average_of_the_leaderboard() -> None:
    average = glue_average(LEADERBOARD)
    assert f"{100 * average.value:.1f}" == "80.5"
    assert average.tasks["mrpc"] == pytest.approx((0.893 + 0.854) / 2)
    assert average.tasks["mnli"] == pytest.approx((0.867 + 0.859) / 2)
    assert str(average) == "80.5 (leaderboard, 9 entries)"
    without = glue_average(LEADERBOARD, rules="without_wnli")
    assert without.value == pytest.approx((9 * average.value - 0.651) / 8)
    assert float(without) == without.value


def test_results_that_are_missing() -> None:
    results: dict[str, Any] = {k: v for k, v in LEADERBOARD.items() if k != "mnli_mismatched"}
    results["mrpc"] = {"f1": 0.9}
    with pytest.raises(InputError, match=r"lacks mrpc accuracy, mnli_mismatched accuracy; partial"):
        glue_average(results)
    average = glue_average(results, partial=True)
    assert average.missing == ("mrpc accuracy", "mnli_mismatched accuracy")
    assert (average.tasks["mrpc"], average.tasks["mnli"]) == (0.9, 0.867)
    assert len(average.tasks) == 9
    assert str(average).endswith("9 entries, without mrpc accuracy, mnli_mismatched accuracy)")
    assert json.loads(json.dumps(average.to_dict()))["missing"] == list(average.missing)


def test_scores_are_values() -> None:
    average = glue_average({"rte": {"accuracy": accuracy([1, 1], [1, 0])}}, partial=True)
    assert average.value == 0.5


@pytest.mark.parametrize(
    ("results", "options", "error", "message"),
    [
        ({}, {"partial": True}, InputError, "no result of GLUE"),
        ({"mnli": {"accuracy": 0.8}}, {}, InputError, "mnli_matched and mnli_mismatched"),
        ({"sst": {"accuracy": 0.8}}, {}, InputError, "'sst' is not one of GLUE's tasks: cola"),
        ({"rte": {"accuracy": 66.4}}, {"partial": True}, InputError, "rte accuracy is 66.4"),
        ({"rte": {"accuracy": math.nan}}, {"partial": True}, InputError, "rte accuracy is nan"),
        ({"rte": {"accuracy": None}}, {"partial": True}, InputTypeError, "is None"),
        ({}, {"rules": "mine"}, InputError, "allowed: leaderboard, without_wnli, bert"),
    ],
)
def test_wrong_results(results: Any, options: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        glue_average(results, **options)
