"""What is right in each row of a data set, checked before anything is predicted."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

from nlpkit.errors import DataError, InputError
from nlpkit.labels import label_index
from nlpkit.rows import answers_of

if TYPE_CHECKING:
    import pandas as pd

    from nlpkit.evaluation.goal import Goal

_ROUGE_WORD = re.compile(r"[a-z0-9]")
_WORD = re.compile(r"\w")


def gold_of(
    values: Sequence[Any], goal: Goal, names: Sequence[str] | None, source: str
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
    values = [value.tolist() if hasattr(value, "tolist") else value for value in values]
    kept = [row for row, value in enumerate(values) if not absent(value)]
    if not kept:
        raise DataError(f"no row of {source} has a label, so there is nothing to evaluate against")
    if goal.kind == "regression":
        # A number that is missing among others is as likely a mistake as a test set's -1.
        return [_number(value, row, source) for row, value in enumerate(values)], list(
            range(len(values))
        )
    if goal.kind == "multi_label":
        sets = [_several(values[row]) for row in kept]
        _check_known([label for labels in sets for label in labels], goal, names, source)
        return [[_name(label, goal, names) for label in labels] for labels in sets], kept
    _check_known([values[row] for row in kept], goal, names, source)
    return [_name(values[row], goal, names) for row in kept], kept


def absent(value: Any) -> bool:
    """Whether a label is missing: -1, as in GLUE's test sets, None, NaN or an empty text.

    >>> [absent(value) for value in (-1, None, float("nan"), "", "no", 0, [])]
    [True, True, True, True, False, False, False]
    """
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(value, str):
        return not value.strip()
    return isinstance(value, Real) and (value == -1 or value != value)


def check_rows(rows: pd.DataFrame, task: str, source: str) -> pd.DataFrame:
    """The rows of summaries or answers, once each is known to have something to be held against.

    Answers come back in the hub's form, `{"text": [...], "answer_start": [...]}`.

    Raises:
        DataError: a document without a word; a reference summary that is no text or list of
            texts, or in which ROUGE sees no word; answers in another form.
    """
    if task == "question_answering":
        answers = [answers_of(value, row, source) for row, value in enumerate(rows["answers"])]
        return rows.assign(answers=answers)
    for row, (document, summary) in enumerate(zip(rows["document"], rows["summary"], strict=True)):
        if not _WORD.search(document):
            raise DataError(f"the document of row {row} of {source} has no word")
        parts = [summary] if isinstance(summary, str) else summary
        if not (isinstance(parts, list | tuple) and all(isinstance(p, str) for p in parts)):
            raise DataError(
                f"the summary of row {row} of {source} is {summary!r:.40}; it must be a text or a"
                " list of sentences"
            )
        if not any(part.strip() for part in parts):
            raise DataError(f"the summary of row {row} of {source} is empty")
        if not any(_ROUGE_WORD.search(part.lower()) for part in parts):
            raise DataError(
                f"the summary of row {row} of {source} has no word of a-z or 0-9, and ROUGE sees"
                " no others"
            )
    return rows


def _several(value: Any) -> list[Any]:
    if isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping):
        return list(value)
    return [value]


def _name(value: Any, goal: Goal, names: Sequence[str] | None) -> str:
    """A label's name; numbers are the data set's own where it names them."""
    if names is not None and not isinstance(value, str):
        place = int(value)
        if place != value or place < 0:
            raise InputError(f"{value!r} is no number of a label")
        value = names[place]
    return goal.labels[label_index(value, goal.labels, 0)]


def _check_known(values: list[Any], goal: Goal, names: Sequence[str] | None, source: str) -> None:
    try:
        for value in set(values):
            _name(value, goal, names)
    except (InputError, DataError, IndexError, TypeError, ValueError, OverflowError):
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
    except (TypeError, ValueError, OverflowError):
        number = float("nan")
    if not math.isfinite(number):
        raise DataError(
            f"the label of row {row} of {source} is {value!r}; regression needs a finite number"
        )
    return number
