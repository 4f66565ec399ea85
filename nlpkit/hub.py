"""The package `datasets`: sets on the Hugging Face hub, and tables as `datasets.Dataset`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from nlpkit.errors import DataError
from nlpkit.tables import arrow_frame, checked_columns, listed

if TYPE_CHECKING:
    import datasets
    import pandas as pd


def hub_frame(
    hub: str,
    config: str | None,
    split: str,
    columns: Sequence[str] | None = None,
    limit: int | None = None,
    labels: Sequence[str] | None = None,
) -> pd.DataFrame:
    """A split of a set on the hub as a table: `columns` of `hub_dataset`, or all.

    Raises:
        DataError: as `hub_dataset`; a column that is not there, no rows.
    """
    data = hub_dataset(hub, config, split, limit, labels)
    source = _shown(hub, config)
    wanted = checked_columns(source, data.column_names, columns)
    return arrow_frame(source, data.with_format("arrow")[:], wanted)


def hub_dataset(
    hub: str,
    config: str | None,
    split: str,
    limit: int | None = None,
    labels: Sequence[str] | None = None,
) -> datasets.Dataset:
    """A split of a set on the hub.

    Args:
        hub: `owner/name`.
        config: its configuration, None where it has one only.
        split: which part.
        limit: at most so many rows, from the first on.
        labels: what the names of its column `label` have to be, in order.

    Raises:
        DataError: it cannot be read, or its labels are others; datasets is missing.
    """
    source = _shown(hub, config)
    package = _datasets(
        f"Reading {source!r} from the hub",
        "; or give a folder with the data (--data, or the environment variable NLPKIT_DATA)",
    )
    try:
        try:
            data = package.load_dataset(hub, config, split=split)
        except RuntimeError as error:
            if "scripts are no longer supported" not in str(error):
                raise
            # Sets that are still a script (XSum's is) have the hub's own parquet copy.
            data = package.load_dataset(hub, config, split=split, revision="refs/convert/parquet")
    except Exception as error:  # the hub's client raises errors of many packages
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise DataError(
            f"The split {split!r} of {source!r} cannot be read from the hub: {lines[0]}"
        ) from error
    there = getattr(data.features.get("label"), "names", None)
    if labels is not None and there is not None and list(there) != list(labels):
        raise DataError(
            f"{source} has the labels {listed(there)}; expected were {listed(labels)}, in this "
            f"order."
        )
    if limit is not None:
        data = data.select(range(min(limit, len(data))))
    return cast("datasets.Dataset", data)


def table_dataset(
    source: str, frame: pd.DataFrame, split: str | None, labels: Sequence[str] | None
) -> datasets.Dataset:
    """A table as a `datasets.Dataset`.

    Args:
        source: where the table came from, for errors.
        frame: the rows.
        split: the split that they are.
        labels: the names of the numbers in the column `label`, if there are any.

    Raises:
        DataError: a column holds values of several kinds, or text that is no UTF-8; datasets is
            missing.

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"text": ["Good."], "label": [1]})
    >>> table_dataset("mine", frame, "train", ["bad", "good"]).features["label"].int2str(1)
    'good'
    """
    package = _datasets("A datasets.Dataset")
    import pyarrow as pa

    features = package.Features()
    columns = []
    for column in map(str, frame.columns):
        try:
            part = pa.Table.from_pandas(frame[[column]], preserve_index=False)
            feature = _feature(package, column, part, frame[column].iloc[0], labels)
            schema = package.Features({column: feature}).arrow_schema
            columns.append(package.table.table_cast(part, schema).column(0))
        except UnicodeEncodeError:
            raise DataError(f"{source}: {column!r} has a text that is no Unicode.") from None
        except (pa.ArrowException, TypeError) as error:
            raise DataError(
                f"{source}: the values of {column!r} are not all of one kind: "
                f"{str(error).splitlines()[0]}"
            ) from None
        features[column] = feature
    table = pa.table(columns, schema=features.arrow_schema)
    name = None if split is None else package.NamedSplit(split)
    return cast("datasets.Dataset", package.Dataset(table, split=name))


def _feature(package: Any, column: str, part: Any, first: Any, labels: Sequence[str] | None) -> Any:
    """What a column of a table is: the hub's classes and answers, otherwise what it holds."""
    if column == "label" and labels is not None:
        return package.ClassLabel(names=list(labels))
    if column == "answers" and isinstance(first, dict) and set(first) == {"text", "answer_start"}:
        texts, starts = package.Value("string"), package.Value("int32")
        return {"text": package.List(texts), "answer_start": package.List(starts)}
    feature = package.Features.from_arrow_schema(part.schema)[column]
    return package.Value("string") if feature == package.Value("large_string") else feature


def _shown(hub: str, config: str | None) -> str:
    return f"{hub}:{config}" if config else hub


def _datasets(what: str, otherwise: str = "") -> Any:
    try:
        import datasets
    except ImportError:
        raise DataError(
            f"{what} needs the package datasets: pip install nlpkit[hub]{otherwise}."
        ) from None
    return datasets
