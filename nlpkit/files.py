"""The caller's own text: files and standard input, read as UTF-8 and nothing else.

Whatever is wrong with a file is one `DataError` that names the file and the place. Line ends are
kept as they are, so that character offsets computed here hold in the file itself.
"""

from __future__ import annotations

import codecs
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from nlpkit.errors import DataError

STANDARD_INPUT = "-"


def read_text(path: str | os.PathLike[str]) -> str:
    r"""The whole text of a file, or of standard input for ``"-"``.

    The text is UTF-8, with or without a byte order mark (which is dropped). Line ends come back
    exactly as they are in the file.

    Raises:
        DataError: the path is missing, a folder or unreadable; the content looks binary (it has
            NUL bytes) or is not UTF-8 (the message has the byte offset).

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "note.txt"
    ...     _ = path.write_bytes(b"\xef\xbb\xbfOne line.\r\nAnother.")
    ...     read_text(path)
    'One line.\r\nAnother.'
    """
    with _opened(path) as file:
        data = file.read()
    skipped = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
    return _decoded(data[skipped:], path, offset=skipped, line=1)


def iter_lines(path: str | os.PathLike[str]) -> Iterator[str]:
    r"""The lines of a file or of standard input (``"-"``), one at a time, without their ends.

    Only ``\n`` and ``\r\n`` end a line: U+2028 or a form feed inside a text does not cut it.
    Blank lines come too, so that the n-th line stays the n-th. At most one line is in memory.

    Raises:
        DataError: as `read_text`, once the bad line is reached.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "inputs.txt"
    ...     _ = path.write_bytes("One\u2028input.\r\n\nAnother.".encode())
    ...     list(iter_lines(path))
    ['One\u2028input.', '', 'Another.']
    """
    offset = 0
    with _opened(path) as file:
        for number, data in enumerate(file, start=1):
            skipped = len(codecs.BOM_UTF8) if not offset and data.startswith(codecs.BOM_UTF8) else 0
            text = _decoded(data[skipped:], path, offset=offset + skipped, line=number)
            offset += len(data)
            if text.endswith("\n"):
                text = text[:-2] if text.endswith("\r\n") else text[:-1]
            if text or len(data) > skipped:
                yield text


def iter_records(path: str | os.PathLike[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    r"""The objects of a JSONL file or of standard input (``"-"``), with their line numbers.

    One JSON object a line; blank lines are passed over, and lines count from 1.

    Raises:
        DataError: as `read_text`; or a line that is not a JSON object (with its number).

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "questions.jsonl"
    ...     _ = path.write_text('{"question": "Who?"}\n\n{"question": "Why?"}\n')
    ...     list(iter_records(path))
    [(1, {'question': 'Who?'}), (3, {'question': 'Why?'})]
    """
    for number, line in enumerate(iter_lines(path), start=1):
        if not line.strip():
            continue
        record = parse_json(line, path, line=number)
        if not isinstance(record, dict):
            kind = type(record).__name__
            raise DataError(
                f"{_shown(path)}, line {number}: expected a JSON object, found {_JSON_KINDS[kind]}."
            )
        yield number, record


def parse_json(text: str, path: str | os.PathLike[str], *, line: int | None = None) -> Any:
    """What a JSON text says; `path` (and `line`, where the text is one line of it) for errors.

    Raises:
        DataError: the text is not JSON, with the line and column.

    >>> parse_json('{"a": 1}', "a.json")
    {'a': 1}
    >>> parse_json('{"a": }', "a.json")
    Traceback (most recent call last):
    nlpkit.errors.DataError: a.json, line 1, column 7: not JSON (Expecting value).
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = f"line {line or error.lineno}, column {error.colno}"
        raise DataError(f"{_shown(path)}, {place}: not JSON ({error.msg}).") from None
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits; 5,000 brackets
        place = f", line {line}" if line else ""
        raise DataError(f"{_shown(path)}{place}: JSON that cannot be read ({error}).") from None


_JSON_KINDS = {
    "list": "an array",
    "str": "a string",
    "int": "a number",
    "float": "a number",
    "bool": "true or false",
    "NoneType": "null",
}


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    if os.fspath(path) == STANDARD_INPUT:
        buffer = getattr(sys.stdin, "buffer", None)
        if buffer is None:
            raise DataError("Standard input is closed or has no bytes to read.")
        yield buffer
        return
    try:
        with Path(path).open("rb") as file:
            yield file
    except DataError:
        raise
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file.") from None
    except IsADirectoryError:
        raise DataError(f"{path} is a folder, not a file.") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path} cannot be read: {reason}.") from None


def _decoded(data: bytes, path: str | os.PathLike[str], *, offset: int, line: int) -> str:
    """`data`, which stands at byte `offset` and in line `line` of the file, as text."""
    if offset == 0 and data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise DataError(f"{_shown(path)} is UTF-16 or UTF-32; save it as UTF-8.")
    nul = data.find(b"\0")
    if nul >= 0:
        raise DataError(f"{_shown(path)} looks binary: it has a NUL byte at offset {offset + nul}.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line += data.count(b"\n", 0, error.start)
        raise DataError(
            f"{_shown(path)} is not UTF-8: byte 0x{data[error.start]:02x} at offset "
            f"{offset + error.start} (line {line}) does not belong there."
        ) from None


def _shown(path: str | os.PathLike[str]) -> str:
    shown = os.fspath(path)
    return "Standard input" if shown == STANDARD_INPUT else shown
