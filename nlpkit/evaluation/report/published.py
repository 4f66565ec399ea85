"""Published numbers as tables: one a data set and split."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from nlpkit.errors import InputError, InputTypeError
from nlpkit.evaluation.published import Published
from nlpkit.evaluation.report.blocks import Cell, Table
from nlpkit.evaluation.report.columns import shown

MISSING = "–"


def checked(rows: Iterable[Published]) -> list[Published]:
    """The rows as a list, each seen to be one that a table can show.

    Raises:
        InputTypeError: a row of another type.
        InputError: a row without a system, data set, split, metric or value, or with text or NaN
            for a number.
    """
    listed = list(rows)
    for row in listed:
        if not isinstance(row, Published):
            raise InputTypeError(
                f"a published row is of type {type(row).__name__}; it must be a "
                "nlpkit.evaluation.published.Published"
            )
        for name in ("system", "dataset", "split", "metric"):
            if not str(getattr(row, name) or "").strip():
                raise InputError(f"the published row {row} has no {name}")
        for name in ("value", "low", "high", "parameters", "train"):
            number: object = getattr(row, name)
            missing = number is None and name != "value"
            if not (missing or (isinstance(number, int | float) and math.isfinite(number))):
                raise InputError(f"the published row {row} has no number as its {name}")
    return listed


def size(parameters: int | None) -> str:
    """How many parameters a system has, in millions.

    >>> size(110_000_000), size(66_500_000), size(None)
    ('110M', '66.5M', '–')
    """
    return MISSING if parameters is None else f"{parameters / 1e6:g}M"


def by_split(rows: Iterable[Published]) -> dict[str, list[Published]]:
    """The rows of each split, in order of first appearance: splits never share a table."""
    found: dict[str, list[Published]] = {}
    for row in rows:
        found.setdefault(row.split, []).append(row)
    return found


def published_table(rows: Sequence[Published], metrics: Sequence[str] = ()) -> Table:
    """The numbers of one data set and split: a row a system and source, a column a metric.

    Args:
        rows: of one data set and split.
        metrics: those to put first, in order.

    Two numbers for one cell stand side by side, in the rows' order.
    """
    there = list(dict.fromkeys(row.metric for row in rows))
    columns = [name for name in metrics if name in there]
    columns += [name for name in there if name not in columns]
    lines: dict[tuple[str, int | None, str], list[Published]] = {}
    for row in rows:
        lines.setdefault((row.system, row.parameters, row.source), []).append(row)
    body = []
    for (system, parameters, source), found in lines.items():
        values = [published_cell([row for row in found if row.metric == name]) for name in columns]
        notes = "; ".join(dict.fromkeys(row.note for row in found if row.note))
        first = (Cell(system), Cell(size(parameters)))
        body.append((*first, *values, Cell(source), Cell(notes)))
    head = ("system", "parameters", *map(shown, columns), "source", "note")
    if not any(row.note for row in rows):
        head, body = head[:-1], [line[:-1] for line in body]
    texts = {0} | set(range(2 + len(columns), len(head)))
    caption = f"Published for {rows[0].dataset}, {rows[0].split} split, in points"
    return Table(head, tuple(body), caption, frozenset(texts))


def published_cell(rows: Sequence[Published]) -> Cell:
    """The values of one system and metric, with what other sources say.

    >>> row = Published("A", None, "d", "test", "f1", 58.9, 56.3, 58.9, None, "A paper", "")
    >>> published_cell([row])
    Cell(text='58.9', detail='56.3 to 58.9 by source')
    """
    ends = [end for row in rows for end in (row.low, row.high) if end is not None]
    said = " / ".join(as_printed(row.value) for row in rows) or MISSING
    if not ends:
        return Cell(said)
    ends += [row.value for row in rows]
    return Cell(said, f"{as_printed(min(ends))} to {as_printed(max(ends))} by source")


def as_printed(value: float) -> str:
    """A number with one decimal where that says it all, else two: no more precise than it is.

    >>> as_printed(88.4), as_printed(42.01)
    ('88.4', '42.01')
    """
    return f"{value:.1f}" if abs(round(value, 1) - value) < 1e-9 else f"{value:.2f}"
