"""The script that measures runs and their mean."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks import soups
from tests.training.own_rows import COLUMNS, ROWS, folder_of, run, write


@pytest.fixture
def folder(tiny_encoder: Path, tmp_path: Path) -> Path:
    """A trained pipeline that sets no rows aside."""
    folder = folder_of(
        tmp_path / "run", tiny_encoder, write(ROWS, tmp_path / "rows.csv"),
        training="epochs = 1", data=COLUMNS + "holdout = 0.0",
    )  # fmt: skip
    run(folder)
    return folder


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["soups.py", *arguments])
    soups.main()


def test_a_run_is_measured_on_the_rows_of_a_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    few = write(ROWS[:7], folder.parent / "few.csv")
    call(monkeypatch, str(folder), "--on", str(few))
    said = capsys.readouterr().out
    assert said.startswith("7 rows, float32\n\n| run | ")
    assert said.splitlines()[-1].startswith(f"| {folder} | ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "says nothing of rows to measure on"),
        (["--on", "nowhere.csv"], "nowhere.csv"),
        (["--on", "nowhere.csv", "--validation"], "not allowed with argument"),
    ],
)
def test_what_cannot_be_measured_is_one_sentence(
    folder: Path,
    arguments: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        call(monkeypatch, str(folder), *arguments)
    assert message in capsys.readouterr().err.splitlines()[-1]
