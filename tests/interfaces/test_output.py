"""What is printed is one line where it must be, and cannot drive a terminal."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlpkit.errors import DataError
from nlpkit.interfaces.output import one_line, print_failure, print_json, printable


@given(st.text())
def test_printable_text_has_no_control_characters_but_line_ends_and_tabs(text: str) -> None:
    shown = printable(text)
    assert not [c for c in shown if unicodedata.category(c) == "Cc" and c not in "\n\t"]


@given(st.text(st.characters(exclude_categories=("Cc", "Cs"))))
def test_printable_text_without_control_characters_stays(text: str) -> None:
    assert printable(text) == text


@given(st.text())
def test_one_line_is_one_line(text: str) -> None:
    assert "\n" not in one_line(text)
    assert len(one_line(text).splitlines()) <= 1


@given(st.dictionaries(st.text(), st.text(st.characters(exclude_categories=("Cs",)))))
def test_json_comes_back_from_its_line(record: dict[str, str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        lines: list[str] = []
        patch.setattr("nlpkit.interfaces.output.print_line", lines.append)
        print_json(record)
    (line,) = lines
    assert "\n" not in line
    assert json.loads(line) == record


@pytest.mark.parametrize(
    ("message", "name", "line"),
    [
        ("a.txt is not UTF-8", "a.txt", "nlpkit: error: a.txt is not UTF-8"),
        ("a.txt is not UTF-8 (line 3)", "a.txt:3", "nlpkit: error: a.txt is not UTF-8 (line 3)"),
        (
            "Standard input is not UTF-8",
            "standard input:3",
            "nlpkit: error: Standard input is not UTF-8",
        ),
        ("too short", "a.txt:3", "nlpkit: error: a.txt:3: too short"),
        ("Standard input is empty", "standard input", "nlpkit: error: Standard input is empty"),
    ],
)
def test_a_failure_names_its_input_once(
    message: str, name: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_failure(DataError(message), {"file": "a.txt"}, name=name, as_json=True)
    captured = capsys.readouterr()
    assert captured.err == line + "\n"
    assert json.loads(captured.out) == {"file": "a.txt", "error": message}
