"""Where a system is good and where it is not: scores by group, as small pure functions.

Questions by their type and texts by their length, chosen sentences by their place, predictions
by label. Each takes plain lists and gives a data frame or a list, in a fixed order.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nlpkit.errors import InputError
from nlpkit.evaluation.estimators import Floats
from nlpkit.evaluation.score import Score

if TYPE_CHECKING:
    import pandas as pd

QUESTION_TYPES = ("what", "who", "when", "where", "which", "how many", "how", "why", "other")
OTHER_LABELS = "(other labels)"
NO_LABEL = "(none)"

_ASKING = re.compile(
    r"\b(?:(?P<quantity>how\s+(?:many|much))"
    r"|(?P<who>who|whom|whose)"
    r"|(?P<plain>what|when|where|which|how|why))(?=\W|s\b|$)"
)
# A question that starts with one of these is answered by yes or no, whatever follows.
_YES_NO = re.compile(
    r"\W*(?:am|is|are|was|were|do|does|did|has|have|had|can|could|will|would|shall|should|may|"
    r"might|must)\b"
)


def question_type(question: str) -> str:
    """What an English question asks for, one of `QUESTION_TYPES`.

    The first question word decides, wherever it stands; `whom` and `whose` count as `who`, `how
    much` as `how many`. A question that starts with a verb such as `is` or `did`, and one without
    a question word, is `other`.

    >>> question_type("In which year did it open?"), question_type("How many people came?")
    ('which', 'how many')
    >>> question_type("Is that what he said?"), question_type("Whose bridge is it?")
    ('other', 'who')
    """
    lower = question.lower()
    if _YES_NO.match(lower):
        return "other"
    found = _ASKING.search(lower)
    if not found:
        return "other"
    if found["quantity"]:
        return "how many"
    return "who" if found["who"] else found["plain"]


def words(text: str) -> int:
    """How many words a text has: parts between white space.

    >>> words("Cracks in 11 of 164 hangers.")
    6
    """
    return len(text.split())


def length_edges(lengths: Sequence[int], bins: int = 5) -> list[int]:
    """Round limits that put about equally many lengths into each of at most `bins` bins.

    A bin goes from one limit (included) to the next (not included); the first bin starts at 0 and
    the last has no end, so `bins - 1` limits at most come back, rising.

    >>> length_edges(list(range(60, 260)), bins=4)
    [110, 160, 210]
    >>> length_edges([7, 7, 7])
    []
    """
    if not len(lengths):
        return []
    quantiles = np.quantile(np.asarray(lengths, dtype=np.float64), np.arange(1, bins) / bins)
    rounded = sorted({_round(value) for value in quantiles})
    return [edge for edge in rounded if min(lengths) < edge <= max(lengths)]


def _round(value: float) -> int:
    step = 1
    for limit, wider in ((20, 5), (60, 10), (500, 50), (2_000, 100), (10_000, 500)):
        if value >= limit:
            step = wider
    return math.floor(value / step + 0.5) * step


def length_labels(edges: Sequence[int]) -> list[str]:
    """What to call the bins between these limits.

    >>> length_labels([100, 150])
    ['0–99', '100–149', '150 or more']
    >>> length_labels([])
    ['all']
    """
    if not edges:
        return ["all"]
    starts = [0, *edges[:-1]]
    between = [f"{low}–{high - 1}" for low, high in zip(starts, edges, strict=True)]
    return [*between, f"{edges[-1]} or more"]


def length_bins(lengths: Sequence[int], edges: Sequence[int]) -> list[str]:
    """The bin of each length, as `length_labels` names it.

    >>> length_bins([99, 100, 400], [100, 150])
    ['0–99', '100–149', '150 or more']
    """
    labels = length_labels(edges)
    return [labels[place] for place in np.digitize(lengths, edges)] if len(lengths) else []


def grouped(
    values: Sequence[float] | Floats, groups: Sequence[str], order: Sequence[str], *, seed: int = 0
) -> pd.DataFrame:
    """The mean of each group with its 95% bootstrap interval.

    Args:
        values: one an example; one that is not finite is left out.
        groups: the group of each example.
        order: the groups to give, in order; one without examples is left out.
        seed: of the intervals.

    Returns:
        A row a group, indexed by it: n, mean, low, high.

    Raises:
        InputError: unequal numbers of values and groups.

    >>> grouped([1, 0, 1], ["who", "why", "who"], ["who", "what", "why"])["mean"].to_dict()
    {'who': 1.0, 'why': 0.0}
    """
    import pandas as pd

    if len(values) != len(groups):
        raise InputError(
            f"there are {len(values)} values and {len(groups)} groups; each value needs its own"
        )
    frame = pd.DataFrame({"value": np.asarray(values, dtype=np.float64), "group": list(groups)})
    frame = frame[np.isfinite(frame["value"])]
    rows = {}
    for name in order:
        inside = frame.loc[frame["group"] == name, "value"].to_numpy()
        if len(inside):
            score = Score.of("mean", inside, seed=seed)
            rows[name] = (len(inside), score.value, *score.interval)
    columns = ["n", "mean", "low", "high"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def relative_positions(
    positions: Iterable[Sequence[int] | None], totals: Iterable[int | None]
) -> list[float]:
    """Where in its document each chosen sentence stands, 0 (first) to below 1.

    Args:
        positions: of each summary the chosen sentences' places, from 0; None where not known.
        totals: how many sentences each document has.

    Raises:
        InputError: a place that the document does not have.

    >>> relative_positions([[0, 5], None], [10, 8])
    [0.0, 0.5]
    """
    found = []
    for row, (places, total) in enumerate(zip(positions, totals, strict=True)):
        if places is None or total is None:
            continue
        for place in places:
            if not 0 <= place < total:
                raise InputError(
                    f"row {row} chose the sentence at {place}, but its document has {total}; "
                    "places count from 0"
                )
            found.append(place / total)
    return found


def position_shares(relative: Sequence[float], bins: int = 10) -> list[float]:
    """Of the chosen sentences the share in each tenth (or other part) of the document.

    >>> position_shares([0.0, 0.1, 0.2, 0.6], bins=2)
    [0.75, 0.25]
    """
    if not len(relative):
        return [0.0] * bins
    # The small number keeps 0.3 * 10, which is 2.9999999999999996, in its bin.
    places = np.minimum((np.asarray(relative) * bins + 1e-9).astype(int), bins - 1)
    return [float(share) for share in np.bincount(places, minlength=bins) / len(relative)]


def confusion(
    predictions: Sequence[Any], references: Sequence[Any], most: int = 20
) -> pd.DataFrame:
    """How often each label was given where each was right: rows are right, columns are given.

    Args:
        predictions: the given labels; None where there is none.
        references: the right labels.
        most: with more labels, the rarer ones become one, `(other labels)`. What is inside
            it may be right or wrong.

    Raises:
        InputError: unequal numbers of labels.

    >>> table = confusion(["a", "b", "b"], ["a", "a", "b"])
    >>> table.loc["a"].to_dict()
    {'a': 1, 'b': 1}
    """
    import pandas as pd

    if len(predictions) != len(references):
        raise InputError(
            f"there are {len(predictions)} predictions and {len(references)} references; each "
            "prediction needs its own"
        )
    given = [NO_LABEL if _missing(label) else str(label) for label in predictions]
    right = [NO_LABEL if _missing(label) else str(label) for label in references]
    counts = Counter(right) + Counter(given)
    labels = sorted(counts)
    if len(labels) > most:
        kept = sorted(sorted(labels, key=lambda label: -counts[label])[: most - 1])
        given = [label if label in kept else OTHER_LABELS for label in given]
        right = [label if label in kept else OTHER_LABELS for label in right]
        labels = [*kept, OTHER_LABELS]
    place = {label: i for i, label in enumerate(labels)}
    table = np.zeros((len(labels), len(labels)), dtype=np.int64)
    np.add.at(table, ([place[label] for label in right], [place[label] for label in given]), 1)
    return pd.DataFrame(table, index=labels, columns=labels)


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))
