"""Systems of one's own that do not give what the scores need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
import pytest

from nlpkit.errors import InputError, InputTypeError
from nlpkit.evaluation.dataset import open_set
from nlpkit.evaluation.evaluate import evaluate_system
from nlpkit.evaluation.goal import Goal

SETS = {
    "labels": (Goal("labels", ("bad", "good")), {"text": "a", "label": "good"}),
    "multi_label": (Goal("multi_label", ("red", "blue")), {"text": "a", "label": ["red"]}),
    "regression": (Goal("regression"), {"text": "a", "label": 1.5}),
    "question_answering": (
        Goal("question_answering"),
        {"question": "q", "context": "c", "answers": {"text": [], "answer_start": []}},
    ),
    "summarization": (Goal("summarization"), {"document": "One fell.", "summary": "One fell."}),
}


class Mine:
    name = "mine"
    task = "any"
    fields: Mapping[str, Any] = {}

    def __init__(self, prediction: Any) -> None:
        self.prediction = prediction

    def predict(self, rows: pd.DataFrame) -> Iterator[Any]:
        return iter([self.prediction] * len(rows))


def measured(kind: str, prediction: Any) -> Any:
    goal, row = SETS[kind]
    return evaluate_system(Mine(prediction), open_set(pd.DataFrame([row]), goal))


@pytest.mark.parametrize(
    ("kind", "prediction"),
    [
        ("labels", "good"),
        ("labels", {"label": 1}),
        ("labels", {"label": "good", "score": "high"}),
        ("multi_label", {"labels": "red"}),
        ("multi_label", {"labels": [1]}),
        ("regression", {"score": "x"}),
        ("regression", {"score": True}),
        ("question_answering", {"text": None}),
        ("question_answering", {"text": "a", "score": "x"}),
        ("summarization", {"sentences": "One fell."}),
        ("summarization", {"sentences": ["One fell."], "positions": [0]}),
        ("summarization", {"sentences": ["One fell."], "positions": ["0"], "total": 1}),
    ],
)
def test_values_of_another_type(kind: str, prediction: Any) -> None:
    with pytest.raises(InputTypeError, match="prediction 0 of mine"):
        measured(kind, prediction)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
@pytest.mark.parametrize("kind", ["labels", "regression", "question_answering"])
def test_numbers_that_are_not_finite(kind: str, number: float) -> None:
    with pytest.raises(InputError, match=r"prediction 0 of mine has the score (nan|inf)"):
        measured(kind, {"score": number})


def test_what_is_missing_is_told() -> None:
    failed = {"error": "too long"}
    assert measured("labels", failed).notes == ("1 rows have no prediction and count as wrong",)
    assert "count as without labels" in measured("multi_label", failed).notes[0]
    answered = measured("question_answering", failed)
    assert "1 questions have no prediction" in answered.notes[0]
    assert answered["NoAns_f1"].value == 100.0


def test_no_score_at_all_still_makes_a_frame() -> None:
    result = measured("regression", {"score": 1.0})
    assert set(result.undefined) == {"pearson", "spearman"}
    assert list(result.to_frame().columns) == ["value", "points", "low", "high", "n", "signature"]
    assert len(result.to_frame()) == 0


@pytest.mark.parametrize("seed", [-1, 0.5, "1", True])
def test_seeds(seed: Any) -> None:
    goal, row = SETS["labels"]
    rows = open_set(pd.DataFrame([row]), goal)
    with pytest.raises(InputError, match="seed"):
        evaluate_system(Mine({"label": "good"}), rows, seed=seed)
