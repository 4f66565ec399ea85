"""What published systems reach, as data with its sources.

The numbers are CSV files, one row a number, in `benchmarks/published` of the repository and
`nlpkit/published` of the installed package. Test and dev numbers are never given together: the
one is scored by a server on labels that nobody sees, on the other every system was tuned.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from nlpkit.errors import DataError, InputError

KINDS = ("train", "validation", "test")
"""What splits are called, or begin with (`test_matched`); what papers call dev is `validation`."""


class Published(NamedTuple):
    """One published number.

    `value` is in points, as the paper prints it: a perfect score is 100.
    """

    system: str
    parameters: int | None
    """How many, to the million; None where it is not known."""
    dataset: str
    """As in `nlpkit.corpora`; `glue` for the average of its tasks."""
    split: str
    metric: str
    """As in `nlpkit.evaluation`; `accuracy_f1` and `pearson_spearman` are means of two."""
    value: float
    low: float | None
    """The lowest and the highest value where sources differ; else None."""
    high: float | None
    train: int | None
    """How many examples were trained on, where the source says so."""
    source: str
    note: str


def published_folder() -> Path:
    """The folder of the tables: inside the package, or `benchmarks/published` in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "published"
    return inside if inside.is_dir() else package.parent / "benchmarks" / "published"


def published(dataset: str, split: str, *, metric: str | None = None) -> list[Published]:
    """What was published on one split of a data set, in the order of the tables.

    Args:
        dataset: a name as in `nlpkit.corpora`, or the first part of several: `glue` gives all of
            GLUE's tasks and their average.
        split: `validation` or `test`, or one of their parts (`test_matched`); `validation` also
            gives its parts.
        metric: only this one.

    Returns:
        An empty list for a data set without published numbers.

    Raises:
        InputError: a split that is none of these: numbers of several splits are never given.
        DataError: the tables are not there, or are damaged.

    >>> [bert] = [n for n in published("glue/cola", "test") if n.system == "BERT-large"]
    >>> bert.metric, bert.value
    ('matthews', 60.5)
    >>> published("reviews.csv", "test")
    []
    """
    if _kind(str(split)) not in KINDS:
        raise InputError(
            f"published numbers are given for one split at a time: {split!r} is not allowed; "
            "allowed are validation and test, and their parts (test_matched)"
        )
    return [
        row
        for row in _tables(published_folder())
        if (row.dataset == dataset or row.dataset.startswith(f"{dataset}/"))
        and (row.split == split or row.split.startswith(f"{split}_"))
        and metric in (None, row.metric)
    ]


def _kind(split: str) -> str:
    return split.partition("_")[0]


@lru_cache(maxsize=4)
def _tables(folder: Path) -> tuple[Published, ...]:
    paths = sorted(folder.glob("*.csv"))
    if not paths:
        raise DataError(f"{folder} holds no tables of published numbers (*.csv)")
    return tuple(row for path in paths for row in _table(path))


def _table(path: Path) -> list[Published]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != Published._fields:
            raise DataError(
                f"{path}: the columns are {', '.join(reader.fieldnames or ())}; "
                f"they must be {', '.join(Published._fields)}"
            )
        return [_number(row, f"{path}, line {reader.line_num}") for row in reader]


def _number(row: Mapping[str, str | None], where: str) -> Published:
    if None in row or None in row.values():
        raise DataError(f"{where}: there must be {len(Published._fields)} values")
    values: dict[str, str] = {name: value or "" for name, value in row.items()}
    for name in ("system", "dataset", "split", "metric", "value", "source"):
        if not values[name].strip():
            raise DataError(f"{where}: {name} is empty")
    value = _float(values["value"], f"{where}: value")
    assert value is not None
    return Published(
        system=values["system"],
        parameters=_count(values["parameters"], f"{where}: parameters"),
        dataset=values["dataset"],
        split=values["split"],
        metric=values["metric"],
        value=value,
        low=_float(values["low"], f"{where}: low"),
        high=_float(values["high"], f"{where}: high"),
        train=_count(values["train"], f"{where}: train"),
        source=values["source"],
        note=values["note"],
    )


def _float(text: str, where: str) -> float | None:
    if not text.strip():
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(f"{where} is {text!r}; it must be a number")
    return value


def _count(text: str, where: str) -> int | None:
    if not text.strip():
        return None
    if not text.strip().isdecimal():
        raise DataError(f"{where} is {text!r}; it must be a whole number")
    return int(text)
