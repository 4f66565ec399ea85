"""Data sets as tables: the caller's own files, the reference sets, any set on the hub.

Reference sets are read from a folder (`root`, or the environment variable ``NLPKIT_DATA``) and,
without one, from the Hugging Face hub. Column names and label numbers are the hub's, unchanged.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Sequence
from json.encoder import encode_basestring_ascii
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from nlpkit.errors import DataError, InputError, InputTypeError
from nlpkit.hub import hub_dataset, hub_frame, table_dataset
from nlpkit.reference_sets import CORPORA, Corpus, corpus_file, corpus_split
from nlpkit.tables import SUFFIXES, checked_columns, checked_labels, listed, read_table

if TYPE_CHECKING:
    import datasets
    import pandas as pd

__all__ = [
    "CORPORA",
    "Corpus",
    "check_labelled",
    "check_limit",
    "fingerprint",
    "label_names",
    "load",
    "names_file",
    "read",
    "shown_name",
    "true_split",
]


class _Source(NamedTuple):
    """Where the rows come from: a file or the hub."""

    name: str
    corpus: Corpus | None
    split: str | None
    path: Path | None = None
    hub: str = ""
    config: str | None = None


def read(
    name_or_path: str | os.PathLike[str],
    split: str | None = None,
    *,
    root: str | os.PathLike[str] | None = None,
    columns: Sequence[str] | None = None,
    limit: int | None = None,
) -> pd.DataFrame:
    r"""A data set, one example a row.

    Args:
        name_or_path: a name in `CORPORA`; or a file (.csv, .tsv, .jsonl, .json, .parquet; a .json
            file is a list of objects or SQuAD's own format); or a folder with one such file for
            each split (``train.csv``, ``validation.csv``); or a data set on the hub, as
            ``owner/name`` or ``owner/name:configuration``.
        split: which part; None is "train" (see `true_split`). A single file has no parts.
        root: the folder of the reference sets; None takes the environment variable NLPKIT_DATA,
            and where that is not set either, the hub.
        columns: the columns wanted, in this order; None gives all.
        limit: at most so many rows, from the first on.

    In CSV and TSV a column is made of numbers only if all its values are plain numbers ("007" and
    "NA" stay texts); nested columns, as SQuAD's answers, are plain dicts and lists. Labels of a
    reference set are numbers, -1 where there is none; a file that has their names is understood.

    Raises:
        DataError: an unknown name or split, a missing file, a column that is not there, content
            that is malformed, a label that the reference set does not have, no rows.
        InputError: a limit under 1.
        InputTypeError: a split that is no text.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "reviews.csv"
    ...     _ = path.write_text("text,label\n\"Good, and short.\",1\nDull.,0\n")
    ...     frame = read(path, columns=["text", "label"])
    >>> frame.to_dict("records")
    [{'text': 'Good, and short.', 'label': 1}, {'text': 'Dull.', 'label': 0}]
    """
    check_limit(limit)
    source = _found(name_or_path, split, root)
    labels = source.corpus.labels if source.corpus else None
    if source.path is None:
        wanted = source.split or "train"
        frame = hub_frame(source.hub, source.config, wanted, columns, limit, labels)
    else:
        frame = _file_frame(source.path, source.corpus, columns, limit)
    if labels is not None and "label" in frame:
        place = source.path or source.name
        frame["label"] = checked_labels(place, frame["label"], labels)
    return frame


def load(
    name_or_path: str | os.PathLike[str],
    split: str | None = None,
    *,
    root: str | os.PathLike[str] | None = None,
    limit: int | None = None,
) -> datasets.Dataset:
    r"""A data set as a `datasets.Dataset`: the rows of `read`, with the hub's features.

    Labels of a reference set are a `ClassLabel` with the hub's names, SQuAD's answers are lists
    of texts and of starts (int32). Needs the package datasets; a set in a folder or file needs no
    network.

    Args:
        name_or_path: as in `read`.
        split: as in `read`; the true name is the `split` of what comes back.
        root: as in `read`.
        limit: at most so many rows, from the first on.

    Raises:
        DataError: as `read`; a column whose values are of several kinds; datasets is missing.
        InputError: a limit under 1.
        InputTypeError: a split that is no text.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "glue" / "rte" / "validation.csv"
    ...     path.parent.mkdir(parents=True)
    ...     _ = path.write_text("sentence1,sentence2,label,idx\nIt rains.,It is wet.,0,0\n")
    ...     data = load("glue/rte", "validation", root=folder)
    >>> data.features["label"].names, data["label"][0]
    (['entailment', 'not_entailment'], 0)
    """
    check_limit(limit)
    source = _found(name_or_path, split, root)
    names = source.corpus.labels if source.corpus else None
    if source.path is None:
        wanted = source.split or "train"
        return hub_dataset(source.hub, source.config, wanted, limit, names)
    frame = read(name_or_path, split, root=root, limit=limit)
    return table_dataset(str(source.path), frame, source.split, names)


def true_split(name_or_path: str | os.PathLike[str], split: str | None = None) -> str | None:
    """The name of the split that `read` and `load` take; None for a single file.

    None is "train". MNLI's "validation" and "test" are "validation_matched" and "test_matched".

    Raises:
        DataError: a reference set without that split, a split of a single file.
        InputTypeError: a split that is no text.

    >>> true_split("glue/mnli", "validation"), true_split("squad"), true_split("mine.csv")
    ('validation_matched', 'train', None)
    """
    if split is not None and not isinstance(split, str):
        raise InputTypeError(f"split is {split!r}; allowed is a text, such as 'train', or None.")
    name = os.fspath(name_or_path)
    if name in CORPORA:
        return corpus_split(name, split)
    if names_file(name):
        if split is not None:
            path = Path(name).expanduser()
            raise DataError(f"{path} is one file and has no split {split!r}; leave it out.")
        return None
    return split or "train"


def names_file(name_or_path: str | os.PathLike[str]) -> bool:
    """Whether a name is that of one file, which has no splits: not of a folder or a named set.

    A file that is not there goes by its ending.

    >>> names_file("mine.csv"), names_file("glue/sst2"), names_file(".")
    (True, False, False)
    """
    name = os.fspath(name_or_path)
    path = Path(name).expanduser()
    if name in CORPORA or path.is_dir():
        return False
    return path.is_file() or path.suffix.lower() in SUFFIXES


def label_names(name: str) -> tuple[str, ...] | None:
    """The names of labels 0, 1, ... of a reference data set, in the hub's order.

    None for a set without classes (STS-B, SQuAD) and for any name that is not in `CORPORA`.

    >>> label_names("glue/mnli")
    ('entailment', 'neutral', 'contradiction')
    >>> label_names("glue/stsb") is None
    True
    """
    corpus = CORPORA.get(name)
    return corpus.labels if corpus else None


def check_labelled(frame: pd.DataFrame, source: str, column: str = "label") -> None:
    """See that a table has labels to evaluate against.

    A label is missing where it is -1, as in GLUE's test sets, None or NaN.

    Raises:
        DataError: there is no such column, or every label in it is missing.

    >>> import pandas as pd
    >>> check_labelled(pd.DataFrame({"label": [-1, -1]}), "glue/sst2:test")
    Traceback (most recent call last):
    nlpkit.errors.DataError: glue/sst2:test has no labels: all 2 values of 'label' are -1 or empty.
    """
    checked_columns(source, list(map(str, frame.columns)), [column])
    for value in frame[column].tolist():
        if isinstance(value, int | float):
            if value not in (-1, -1.0) and value == value:  # NaN is no label
                return
        elif value is not None:
            return
    raise DataError(
        f"{source} has no labels: all {len(frame)} values of {column!r} are -1 or empty."
    )


def shown_name(name_or_path: str | os.PathLike[str]) -> str:
    """What signatures and reports call a data set: of a file or folder the last part only.

    A signature shall be the same on every machine, and where data lies is nobody's business.

    >>> shown_name("own/reviews.csv"), shown_name("glue/sst2")
    ('reviews.csv', 'glue/sst2')
    """
    name = os.fspath(name_or_path)
    path = Path(name).expanduser()
    local = name not in CORPORA and (path.exists() or path.suffix.lower() in SUFFIXES)
    return path.resolve().name if local else name


def fingerprint(frame: pd.DataFrame) -> str:
    """Sixteen hexadecimal digits for the content of a table: column names and values, in order.

    The same content gives the same digits in every process, whatever the number types (an int32
    and an int64 column of the same numbers are the same) and the index.

    >>> import pandas as pd
    >>> fingerprint(pd.DataFrame({"text": ["a", "b"], "label": [0, 1]}))
    '22a57585fcd6a903'
    """
    digest = hashlib.sha256(f"{len(frame)}\n".encode())
    for column in frame.columns:
        digest.update(json.dumps(str(column)).encode())
        values = frame[column].tolist()
        for start in range(0, len(values), 10_000):  # bounds the memory of the JSON text
            digest.update(_json(values[start : start + 10_000]).encode())
    return digest.hexdigest()[:16]


def _json(values: list[Any]) -> str:
    """`json.dumps`, but a text that comes again (a context, for each question) is written once."""
    written: dict[str, str] = {}
    parts = []
    for value in values:
        if type(value) is not str:
            return json.dumps(values, sort_keys=True, default=_plain)
        part = written.get(value)
        if part is None:
            part = written[value] = encode_basestring_ascii(value)
        parts.append(part)
    return f"[{', '.join(parts)}]"


def _plain(value: Any) -> Any:
    """What JSON has no type for: arrays and numbers of numpy, missing values, dates, bytes."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


# Finding the rows


def check_limit(limit: int | None) -> None:
    """See that a number of rows is one.

    Raises:
        InputError: it is not None or a whole number from 1 on.
    """
    if limit is not None and (type(limit) is not int or limit < 1):  # True is no limit
        raise InputError(f"limit is {limit!r}; allowed is None or a whole number from 1 on.")


def _found(
    name_or_path: str | os.PathLike[str],
    split: str | None,
    root: str | os.PathLike[str] | None,
) -> _Source:
    name = os.fspath(name_or_path)
    wanted = true_split(name_or_path, split)
    corpus = CORPORA.get(name)
    if corpus is not None:
        assert wanted is not None
        folder = root or os.environ.get("NLPKIT_DATA")
        if folder:
            file = corpus_file(name, wanted, Path(folder).expanduser())
            return _Source(name, corpus, wanted, file)
        if corpus.hub is None:
            raise DataError(
                f"The data set {name!r} is not on the hub: give the folder that holds "
                f"{corpus.folder} (--data, or the environment variable NLPKIT_DATA)."
            )
        return _Source(name, corpus, wanted, None, corpus.hub, corpus.config)
    path = Path(name).expanduser()
    if wanted is None:
        return _Source(name, None, None, path)
    if name and path.is_dir():
        return _Source(name, None, wanted, _split_file(path, wanted))
    hub, config = _hub_name(name)
    return _Source(name, None, wanted, None, hub, config)


def _file_frame(
    path: Path, corpus: Corpus | None, columns: Sequence[str] | None, limit: int | None
) -> pd.DataFrame:
    if corpus is None:
        return read_table(path, columns, limit)
    if path.suffix.lower() == ".parquet":
        return read_table(path, columns, limit, expected=corpus.columns)
    frame = read_table(path, None, limit)
    there = list(map(str, frame.columns))
    checked_columns(path, there, corpus.columns)
    return frame[checked_columns(path, there, columns)]


def _split_file(folder: Path, split: str) -> Path:
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    chosen = [path for path in found if path.stem == split]
    if len(chosen) == 1:
        return chosen[0]
    if chosen:
        raise DataError(f"{folder} has several files for the split {split!r}: {listed(chosen)}.")
    there = listed(path.stem for path in found)
    raise DataError(
        f"{folder} has no file for the split {split!r}; "
        + (f"there are {there}." if there else f"allowed are {split} with {listed(SUFFIXES)}.")
    )


def _hub_name(name: str) -> tuple[str, str | None]:
    owner = name.partition("/")[0]
    local = any(known.startswith(f"{owner}/") for known in CORPORA)
    if local or not re.fullmatch(r"[\w-][\w.-]*/[\w-][\w.-]*(:[\w.-]+)?", name):
        raise DataError(
            f"There is no file or data set {name!r}; allowed are a file ({listed(SUFFIXES)}), "
            f"owner/name on the hub, or one of {listed(CORPORA)}."
        )
    hub, _, config = name.partition(":")
    return hub, config or None
