"""Scores of labels and of numbers: GLUE's metrics and calibration."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nlpkit.errors import DataError, UndefinedScoreError
from nlpkit.evaluation import glue
from nlpkit.evaluation.calibration import expected_calibration_error
from nlpkit.evaluation.estimators import ratio
from nlpkit.evaluation.score import Score
from nlpkit.evaluation.scoring.scored import Scored, identities

if TYPE_CHECKING:
    import pandas as pd


MISSING = "(none)"
"""The prediction of a row that has none, in tables."""


def score_labels(
    rows: pd.DataFrame,
    predictions: Sequence[Mapping[str, Any]],
    gold: Sequence[str],
    labels: Sequence[str],
    *,
    seed: int = 0,
) -> Scored:
    """Accuracy, F1 of the second label where there are two, Matthews, and the calibration error.

    Args:
        rows: `text`, `pair` where there are pairs, `id` where there is one.
        predictions: a `Choice` for each row (`nlpkit.evaluation.system`); one without a label
            counts as wrong.
        gold: the right label of each row.
        labels: all labels, in the order of their numbers.
        seed: of the intervals.
    """
    # Names and None are not compared; a name that no label has counts as wrong.
    said = [MISSING if p.get("label") is None else str(p["label"]) for p in predictions]
    right = [a == b for a, b in zip(said, gold, strict=True)]
    scores = [glue.accuracy(said, list(gold), seed=seed)]
    if len(labels) == 2:
        scores.append(glue.f1(said, list(gold), positive=labels[1], seed=seed))
    scores.append(glue.matthews(said, list(gold), seed=seed))
    columns = {"correct": np.array(right, np.int64)}
    notes: tuple[str, ...] = ()
    if any("score" in p for p in predictions):
        sure = [float(p.get("score", 0.0)) for p in predictions]
        scores.append(expected_calibration_error(sure, right, seed=seed))
        columns["probability"] = np.array(sure)
    lacking = sum(p.get("label") is None for p in predictions)
    if lacking:
        notes = (f"{lacking} rows have no prediction and count as wrong",)
    return Scored(scores, _examples(rows, said, list(gold), columns), notes=notes)


def score_label_sets(
    rows: pd.DataFrame,
    predictions: Sequence[Mapping[str, Any]],
    gold: Sequence[Sequence[str]],
    *,
    seed: int = 0,
) -> Scored:
    """Micro-averaged F1 and exact accuracy of sets of labels (multi-label).

    Arguments are those of `score_labels`, with a list of labels a row.
    """
    said = [set(p.get("labels") or ()) for p in predictions]
    wanted = [set(names) for names in gold]
    counts = [(2 * len(a & b), len(a) + len(b)) for a, b in zip(said, wanted, strict=True)]
    right = [a == b for a, b in zip(said, wanted, strict=True)]
    scores = [
        Score.of("f1", np.array(counts, np.float64), estimator=ratio, seed=seed, average="micro"),
        Score.of("accuracy", right, seed=seed, variant="exact-sets"),
    ]
    shown = [", ".join(sorted(names)) for names in said]
    reference = [", ".join(sorted(names)) for names in wanted]
    columns = {"correct": np.array(right, np.int64)}
    lacking = sum("labels" not in p and "label" not in p for p in predictions)
    notes = (f"{lacking} rows have no prediction and count as without labels",) if lacking else ()
    return Scored(scores, _examples(rows, shown, reference, columns), notes=notes)


def score_numbers(
    rows: pd.DataFrame,
    predictions: Sequence[Mapping[str, Any]],
    gold: Sequence[float],
    *,
    seed: int = 0,
) -> Scored:
    """Pearson's and Spearman's correlation of predicted with true numbers.

    Arguments are those of `score_labels`. A correlation that is not defined (equal predictions,
    one row) is in `undefined`, with the reason.

    Raises:
        DataError: a row without a prediction.
    """
    for row, prediction in enumerate(predictions):
        if prediction.get("score") is None:
            raise DataError(f"row {row} has no prediction, and a correlation needs all of them")
    said, wanted = [float(p["score"]) for p in predictions], [float(g) for g in gold]
    scores, undefined = [], {}
    metrics: dict[str, Callable[..., Score]] = {"pearson": glue.pearson, "spearman": glue.spearman}
    for name, metric in metrics.items():
        try:
            scores.append(metric(said, wanted, seed=seed))
        except UndefinedScoreError as error:
            undefined[name] = str(error).removeprefix(f"{name} is not defined where ")
    columns = {"error": np.subtract(said, wanted)}
    return Scored(scores, _examples(rows, said, wanted, columns), undefined=undefined)


def _examples(
    rows: pd.DataFrame, said: Sequence[Any], wanted: Sequence[Any], columns: Mapping[str, Any]
) -> pd.DataFrame:
    import pandas as pd

    texts = {name: list(rows[name]) for name in ("text", "pair") if name in rows}
    return pd.DataFrame(
        {"id": identities(rows), **texts, "prediction": said, "reference": wanted, **columns}
    )
