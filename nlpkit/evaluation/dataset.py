"""A data set ready to be evaluated on: its rows, what is right, and its fingerprint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlpkit import corpora
from nlpkit.errors import DataError, InputTypeError
from nlpkit.evaluation.goal import Goal
from nlpkit.evaluation.gold import check_rows, gold_of
from nlpkit.rows import renamed

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class EvaluationSet:
    """Rows with what is right for each.

    Attributes:
        name: the data set, or the file's name.
        split: which part; None for a file or a frame.
        goal: what is to be predicted.
        frame: the rows, with the columns of `nlpkit.rows.COLUMNS`.
        gold: for classification the right label (or labels, or number) of each row.
        content: fingerprint of the rows.
        unlabelled: how many rows were left out, as they have no label.
    """

    name: str
    split: str | None
    goal: Goal
    frame: pd.DataFrame
    gold: Sequence[Any]
    content: str
    unlabelled: int = 0


def open_set(
    dataset: Any,
    goal: Goal,
    *,
    split: str | None = None,
    data: str | Path | None = None,
    limit: int | None = None,
    name: str | None = None,
) -> EvaluationSet:
    """Opens a data set for evaluation.

    Args:
        dataset: a name or a file (`nlpkit.corpora.read`), a data frame or a `datasets.Dataset`.
        goal: what is to be predicted.
        split: of a named set; None is `validation`.
        data: folder of the reference sets; None takes `NLPKIT_DATA`.
        limit: at most so many rows, from the first on.
        name: what to call a data frame.

    Rows of a classification set that have no label (GLUE's -1) are left out.

    Raises:
        DataError: the set cannot be read, lacks a column or has one twice, has no labels or others
            than the goal, or summaries or answers that nothing can be held against.
        InputError: a limit under 1.
        InputTypeError: `dataset` is something else.
    """
    names: Sequence[str] | None = None
    if isinstance(dataset, str | Path):
        source = str(dataset)
        single = corpora.true_split(source) is None
        asked = split if single else split or "validation"
        frame = corpora.read(source, asked, root=data, limit=limit)
        split = corpora.true_split(source, asked)
        names = corpora.label_names(source)
        if source not in corpora.CORPORA and not Path(source).expanduser().exists():
            # A set of the hub names its labels itself.
            names = _names(corpora.load(source, asked, root=data, limit=1).features, goal)
        said = corpora.shown_name(source)
    else:
        corpora.check_limit(limit)
        frame, names = _table(dataset, goal)
        said = name or "the data frame"
        if split is not None:
            raise DataError(f"{said} has no splits, and so no {split!r}; leave it out.")
        frame = frame if limit is None else frame.iloc[:limit]
    _check_columns(frame, said)
    rows = renamed(frame, goal.task, said, pair=goal.pair, columns=goal.columns)
    if len(rows) == 0:
        raise DataError(f"{said} has no rows to evaluate on")
    rows = rows.reset_index(drop=True)
    gold: Sequence[Any] = ()
    there = len(rows)
    if goal.task == "classification":
        gold, kept = gold_of(list(rows["label"]), goal, names, said)
        rows = rows.iloc[kept].reset_index(drop=True)
    else:
        rows = check_rows(rows, goal.task, said)
    content = corpora.fingerprint(rows)
    return EvaluationSet(said, split, goal, rows, gold, content, there - len(rows))


def _check_columns(frame: pd.DataFrame, source: str) -> None:
    columns = list(map(str, frame.columns))
    for column in columns:
        if columns.count(column) > 1:
            raise DataError(f"{source} has the column {column!r} more than once.")


def _names(features: Mapping[str, Any], goal: Goal) -> Sequence[str] | None:
    """The names of labels 0, 1, ... that a `datasets.Dataset` knows, of one label or of lists."""
    column = (goal.columns or {}).get("label", "label")
    feature = features.get(column if column in features else "label")
    found = getattr(feature, "names", None) or getattr(
        getattr(feature, "feature", None), "names", None
    )
    return list(found) if found else None


def _table(dataset: Any, goal: Goal) -> tuple[pd.DataFrame, Sequence[str] | None]:
    """A data frame, or a `datasets.Dataset` as one, with the names of its labels."""
    import pandas as pd

    if isinstance(dataset, pd.DataFrame):
        return dataset, None
    if hasattr(dataset, "to_pandas") and hasattr(dataset, "features"):
        rows = list(dataset)  # to_pandas would make arrays of answers
        return pd.DataFrame(rows, columns=list(dataset.features)), _names(dataset.features, goal)
    raise InputTypeError(
        f"the data set is of type {type(dataset).__name__}; it must be a name, a file, a "
        "data frame or a datasets.Dataset"
    )
