"""How well a pipeline does on a data set, by the very inference path that users call."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlpkit.cache import cache_folder
from nlpkit.errors import DataError, InputError
from nlpkit.evaluation.dataset import EvaluationSet, open_set
from nlpkit.evaluation.goal import Goal
from nlpkit.evaluation.pipeline_system import PipelineSystem
from nlpkit.evaluation.predictions import file_name, kept
from nlpkit.evaluation.result import Evaluation
from nlpkit.evaluation.score import version
from nlpkit.evaluation.scoring.checked import check_predictions
from nlpkit.evaluation.scoring.classification import (
    score_label_sets,
    score_labels,
    score_numbers,
)
from nlpkit.evaluation.scoring.question_answering import score_answers
from nlpkit.evaluation.scoring.scored import Scored
from nlpkit.evaluation.scoring.summarization import score_summaries
from nlpkit.evaluation.system import System

if TYPE_CHECKING:
    import pandas as pd

    from nlpkit.tasks.pipeline import Pipeline


def evaluate(
    pipeline: Pipeline[Any, Any, Any],
    dataset: Any = None,
    *,
    split: str | None = None,
    data: str | Path | None = None,
    limit: int | None = None,
    predictions: str | Path | bool | None = None,
    resume: bool = True,
    seed: int = 0,
    progress: bool = False,
) -> Evaluation:
    """The scores of a pipeline on a data set; the main one comes first.

    Classification: accuracy, F1 (of the second of two labels), Matthews and the expected
    calibration error, 0 to 1; regression: Pearson and Spearman. Question answering: SQuAD's F1
    and exact match, 0 to 100; on a set with unanswerable questions the pipeline's own threshold
    decides and SQuAD 2.0's figures are given, otherwise the best span always counts (SQuAD 1.1).
    Summarization: ROUGE-1, 2 and Lsum F1, 0 to 1, compression, redundancy and order.

    Args:
        pipeline: an open pipeline.
        dataset: a reference set, a set on the hub, a file, a data frame or a
            `datasets.Dataset`; None takes the first set of the recipe's `[evaluation]`.
        split: of a named set; None is the recipe's own (`validation`).
        data: folder of the reference sets; None takes `NLPKIT_DATA`.
        limit: at most so many rows.
        predictions: a file (or a folder, for a file named after what it holds) that keeps the
            predictions, so that an interrupted evaluation goes on where it was; True keeps them
            in the user's cache folder; None keeps none.
        resume: go on from predictions that are kept; False makes all of them anew.
        seed: of the intervals.
        progress: show a progress bar on standard error, if that is a terminal.

    Raises:
        DataError: the data cannot be read, lacks a column, or has labels that the pipeline does
            not know; a file of predictions that holds others.
        InputError: no data set, where the recipe names none either.
    """
    recipe = pipeline.recipe
    if dataset is None:
        if not recipe.evaluation.data:
            raise InputError(
                f"which data set? {recipe.name!r} names none in its [evaluation]; give a name, a "
                "file or a data frame"
            )
        dataset = recipe.evaluation.data[0]
    if split is None and isinstance(dataset, str) and dataset in recipe.evaluation.data:
        split = recipe.evaluation.split
    rows = open_set(dataset, Goal.of(recipe), split=split, data=data, limit=limit)
    return evaluate_system(
        PipelineSystem(pipeline),
        rows,
        predictions=predictions,
        resume=resume,
        main=recipe.evaluation.metric,
        seed=seed,
        progress=progress,
    )


def measure(pipeline: Pipeline[Any, Any, Any], frame: pd.DataFrame) -> dict[str, float]:
    """The values of a pipeline's scores on rows, the main one first; 0 where one is undefined.

    For early stopping: the first evaluations of a run may well predict one number for all rows,
    which must not end it.

    Raises:
        DataError: there are no rows, or none with a label.
    """
    result = evaluate(pipeline, frame)
    return dict.fromkeys(result.undefined, 0.0) | {k: score.value for k, score in result.items()}


def evaluate_system(
    system: System,
    rows: EvaluationSet,
    *,
    predictions: str | Path | bool | None = None,
    resume: bool = True,
    main: str | None = None,
    seed: int = 0,
    progress: bool = False,
) -> Evaluation:
    """The scores of any system - a pipeline, a baseline - on a data set.

    Args:
        system: what predicts.
        rows: the data set.
        predictions, resume, seed, progress: as in `evaluate`.
        main: the metric that comes first; None leaves the task's own order.

    Raises:
        DataError: as in `evaluate`; or the system gave too few predictions.
    """
    total = len(rows.frame)
    header = {
        "nlpkit": "predictions",
        "version": version(),
        "system": system.name,
        **{f"system_{key}": value for key, value in system.fields.items()},
        "data": rows.name,
        "split": rows.split,
        "rows": total,
        "content": rows.content,
    }
    if predictions is None or predictions is False:
        stream = system.predict(rows.frame)
    else:
        file = _file(predictions, header)
        stream = kept(
            file, header, total, lambda done: system.predict(rows.frame.iloc[done:]), resume=resume
        )
    made = list(_watched(stream, total, f"{system.name} on {rows.name}", progress))
    if len(made) != total:
        raise DataError(f"{system.name} gave {len(made)} predictions for {total} rows")
    check_predictions(made, rows.goal.kind, system.name)
    scored = score(rows, made, threshold=getattr(system, "threshold", 0.5), seed=seed)
    return report(rows, scored, system.name, system.fields, main=main)


def score(
    rows: EvaluationSet,
    predictions: Sequence[Mapping[str, Any]],
    *,
    threshold: float = 0.5,
    seed: int = 0,
) -> Scored:
    """The scores of predictions that are there already, one a row.

    Args:
        rows: the data set.
        predictions: an `Extract`, `Span` or `Choice` for each row.
        threshold: of question answering: the smallest score that counts as an answer.
        seed: of the intervals.
    """
    match rows.goal.kind:
        case "summarization":
            return score_summaries(rows.frame, predictions, seed=seed)
        case "question_answering":
            return score_answers(rows.frame, predictions, threshold=threshold, seed=seed)
        case "multi_label":
            return score_label_sets(rows.frame, predictions, rows.gold, seed=seed)
        case "regression":
            return score_numbers(rows.frame, predictions, rows.gold, seed=seed)
        case "labels":
            return score_labels(rows.frame, predictions, rows.gold, rows.goal.labels, seed=seed)


def report(
    rows: EvaluationSet,
    scored: Scored,
    system: str,
    fields: Mapping[str, Any],
    *,
    main: str | None = None,
) -> Evaluation:
    """Scores together with what they are of."""
    scores = sorted(scored.scores, key=lambda s: s.name != main)
    notes = [*scored.notes]
    if rows.unlabelled:
        total = rows.unlabelled + len(rows.frame)
        notes.append(f"{rows.unlabelled:,} of {total:,} rows have no label and are left out")
    return Evaluation(
        scores,
        task=rows.goal.task,
        system=system,
        dataset=rows.name,
        split=rows.split,
        examples=scored.examples,
        undefined=scored.undefined,
        notes=notes,
        content=rows.content,
        **fields,
    )


def _file(predictions: str | Path | bool, header: Mapping[str, Any]) -> Path:
    if predictions == "":
        raise InputError("the name of the file for predictions is empty; give a file or a folder")
    if isinstance(predictions, bool):
        return cache_folder("predictions") / file_name(header)
    path = Path(predictions).expanduser()
    return path / file_name(header) if path.is_dir() else path


def _watched(
    stream: Iterator[dict[str, Any]], total: int, what: str, progress: bool
) -> Iterable[dict[str, Any]]:
    if not progress:
        return itertools.islice(stream, total + 1)
    from tqdm.auto import tqdm

    bar: Iterable[dict[str, Any]] = tqdm(stream, total=total, desc=what, unit="row", disable=None)
    return bar
