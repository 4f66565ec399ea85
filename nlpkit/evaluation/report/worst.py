"""The examples that a system did worst on, to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nlpkit.evaluation.report.blocks import Example, cut
from nlpkit.evaluation.report.columns import ROUGE, has, is_regression, numbers, text

if TYPE_CHECKING:
    import pandas as pd

    from nlpkit.evaluation.result import Evaluation

# Characters of a text that are shown.
LONG, SHORT = 600, 300


def worst_rows(evaluation: Evaluation, count: int) -> pd.DataFrame:
    """The examples with the lowest score, the worst first; the earlier one where they are equal.

    Questions by F1, then those that the reader was surest of; classes only where they are wrong,
    the highest probability first; numbers by their distance; summaries by the mean of ROUGE-1, 2
    and Lsum. No rows where the examples lack what this needs.
    """
    frame = evaluation.examples
    keys: list[Any] = []
    rows = np.arange(len(frame))
    if evaluation.task == "question_answering" and has(evaluation, "f1"):
        sure = numbers(frame, "score") if "score" in frame.columns else np.zeros(len(frame))
        keys = [numbers(frame, "f1"), -sure]
    elif evaluation.task == "summarization" and has(evaluation, *ROUGE):
        keys = [np.mean([numbers(frame, name) for name in ROUGE], axis=0)]
    elif is_regression(evaluation) and has(evaluation, "error"):
        keys = [-np.abs(numbers(frame, "error"))]
    elif has(evaluation, "correct"):
        sure = (
            numbers(frame, "probability") if "probability" in frame.columns else np.zeros(len(rows))
        )
        keys = [-sure]
        rows = rows[numbers(frame, "correct") == 0]
    if not keys or not count:
        return frame.iloc[:0]
    # lexsort's last key is the first to count, and it is stable; NaN comes last.
    order = np.lexsort([key[rows] for key in reversed(keys)])
    return frame.iloc[rows[order[:count]]]


def worst_examples(
    evaluation: Evaluation, count: int, *, show_texts: bool = True
) -> tuple[Example, ...]:
    """The worst examples with their scores and, where wanted, their texts cut for display."""
    return tuple(
        Example(
            id=text(row.get("id", place)),
            scores=tuple(_scores(evaluation, row)),
            texts=tuple(_texts(evaluation, row)) if show_texts else (),
        )
        for place, row in zip(*_records(worst_rows(evaluation, count)), strict=True)
    )


def _records(frame: pd.DataFrame) -> tuple[list[Any], list[dict[str, Any]]]:
    return frame.index.tolist(), frame.to_dict("records")


def _scores(evaluation: Evaluation, row: dict[str, Any]) -> list[tuple[str, str]]:
    shown: tuple[str, ...]
    if evaluation.task == "question_answering":
        shown = ("f1", "exact", "score", "no_answer")
    elif evaluation.task == "summarization":
        shown = ROUGE
    elif is_regression(evaluation):
        shown = ("prediction", "reference", "error")
    else:
        shown = ("probability",)
    found = [(name, row[name]) for name in shown if name in row and text(row[name])]
    return [
        (name, f"{value:.3f}" if isinstance(value, float | np.floating) else text(value))
        for name, value in found
    ]


def _texts(evaluation: Evaluation, row: dict[str, Any]) -> list[tuple[str, str]]:
    if evaluation.task == "question_answering":
        references = row.get("references")
        golds = list(references) if references is not None else []
        context = text(row.get("context"))
        # The passage around the right answer, for there is what the reader missed.
        around = max(0, context.find(str(golds[0]))) if golds else 0
        return [
            ("question", cut(text(row.get("question")), SHORT)),
            ("predicted", cut(text(row.get("prediction")), SHORT) or "(no answer)"),
            ("right", cut("; ".join(dict.fromkeys(golds)), SHORT) or "(no answer)"),
            ("passage", cut(context, LONG, around=around)),
        ]
    if evaluation.task == "summarization":
        return [
            ("predicted", cut(text(row.get("prediction")), LONG)),
            ("reference", cut(text(row.get("reference")), LONG)),
            ("document", cut(text(row.get("document")), LONG)),
        ]
    texts = [("text", cut(text(row.get("text")), LONG))]
    if text(row.get("pair")):
        texts.append(("pair", cut(text(row["pair"]), LONG)))
    if not is_regression(evaluation):
        texts += [
            ("predicted", cut(text(row.get("prediction")), SHORT) or "(none)"),
            ("right", cut(text(row.get("reference")), SHORT)),
        ]
    return texts
