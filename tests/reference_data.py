"""A folder with all the reference data sets, made up and three rows each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nlpkit.corpora import CORPORA

ANSWERS = [
    {"text": ["Ada", "Ada L."], "answer_start": [0, 0]},
    {"text": [], "answer_start": []},
    {"text": ["it"], "answer_start": [13]},
]


def write_reference_data(folder: Path) -> Path:
    """Every split of every set as a parquet file, below `folder`."""
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    for corpus in CORPORA.values():
        place = folder / corpus.folder
        place.mkdir(parents=True, exist_ok=True)
        table = pa.table(
            {column: [_value(column, row) for row in range(3)] for column in corpus.columns}
        )
        for split in corpus.splits:
            pq.write_table(table, place / f"{corpus.files(split)[0]}.parquet")
    return folder


def _value(column: str, row: int) -> Any:
    if column == "answers":
        return ANSWERS[row]
    if column in ("idx", "label"):
        return row % 2
    return row == 1 if column == "in_tokenized_train" else f"{column} {row}"
