"""Rows of data sets for a recipe: the right columns, under the recipe's own names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlpkit import corpora
from nlpkit.errors import DataError
from nlpkit.recipe import Recipe
from nlpkit.tables import checked_columns

if TYPE_CHECKING:
    import pandas as pd

# What each task reads, and what the columns are called in the reference sets; the first name
# that a data set has is taken, unless `data.columns` says another.
COLUMNS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "classification": {"text": ("text", "sentence"), "label": ("label",)},
    "question_answering": {
        "question": ("question",),
        "context": ("context", "passage"),
        "answers": ("answers",),
    },
    "summarization": {
        "document": ("document", "article", "text"),
        "summary": ("summary", "highlights"),
    },
}

# What is taken along where it is there.
_KEPT = {
    "classification": ("id", "idx", "rationale"),
    "question_answering": ("id", "title"),
    "summarization": ("id",),
}

_TEXTS = ("text", "pair", "question", "context", "document")


def read_rows(
    recipe: Recipe,
    sources: Sequence[str],
    *,
    split: str | None,
    data: str | Path | None = None,
    limit: int | None = None,
) -> pd.DataFrame:
    """The rows of one or several data sets, with columns named as in `COLUMNS`.

    Question answering also gets `id` and `title`, classification `pair` where the recipe reads
    pairs.

    Args:
        recipe: says the task, and the columns where their names are others.
        sources: names of reference sets, sets on the hub, files or folders.
        split: of the named sets; files have none.
        data: folder of the reference sets.
        limit: at most so many rows of each.

    Raises:
        DataError: when a set, a file or a column is not there, or answers or a summary are in
            another form than training reads.
    """
    import pandas as pd

    frames = []
    for source in sources:
        part = None if corpora.names_file(source) else split
        frame = corpora.read(source, part, root=data, limit=limit)
        frame = _in_form(named(frame, recipe, source), recipe, source)
        frames.append(_by_name(frame, recipe, source))
    return pd.concat(frames, ignore_index=True)


def _in_form(frame: pd.DataFrame, recipe: Recipe, source: str) -> pd.DataFrame:
    """Answers in the hub's form, and summaries as one text, a sentence a line."""
    if recipe.task == "question_answering":
        answers = [answers_of(value, row, source) for row, value in enumerate(frame["answers"])]
        return frame.assign(answers=answers)
    if recipe.task == "summarization":
        texts = [_summary(value, row, source) for row, value in enumerate(frame["summary"])]
        return frame.assign(summary=texts)
    return frame


def answers_of(value: Any, row: int, source: str) -> Mapping[str, Any]:
    """A question's answers in the hub's form: `{"text": [...], "answer_start": [...]}`.

    Args:
        value: that, or a list of `{"text": ..., "answer_start": ...}` as in SQuAD's own file.
        row: which row it is of, for errors.
        source: the data set's name, for errors.

    Raises:
        DataError: when it is neither.

    >>> answers_of([{"text": "Rome", "answer_start": 3}], 0, "mine.json")
    {'text': ['Rome'], 'answer_start': [3]}
    """
    try:
        if isinstance(value, Mapping):
            given: Mapping[str, Any] = value
        else:  # as in SQuAD's own file
            given = {
                "text": [one["text"] for one in value],
                "answer_start": [one.get("answer_start", -1) for one in value],
            }
        texts = given["text"]
        fits = not isinstance(texts, str) and all(isinstance(text, str) for text in texts)
    except (KeyError, TypeError, AttributeError):
        fits = False
    if not fits:
        raise DataError(
            f"the answers of row {row} of {source} are {value!r:.60}; expected"
            " {'text': [...], 'answer_start': [...]}, empty lists where there is no answer"
        )
    return given


def _summary(value: object, row: int, source: str) -> str:
    parts = [value] if isinstance(value, str) else value
    if isinstance(parts, list | tuple) and all(isinstance(part, str) for part in parts):
        return "\n".join(parts)
    raise DataError(
        f"the summary of row {row} of {source} is {value!r:.40}; it must be a text or a list of"
        " sentences"
    )


def _by_name(frame: pd.DataFrame, recipe: Recipe, source: str) -> pd.DataFrame:
    """Label numbers as names where the reference set names them otherwise than the recipe.

    A number says which label it is only together with the set's own list: that of the recipe may
    stand in another order (MNLI's has been mixed up before).

    Raises:
        DataError: when the recipe lacks one of the set's labels.
    """
    names = corpora.label_names(source)
    if names is None or recipe.head.kind != "labels" or tuple(recipe.head.labels) == names:
        return frame
    missing = sorted(set(names) - set(recipe.head.labels))
    if missing:
        raise DataError(
            f"{source} has the labels {', '.join(map(repr, names))}, and the recipe knows "
            f"{', '.join(map(repr, recipe.head.labels))}"
        )
    labels = [v if isinstance(v, str) or v == -1 else names[int(v)] for v in frame["label"]]
    return frame.assign(label=labels)


def named(frame: pd.DataFrame, recipe: Recipe, source: str) -> pd.DataFrame:
    """A data frame with its columns under the recipe's own names; others are left out.

    Raises:
        DataError: when a column is not there or holds something else than texts, or
            `data.columns` names one that no task reads.
    """
    given = recipe.data.columns if recipe.data is not None else {}
    return renamed(frame, recipe.task, source, pair=recipe.pair, columns=given)


def renamed(
    frame: pd.DataFrame,
    task: str,
    source: str,
    *,
    pair: bool = False,
    columns: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """A data frame with its columns under the names of `COLUMNS`; others are left out.

    Args:
        frame: rows of a data set.
        task: `summarization`, `question_answering` or `classification`.
        source: the data set's name, for errors.
        pair: whether texts come in pairs.
        columns: what the data set calls `text`, `pair`, `label`, ..., where it is not as usual.

    Raises:
        DataError: as `named`.
    """
    there = list(map(str, frame.columns))
    wanted = dict(COLUMNS[task])
    if pair:
        wanted["pair"] = ("pair",)
    given = columns or {}
    for name in given:
        if name not in wanted and name not in _KEPT[task]:
            raise DataError(
                f"data.columns names {name!r}, which {task} does not read; "
                f"allowed: {', '.join([*wanted, *_KEPT[task]])}"
            )
    found = {}
    for name, usual in wanted.items():
        names = (given[name],) if given.get(name) in there else usual
        column = next((c for c in names if c in there), given.get(name, usual[0]))
        checked_columns(source, there, [column])
        found[column] = name
    for name in _KEPT[task]:
        column = given[name] if given.get(name) in there else name
        if column in there:
            found[column] = name
    _check_texts(frame, found, source)
    return frame[list(found)].rename(columns=found)


def _check_texts(frame: pd.DataFrame, columns: Mapping[str, str], source: str) -> None:
    for column, name in columns.items():
        if name not in _TEXTS:
            continue
        for row, value in enumerate(frame[column]):
            if not isinstance(value, str):
                raise DataError(
                    f"{source}: {column!r} of row {row} is {value!r}; it must be a text"
                )
