"""A data set ready to be evaluated on: its rows, what is right, and its fingerprint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from nlpkit import corpora
from nlpkit.errors import DataError, InputError, InputTypeError
from nlpkit.labels import label_index
from nlpkit.rows import renamed
from nlpkit.tables import SUFFIXES

if TYPE_CHECKING:
    import pandas as pd

    from nlpkit.recipe import Recipe

Kind = Literal["summarization", "question_answering", "labels", "multi_label", "regression"]


@dataclass(frozen=True, slots=True)
class Goal:
    """What is to be predicted.

    Attributes:
        kind: the task, and for classification the kind of label.
        labels: all labels, in the order of their numbers.
        pair: whether the texts come in pairs.
        columns: what a data set calls the columns, where it is not as usual (`nlpkit.rows`).
        owner: the pipeline whose goal it is, for errors.
    """

    kind: Kind
    labels: tuple[str, ...] = ()
    pair: bool = False
    columns: Mapping[str, str] | None = None
    owner: str = ""

    @property
    def task(self) -> str:
        """`summarization`, `question_answering` or `classification`."""
        classes = self.kind in ("labels", "multi_label", "regression")
        return "classification" if classes else self.kind

    @classmethod
    def of(cls, recipe: Recipe) -> Goal:
        """The goal of a pipeline."""
        kind: Any = recipe.head.kind if recipe.task == "classification" else recipe.task
        columns = recipe.data.columns if recipe.data is not None else None
        return cls(kind, recipe.head.labels, recipe.pair, columns, recipe.name)


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
    """

    name: str
    split: str | None
    goal: Goal
    frame: pd.DataFrame
    gold: Sequence[Any]
    content: str


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
        DataError: the set cannot be read, lacks a column, has no labels or others than the goal.
        InputTypeError: `dataset` is something else.
    """
    names: Sequence[str] | None = None
    if isinstance(dataset, str | Path):
        source = str(dataset)
        single = Path(source).suffix.lower() in SUFFIXES
        asked = split if single else split or "validation"
        frame = corpora.read(source, asked, root=data, limit=limit)
        split = corpora.true_split(source, asked)
        names = corpora.label_names(source)
        if names is None and "/" in source and not Path(source).expanduser().exists():
            # A set of the hub names its labels itself.
            names = corpora.load(source, asked, root=data, limit=1).features.get("label")
            names = getattr(names, "names", None)
        said = Path(source).name if single else source
    else:
        frame, names = _table(dataset)
        said = name or "the data frame"
        frame = frame if limit is None else frame.iloc[:limit]
    rows = renamed(frame, goal.task, said, pair=goal.pair, columns=goal.columns)
    if len(rows) == 0:
        raise DataError(f"{said} has no rows to evaluate on")
    rows = rows.reset_index(drop=True)
    gold: Sequence[Any] = ()
    if goal.task == "classification":
        gold, kept = gold_of(list(rows["label"]), goal, names, said)
        rows = rows.iloc[kept].reset_index(drop=True)
    return EvaluationSet(said, split, goal, rows, gold, corpora.fingerprint(rows))


def _table(dataset: Any) -> tuple[pd.DataFrame, Sequence[str] | None]:
    """A data frame, or a `datasets.Dataset` as one, with the names of its labels."""
    import pandas as pd

    if isinstance(dataset, pd.DataFrame):
        return dataset, None
    if hasattr(dataset, "to_pandas") and hasattr(dataset, "features"):
        label = dataset.features.get("label")
        return pd.DataFrame(dataset.to_list()), getattr(label, "names", None)
    raise InputTypeError(
        f"the data set is of type {type(dataset).__name__}; it must be a name, a file, a "
        "data frame or a datasets.Dataset"
    )


def gold_of(
    values: list[Any], goal: Goal, names: Sequence[str] | None, source: str
) -> tuple[list[Any], list[int]]:
    """What is right in each row that has a label, and which rows those are.

    Args:
        values: the labels as the data set has them.
        goal: what they are.
        names: the data set's names of labels 0, 1, ..., where it has any: labels are matched by
            name, never by number.
        source: the data set, for errors.

    Raises:
        DataError: no row has a label, or one that the goal does not know.
    """
    if goal.kind == "regression" and all(_absent(value) for value in values):
        raise DataError(f"no row of {source} has a label, so there is nothing to evaluate against")
    if goal.kind == "regression":
        return [_number(value, row, source) for row, value in enumerate(values)], list(
            range(len(values))
        )
    if goal.kind == "multi_label":
        sets = [[v] if isinstance(v, str) else list(v) for v in values]
        _check_known([v for value in sets for v in value], goal, names, source)
        return [[_name(v, goal, names, 0) for v in value] for value in sets], list(
            range(len(values))
        )
    kept = [row for row, value in enumerate(values) if not _absent(value)]
    if not kept:
        raise DataError(f"no row of {source} has a label, so there is nothing to evaluate against")
    _check_known([values[row] for row in kept], goal, names, source)
    return [_name(values[row], goal, names, row) for row in kept], kept


def _name(value: Any, goal: Goal, names: Sequence[str] | None, row: int) -> str:
    """A label's name; numbers are the data set's own where it names them."""
    if names is not None and not isinstance(value, str):
        value = names[label_index(value, names, row)]
    return goal.labels[label_index(value, goal.labels, row)]


def _absent(value: Any) -> bool:
    """Whether a label is missing: -1, as in GLUE's test sets, None or NaN."""
    return value is None or (not isinstance(value, str) and (value == -1 or value != value))


def _check_known(values: list[Any], goal: Goal, names: Sequence[str] | None, source: str) -> None:
    try:
        for value in set(values):
            _name(value, goal, names, 0)
    except (InputError, DataError, IndexError, TypeError, ValueError):
        there = sorted({str(v) for v in values}) if names is None else list(names)
        owner = f"the pipeline {goal.owner!r}" if goal.owner else "the task"
        shown = ", ".join(map(repr, there[:20])) + (", ..." if len(there) > 20 else "")
        raise DataError(
            f"{source} has the labels {shown}, and {owner} knows "
            f"{', '.join(map(repr, goal.labels))}"
        ) from None


def _number(value: Any, row: int, source: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not -float("inf") < number < float("inf"):
        raise DataError(
            f"the label of row {row} of {source} is {value!r}; regression needs a finite number"
        )
    return number
