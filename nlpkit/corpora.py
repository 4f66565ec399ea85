"""Data sets as tables: the caller's own files, the reference sets, any set on the hub.

Reference sets are read from a folder (`root`, or the environment variable ``NLPKIT_DATA``) and,
without one, from the Hugging Face hub. Column names and label numbers are the hub's, unchanged.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlpkit.errors import DataError, InputError
from nlpkit.tables import SUFFIXES, arrow_frame, checked_columns, listed, read_table

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Corpus:
    """Where a reference data set is and what is in it."""

    folder: str
    """Its folder below the root."""
    files: Mapping[str, str]
    """Split to file name, for the splits that the folder holds."""
    columns: tuple[str, ...]
    """The hub's columns."""
    hub: str | None = None
    """Its name on the hub; None for a set that is read from a folder only."""
    config: str | None = None
    """Its configuration on the hub."""
    labels: tuple[str, ...] | None = None
    """The names of labels 0, 1, ...; None where there are no classes."""


def _files(*splits: str, pattern: str = "{}.parquet", **renamed: str) -> dict[str, str]:
    return {split: pattern.format(split) for split in splits} | renamed


def _glue(
    task: str, columns: str, labels: str | None, files: dict[str, str] | None = None
) -> Corpus:
    return Corpus(
        folder=f"glue/{task}",
        files=files or _files("train", "validation"),
        columns=(*columns.split(), "label", "idx"),
        hub="nyu-mll/glue",
        config=task,
        labels=tuple(labels.split()) if labels else None,
    )


_SQUAD = ("id", "title", "context", "question", "answers")
_NEWS = ("article", "highlights", "id")

CORPORA: Mapping[str, Corpus] = {
    "squad": Corpus("squad/v1.1", _files("train", "validation"), _SQUAD, "rajpurkar/squad"),
    "squad_v2": Corpus("squad/v2.0", _files("train", "validation"), _SQUAD, "rajpurkar/squad_v2"),
    "nq_qed": Corpus("qa/nq_qed", _files("train", "validation"), _SQUAD),
    "glue/cola": _glue("cola", "sentence", "unacceptable acceptable"),
    "glue/sst2": _glue("sst2", "sentence", "negative positive"),
    "glue/mrpc": _glue("mrpc", "sentence1 sentence2", "not_equivalent equivalent"),
    "glue/stsb": _glue("stsb", "sentence1 sentence2", None),
    "glue/rte": _glue("rte", "sentence1 sentence2", "entailment not_entailment"),
    "glue/wnli": _glue("wnli", "sentence1 sentence2", "not_entailment entailment"),
    "glue/qnli": _glue(
        "qnli",
        "question sentence",
        "entailment not_entailment",
        _files("validation", train="train_rebuilt.parquet"),
    ),
    "glue/mnli": _glue(
        "mnli",
        "premise hypothesis",
        "entailment neutral contradiction",
        _files("train", "validation_matched"),
    ),
    "glue/qqp": _glue("qqp", "question1 question2", "not_duplicate duplicate"),
    "cnn_dailymail": Corpus(
        "summarization/cnn_dailymail",
        _files("train", "validation", "test"),
        _NEWS,
        "abisee/cnn_dailymail",
        "3.0.0",
    ),
    # Row by row the sources of `cnn_dailymail`'s articles in the folder, for joining the two sets.
    "cnn_dailymail_sources": Corpus(
        "summarization/cnn_dailymail",
        _files("train", "validation", "test", pattern="{}_sources.parquet"),
        ("id", "source", "in_tokenized_train"),
    ),
    "cnn_dailymail_tokenized": Corpus(
        "summarization/cnn_dailymail_tokenized", _files("train", "validation"), _NEWS
    ),
    "scisummnet": Corpus(
        "summarization/scisummnet",
        _files("train", "validation", "test"),
        ("document", "summary", "id", "title", "abstract"),
    ),
}
"""The reference data sets by name."""


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
        split: which part; None is "train". A single file has no parts.
        root: the folder of the reference sets; None takes the environment variable NLPKIT_DATA,
            and where that is not set either, the hub.
        columns: the columns wanted, in this order; None gives all.
        limit: at most so many rows, from the first on.

    In CSV and TSV a column is made of numbers only if all its values are plain numbers ("007" and
    "NA" stay texts); nested columns, as SQuAD's answers, are plain dicts and lists.

    Raises:
        DataError: an unknown name or split, a missing file, a column that is not there, content
            that is malformed, a data set without rows.
        InputError: a limit under 1.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "reviews.csv"
    ...     _ = path.write_text("text,label\n\"Good, and short.\",1\nDull.,0\n")
    ...     frame = read(path, columns=["text", "label"])
    >>> frame.to_dict("records")
    [{'text': 'Good, and short.', 'label': 1}, {'text': 'Dull.', 'label': 0}]
    """
    if limit is not None and (type(limit) is not int or limit < 1):  # True is no limit
        raise InputError(f"limit is {limit!r}; allowed is None or a whole number from 1 on.")
    name = os.fspath(name_or_path)
    corpus = CORPORA.get(name)
    if corpus is not None:
        folder = root or os.environ.get("NLPKIT_DATA")
        if folder:
            path = _corpus_file(name, corpus, split or "train", Path(folder).expanduser())
            frame = read_table(path, columns, limit, expected=corpus.columns)
        elif corpus.hub is not None:
            frame = _read_hub(corpus.hub, corpus.config, split or "train", columns, limit)
        else:
            raise DataError(
                f"The data set {name!r} is not on the hub: give the folder that holds "
                f"{corpus.folder} (--data, or the environment variable NLPKIT_DATA)."
            )
    else:
        path = Path(name).expanduser()
        if name and path.is_dir():
            frame = read_table(_split_file(path, split or "train"), columns, limit)
        elif path.is_file() or path.suffix.lower() in SUFFIXES:
            if split is not None:
                raise DataError(f"{path} is one file and has no split {split!r}; leave it out.")
            frame = read_table(path, columns, limit)
        else:
            hub, config = _hub_name(name)
            frame = _read_hub(hub, config, split or "train", columns, limit)
    return frame


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
            part = values[start : start + 10_000]
            digest.update(json.dumps(part, sort_keys=True, default=_plain).encode())
    return digest.hexdigest()[:16]


def _plain(value: Any) -> Any:
    """What JSON has no type for: arrays and numbers of numpy, missing values, dates, bytes."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


# Finding the file


def _corpus_file(name: str, corpus: Corpus, split: str, root: Path) -> Path:
    if split not in corpus.files:
        raise DataError(
            f"The data set {name!r} has no split {split!r}; there are {listed(corpus.files)}."
        )
    path = root / corpus.folder / corpus.files[split]
    if path.is_file():
        return path
    raise DataError(f"{path}: there is no such file{_surroundings(path, root)}.")


def _surroundings(path: Path, root: Path) -> str:
    """What there is in the innermost folder of `path`, from `root` on, that exists."""
    folder = path.parent
    while not folder.is_dir():
        if folder == root or folder == folder.parent:
            return f", nor a folder {root}"
        folder = folder.parent
    names = sorted(f"{entry.name}/" if entry.is_dir() else entry.name for entry in folder.iterdir())
    shown = listed(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
    return f"; {folder} has {shown or 'nothing in it'}"


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


def _read_hub(
    hub: str, config: str | None, split: str, columns: Sequence[str] | None, limit: int | None
) -> pd.DataFrame:
    source = f"{hub}:{config}" if config else hub
    try:
        import datasets
    except ImportError:
        raise DataError(
            f"Reading {source!r} from the hub needs the package datasets: pip install nlpkit[hub]; "
            f"or give a folder with the data (--data, or the environment variable NLPKIT_DATA)."
        ) from None
    try:
        data = datasets.load_dataset(hub, config, split=split)
    except Exception as error:  # the hub's client raises errors of many packages
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise DataError(
            f"The split {split!r} of {source!r} cannot be read from the hub: {lines[0]}"
        ) from error
    wanted = checked_columns(source, data.column_names, columns)
    if limit is not None:
        data = data.select(range(min(limit, len(data))))
    return arrow_frame(source, data.with_format("arrow")[:], wanted)
