"""Files of examples as tables: CSV, TSV, JSONL, JSON and parquet, one example a row.

Nothing is guessed and nothing is dropped: content that does not fit is a `DataError` with the
file and the line.
"""

from __future__ import annotations

import csv
import importlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from nlpkit.errors import DataError
from nlpkit.files import iter_records, parse_json, read_text

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".csv", ".tsv", ".jsonl", ".json", ".parquet")
"""The endings of the files that `read_table` reads."""


def read_table(
    path: Path,
    columns: Sequence[str] | None,
    limit: int | None,
    expected: Sequence[str] = (),
) -> pd.DataFrame:
    r"""One file as a table.

    Args:
        path: the file; its ending says what it is (`SUFFIXES`).
        columns: the columns wanted, in this order; None gives all.
        limit: at most so many rows, from the first on.
        expected: columns that a parquet file must have, wanted or not.

    Raises:
        DataError: no such file, another ending, malformed content, a missing column, no rows.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "codes.tsv"
    ...     _ = path.write_text("code\tcount\n007\t3\n")
    ...     read_table(path, None, None).to_dict("records")
    [{'code': '007', 'count': 3}]
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise DataError(f"{path} has the ending {suffix!r}; allowed are {listed(SUFFIXES)}.")
    if path.is_file() and path.stat().st_size == 0:
        raise DataError(f"{path} is empty.")
    if suffix == ".parquet":
        return _read_parquet(path, columns, limit, expected)
    if suffix in (".csv", ".tsv"):
        header, values = _csv_columns(path, "," if suffix == ".csv" else "\t", limit)
        wanted = checked_columns(path, header, columns)
        table = {column: _numbers(values[header.index(column)]) for column in wanted}
    else:
        rows = iter_records(path) if suffix == ".jsonl" else _json_records(path)
        table = _record_columns(path, rows, columns, limit, "line" if suffix == ".jsonl" else "row")
    return _frame(path, table)


def _frame(source: str | os.PathLike[str], table: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    pandas = _installed("pandas")
    if not any(map(len, table.values())):
        raise DataError(f"{os.fspath(source)} has no rows.")
    series = {}
    for column, values in table.items():
        try:
            series[column] = pandas.Series(values)
        except UnicodeEncodeError:  # a lone surrogate, which pandas' own text type cannot hold
            series[column] = pandas.Series(values, dtype=object)
    return cast("pd.DataFrame", pandas.DataFrame(series))


def _installed(package: str) -> Any:
    """pandas or pyarrow, which come with an extra and load when first used."""
    try:
        return importlib.import_module(package)
    except ImportError:
        raise DataError(
            f"Reading tables needs the package {package.partition('.')[0]}: "
            f"pip install nlpkit[train]."
        ) from None


def checked_columns(
    source: str | os.PathLike[str], there: Sequence[str], wanted: Sequence[str] | None
) -> list[str]:
    """The columns wanted, each once; all those there are for None.

    Raises:
        DataError: `source` does not have one of them.

    >>> checked_columns("reviews.csv", ["text", "label"], ["label"])
    ['label']
    >>> checked_columns("reviews.csv", ["text", "label"], ["stars"])
    Traceback (most recent call last):
    nlpkit.errors.DataError: reviews.csv has no column 'stars'; there are text, label.
    """
    for column in wanted or ():
        if column not in there:
            raise DataError(
                f"{os.fspath(source)} has no column {column!r}; there are {listed(there)}."
            )
    return list(dict.fromkeys(wanted if wanted else there))


def checked_labels(
    source: str | os.PathLike[str], values: pd.Series, names: Sequence[str]
) -> pd.Series:
    """Labels as their numbers: 0 to n - 1, or -1 for no label; a name becomes its number.

    Raises:
        DataError: a value that is neither.

    >>> import pandas as pd
    >>> checked_labels("train.csv", pd.Series(["good", "bad"]), ("bad", "good")).tolist()
    [1, 0]
    >>> checked_labels("train.csv", pd.Series([0, 2]), ("bad", "good"))
    Traceback (most recent call last):
    nlpkit.errors.DataError: train.csv: the label of row 1 is 2; allowed are 0 (bad), 1 (good) \
and -1 for none.
    """
    known = {name: number for number, name in enumerate(names)}
    numbers = []
    for row, value in enumerate(values.tolist()):
        number = known.get(value) if isinstance(value, str) else value
        if type(number) is not int or not -1 <= number < len(names):
            shown = listed(f"{number} ({name})" for name, number in known.items())
            raise DataError(
                f"{os.fspath(source)}: the label of row {row} is {value!r}; allowed are {shown} "
                f"and -1 for none."
            )
        numbers.append(number)
    if values.dtype.kind == "i":
        return values
    return cast("pd.Series", _installed("pandas").Series(numbers, index=values.index))


def _csv_columns(
    path: Path, delimiter: str, limit: int | None
) -> tuple[list[str], list[list[str]]]:
    reader = csv.reader(_physical_lines(read_text(path)), delimiter=delimiter, strict=True)
    header: list[str] = []
    rows: list[list[str]] = []
    try:
        with _long_fields():
            for row in reader:
                if not row:
                    continue
                if not header:
                    header = _checked_header(path, row)
                elif len(row) != len(header):
                    raise DataError(
                        f"{path}, line {reader.line_num}: {len(row)} values, but the header has "
                        f"{len(header)} columns; a value with a comma, a tab or a line end stands "
                        f"in double quotes."
                    )
                else:
                    rows.append(row)
                    if len(rows) == limit:
                        break
    except csv.Error as error:
        raise DataError(
            f"{path}, line {reader.line_num}: {error}; a double quote in a quoted value is "
            f"written twice."
        ) from None
    if not header:
        raise DataError(f"{path} is empty.")
    return header, [list(values) for values in zip(*rows, strict=True)] or [[] for _ in header]


def _physical_lines(text: str) -> Iterator[str]:
    # Not str.splitlines: a form feed or U+2028 inside a value is no line end in CSV.
    for match in re.finditer(r"[^\n]*\n|[^\n]+", text):
        yield match.group()


def _checked_header(path: Path, header: list[str]) -> list[str]:
    twice = [column for column in header if header.count(column) > 1]
    if twice:
        raise DataError(f"{path} has the column {twice[0]!r} more than once.")
    return header


@contextmanager
def _long_fields() -> Iterator[None]:
    """csv refuses values over 131,072 characters, which whole documents easily are."""
    before = csv.field_size_limit(2**31 - 1)
    try:
        yield
    finally:
        csv.field_size_limit(before)


_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


def _numbers(values: list[str]) -> list[Any]:
    if values and all(map(_WHOLE.fullmatch, values)):
        return [int(value) for value in values]
    if values and all(map(_DECIMAL.fullmatch, values)):
        return [float(value) for value in values]
    return values


def _json_records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    content = parse_json(read_text(path), path)
    if isinstance(content, dict):
        content = content.get("data")
    if not isinstance(content, list):
        raise DataError(f"{path}: allowed is a list of objects, or SQuAD's format with 'data'.")
    number = 0
    for row in content:
        for record in _squad_records(path, row) if _is_squad(row) else (row,):
            number += 1
            if not isinstance(record, dict):
                raise DataError(f"{path}, row {number}: expected an object, found {record!r:.40}.")
            yield number, record


def _is_squad(row: Any) -> bool:
    return isinstance(row, dict) and isinstance(row.get("paragraphs"), list)


def _squad_records(path: Path, article: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """An article of SQuAD's own JSON, as the rows that the hub has for it."""
    title = article.get("title", "")
    try:
        for paragraph in article["paragraphs"]:
            for question in paragraph["qas"]:
                answers = question["answers"]
                yield {
                    "id": question["id"],
                    "title": title,
                    "context": paragraph["context"],
                    "question": question["question"],
                    "answers": {
                        "text": [answer["text"] for answer in answers],
                        "answer_start": [answer["answer_start"] for answer in answers],
                    },
                }
    except KeyError as error:
        raise DataError(f"{path}: in the article {title!r} the key {error} is missing.") from None
    except TypeError:
        raise DataError(f"{path}: the article {title!r} is not in SQuAD's format.") from None


def _record_columns(
    path: Path,
    rows: Iterable[tuple[int, dict[str, Any]]],
    columns: Sequence[str] | None,
    limit: int | None,
    unit: str,
) -> dict[str, list[Any]]:
    """Records as columns: those wanted, or all; a record without a wanted column is an error."""
    records: list[dict[str, Any]] = []
    there: dict[str, None] = {}
    for number, record in rows:
        for column in columns or ():
            if column not in record:
                raise DataError(
                    f"{path}, {unit} {number}: there is no column {column!r}; "
                    f"there are {listed(record)}."
                )
        there.update(dict.fromkeys(record))
        records.append(record)
        if len(records) == limit:
            break
    wanted = dict.fromkeys(columns if columns else there)
    return {column: [record.get(column) for record in records] for column in wanted}


def _read_parquet(
    path: Path, columns: Sequence[str] | None, limit: int | None, expected: Sequence[str]
) -> pd.DataFrame:
    pa, pq = _installed("pyarrow"), _installed("pyarrow.parquet")
    try:
        with pq.ParquetFile(path) as file:
            there = file.schema_arrow.names
            checked_columns(path, there, expected)
            wanted = checked_columns(path, there, columns)
            if limit is None:
                table = file.read(columns=wanted)
            else:
                batches, count = [], 0
                for batch in file.iter_batches(batch_size=min(limit, 65_536), columns=wanted):
                    batches.append(batch)
                    count += len(batch)
                    if count >= limit:
                        break
                schema = file.schema_arrow
                schema = pa.schema([schema.field(column) for column in wanted])
                table = pa.Table.from_batches(batches, schema=schema).slice(0, limit)
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file.") from None
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path} is not a parquet file that can be read: {error}.") from None
    return arrow_frame(path, table, wanted)


def arrow_frame(source: str | os.PathLike[str], table: Any, columns: list[str]) -> pd.DataFrame:
    """An Arrow table's columns as a `pandas.DataFrame`, nested values as plain dicts and lists.

    Raises:
        DataError: `source`, which the table came from, has no rows.

    >>> import pyarrow as pa
    >>> answers = pa.array([{"text": ["a"], "answer_start": [0]}])
    >>> arrow_frame("squad", pa.table({"answers": answers}), ["answers"]).to_dict("records")
    [{'answers': {'text': ['a'], 'answer_start': [0]}}]
    """
    pa = _installed("pyarrow")
    _installed("pandas")
    if not table.num_rows:
        raise DataError(f"{os.fspath(source)} has no rows.")
    table = table.select(columns)
    frame: pd.DataFrame = table.to_pandas(ignore_metadata=True)
    for column in columns:
        if pa.types.is_nested(table.schema.field(column).type):
            # pandas would put numpy arrays in the dicts, which are no JSON and compare oddly.
            frame[column] = table[column].to_pylist()
    return frame


def listed(names: Iterable[object]) -> str:
    """Names in a message.

    >>> listed(["train", "validation"])
    'train, validation'
    """
    return ", ".join(map(str, names))
