"""Simple systems that a trained one has to beat, seen as the harness sees a pipeline."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from nlpkit.errors import InputError
from nlpkit.evaluation.baselines.classification import (
    MajorityClass,
    MeanValue,
    TfidfLogistic,
    TfidfRidge,
)
from nlpkit.evaluation.baselines.question_answering import RandomSpan, SlidingWindow
from nlpkit.evaluation.baselines.summarization import (
    GreedyOracle,
    Lead,
    LexRank,
    Random,
    TextRank,
)
from nlpkit.evaluation.system import System

if TYPE_CHECKING:
    from nlpkit.evaluation.dataset import EvaluationSet
    from nlpkit.evaluation.goal import Goal

__all__ = [
    "GreedyOracle",
    "Lead",
    "LexRank",
    "MajorityClass",
    "MeanValue",
    "Random",
    "RandomSpan",
    "SlidingWindow",
    "TextRank",
    "TfidfLogistic",
    "TfidfRidge",
    "baselines_for",
]


def baselines_for(
    goal: Goal,
    train: Callable[[], EvaluationSet] | None = None,
    *,
    sentences: int = 3,
    seed: int = 0,
) -> list[System]:
    """The baselines that the benchmark runs, the simplest first; none for sets of labels.

    Args:
        goal: what is to be predicted.
        train: opens the rows that classifiers are fitted on; called for classification only.
        sentences: of a summary.
        seed: of what is drawn by chance.

    Raises:
        InputError: a classification without train rows.
        DataError: train rows that cannot be fitted on.

    >>> from nlpkit.evaluation.goal import Goal
    >>> [system.name for system in baselines_for(Goal("summarization"))]
    ['LEAD-3', 'random-3', 'TextRank-3', 'LexRank-3', 'oracle-3']
    >>> [system.name for system in baselines_for(Goal("question_answering"))]
    ['random span', 'sliding window']
    """
    if goal.kind == "summarization":
        return [
            Lead(sentences),
            Random(sentences, seed=seed),
            TextRank(sentences),
            LexRank(sentences),
            GreedyOracle(sentences),
        ]
    if goal.kind == "question_answering":
        return [RandomSpan(seed=seed), SlidingWindow()]
    if goal.kind == "multi_label":
        return []
    if train is None:
        raise InputError("the baselines of classification need rows to be fitted on: give train")
    opened = train()
    rows = opened.frame.assign(label=list(opened.gold))
    if goal.kind == "regression":
        return [MeanValue.fit(rows, seed=seed), TfidfRidge.fit(rows, seed=seed)]
    return [
        MajorityClass.fit(rows, labels=goal.labels, seed=seed),
        TfidfLogistic.fit(rows, labels=goal.labels, seed=seed),
    ]
