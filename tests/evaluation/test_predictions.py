"""Predictions that are kept: whatever moment a run is killed at, the next one goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlpkit.cache import cache_folder
from nlpkit.errors import DataError
from nlpkit.evaluation.predictions import file_name, kept

HEADER = {"system": "reader", "data": "squad", "split": None, "rows": 5}
RECORDS = [{"text": f'line\n{n} "\u2028" \ud800', "score": n / 7} for n in range(5)]


def predict(row: int) -> Iterator[dict[str, Any]]:
    return iter(RECORDS[row:])


@given(cut=st.integers(0, 2000))
def test_killed_after_any_byte(cut: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("kept") / "p.jsonl"
    assert list(kept(path, HEADER, 5, predict)) == RECORDS
    whole = path.read_bytes()
    path.write_bytes(whole[:cut])
    asked: list[int] = []

    def watched(row: int) -> Iterator[dict[str, Any]]:
        asked.append(row)
        return predict(row)

    assert list(kept(path, HEADER, 5, watched)) == RECORDS
    assert path.read_bytes() == whole
    # Nothing that was whole is made again.
    lines = max(0, whole[:cut].count(b"\n") - 1)
    assert asked == ([lines] if lines < 5 else [])


def test_stopped_by_an_error(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"

    def failing(row: int) -> Iterator[dict[str, Any]]:
        yield RECORDS[0]
        yield RECORDS[1]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(kept(path, HEADER, 5, failing))
    first: list[int] = []
    assert list(kept(path, HEADER, 5, lambda row: (first.append(row), predict(row))[1])) == RECORDS
    assert first == [2]


def test_other_predictions_are_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    list(kept(path, HEADER, 5, predict))
    before = path.read_bytes()
    with pytest.raises(DataError, match="data is 'squad', not 'nq_qed'"):
        list(kept(path, HEADER | {"data": "nq_qed"}, 5, predict))
    with pytest.raises(DataError, match="5 predictions for 3 rows"):
        list(kept(path, HEADER, 3, predict))
    assert path.read_bytes() == before
    assert list(kept(path, HEADER, 5, lambda _: iter(RECORDS), resume=False)) == RECORDS


def test_files_that_are_something_else(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    # With or without a line end, to be read or not: whoever owns the file gets it back whole.
    for content in ("[1, 2]\n", "my notes\n", '{"q1": "Rome"}', "text,label\na,b", "null\n"):
        path.write_text(content)
        for resume in (True, False):
            with pytest.raises(DataError, match="no file of nlpkit's predictions"):
                list(kept(path, HEADER, 5, predict, resume=resume))
            assert path.read_text() == content
    with pytest.raises(DataError, match="cannot be read"):
        list(kept(tmp_path, HEADER, 5, predict))
    with pytest.raises(DataError, match="cannot be written"):
        list(kept(tmp_path / "x" / ("n" * 300), HEADER, 5, predict))
    with pytest.raises(DataError, match=r"cannot be (read|written)"):
        list(kept(path / "under" / "a-file.jsonl", HEADER, 5, predict))


def test_lines_that_are_no_predictions(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    list(kept(path, HEADER, 5, predict))
    first, *lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([first, lines[0], "5\n"]))
    with pytest.raises(DataError, match="line 3: 5 is no prediction"):
        list(kept(path, HEADER, 5, predict))
    path.write_text(first.replace('{"nlpkit": "predictions"', '{"nlpkit": "predictions", "x": 1'))
    with pytest.raises(DataError, match="x is 1, not None"):
        list(kept(path, HEADER, 5, predict))


@pytest.mark.parametrize("wrong", [{"score": float("nan")}, {"score": {1, 2}}])
def test_predictions_that_are_no_json(tmp_path: Path, wrong: dict[str, object]) -> None:
    path = tmp_path / "p.jsonl"
    with pytest.raises(DataError, match="plain values for JSON"):
        list(kept(path, HEADER, 2, lambda _: iter([RECORDS[0], wrong])))
    # What was whole before is taken up again.
    again = list(kept(path, HEADER, 2, lambda row: iter(RECORDS[row:2])))
    assert again == RECORDS[:2]


def test_more_predictions_than_rows(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    with pytest.raises(DataError, match="more predictions than the 2 rows"):
        list(kept(path, HEADER, 2, lambda _: iter(RECORDS[:3])))
    assert list(kept(path, HEADER, 2, lambda _: iter([]))) == RECORDS[:2]


def test_names_of_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    name = file_name({"system": "my/reader: v2", "data": "../squad", "split": "dev"})
    assert name.endswith(".jsonl")
    assert not set(name) & set("/:\\ ")
    assert name != file_name({"system": "my/reader: v2", "data": "../squad", "split": "test"})
    monkeypatch.setenv("NLPKIT_CACHE", str(tmp_path))
    assert cache_folder("predictions") == tmp_path / "predictions"
    monkeypatch.delenv("NLPKIT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert cache_folder("predictions") == tmp_path / "x" / "nlpkit" / "predictions"
