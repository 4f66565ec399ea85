"""One number for all of GLUE, by the rules of the leaderboard or of the BERT paper."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from nlpkit.errors import InputError, InputTypeError
from nlpkit.evaluation.glue import GLUE
from nlpkit.evaluation.score import Score

Rules = Literal["leaderboard", "without_wnli", "bert"]

_LEADERBOARD: dict[str, tuple[tuple[str, str], ...]] = {
    task: tuple((task, metric) for metric in entry.metrics)
    if task != "mnli"
    else (("mnli_matched", "accuracy"), ("mnli_mismatched", "accuracy"))
    for task, entry in GLUE.items()
}

RULES: dict[str, dict[str, tuple[tuple[str, str], ...]]] = {
    "leaderboard": _LEADERBOARD,
    "without_wnli": {task: parts for task, parts in _LEADERBOARD.items() if task != "wnli"},
    "bert": {
        "mnli_matched": (("mnli_matched", "accuracy"),),
        "mnli_mismatched": (("mnli_mismatched", "accuracy"),),
        "qqp": (("qqp", "f1"),),
        "qnli": (("qnli", "accuracy"),),
        "sst2": (("sst2", "accuracy"),),
        "cola": (("cola", "matthews"),),
        "stsb": (("stsb", "spearman"),),
        "mrpc": (("mrpc", "f1"),),
        "rte": (("rte", "accuracy"),),
    },
}
"""What is averaged: by rules and entry, the (result, metric) pairs whose mean the entry is."""


@dataclass(frozen=True, slots=True)
class GlueAverage:
    """The mean over GLUE's tasks.

    Attributes:
        value: the mean of `tasks`, 0 to 1.
        tasks: the value of each entry that is averaged.
        rules: whose rules.
        missing: results that were left out, as `task metric`; empty where the average is whole.
    """

    value: float
    tasks: Mapping[str, float]
    rules: str
    missing: tuple[str, ...] = ()

    def __float__(self) -> float:
        return self.value

    def __str__(self) -> str:
        without = f", without {', '.join(self.missing)}" if self.missing else ""
        return f"{100 * self.value:.1f} ({self.rules}, {len(self.tasks)} entries{without})"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "value": self.value,
            "tasks": dict(self.tasks),
            "rules": self.rules,
            "missing": list(self.missing),
        }


def glue_average(
    results: Mapping[str, Mapping[str, float | Score]],
    *,
    rules: Rules = "leaderboard",
    partial: bool = False,
) -> GlueAverage:
    """The mean over GLUE's tasks.

    - `leaderboard` (the GLUE paper): the mean of the nine tasks, each of which is first the mean
      of its metrics; MNLI's two parts make one task.
    - `without_wnli`: the same over the eight other tasks.
    - `bert` (the BERT paper's table and most papers after it): the mean of nine columns, which
      are MNLI matched and MNLI mismatched, F1 for QQP and MRPC, Spearman for STS-B, and no WNLI.

    The three differ by points on the same predictions, so never compare one with another.

    Args:
        results: by task the values of its metrics (a `Scores` will do), 0 to 1 or -1 to 1; MNLI
            as `mnli_matched` and `mnli_mismatched`. What the rules do not average is ignored.
        rules: which of the three.
        partial: average what there is and say what is missing, rather than raise.

    Raises:
        InputError: unknown rules or tasks, a value that is not finite or outside -1 to 1 (per
            cent, for example), a result that is missing unless `partial`, no result at all.
        InputTypeError: a value that is not a number.

    >>> average = glue_average(
    ...     {"sst2": {"accuracy": 0.9}, "mrpc": {"accuracy": 0.7, "f1": 0.8}}, partial=True
    ... )
    >>> round(average.value, 3), average.missing[:3]
    (0.825, ('cola matthews', 'stsb pearson', 'stsb spearman'))
    """
    if rules not in RULES:
        raise InputError(f"rules = {rules!r} is not known; allowed: {', '.join(RULES)}")
    _check_names(results)
    tasks, missing = {}, []
    for task, parts in RULES[rules].items():
        there = []
        for result, metric in parts:
            if metric in results.get(result, {}):
                there.append(_value(result, metric, results[result][metric]))
            else:
                missing.append(f"{result} {metric}")
        if there:
            tasks[task] = sum(there) / len(there)
    if missing and not partial:
        raise InputError(
            f"GLUE's average by the rules {rules!r} lacks {', '.join(missing)};"
            " partial=True averages the others"
        )
    if not tasks:
        raise InputError("there is no result of GLUE to average")
    return GlueAverage(sum(tasks.values()) / len(tasks), tasks, rules, tuple(missing))


def _names() -> Iterator[str]:
    for task in GLUE:
        yield from ("mnli_matched", "mnli_mismatched") if task == "mnli" else (task,)


def _check_names(results: Mapping[str, Any]) -> None:
    allowed = list(_names())
    for name in results:
        if name == "mnli":
            raise InputError("'mnli' has two parts: give mnli_matched and mnli_mismatched")
        if name not in allowed:
            raise InputError(f"{name!r} is not one of GLUE's tasks: {', '.join(allowed)}")


def _value(task: str, metric: str, value: float | Score) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise InputTypeError(f"{task} {metric} is {value!r:.40}, which is no number") from None
    if not math.isfinite(number) or abs(number) > 1:
        raise InputError(
            f"{task} {metric} is {number:g}; values from -1 to 1 are needed (per cent over 100)"
        )
    return number
