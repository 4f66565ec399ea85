"""What columns of a data set a task reads, and under which names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from nlpkit.errors import DataError
from nlpkit.recipe import Recipe, parse
from nlpkit.rows import read_rows, renamed

HEADS = {"question_answering": ("tokens", "span"), "summarization": ("sentences", "sentences")}


def recipe_of(task: str) -> Recipe:
    pooling, head = HEADS[task]
    return parse(
        f"""
        name = "x"
        task = "{task}"
        backbone.name = "y"
        pooling.kind = "{pooling}"
        head.kind = "{head}"
        """
    )


def lines(path: Path, *rows: dict[str, Any]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


@pytest.mark.parametrize("answers", [None, "Rome", ["Rome"], {"text": "Rome"}, {"text": [3]}, 7])
def test_answers_in_another_form(answers: Any, tmp_path: Path) -> None:
    rows = [{"question": "q", "context": "c", "answers": a} for a in ([], answers)]
    source = lines(tmp_path / "a.jsonl", *rows)
    with pytest.raises(DataError, match=r"the answers of row 1 of .*a\.jsonl are .*; expected"):
        read_rows(recipe_of("question_answering"), [source], split=None)


def test_answers_as_in_squads_own_file(tmp_path: Path) -> None:
    rows = [
        {"question": "q", "context": "in Rome", "answers": answers}
        for answers in ([{"text": "Rome", "answer_start": 3}], [])
    ]
    source = lines(tmp_path / "a.jsonl", *rows)
    frame = read_rows(recipe_of("question_answering"), [source], split=None)
    assert frame["answers"].tolist() == [
        {"text": ["Rome"], "answer_start": [3]},
        {"text": [], "answer_start": []},
    ]


def test_a_summary_is_a_text_or_a_list_of_sentences(tmp_path: Path) -> None:
    rows = [{"document": "d", "summary": summary} for summary in ("It rained.", ["It", "rained."])]
    source = lines(tmp_path / "a.jsonl", *rows)
    recipe = recipe_of("summarization")
    frame = read_rows(recipe, [source], split=None)
    assert frame["summary"].tolist() == ["It rained.", "It\nrained."]
    for summary in (None, 3, [3], {"a": "b"}):
        source = lines(tmp_path / "b.jsonl", rows[0], {"document": "d", "summary": summary})
        with pytest.raises(
            DataError, match=r"the summary of row 1 of .*b\.jsonl is .* list of sen"
        ):
            read_rows(recipe, [source], split=None)


def one_row(*columns: str) -> pd.DataFrame:
    return pd.DataFrame({column: [column.upper()] for column in columns})


@pytest.mark.parametrize(
    ("task", "there", "given", "wanted"),
    [
        ("classification", ["sentence", "label"], {}, {"text": "SENTENCE", "label": "LABEL"}),
        (
            "classification",
            ["body", "text", "label"],
            {"text": "body"},
            {"text": "BODY", "label": "LABEL"},
        ),
        (
            "classification",
            ["text", "label", "evidence", "number"],
            {"rationale": "evidence", "id": "number"},
            {"text": "TEXT", "label": "LABEL", "id": "NUMBER", "rationale": "EVIDENCE"},
        ),
        # Of several sources one may call it as usual, or not have it at all.
        (
            "classification",
            ["text", "label", "rationale"],
            {"rationale": "evidence"},
            {"text": "TEXT", "label": "LABEL", "rationale": "RATIONALE"},
        ),
        (
            "classification",
            ["text", "label"],
            {"rationale": "evidence"},
            {"text": "TEXT", "label": "LABEL"},
        ),
        (
            "summarization",
            ["article", "highlights", "url", "other"],
            {"id": "url"},
            {"document": "ARTICLE", "summary": "HIGHLIGHTS", "id": "URL"},
        ),
    ],
)
def test_columns_get_their_own_names(
    task: str, there: list[str], given: Mapping[str, str], wanted: dict[str, str]
) -> None:
    found = renamed(one_row(*there), task, "rows.csv", columns=given)
    assert found.iloc[0].to_dict() == wanted
    assert len(found.columns) == len(wanted)


def test_a_pair_is_read_where_there_are_pairs() -> None:
    frame = one_row("text", "other", "label")
    found = renamed(frame, "classification", "rows.csv", pair=True, columns={"pair": "other"})
    assert found["pair"].tolist() == ["OTHER"]
    with pytest.raises(DataError, match=r"data\.columns names 'pair'"):
        renamed(frame, "classification", "rows.csv", columns={"pair": "other"})


def test_a_name_that_no_task_reads() -> None:
    message = (
        "data.columns names 'stars', which classification does not read; "
        "allowed: text, label, id, idx, rationale"
    )
    with pytest.raises(DataError, match=message):
        renamed(one_row("text", "label"), "classification", "rows.csv", columns={"stars": "label"})


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(DataError, match=r"rows\.csv.*'body'"):
        renamed(one_row("label"), "classification", "rows.csv", columns={"text": "body"})
