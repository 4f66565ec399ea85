"""Results for a person at a terminal, in colour."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from nlpkit.interfaces.output import one_line, printable

if TYPE_CHECKING:
    from nlpkit.results import Answer, Label, Summary

CHOSEN = "bold green"
AROUND = "dim"

# Characters of a passage shown on each side of an answer.
CONTEXT = 240

# Wrapping at words is slow on very long text; the terminal itself wraps at its edge then.
LONGEST_WRAPPED = 200_000


def _console() -> Console:
    return Console(file=sys.stdout, highlight=False, markup=False, emoji=False)


def _print(text: Text) -> None:
    _console().print(text, soft_wrap=len(text) > LONGEST_WRAPPED)


def title(name: str) -> None:
    """Shows which document comes next."""
    _console().rule(Text(one_line(name), style="bold"), align="left", characters="-", style=AROUND)


def document(text: str, result: Summary) -> None:
    """Shows a document with the sentences of its summary marked."""
    shown = Text()
    end = 0
    for sentence in result.sentences:
        shown.append(printable(text[end : sentence.start]), AROUND)
        shown.append(printable(text[sentence.start : sentence.end]), CHOSEN)
        end = sentence.end
    shown.append(printable(text[end:]), AROUND)
    shown.rstrip()
    _print(shown)


def summary(result: Summary) -> None:
    """Shows a summary by itself, one sentence a paragraph."""
    for sentence in result.sentences:
        _print(Text(one_line(sentence.text)))


def scored_summary(name: str, result: Summary) -> None:
    """Shows the sentences of a summary with their numbers in the document and their scores."""
    console = _console()
    count = f"{len(result.sentences)} of {len(result.scores)} sentences"
    console.print(Text.assemble((one_line(name), "bold"), f": {count}"))
    table = Table.grid(padding=(0, 1))
    for justify in ("right", "right", "left"):
        table.add_column(justify=justify, overflow="fold")
    for sentence in result.sentences:
        table.add_row(
            Text(f"[{sentence.index}]", AROUND),
            Text(f"{sentence.score:.3f}", CHOSEN),
            Text(one_line(sentence.text)),
        )
    console.print(table)


def answer(passage: str, result: Answer, *, name: str) -> None:
    """Shows an answer in its passage, with as much of the text around it as helps to judge."""
    start = _border(passage, result.start - CONTEXT, result.start, backwards=True)
    end = _border(passage, result.end, result.end + CONTEXT, backwards=False)
    shown = Text()
    shown.append(("… " if start else "") + _joined(passage[start : result.start]), AROUND)
    shown.append(_joined(passage[result.start : result.end]), CHOSEN)
    shown.append(_joined(passage[result.end : end]) + (" …" if end < len(passage) else ""), AROUND)
    _print(shown)
    place = f"{one_line(name)}, characters {result.start} to {result.end}"
    _print(Text.assemble((f"score {result.score:.2f}", "bold"), (f", {place}", AROUND)))


def label(text: str, named: str, result: Label, *, all_scores: bool) -> None:
    """Shows what a text is labelled, `named`, with the score and the text itself."""
    shown = Text()
    if named:
        shown.append(named, CHOSEN).append(" ")
    shown.append(f"{result.score:.3f}", "bold").append(f"  {text}")
    _print(shown)
    if all_scores:
        width = max((len(name) for name in result.scores), default=0)
        for name, score in result.scores.items():
            _print(Text(f"  {one_line(name):{width}}  {score:.3f}", AROUND))


def pipelines(records: Sequence[Mapping[str, Any]]) -> None:
    """Shows a table of pipelines."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("name", "task", "size", "description"):
        table.add_column(column, header_style="bold", no_wrap=column != "description")
    for record in records:
        table.add_row(
            Text(record["name"], CHOSEN),
            record["task"],
            f"{record['bytes'] / 1e6:.1f} MB",
            Text(one_line(record["description"])),
        )
    _console().print(table)


def _border(passage: str, low: int, high: int, *, backwards: bool) -> int:
    """A place between words in `passage[low:high]`, as far from the answer as there is one."""
    low, high = max(0, low), min(len(passage), high)
    if backwards:
        return low if low == 0 else max(low, passage.find(" ", low, high) + 1)
    space = passage.rfind(" ", low, high)
    return high if high == len(passage) or space <= low else space


def _joined(text: str) -> str:
    """Text with each line end as a space, so that a snippet of a wrapped file reads as prose."""
    return re.sub(r"\s*\n\s*", " ", printable(text))
