"""The shipped pipelines and the baselines on the reference sets: what `nlpkit benchmark` runs."""

from __future__ import annotations

import logging
import os
import platform
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nlpkit.corpora import CORPORA
from nlpkit.errors import DataError, InputError, PipelineNotFoundError
from nlpkit.evaluation.baselines import baselines_for
from nlpkit.evaluation.dataset import EvaluationSet, open_set
from nlpkit.evaluation.evaluate import evaluate_system
from nlpkit.evaluation.goal import Goal
from nlpkit.evaluation.pipeline_system import PipelineSystem
from nlpkit.evaluation.published import KINDS, published
from nlpkit.evaluation.result import Evaluation
from nlpkit.evaluation.system import System
from nlpkit.recipe import FILE_NAME
from nlpkit.recipe import read as read_recipe
from nlpkit.shipped import available, shipped_folder
from nlpkit.tasks.loading import load

logger = logging.getLogger("nlpkit")


@dataclass(frozen=True, slots=True)
class Entry:
    """One data set of a suite.

    Attributes:
        dataset: its name in `nlpkit.corpora`.
        split: the part that is reported.
        pipeline: the shipped pipeline that is made for it; a set is run without one as well.
        goal: what is to be predicted.
        metric: the main metric.
    """

    dataset: str
    split: str
    pipeline: str
    goal: Goal
    metric: str


def _glue(task: str, metric: str, split: str = "validation") -> Entry:
    corpus = CORPORA[f"glue/{task}"]
    kind: Any = "regression" if corpus.labels is None else "labels"
    goal = Goal(kind, corpus.labels or (), "pair" in corpus.texts, corpus.texts)
    return Entry(f"glue/{task}", split, task, goal, metric)


_ANSWERS, _SUMMARIES = Goal("question_answering"), Goal("summarization")

SUITES: Mapping[str, tuple[Entry, ...]] = {
    "squad": (
        Entry("squad", "validation", "question_answering", _ANSWERS, "f1"),
        Entry("squad_v2", "validation", "question_answering", _ANSWERS, "f1"),
        Entry("nq_qed", "validation", "question_answering", _ANSWERS, "f1"),
    ),
    "summarization": (
        Entry("cnn_dailymail", "test", "summarization", _SUMMARIES, "rouge1"),
        Entry("cnn_dailymail_tokenized", "validation", "summarization", _SUMMARIES, "rouge1"),
        Entry("scisummnet", "test", "summarization", _SUMMARIES, "rouge1"),
        Entry("xsum", "test", "summarization", _SUMMARIES, "rouge1"),
    ),
    "glue": (
        _glue("cola", "matthews"),
        _glue("sst2", "accuracy"),
        _glue("mrpc", "f1"),
        _glue("stsb", "pearson"),
        _glue("qqp", "accuracy"),
        _glue("mnli", "accuracy", "validation_matched"),
        _glue("mnli", "accuracy", "validation_mismatched"),
        _glue("qnli", "accuracy"),
        _glue("rte", "accuracy"),
        _glue("wnli", "accuracy"),
    ),
}
"""The data sets of each suite; `all` is all of them."""

# How many rows the official splits have: a folder may hold a part, or a split of its own.
OFFICIAL_ROWS: Mapping[tuple[str, str], int] = {
    ("squad", "validation"): 10_570,
    ("squad_v2", "validation"): 11_873,
    ("cnn_dailymail", "test"): 11_490,
    ("xsum", "test"): 11_334,
    ("glue/cola", "validation"): 1_043,
    ("glue/sst2", "validation"): 872,
    ("glue/mrpc", "validation"): 408,
    ("glue/stsb", "validation"): 1_500,
    ("glue/qqp", "validation"): 40_430,
    ("glue/mnli", "validation_matched"): 9_815,
    ("glue/mnli", "validation_mismatched"): 9_832,
    ("glue/qnli", "validation"): 5_463,
    ("glue/rte", "validation"): 277,
    ("glue/wnli", "validation"): 71,
}


@dataclass(slots=True)
class Benchmark:
    """What a benchmark found.

    Attributes:
        evaluations: one for each system on each set, the pipeline first, then the baselines.
        skipped: data sets that could not be read, with the reason.
        notes: by data set, what a reader has to know of the rows that were used.
        own: data sets and splits of which the rows are not the official ones, so that published
            numbers must not stand beside them.
    """

    evaluations: list[Evaluation] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)
    own: set[tuple[str, str]] = field(default_factory=set)


def entries(suite: str) -> tuple[Entry, ...]:
    """The data sets of a suite.

    Raises:
        InputError: when there is no such suite.

    >>> [entry.dataset for entry in entries("squad")]
    ['squad', 'squad_v2', 'nq_qed']
    """
    if suite == "all":
        return tuple(entry for suite in SUITES.values() for entry in suite)
    if suite not in SUITES:
        raise InputError(f"unknown suite {suite!r}; allowed: {', '.join(SUITES)}, all")
    return SUITES[suite]


def benchmark(
    suite: str,
    *,
    data: str | Path | None = None,
    predictions: str | Path | None = None,
    limit: int | None = None,
    baselines: bool = True,
    pipelines: Sequence[str] | None = None,
    device: str = "auto",
    runtime: str = "auto",
    dtype: str = "float32",
    seed: int = 0,
    progress: bool = False,
) -> Benchmark:
    """Runs the pipelines and the baselines of a suite.

    Args:
        suite: `glue`, `squad`, `summarization` or `all`.
        data: folder of the reference sets; None takes `NLPKIT_DATA`, and without that the hub.
        predictions: a folder for the predictions, so that an interrupted run goes on.
        limit: at most so many rows of each set.
        baselines: run the baselines as well.
        pipelines: only these, shipped ones or folders. A classifier is run on the GLUE task that
            its recipe is named after, others on all sets of their task. None takes all that are
            shipped.
        device: where the pipelines run.
        runtime: what computes them.
        dtype: in what numbers; float32 unless it is said, so that machines agree.
        seed: of intervals and baselines.
        progress: show progress bars on standard error, if that is a terminal.

    Raises:
        InputError: an unknown suite; a pipeline that no set of the suite is for, or two of one
            name.
        DataError: none of the suite's data sets can be read.
        PipelineNotFoundError: there is no such pipeline.
    """
    found = Benchmark()
    wanted = entries(suite)
    chosen = _chosen(pipelines, suite, wanted)
    if predictions is not None:
        _make_folder(Path(predictions))
    for entry in wanted:
        place = f"{entry.dataset}, {entry.split}"
        try:
            rows = open_set(entry.dataset, entry.goal, split=entry.split, data=data, limit=limit)
        except DataError as error:
            found.skipped[place] = _without_place(error, data)
            logger.info("skipped %s: %s", place, error)
            continue
        _note(found, rows, place, limit)
        systems: list[System] = [
            *_pipelines(entry, chosen, device=device, runtime=runtime, dtype=dtype)
        ]
        if baselines:
            try:
                systems += baselines_for(rows.goal, _train(entry, data), seed=seed)
            except DataError as error:  # no training rows: the pipelines are measured all the same
                why = f"without baselines: {_without_place(error, data)}"
                found.notes.setdefault(place, []).append(why)
        for system in systems:
            result = evaluate_system(
                system,
                rows,
                predictions=None if predictions is None else Path(predictions),
                main=entry.metric,
                seed=seed,
                progress=progress,
            )
            found.evaluations.append(result)
    if not found.evaluations:
        reasons = [*found.skipped.items()]
        reasons += [(name, "; ".join(notes)) for name, notes in found.notes.items()]
        why = "; ".join(f"{name}: {reason}" for name, reason in reasons)
        raise DataError(
            f"nothing was measured: {why or 'no pipeline and no baseline was asked for'}"
        )
    return found


def write(
    found: Benchmark,
    folder: str | Path,
    *,
    command: str | None = None,
    worst: int = 20,
    texts: bool = True,
) -> Path:
    """Writes the report of a benchmark and gives the path of its page.

    Args:
        found: what was measured.
        folder: where the report goes.
        command: how it was made, for the header.
        worst: how many of each pipeline's worst examples to list.
        texts: with their texts; False for data that may not be passed on.

    Raises:
        DataError: the folder cannot be written.
    """
    from nlpkit.evaluation.report import write_report

    # `glue/rte` stands for all of GLUE, which has one published table.
    names = sorted({evaluation.dataset.partition("/")[0] for evaluation in found.evaluations})
    rows = [row for name in names for kind in KINDS for row in published(name, kind)]
    rows = [row for row in rows if (row.dataset, row.split) not in found.own]
    return write_report(
        folder,
        found.evaluations,
        rows,
        title="nlpkit: pipelines, baselines and published systems",
        command=command,
        machine=_machine(),
        notes=found.notes,
        skipped=found.skipped,
        worst=worst,
        show_examples=texts,
    )


def _machine() -> str:
    """What the numbers were computed on."""
    import torch
    import transformers

    return (
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"torch {torch.__version__}, transformers {transformers.__version__}"
    )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"the folder {folder} cannot be made: {error.strerror}") from None


def _without_place(error: Exception, data: str | Path | None) -> str:
    """What went wrong, without the data's folder.

    A report may be passed on, and where somebody's data lies is nobody's business.
    """
    root = str(data or os.environ.get("NLPKIT_DATA") or "").rstrip("/")
    # Only where a path begins: a folder may be called "d".
    return (
        re.sub(rf"(?<![\w/.-]){re.escape(root)}(?=/|\b)", "DATA", str(error))
        if root
        else str(error)
    )


def _chosen(
    pipelines: Sequence[str] | None, suite: str, wanted: Sequence[Entry]
) -> dict[str, list[str]]:
    """Folders or names by the `Entry.pipeline` that they stand for."""
    if pipelines is None:
        return {name: [name] for name in available()}
    there = {entry.pipeline for entry in wanted}
    chosen: dict[str, list[str]] = {}
    names: set[str] = set()
    for given in pipelines:
        folder = shipped_folder() / given if given in available() else Path(given)
        if not (folder / FILE_NAME).is_file():
            raise PipelineNotFoundError(
                f"no pipeline {given!r}: there is no such folder, and the shipped ones are "
                f"{', '.join(available())}"
            )
        recipe = read_recipe(folder)
        stands_for = recipe.name if recipe.name in there else recipe.task
        if stands_for not in there:
            raise InputError(
                f"no set of the suite {suite!r} is for the pipeline {recipe.name!r} "
                f"({recipe.task}); there are sets for {', '.join(sorted(there))}"
            )
        if recipe.name in names:
            raise InputError(f"two of the pipelines are named {recipe.name!r}; give one of them")
        names.add(recipe.name)
        chosen.setdefault(stands_for, []).append(given)
    return chosen


def _pipelines(
    entry: Entry, chosen: Mapping[str, Sequence[str]], *, device: str, runtime: str, dtype: str
) -> Iterator[PipelineSystem]:
    for name in chosen.get(entry.pipeline, ()):
        pipeline = load(name, device=device, runtime=runtime, dtype=dtype)
        _check_goal(pipeline.recipe.head.labels, entry, name)
        yield PipelineSystem(pipeline)


def _check_goal(labels: Sequence[str], entry: Entry, name: str) -> None:
    if entry.goal.kind == "labels" and set(labels) != set(entry.goal.labels):
        raise DataError(
            f"{entry.dataset} has the labels {', '.join(map(repr, entry.goal.labels))}, and the "
            f"pipeline {name!r} knows {', '.join(map(repr, labels))}"
        )


def _train(entry: Entry, data: str | Path | None) -> Callable[[], EvaluationSet]:
    """Opens the set's training rows when a baseline wants them."""

    def opened() -> EvaluationSet:
        return open_set(entry.dataset, entry.goal, split="train", data=data)

    return opened


def _note(found: Benchmark, rows: EvaluationSet, place: str, limit: int | None) -> None:
    """Says where the rows are not those of the official split.

    A summarization set is large, and a part of it is still a part: the published numbers stay
    beside it, with a note. GLUE's and SQuAD's splits are whole or somebody's own.
    """
    split = rows.split or ""
    official = OFFICIAL_ROWS.get((rows.name, split))
    n = len(rows.frame)
    if official is None or n == official:
        return
    if limit is not None and n == limit:
        note = f"the first {n:,} of {official:,} rows; published numbers are of all of them"
    elif rows.goal.kind == "summarization":
        note = f"{n:,} of the official {official:,} rows; published numbers are of all of them"
    else:
        note = (
            f"{n:,} rows, where the official {split} split has {official:,}: not comparable with "
            "published numbers, which are left out"
        )
        found.own.add((rows.name, split))
    found.notes.setdefault(place, []).append(note)
