"""Small made-up evaluations of each kind."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nlpkit.evaluation import glue
from nlpkit.evaluation.calibration import expected_calibration_error
from nlpkit.evaluation.published import Published
from nlpkit.evaluation.result import Evaluation
from nlpkit.evaluation.score import Score

SECRET = "unrepeatable"
QUESTIONS = (
    "What is the bridge called?",
    "Who built it?",
    "In which year did it open?",
    "How many people came?",
    "Name the engineer.",
)


def reader(system: str = "reader", right: int = 12, n: int = 20, **fields: Any) -> Evaluation:
    f1 = np.array([1.0] * right + [0.25] * (n - right))
    exact = (f1 == 1).astype(int)
    frame = pd.DataFrame(
        {
            "id": [f"q{i}" for i in range(n)],
            "question": [f"{QUESTIONS[i % 5]} {SECRET}" for i in range(n)],
            "context": [f"{SECRET} " + "word " * (60 + 5 * i) for i in range(n)],
            "prediction": [SECRET if i % 4 else "" for i in range(n)],
            "references": [[SECRET, "a"]] * n,
            "exact": exact,
            "f1": f1,
            "score": np.linspace(0.05, 0.95, n),
            "no_answer": np.linspace(0.95, 0.05, n),
        }
    )
    given = {"dataset": "squad", "split": "validation", **fields}
    return Evaluation(
        [Score.of("f1", f1, scale=100), Score.of("exact_match", exact, scale=100)],
        task="question_answering",
        system=system,
        examples=frame,
        **given,
    )


def summarizer(system: str = "summarizer", level: float = 0.4, **fields: Any) -> Evaluation:
    n = 12
    values = {
        name: np.linspace(0.5, 1, n) * level * part
        for name, part in (("rouge1", 1), ("rouge2", 0.4), ("rougeLsum", 0.9))
    }
    frame = pd.DataFrame(
        {
            "id": [f"d{i}" for i in range(n)],
            "document": [f"{SECRET} " * (100 + 20 * i) for i in range(n)],
            "prediction": [f"{SECRET} one\ntwo"] * n,
            "reference": [SECRET] * n,
            "positions": [[0, 1, 2 + i % 3] for i in range(n)],
            "total": [10 + i for i in range(n)],
            **values,
        }
    )
    given = {"dataset": "cnn_dailymail", "split": "test", **fields}
    scores = [Score.of(name, value) for name, value in values.items()]
    return Evaluation(scores, task="summarization", system=system, examples=frame, **given)


def classifier(system: str = "sst2", wrong: int = 4, n: int = 20, **fields: Any) -> Evaluation:
    gold = ["negative", "positive"] * (n // 2)
    said = ["positive"] * wrong + gold[wrong:]
    right = [a == b for a, b in zip(said, gold, strict=True)]
    sure = np.linspace(0.55, 0.99, n)
    frame = pd.DataFrame(
        {
            "id": [f"c{i}" for i in range(n)],
            "text": [f"<script>{SECRET} {i}</script> | *x* $y$" for i in range(n)],
            "prediction": said,
            "reference": gold,
            "correct": np.array(right, int),
            "probability": sure,
        }
    )
    scores = [
        glue.accuracy(said, gold),
        glue.matthews(said, gold),
        expected_calibration_error(sure, right),
    ]
    given = {"dataset": "glue/sst2", "split": "validation", **fields}
    return Evaluation(scores, task="classification", system=system, examples=frame, **given)


def regressor(system: str = "stsb", n: int = 15, **fields: Any) -> Evaluation:
    gold = np.linspace(0, 5, n)
    said = gold + np.resize([0.3, -0.6, 0.1], n)
    frame = pd.DataFrame(
        {
            "id": [f"s{i}" for i in range(n)],
            "text": SECRET,
            "pair": SECRET,
            "prediction": said,
            "reference": gold,
            "error": said - gold,
        }
    )
    given = {"dataset": "glue/stsb", "split": "validation", **fields}
    scores = [glue.pearson(said, gold), glue.spearman(said, gold)]
    return Evaluation(scores, task="classification", system=system, examples=frame, **given)


def row(system: str, dataset: str, split: str, metric: str, value: float) -> Published:
    return Published(
        system=system,
        parameters=110_000_000,
        dataset=dataset,
        split=split,
        metric=metric,
        value=value,
        low=None,
        high=None,
        train=None,
        source="A paper, 2019",
        note="",
    )


@pytest.fixture(scope="session")
def made() -> SimpleNamespace:
    """The functions above, and a word that stands in every text of theirs."""
    return SimpleNamespace(
        reader=reader,
        summarizer=summarizer,
        classifier=classifier,
        regressor=regressor,
        row=row,
        secret=SECRET,
    )
