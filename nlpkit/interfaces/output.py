"""What commands print: JSON lines, plain lines, and errors in the place of a result."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from typing import Any

import click

# A document must not drive the reader's terminal: control characters but line end and tab.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_COUNTED = re.compile(r"\b(document|text|question) \d+ of the list\b")


def printable(text: str) -> str:
    r"""Text that is safe to show on a terminal: control characters become U+FFFD.

    >>> printable("a\x1b[2Jb\r\nc")
    'a\ufffd[2Jb\nc'
    """
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    r"""Text as one printable line: every run of white space is one space.

    >>> one_line("broken\n  over\tlines")
    'broken over lines'
    """
    return printable(" ".join(text.split()))


def on_terminal() -> bool:
    """Whether results are read by a person: standard output is a terminal that has styles."""
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def print_line(text: str) -> None:
    """Prints a line at once, so that a reader of a pipe gets results as they come."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def print_json(*parts: Mapping[str, Any]) -> None:
    """Prints the union of mappings as one line of JSON."""
    record: dict[str, Any] = {}
    for part in parts:
        record |= part
    ascii_only = not (sys.stdout.encoding or "").lower().startswith("utf")
    print_line(json.dumps(record, ensure_ascii=ascii_only, allow_nan=False))


def print_failure(error: Exception, place: Mapping[str, Any], *, name: str, as_json: bool) -> None:
    """Reports an input that failed: a line on standard error, and a JSON object in its place."""
    # A pipeline counts the inputs that reached it; the name says better which one it was.
    message = _COUNTED.sub(r"the \1", one_line(str(error)))
    if as_json:
        print_json(place, {"error": message})
    # Of a file that cannot be read on the message says the line as well.
    file, _, line = name.rpartition(":")
    begins = message.lower().startswith((file if line.isdigit() else name).lower())
    label = "" if begins or name in message else f"{one_line(name)}: "
    click.echo(f"nlpkit: error: {label}{message}", err=True)


def calibration_errors(calibration: Mapping[str, Mapping[str, float]]) -> str:
    """What calibration changed, as a part of a line.

    >>> calibration_errors({"ece": {"before": 0.25, "after": 0.05}})
    'ece 0.25 to 0.05'
    """
    return ", ".join(
        f"{name} {error['before']:.4g} to {error['after']:.4g}"
        for name, error in calibration.items()
    )
