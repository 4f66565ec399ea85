"""Reading the caller's text: UTF-8 or a clear error, and characters left as they are."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlpkit.errors import DataError
from nlpkit.files import iter_lines, iter_records, read_text

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


def written(folder: Path, data: bytes, name: str = "file.txt") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


@given(TEXTS)
def test_text_comes_back_exactly(folder: Path, text: str) -> None:
    expected = text.removeprefix("\ufeff")
    assert read_text(written(folder, text.encode())) == expected


def test_line_ends_are_kept_and_the_byte_order_mark_is_not(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbfa\r\nb\rc\nd"
    assert read_text(written(tmp_path, data)) == "a\r\nb\rc\nd"
    assert read_text(str(written(tmp_path, data))) == "a\r\nb\rc\nd"


def test_an_empty_file_is_an_empty_text(tmp_path: Path) -> None:
    assert read_text(written(tmp_path, b"")) == ""
    assert list(iter_lines(written(tmp_path, b""))) == []


@pytest.mark.parametrize(
    ("data", "offset", "line"),
    [
        (b"caf\xe9 au lait", 3, 1),
        (b"one\ntwo\nthr\xff", 11, 3),
        (b"\xef\xbb\xbfabc\x80", 6, 1),
        ("cut short é".encode()[:-1], 10, 1),
        (b"a surrogate \xed\xa0\x80", 12, 1),
    ],
)
def test_bytes_that_are_not_utf8_are_located(
    tmp_path: Path, data: bytes, offset: int, line: int
) -> None:
    path = written(tmp_path, data)
    for reading in (read_text, lambda path: list(iter_lines(path))):
        with pytest.raises(DataError) as caught:
            reading(path)
        assert str(path) in str(caught.value)
        assert f"0x{data[offset]:02x} at offset {offset} (line {line})" in str(caught.value)


def test_binary_content_is_named_as_such(tmp_path: Path) -> None:
    path = written(tmp_path, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    with pytest.raises(DataError, match="looks binary: it has a NUL byte at offset 8"):
        read_text(path)
    with pytest.raises(DataError, match=r"file.txt"):
        list(iter_lines(path))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_utf16_is_named_as_such(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(DataError, match="is UTF-16 or UTF-32; save it as UTF-8"):
        read_text(written(tmp_path, "text".encode(encoding)))


def test_paths_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"absent.txt: there is no such file"):
        read_text(tmp_path / "absent.txt")
    with pytest.raises(DataError, match="is a folder"):
        read_text(tmp_path)
    with pytest.raises(DataError, match="cannot be read"):
        read_text("a\0b")
    with pytest.raises(DataError, match="cannot be read"):
        read_text(written(tmp_path, b"") / "below")


def test_standard_input_is_read_as_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    def given_input(data: bytes) -> None:
        # Latin-1 and newline translation, which the bytes must bypass.
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="latin-1"))

    given_input("\ufeffé\r\nü".encode())
    assert read_text("-") == "é\r\nü"
    given_input("é\r\nü".encode())
    assert list(iter_lines("-")) == ["é", "ü"]
    given_input(b"ab\xff")
    with pytest.raises(DataError, match=r"^Standard input is not UTF-8: byte 0xff at offset 2"):
        read_text("-")
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(DataError, match="Standard input is closed"):
        read_text("-")


@given(st.lists(TEXTS.map(lambda text: text.replace("\n", "").replace("\r", ""))), st.booleans())
def test_lines_are_the_lines_written(folder: Path, lines: list[str], ended: bool) -> None:
    lines = [line.replace("\ufeff", "") for line in lines]
    data = "".join(f"{line}\r\n" for line in lines).encode()
    if not ended and lines and lines[-1]:
        data = data[:-2]
    assert list(iter_lines(written(folder, data))) == lines


def test_lines_are_read_one_at_a_time(tmp_path: Path) -> None:
    lines = iter_lines(written(tmp_path, b"good\nbad \xff\n"))
    assert next(lines) == "good"
    with pytest.raises(DataError, match=r"offset 9 .line 2."):
        next(lines)


def test_records_carry_their_line_numbers(tmp_path: Path) -> None:
    path = written(tmp_path, b'\xef\xbb\xbf{"a": 1}\r\n \n\n{"a": "\\u00e9"}')
    assert list(iter_records(path)) == [(1, {"a": 1}), (4, {"a": "é"})]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"a": 1', "line 2, column 8: not JSON"),
        (b"{'a': 1}", "line 2, column 2: not JSON"),
        (b"[1, 2]", "line 2: expected a JSON object, found an array"),
        (b'"text"', "line 2: expected a JSON object, found a string"),
        (b"null", "line 2: expected a JSON object, found null"),
        (b"[" * 200_000, "line 2: JSON that cannot be read"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "line 2: JSON that cannot be read"),
    ],
)
def test_bad_records_are_located(tmp_path: Path, line: bytes, message: str) -> None:
    path = written(tmp_path, b"{}\n" + line + b"\n", "records.jsonl")
    with pytest.raises(DataError, match=f"records.jsonl, {message}"):
        list(iter_records(path))


def test_reading_text_loads_no_heavy_package(tmp_path: Path) -> None:
    path = written(tmp_path, b"text")
    code = (
        "import sys; from nlpkit.files import read_text; read_text(sys.argv[1]);"
        "print({'pandas', 'pyarrow', 'torch', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[1],
    )
    assert done.stdout == "set()\n"
