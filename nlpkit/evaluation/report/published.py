"""Published numbers as plain rows, and their tables: one a data set and split."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from nlpkit.errors import InputError, InputTypeError
from nlpkit.evaluation.report.blocks import Cell, Table
from nlpkit.evaluation.report.columns import shown

MISSING = "–"


class PublishedRow(NamedTuple):
    """One published number, in points, as the report shows it.

    `low` and `high` are the ends of what several sources say, `train` is how many examples were
    trained on; None where that is not known.

    >>> PublishedRow.of({"system": "BERT-base", "dataset": "squad", "split": "validation",
    ...                  "metric": "f1", "value": "88.4", "source": "Devlin et al., 2019"}).value
    88.4
    """

    system: str
    parameters: str
    dataset: str
    split: str
    metric: str
    value: float
    source: str
    note: str
    low: float | None = None
    high: float | None = None
    train: int | None = None

    @staticmethod
    def of(row: Any) -> PublishedRow:
        """A row that is a mapping, or anything with these attributes, such as a named tuple.

        All but `system`, `dataset`, `split`, `metric` and `value` may be missing or None.

        Raises:
            InputTypeError: a row of another kind.
            InputError: a row without a system, data set, split, metric or number.
        """
        fields = PublishedRow._fields
        if isinstance(row, Mapping):
            found = {name: row.get(name) for name in fields}
        elif hasattr(row, "system"):
            found = {name: getattr(row, name, None) for name in fields}
        else:
            raise InputTypeError(
                f"a published row is of type {type(row).__name__}; it must be a mapping or have "
                f"the attributes {', '.join(fields)}"
            )
        for name in ("system", "dataset", "split", "metric"):
            if not str(found[name] or "").strip():
                raise InputError(f"the published row {found} has no {name}")
        value = _number(found["value"])
        if value is None:
            raise InputError(f"the published row {found} has no number as its value")
        train = _number(found["train"])
        return PublishedRow(
            **{name: _said(found[name]) for name in fields[:5]},
            value=value,
            source=_said(found["source"]),
            note=_said(found["note"]),
            low=_number(found["low"]),
            high=_number(found["high"]),
            train=None if train is None else int(train),
        )


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _said(value: Any) -> str:
    """A field as a text; a number of parameters in millions.

    >>> _said(110_000_000), _said(66.5e6), _said(None), _said("22M")
    ('110M', '66.5M', '', '22M')
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, int | float):
        return f"{value / 1e6:g}M" if value >= 1e5 else f"{value:g}"
    return str(value).strip()


def published_rows(rows: Iterable[Any]) -> list[PublishedRow]:
    """All rows, checked (see `PublishedRow.of`)."""
    return [PublishedRow.of(row) for row in rows]


def by_split(rows: Iterable[PublishedRow]) -> dict[str, list[PublishedRow]]:
    """The rows of each split, in order of first appearance: splits never share a table."""
    found: dict[str, list[PublishedRow]] = {}
    for row in rows:
        found.setdefault(row.split, []).append(row)
    return found


def published_table(rows: Sequence[PublishedRow], metrics: Sequence[str] = ()) -> Table:
    """The numbers of one data set and split: a row a system and source, a column a metric.

    Args:
        rows: of one data set and split.
        metrics: those to put first, in order.

    Two numbers for one cell stand side by side, in the rows' order.
    """
    there = list(dict.fromkeys(row.metric for row in rows))
    columns = [name for name in metrics if name in there]
    columns += [name for name in there if name not in columns]
    lines: dict[tuple[str, str, str], list[PublishedRow]] = {}
    for row in rows:
        lines.setdefault((row.system, row.parameters, row.source), []).append(row)
    body = []
    for (system, parameters, source), found in lines.items():
        values = [published_cell([row for row in found if row.metric == name]) for name in columns]
        notes = "; ".join(dict.fromkeys(row.note for row in found if row.note))
        first = (Cell(system), Cell(parameters or MISSING))
        body.append((*first, *values, Cell(source), Cell(notes)))
    head = ("system", "parameters", *map(shown, columns), "source", "note")
    if not any(row.note for row in rows):
        head, body = head[:-1], [line[:-1] for line in body]
    texts = {0} | set(range(2 + len(columns), len(head)))
    caption = f"Published for {rows[0].dataset}, {rows[0].split} split, in points"
    return Table(head, tuple(body), caption, frozenset(texts))


def published_cell(rows: Sequence[PublishedRow]) -> Cell:
    """The values of one system and metric, with what other sources say.

    >>> row = {"system": "A", "dataset": "d", "split": "test", "metric": "f1"}
    >>> published_cell([PublishedRow.of({**row, "value": 58.9, "low": 56.3, "high": 58.9})])
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
