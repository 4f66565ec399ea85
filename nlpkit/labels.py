"""A data set's labels as the numbers that a head is trained on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from nlpkit.errors import DataError
from nlpkit.recipe import Recipe

# Stands for no label, as in GLUE's test sets.
NO_LABEL = -1


def label_target(label: Any, recipe: Recipe, row: int) -> list[float] | None:
    """A row's label as numbers; None for GLUE's -1, which says that there is none.

    In regression -1 is a number like others, unless the range of values leaves it out.

    Raises:
        DataError: when it is not one of the recipe's labels, or not a number for regression.
    """
    head = recipe.head
    if head.kind == "regression":
        value = _number(label, row)
        low, high = head.range or (0.0, 1.0)
        if value == -1 and head.range is not None and low > -1:
            return None
        return [(value - low) / (high - low)]
    if head.kind == "multi_label":
        names = (
            list(label) if isinstance(label, Iterable) and not isinstance(label, str) else [label]
        )
        chosen = {label_index(name, head.labels, row) for name in names}
        return [float(index in chosen) for index in range(len(head.labels))]
    if not isinstance(label, str) and label == NO_LABEL:
        return None
    return [float(label_index(label, head.labels, row))]


def _number(label: Any, row: int) -> float:
    try:
        value = float(label)
    except (TypeError, ValueError):
        value = float("nan")
    if not np.isfinite(value):
        raise DataError(f"the label of row {row} is {label!r}; regression needs a finite number")
    return value


def label_index(label: Any, names: Sequence[str], row: int) -> int:
    """The number of a label that is given by name or by number.

    Raises:
        DataError: when it is neither.
    """
    # Names first: where they are numbers themselves ("1" to "5" stars), a file gives 1 for "1",
    # or 1.0 where another row has none. A number is then never a place: 0 is none of the stars.
    number = isinstance(label, int | float | np.number) and label == label
    whole = number and abs(label) < 2**53 and label == int(label)
    for name in (str(label), str(int(label)) if whole else str(label)):
        if name in names:
            return names.index(name)
    numbered = any(name.lstrip("-").isdecimal() for name in names)
    if whole and not numbered and 0 <= label < len(names):
        return int(label)
    places = "" if numbered else f" (or 0 to {len(names) - 1})"
    raise DataError(
        f"the label of row {row} is {label!r}; the recipe knows {', '.join(map(repr, names))}"
        f"{places}"
    )
