"""SQuAD's files: gold answers, predictions and no-answer probabilities by question id."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlpkit.errors import DataError
from nlpkit.files import parse_json, read_text
from nlpkit.tables import read_table

if TYPE_CHECKING:
    import pandas as pd


def read_golds(path: str | os.PathLike[str]) -> dict[str, list[str]]:
    """The gold answers of each question of a file, by id; an empty list where there is none.

    Args:
        path: SQuAD's own JSON (`dev-v1.1.json`, `dev-v2.0.json`), or a table with the columns
            `id` and `answers` (parquet, JSONL, a JSON list).

    Raises:
        DataError: a file that cannot be read, that has no such columns or one id twice.

    >>> import json, tempfile
    >>> question = {"id": "q1", "question": "Where?", "answers": [{"text": "Rome",
    ...             "answer_start": 3}]}
    >>> data = {"version": "1.1", "data": [{"title": "Trips", "paragraphs": [
    ...         {"context": "In Rome.", "qas": [question]}]}]}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "dev.json"
    ...     _ = file.write_text(json.dumps(data))
    ...     read_golds(file)
    {'q1': ['Rome']}
    """
    return golds_of(read_table(Path(path), ["id", "answers"], None), os.fspath(path))


def golds_of(frame: pd.DataFrame, source: str = "the data frame") -> dict[str, list[str]]:
    """The same from a data frame with the columns `id` and `answers`, as the hub has them.

    Raises:
        DataError: a missing column, one id twice, or answers in another form.

    >>> import pandas as pd
    >>> rows = [{"id": "q1", "answers": {"text": ["Rome"], "answer_start": [3]}}]
    >>> golds_of(pd.DataFrame(rows))
    {'q1': ['Rome']}
    """
    for column in ("id", "answers"):
        if column not in frame.columns:
            there = ", ".join(map(str, frame.columns))
            raise DataError(f"{source} has no column {column!r}; there are {there}.")
    golds: dict[str, list[str]] = {}
    for question, answers in zip(frame["id"], frame["answers"], strict=True):
        if str(question) in golds:
            raise DataError(f"{source} has the question {question!r} more than once.")
        try:
            golds[str(question)] = [str(text) for text in _texts(answers)]
        except (KeyError, TypeError):
            raise DataError(
                f"{source}: the answers of the question {question!r} are {answers!r:.60};"
                " expected {'text': [...], 'answer_start': [...]}."
            ) from None
    return golds


def _texts(answers: Any) -> list[Any]:
    texts = answers["text"] if isinstance(answers, dict) else [one["text"] for one in answers]
    if isinstance(texts, str):
        raise TypeError
    return list(texts)


def read_predictions(path: str | os.PathLike[str]) -> dict[str, str]:
    """The answers of a prediction file: a JSON object from question id to text.

    Raises:
        DataError: a file that cannot be read, is not JSON or holds something else.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "predictions.json"
    ...     _ = file.write_text('{"q1": "Rome", "q2": ""}')
    ...     read_predictions(file)
    {'q1': 'Rome', 'q2': ''}
    """
    content = _by_id(path, "texts")
    for question, answer in content.items():
        if not isinstance(answer, str):
            raise DataError(f"{os.fspath(path)}: {question!r} is {answer!r:.40}, not a text.")
    return content


def read_probabilities(path: str | os.PathLike[str]) -> dict[str, float]:
    """The no-answer probabilities of a file: a JSON object from question id to number.

    Raises:
        DataError: a file that cannot be read, is not JSON or holds something else.
    """
    content = _by_id(path, "numbers")
    for question, chance in content.items():
        if not isinstance(chance, int | float) or isinstance(chance, bool):
            raise DataError(f"{os.fspath(path)}: {question!r} is {chance!r:.40}, not a number.")
        if not math.isfinite(chance):
            raise DataError(f"{os.fspath(path)}: {question!r} is {chance}, not a finite number.")
    return {question: float(chance) for question, chance in content.items()}


def _by_id(path: str | os.PathLike[str], what: str) -> dict[str, Any]:
    text = read_text(path)
    content = parse_json(text, path)
    if not isinstance(content, dict):
        raise DataError(f"{os.fspath(path)}: expected a JSON object from question ids to {what}.")
    # Of two answers to one question JSON keeps the last, and nobody would know.
    pairs = json.loads(text, object_pairs_hook=list)
    if len(pairs) > len(content):
        asked = [question for question, _ in pairs]
        twice = next(question for n, question in enumerate(asked) if question in set(asked[:n]))
        raise DataError(f"{os.fspath(path)} has the question {twice!r} more than once.")
    return content
