"""How well a pipeline does on a data set, by the very inference path that users call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nlpkit.errors import DataError, InputError
from nlpkit.evaluation import glue, squad
from nlpkit.evaluation.calibration import expected_calibration_error
from nlpkit.evaluation.rouge import rouge
from nlpkit.labels import label_target
from nlpkit.rows import named, read_rows
from nlpkit.tasks.classification import Classification
from nlpkit.tasks.question_answering import QuestionAnswering
from nlpkit.tasks.summarization import Summarization
from nlpkit.text import split_sentences

if TYPE_CHECKING:
    import pandas as pd

    from nlpkit.tasks.pipeline import Pipeline

Metric = Callable[[list[float], list[float]], float]


def evaluate(
    pipeline: Pipeline[Any, Any, Any],
    dataset: str | Path | pd.DataFrame,
    *,
    split: str | None = None,
    data: str | Path | None = None,
    limit: int | None = None,
    progress: bool = False,
) -> dict[str, float]:
    """The metrics of a pipeline on a data set; the main one comes first.

    Classification: accuracy, F1 (of label 1, for two labels) and the expected calibration error,
    0 to 1; regression: Pearson and Spearman. Question answering: SQuAD's F1 and exact match, 0 to
    100; on a set with unanswerable questions the pipeline's own threshold decides and SQuAD 2.0's
    figures are given, otherwise the best span always counts (SQuAD 1.1). Summarization: ROUGE-1,
    2 and Lsum F1, 0 to 100, and the same of the first sentences (`lead_*`), as many as the
    pipeline takes.

    Args:
        pipeline: an open pipeline.
        dataset: a reference set, a set on the hub, a file, or a data frame.
        split: of a named set; None is the recipe's own (`validation`).
        data: folder of the reference sets; None takes `NLPKIT_DATA`.
        limit: at most so many rows.
        progress: show a progress bar on standard error, if that is a terminal.

    Raises:
        DataError: when the data cannot be read or lacks a column.
    """
    recipe = pipeline.recipe
    if isinstance(dataset, str | Path):
        frame = read_rows(
            recipe, [str(dataset)], split=split or recipe.evaluation.split, data=data, limit=limit
        )
    else:
        frame = named(dataset, recipe, "the data frame")
        frame = frame if limit is None else frame.iloc[:limit]
    return measure(pipeline, frame, progress=progress)


def measure(
    pipeline: Pipeline[Any, Any, Any], frame: pd.DataFrame, *, progress: bool = False
) -> dict[str, float]:
    """The metrics of a pipeline on rows whose columns have the recipe's own names.

    Raises:
        DataError: when there are no rows, or none with a label.
    """
    if len(frame) == 0:
        raise DataError("there are no rows to evaluate on")
    if isinstance(pipeline, Classification):
        return _classification(pipeline, frame, progress)
    if isinstance(pipeline, QuestionAnswering):
        return _question_answering(pipeline, frame, progress)
    assert isinstance(pipeline, Summarization)
    return _summarization(pipeline, frame, progress)


def _classification(
    pipeline: Classification, frame: pd.DataFrame, progress: bool
) -> dict[str, float]:
    targets = [label_target(v, pipeline.recipe, i) for i, v in enumerate(frame["label"])]
    kept = [i for i, target in enumerate(targets) if target is not None]
    if not kept:
        raise DataError("no row has a label, so there is nothing to evaluate against")
    gold = np.array([targets[i] for i in kept], np.float64)
    inputs = [
        (frame["text"].iloc[i], frame["pair"].iloc[i])
        if pipeline.recipe.pair
        else frame["text"].iloc[i]
        for i in kept
    ]
    labels = pipeline(inputs, progress=progress)
    head = pipeline.recipe.head
    if head.kind == "regression":
        low, high = head.range or (0.0, 1.0)
        numbers = [label.score for label in labels]
        truth = (low + (high - low) * gold[:, 0]).tolist()
        return {
            "pearson": _correlation(glue.pearson, numbers, truth),
            "spearman": _correlation(glue.spearman, numbers, truth),
        }
    if head.kind == "multi_label":
        found = np.array([[float(n in label.labels) for n in head.labels] for label in labels])
        exact = float((found == gold).all(1).mean())
        both, either = float((found * gold).sum()), float(found.sum() + gold.sum())
        return {"f1": 2 * both / either if either else 1.0, "accuracy": exact}
    predicted = [head.labels.index(label.label) for label in labels]
    wanted = [int(g) for g in gold[:, 0]]
    right = [p == w for p, w in zip(predicted, wanted, strict=True)]
    values = {"accuracy": glue.accuracy(predicted, wanted)}
    if len(head.labels) == 2:
        values["f1"] = glue.f1(predicted, wanted)
    values["matthews"] = glue.matthews(predicted, wanted)
    values["ece"] = expected_calibration_error([label.score for label in labels], right)
    return values


def _correlation(metric: Metric, said: list[float], truth: list[float]) -> float:
    """A correlation, 0 where there is none to speak of: one row, or the same number for all.

    Such are the first evaluations of a training run, which must not end it.
    """
    if len(set(said)) < 2 or len(set(truth)) < 2:
        return 0.0
    return metric(said, truth)


def _question_answering(
    pipeline: QuestionAnswering, frame: pd.DataFrame, progress: bool
) -> dict[str, float]:
    ids = [str(i) for i in (frame["id"] if "id" in frame else range(len(frame)))]
    if len(set(ids)) < len(ids):
        raise DataError("the questions' ids are not unique, so answers cannot be told apart")
    golds = {i: list(a["text"]) for i, a in zip(ids, frame["answers"], strict=True)}
    inputs = list(zip(frame["question"], frame["context"], strict=True))
    answers = pipeline(inputs, threshold=0, progress=progress)
    own = pipeline.recipe.decoding.threshold
    least = 0.5 if own is None else own
    if all(golds.values()):
        scores = squad.evaluate_v1(dict(zip(ids, (a.text for a in answers), strict=True)), golds)
        return {"f1": scores["f1"], "exact_match": scores["exact_match"]}
    texts = [a.text if a.score >= least else "" for a in answers]
    scores = squad.evaluate_v2(dict(zip(ids, texts, strict=True)), golds)
    return {"f1": scores["f1"], **{k: v for k, v in scores.items() if k != "f1"}}


def _summarization(
    pipeline: Summarization, frame: pd.DataFrame, progress: bool
) -> dict[str, float]:
    documents, references = list(frame["document"]), [lines(s) for s in frame["summary"]]
    summaries = pipeline(documents, progress=progress)
    chosen = [[s.text for s in summary.sentences] for summary in summaries]
    count = pipeline.recipe.decoding.sentences
    lead = [[d[a:b] for a, b in split_sentences(d)[:count]] for d in documents]
    ours, first = rouge(chosen, references), rouge(lead, references)
    return {
        **{name: 100 * value for name, value in ours.items()},
        **{f"lead_{name}": 100 * value for name, value in first.items()},
    }


def lines(summary: str | Sequence[str]) -> list[str]:
    r"""A reference summary as sentences: the lines that it has, or else split.

    >>> lines("One fell .\nTwo rose ."), lines("One fell. Two rose.")
    (['One fell .', 'Two rose .'], ['One fell.', 'Two rose.'])
    """
    if not isinstance(summary, str):
        return list(summary)
    parts = [line.strip() for line in summary.splitlines() if line.strip()]
    if not parts:
        raise InputError("a reference summary is empty")
    if len(parts) > 1:
        return parts
    return [parts[0][a:b] for a, b in split_sentences(parts[0])]
