"""What the report reads from the examples of an evaluation, whatever the task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nlpkit.evaluation.estimators import Floats
from nlpkit.evaluation.glue import GLUE

if TYPE_CHECKING:
    import pandas as pd

    from nlpkit.evaluation.result import Evaluation

ROUGE = ("rouge1", "rouge2", "rougeLsum")
# The metrics of each task that papers print, in their order; plots and tests show these.
HEADLINES = {
    "summarization": ROUGE,
    "question_answering": ("exact_match", "exact", "f1"),
    "classification": ("matthews", "pearson", "spearman", "accuracy", "f1"),
}
NAMES = {
    "exact_match": "Exact match",
    "exact": "Exact match",
    "f1": "F1",
    "rouge1": "ROUGE-1",
    "rouge2": "ROUGE-2",
    "rougeL": "ROUGE-L",
    "rougeLsum": "ROUGE-Lsum",
    "meteor": "METEOR",
    "accuracy": "Accuracy",
    "matthews": "Matthews",
    "pearson": "Pearson",
    "spearman": "Spearman",
    "ece": "ECE",
    "accuracy_f1": "mean of Accuracy and F1",
    "pearson_spearman": "mean of Pearson and Spearman",
}


def shown(metric: str) -> str:
    """What tables and plots call a metric.

    >>> shown("rougeLsum"), shown("HasAns_f1")
    ('ROUGE-Lsum', 'HasAns_f1')
    """
    return NAMES.get(metric, metric)


def has(evaluation: Evaluation, *columns: str) -> bool:
    """Whether there are examples, with all these columns."""
    frame = evaluation.examples
    return len(frame) > 0 and all(column in frame.columns for column in columns)


def is_regression(evaluation: Evaluation) -> bool:
    """Whether the system predicts numbers."""
    return evaluation.task == "classification" and "error" in evaluation.examples.columns


def headlines(evaluations: Sequence[Evaluation]) -> list[str]:
    """The metrics to plot and test: those of the task that any of the systems has.

    GLUE's tasks have the metrics of its leaderboard. Where there is none of them, the main metric
    of the first system.
    """
    there = [metric for evaluation in evaluations for metric in evaluation]
    glue_task = GLUE.get(evaluations[0].dataset.removeprefix("glue/"))
    known = glue_task.metrics if glue_task else HEADLINES.get(evaluations[0].task, ())
    return [metric for metric in known if metric in there] or there[:1]


def numbers(frame: pd.DataFrame, column: str) -> Floats:
    """A column as floats; what is missing or no number is NaN."""
    import pandas as pd

    found = pd.to_numeric(frame[column], errors="coerce")
    return np.asarray(found.to_numpy(dtype=np.float64, na_value=np.nan))


def strings(frame: pd.DataFrame, column: str) -> list[str]:
    """A column as texts; what is missing is empty."""
    return [text(value) for value in frame[column].tolist()]


def text(value: Any) -> str:
    """A cell as a text; what is missing is empty.

    >>> text(None), text(float("nan")), text(["a", "b"])
    ('', '', 'a; b')
    """
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, list | tuple | np.ndarray):
        return "; ".join(text(item) for item in value)
    return str(value)


def listed(value: Any) -> list[int] | None:
    """A cell that holds a list of whole numbers, or nothing.

    >>> listed(None), listed(np.array([1, 2]))
    (None, [1, 2])
    """
    if not isinstance(value, list | tuple | np.ndarray):
        return None
    return [int(item) for item in value]


def confidences(evaluation: Evaluation) -> tuple[Floats, Floats] | None:
    """How sure the system was of each prediction and whether it was right, `(n,)` each.

    Of a reader, the probability of what it said: of the span, or, where it gave none, that there
    is no answer; right means an exact match. None where the system gives no probabilities.
    """
    frame = evaluation.examples
    if evaluation.task == "question_answering" and has(evaluation, "score", "exact", "prediction"):
        sure, right = numbers(frame, "score"), numbers(frame, "exact")
        if "no_answer" in frame.columns:
            silent = np.asarray([not said for said in strings(frame, "prediction")])
            sure = np.where(silent, numbers(frame, "no_answer"), sure)
    elif evaluation.task == "classification" and has(evaluation, "probability", "correct"):
        sure, right = numbers(frame, "probability"), numbers(frame, "correct")
    else:
        return None
    there = np.isfinite(sure) & np.isfinite(right)
    sure, right = sure[there], right[there]
    if not len(sure) or sure.min() < 0 or sure.max() > 1 or not np.isin(right, (0, 1)).all():
        return None
    return sure, right
