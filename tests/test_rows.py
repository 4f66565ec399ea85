"""What columns of a data set a task reads, and under which names."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import pytest

from nlpkit.errors import DataError
from nlpkit.rows import renamed


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
