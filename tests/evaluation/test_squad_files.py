from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from nlpkit.errors import DataError
from nlpkit.evaluation.squad_files import (
    golds_of,
    read_golds,
    read_predictions,
    read_probabilities,
)

QUESTIONS: list[dict[str, Any]] = [
    {
        "id": "q1",
        "question": "Where?",
        "is_impossible": False,
        "answers": [{"text": "Rome", "answer_start": 3}, {"text": "In Rome", "answer_start": 0}],
    },
    {
        "id": "q2",
        "question": "When?",
        "is_impossible": True,
        "answers": [],
        "plausible_answers": [{"text": "Rome", "answer_start": 3}],
    },
]
GOLDS = {"q1": ["Rome", "In Rome"], "q2": []}


def official(questions: list[dict[str, Any]]) -> str:
    paragraph = {"context": "In Rome.", "qas": questions}
    return json.dumps({"version": "v2.0", "data": [{"title": "x", "paragraphs": [paragraph]}]})


def test_golds_of_every_form(tmp_path: Path) -> None:
    (tmp_path / "dev.json").write_text(official(QUESTIONS))
    assert read_golds(tmp_path / "dev.json") == GOLDS
    rows = [
        {"id": q, "answers": {"text": texts, "answer_start": [0] * len(texts)}}
        for q, texts in GOLDS.items()
    ]
    (tmp_path / "dev.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert read_golds(tmp_path / "dev.jsonl") == GOLDS
    pd.DataFrame(rows).to_parquet(tmp_path / "dev.parquet")
    assert read_golds(tmp_path / "dev.parquet") == GOLDS
    assert golds_of(pd.DataFrame(rows)) == GOLDS


def test_wrong_golds(tmp_path: Path) -> None:
    (tmp_path / "twice.json").write_text(official(QUESTIONS[:1] * 2))
    with pytest.raises(DataError, match=r"twice\.json has the question 'q1' more than once"):
        read_golds(tmp_path / "twice.json")
    with pytest.raises(DataError, match="has no column 'answers'; there are id"):
        golds_of(pd.DataFrame({"id": ["q1"]}))
    for answers in ("Rome", {"text": "Rome"}, None, {"texts": []}):
        with pytest.raises(DataError, match="the answers of the question 'q1' are"):
            golds_of(pd.DataFrame({"id": ["q1"], "answers": [answers]}))
    with pytest.raises(DataError, match="no such file"):
        read_golds(tmp_path / "none.parquet")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("Rome", "not JSON"),
        ("[]", "expected a JSON object"),
        ('{"q1": 5}', "'q1' is 5, not a text"),
        ('{"q1": {"text": "Rome"}}', "'q1' is .*, not a text"),
    ],
)
def test_wrong_predictions(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "predictions.json"
    path.write_text(content)
    with pytest.raises(DataError, match=rf"predictions\.json.*{message}"):
        read_predictions(path)


def test_probabilities(tmp_path: Path) -> None:
    path = tmp_path / "odds.json"
    path.write_text('{"q1": 1, "q2": -2.5}')
    assert read_probabilities(path) == {"q1": 1.0, "q2": -2.5}
    for content in ('{"q1": true}', '{"q1": "0.5"}'):
        path.write_text(content)
        with pytest.raises(DataError, match=r"'q1' is .*, not a number"):
            read_probabilities(path)
