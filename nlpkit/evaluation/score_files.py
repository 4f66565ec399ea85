"""Files of predictions from any system, scored: what `nlpkit score` does."""

from __future__ import annotations

import math
import os
import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nlpkit import corpora
from nlpkit.errors import DataError, InputError, NlpkitWarning
from nlpkit.evaluation import squad
from nlpkit.evaluation.goal import Goal
from nlpkit.evaluation.gold import absent, check_rows, gold_of
from nlpkit.evaluation.meteor import meteor
from nlpkit.evaluation.result import Evaluation
from nlpkit.evaluation.rouge import rouge
from nlpkit.evaluation.score import Scores
from nlpkit.evaluation.scoring.classification import score_labels, score_numbers
from nlpkit.evaluation.squad_files import golds_of, read_predictions, read_probabilities
from nlpkit.files import iter_lines, iter_records
from nlpkit.rows import renamed
from nlpkit.tables import listed, read_table
from nlpkit.text import split_sentences

if TYPE_CHECKING:
    import pandas as pd

PathLike = str | os.PathLike[str]

_ROUGE = ("rouge1", "rouge2", "rougeL", "rougeLsum")
# The column of a prediction, by the names that files give it; GLUE's own is "prediction".
_COLUMNS = ("prediction", "label", "score")


def score_squad_file(
    predictions: PathLike,
    dataset: PathLike = "squad",
    *,
    split: str | None = None,
    data: PathLike | None = None,
    no_answer: PathLike | None = None,
    threshold: float = 1.0,
    seed: int = 0,
) -> tuple[Scores, tuple[str, ...]]:
    """Scores a SQuAD prediction file, and says which questions and answers had no partner.

    Args:
        predictions: the official JSON object, question id to answer.
        dataset: a reference set, or a file of questions with their answers.
        split: of a named set; None is `validation`.
        data: folder of the reference sets; or the file of questions itself.
        no_answer: JSON object, question id to no-answer probability (SQuAD 2.0).
        threshold: above this probability a question counts as unanswered.
        seed: of the intervals.

    Raises:
        DataError: a file that cannot be read, or is not what it should be.
        InputError: no prediction is for any of the questions; or a threshold or no-answer
            probabilities where every question has an answer.
    """
    given = read_predictions(predictions)
    if data is not None and Path(data).is_file():
        dataset, data = data, None
    name = os.fspath(dataset)
    wanted = split or ("validation" if _named(name) else None)
    frame = corpora.read(name, wanted, root=data)
    golds = golds_of(frame, name)
    fields = {
        "data": corpora.shown_name(name),
        "split": corpora.true_split(name, wanted),
        "content": _content(frame, "question_answering", name),
    }
    if all(golds.values()):
        if no_answer is not None:
            raise InputError(
                f"every question of {name} has an answer, so no-answer probabilities have no use"
            )
        if threshold != 1:
            raise InputError(f"every question of {name} has an answer, so a threshold has no use")
        scores = squad.squad_v1(given, golds, seed=seed)
        lack = "count 0"
    else:
        chances = None if no_answer is None else read_probabilities(no_answer)
        scores = squad.squad_v2(given, golds, chances, threshold, seed=seed)
        lack = "are left out, as in the official script"
    missing, unknown = squad.unmatched(given, golds)
    notes = []
    if missing:
        notes.append(f"{len(missing):,} of {len(golds):,} questions have no prediction and {lack}")
    if unknown:
        notes.append(f"{len(unknown):,} predictions are for no question of {name} and are ignored")
    return scores.extended(**fields), tuple(notes)


def score_rouge_files(
    candidates: PathLike,
    references: PathLike,
    *,
    sentences: str = "split",
    stem: bool = True,
    seed: int = 0,
) -> Scores:
    """ROUGE-1, 2, L and Lsum of summaries in two files, a summary a line.

    Args:
        candidates, references: text files, or .jsonl with `summary` (a text or a list of
            sentences).
        sentences: what separates the sentences of a text: `split` for nlpkit's own splitter, or
            a separator.
        stem: with the Porter stemmer.
        seed: of the intervals.

    Raises:
        DataError: a file that cannot be read, unequal numbers of lines, or a reference without
            a word that ROUGE sees (a-z and 0-9).
        InputError: a separator without a character.

    Summaries without a word score 0, with an `NlpkitWarning`.
    """
    separator = None if sentences == "split" else sentences.replace("\\n", "\n")
    if separator == "":
        raise InputError("what separates sentences is empty; allowed: 'split', or a separator")
    ours, theirs = _texts(candidates), _texts(references)
    _check_lengths(candidates, ours, references, theirs)
    _check_words(candidates, ours, references, theirs, "[a-zA-Z0-9]")
    scores = rouge(
        [_sentences(text, separator) for text in ours],
        [_sentences(text, separator) for text in theirs],
        types=_ROUGE,
        stem=stem,
        seed=seed,
    )
    # Lists of sentences are taken as they are.
    split = separator is None and any(isinstance(text, str) for text in (*ours, *theirs))
    how = "nlpkit" if split else "given"
    return scores.extended(sentences=how, data=Path(references).name)


def score_meteor_files(candidates: PathLike, references: PathLike, *, seed: int = 0) -> Scores:
    """METEOR of texts in two files, a text a line.

    Raises:
        DataError: a file that cannot be read, unequal numbers of lines, or an empty reference.

    Empty texts score 0, with an `NlpkitWarning`.
    """
    ours, theirs = _texts(candidates), _texts(references)
    _check_lengths(candidates, ours, references, theirs)
    _check_words(candidates, ours, references, theirs, r"\S")
    value = meteor([_joined(t) for t in ours], [_joined(t) for t in theirs], seed=seed)
    return Scores([value.extended(data=Path(references).name)])


def score_label_file(
    predictions: PathLike,
    dataset: PathLike,
    *,
    split: str | None = None,
    data: PathLike | None = None,
    limit: int | None = None,
    seed: int = 0,
) -> Evaluation:
    """Scores a file of labels or numbers against a data set, row by row.

    Args:
        predictions: one a line (.txt), or a table with a column `prediction`.
        dataset: a reference set, or a file with a column `label`.
        split: of a named set; None is `validation`.
        data: folder of the reference sets.
        limit: at most so many rows of the data set.
        seed: of the intervals.

    Raises:
        DataError: a file that cannot be read, unequal numbers of rows, unknown labels.
    """
    import pandas as pd

    name = os.fspath(dataset)
    wanted = split or ("validation" if _named(name) else None)
    frame = corpora.read(name, wanted, root=data, limit=limit)
    corpora.check_labelled(frame, name)
    names = corpora.label_names(name)
    numbers = names is None and frame["label"].dtype.kind == "f"
    there = [value for value in frame["label"] if not absent(value)]
    if any(not isinstance(value, str | int | float | np.generic) for value in there):
        raise DataError(f"{name} has several labels a row, or other values than names and numbers")
    labels = names or tuple(sorted({str(value) for value in there}))
    goal = Goal("regression") if numbers else Goal("labels", labels)
    gold, kept = gold_of(list(frame["label"]), goal, names, name)
    said = _column(Path(predictions), len(gold))
    if len(said) != len(gold):
        raise DataError(
            f"{predictions} has {len(said)} predictions and {name} {len(gold)} rows with a label; "
            "each row needs one"
        )
    rows = frame[[c for c in ("id", "idx") if c in frame]].iloc[kept].reset_index(drop=True)
    if numbers:
        values = [{"score": _finite(v, n, predictions)} for n, v in enumerate(said)]
        scored = score_numbers(rows, values, gold, seed=seed)
    else:
        choices = [{"label": _label(v, labels, names, predictions, n)} for n, v in enumerate(said)]
        scored = score_labels(rows, choices, gold, labels, seed=seed)
    notes = scored.notes
    if len(gold) < len(frame):
        lacking = len(frame) - len(gold)
        notes = (*notes, f"{lacking:,} of {len(frame):,} rows have no label and are left out")
    return Evaluation(
        scored.scores,
        task="classification",
        system=Path(predictions).name,
        dataset=corpora.shown_name(name),
        split=corpora.true_split(name, wanted),
        examples=scored.examples.assign(idx=rows.get("idx", pd.Series(range(len(rows))))),
        undefined=scored.undefined,
        notes=notes,
        content=_content(frame, "classification", name, kept),
    )


def _named(name: str) -> bool:
    """Whether a data set is a reference or hub set, which has splits."""
    return corpora.true_split(name) is not None


def _content(
    frame: pd.DataFrame, task: str, name: str, kept: Sequence[int] | None = None
) -> str | None:
    """The fingerprint that an evaluation on these rows has, so that the two can be compared.

    None where a pipeline could not read the rows, for lack of a column of texts.
    """
    columns: Mapping[str, str] | None = None
    pair = "pair" in frame
    corpus = corpora.CORPORA.get(name)
    if corpus is not None and task == "classification":
        columns = corpus.texts
        pair = "pair" in columns
    try:
        rows = renamed(frame, task, name, pair=pair, columns=columns).reset_index(drop=True)
        rows = check_rows(rows, task, name) if kept is None else rows.iloc[kept]
    except DataError:
        return None
    return corpora.fingerprint(rows.reset_index(drop=True))


def _texts(path: PathLike) -> list[str | list[str]]:
    """A text or a list of sentences for each line."""
    if Path(path).suffix.lower() != ".jsonl":
        return list(iter_lines(path))
    texts: list[str | list[str]] = []
    for line, record in iter_records(path):
        value: Any = next(
            (record[k] for k in ("summary", "text", "prediction") if k in record), None
        )
        listed = isinstance(value, list) and all(isinstance(part, str) for part in value)
        if not (isinstance(value, str) or listed):
            raise DataError(
                f'{os.fspath(path)}, line {line}: expected "summary" with a text or a list of '
                f"texts, found {value!r:.40}"
            )
        texts.append(value)
    return texts


def _sentences(text: str | list[str], separator: str | None) -> list[str]:
    if isinstance(text, list):
        return text
    if separator is None:
        return [text[start:end] for start, end in split_sentences(text)]
    return [part.strip() for part in text.split(separator) if part.strip()]


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else " ".join(text)


def _check_lengths(
    candidates: PathLike, ours: Sequence[Any], references: PathLike, theirs: Sequence[Any]
) -> None:
    if len(ours) != len(theirs):
        raise DataError(
            f"{os.fspath(candidates)} has {len(ours)} texts and {os.fspath(references)} "
            f"{len(theirs)}; each line needs its reference"
        )
    if not ours:
        raise DataError(f"{os.fspath(candidates)} has no texts to score")


def _check_words(
    candidates: PathLike,
    ours: Sequence[Any],
    references: PathLike,
    theirs: Sequence[Any],
    word: str,
) -> None:
    for number, text in enumerate(theirs, 1):
        if not re.search(word, _joined(text)):
            seen = "" if word == r"\S" else " of a-z or 0-9, and ROUGE sees no others"
            raise DataError(f"{os.fspath(references)}: reference {number} has no word{seen}")
    empty = sum(not _joined(text).strip() for text in ours)
    if empty:
        warnings.warn(
            f"{empty:,} of {len(ours):,} texts of {os.fspath(candidates)} are empty and score 0",
            NlpkitWarning,
            stacklevel=3,
        )


def _column(path: Path, rows: int) -> list[Any]:
    """The predictions of a file in the order of the rows, which a column `index` may give."""
    if path.suffix.lower() == ".txt":
        return [line.strip() for line in iter_lines(path)]
    frame = read_table(path, None, None)
    found = next((column for column in _COLUMNS if column in frame), None)
    if found is None:
        raise DataError(
            f"{path} has no column {listed(_COLUMNS)}; there are {listed(frame.columns)}"
        )
    values = list(frame[found])
    if "index" not in frame or len(values) != rows:
        return values
    # GLUE's files number their rows, so that they may stand in any order.
    order = list(frame["index"])
    if sorted(order, key=str) != sorted(range(rows), key=str):
        raise DataError(f"{path}: its column 'index' is not each of 0 to {rows - 1} once")
    placed = dict(zip(order, values, strict=True))
    return [placed[row] for row in range(rows)]


def _label(
    value: Any, labels: Sequence[str], names: Sequence[str] | None, path: PathLike, row: int
) -> str:
    """A predicted label's name: its own, or that of its number where the data set names them."""
    if str(value) in labels:
        return str(value)
    number = str(value).removesuffix(".0")
    if names is None and number in labels:
        return number
    if names is not None and re.fullmatch("[0-9]{1,9}", number) and int(number) < len(names):
        return names[int(number)]
    if absent(value) and "-1" not in labels:
        raise DataError(f"{os.fspath(path)}: prediction {row} is missing; each row needs one")
    raise DataError(
        f"{os.fspath(path)} has the label {value!r}; the data set knows "
        f"{', '.join(map(repr, labels))}"
    )


def _finite(value: Any, row: int, path: PathLike) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not math.isfinite(number):
        raise DataError(
            f"{os.fspath(path)}: prediction {row} is {value!r}; a finite number is needed"
        )
    return number
