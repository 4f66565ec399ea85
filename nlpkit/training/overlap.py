"""Training rows whose text stands in an evaluation set, and leaving them out.

Texts are compared as `normalised` gives them, so that raw and tokenised versions of a text meet.
That errs on the side of finding: "1.5" and "15" are the same text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nlpkit import corpora
from nlpkit.errors import DataError, InputError
from nlpkit.recipe import Recipe
from nlpkit.rows import COLUMNS, renamed
from nlpkit.tables import checked_columns

if TYPE_CHECKING:
    import pandas as pd

Fingerprints = NDArray[np.uint64]

# The Penn Treebank's names for brackets.
_BRACKETS = re.compile("-(?:lrb|rrb|lsb|rsb|lcb|rcb)-")
_WORD = re.compile(r"[^\W_]+")

# Letters and digits from the start of a document that make it the same document: of two versions
# of one article the later one often goes on differently.
_START = 300

# The texts of each task; the first ones make a whole example.
_TEXTS = {
    "classification": ("text", "pair"),
    "question_answering": ("question", "context"),
    "summarization": ("document", "summary"),
}

# The kinds of overlap for which a training row is left out.
_WHOLE = ("text", "pair", "pair in the other order", "passage", "document", "start of the document")


@dataclass(frozen=True, slots=True)
class Overlap:
    """What a training set shares with an evaluation set.

    The kinds: of classification `text`, or of pairs `pair`, `pair in the other order` and `one
    text` (either text of a pair equals either one there); of question answering `passage`,
    `question` and `question and passage`; of summarization `document`, `start of the document`
    (its first 300 letters and digits) and `summary`.

    Attributes:
        training: by kind, how many training rows share it.
        evaluation: by kind, how many evaluation rows share it.
        mask: of each training row, whether its whole example (the text, or the pair in either
            order), passage, document or start of the document stands in the evaluation set.
    """

    training: Mapping[str, int]
    evaluation: Mapping[str, int]
    mask: NDArray[np.bool_]


def overlap(training: pd.DataFrame, evaluation: pd.DataFrame, task: str) -> Overlap:
    """The rows of `training` whose text stands in `evaluation`; linear in the data.

    Both have the columns of `nlpkit.rows.COLUMNS`, of which only the texts are read.

    Args:
        training: the rows to be trained on.
        evaluation: the rows to be evaluated on.
        task: `summarization`, `question_answering` or `classification`.

    Raises:
        DataError: a column is not there or holds something else than texts, or only one of the
            two has pairs.
        InputError: an unknown task.

    >>> import pandas as pd
    >>> training = pd.DataFrame({"text": ["It does n't rain .", "Bridges fall."]})
    >>> evaluation = pd.DataFrame({"text": ["Ships sail.", "It doesn't rain!"]})
    >>> found = overlap(training, evaluation, "classification")
    >>> found.training, found.mask.tolist()
    ({'text': 1}, [True, False])
    """
    return compare(
        texts(training, task, "the training data"),
        texts(evaluation, task, "the evaluation data"),
        task,
    )


def without(
    frame: pd.DataFrame, recipe: Recipe, names: Sequence[str], data: str | Path | None = None
) -> pd.DataFrame:
    """A recipe's rows without those that overlap with evaluation sets (`Overlap.mask`).

    Args:
        frame: rows with the columns of `nlpkit.rows.COLUMNS`.
        recipe: says the task, and the columns where their names are others.
        names: `name:split` (`squad_v2:validation`) or `name`, of which the split is then
            `validation`; or a file. What stands after the last colon is the split.
        data: folder of the reference sets.

    Raises:
        DataError: when a set, a file or a column is not there, or no row is left.
    """
    if not names:
        return frame
    ours = texts(frame, recipe.task, "the training data")
    shared = np.zeros(len(frame), np.bool_)
    for name in names:
        source, split = _source(name)
        rows = _text_rows(corpora.read(source, split, root=data), recipe, source)
        shared |= compare(ours, texts(rows, recipe.task, name), recipe.task).mask
    if shared.all():
        raise DataError(
            f"data.without leaves no rows: all {len(frame)} stand in {', '.join(names)}"
        )
    return frame[~shared].reset_index(drop=True)


def _source(name: str) -> tuple[str, str | None]:
    """A set's name and split.

    >>> _source("squad_v2:validation"), _source("glue/rte"), _source("mine.csv")
    (('squad_v2', 'validation'), ('glue/rte', 'validation'), ('mine.csv', None))
    """
    if corpora.names_file(name):
        return name, None
    source, colon, split = name.rpartition(":")
    if not colon or re.search(r"[/\\]", split):  # the colon of C:\data is none of ours
        return name, "validation"
    return source, split


def _text_rows(frame: pd.DataFrame, recipe: Recipe, source: str) -> pd.DataFrame:
    """As `nlpkit.rows.named`, but a reference set's own columns are known: no recipe names them."""
    columns = dict(recipe.data.columns) if recipe.data is not None else {}
    corpus = corpora.CORPORA.get(source)
    if recipe.task == "classification" and corpus is not None:
        own = corpus.texts
        if ("pair" in own) == recipe.pair:
            columns |= own
    return renamed(frame, recipe.task, source, pair=recipe.pair, columns=columns)


# Comparing


def texts(frame: pd.DataFrame, task: str, source: str = "the rows") -> dict[str, Fingerprints]:
    """Fingerprints of all texts of a frame, by column; a document's `start` beside it.

    Raises:
        DataError: a column is not there or holds something else than texts.
        InputError: an unknown task.
    """
    if task not in COLUMNS:
        raise InputError(f"task is {task!r}; allowed: {', '.join(COLUMNS)}")
    there = list(map(str, frame.columns))
    wanted = [name for name in _TEXTS[task] if name != "pair" or "pair" in there]
    checked_columns(source, there, wanted)
    found = {name: fingerprints(frame[name], source=source) for name in wanted}
    if task == "summarization":
        found["start"] = fingerprints(frame["document"], _START, source=source)
    return found


def compare(
    training: Mapping[str, Fingerprints], evaluation: Mapping[str, Fingerprints], task: str
) -> Overlap:
    """As `overlap`, of what `texts` gave for the two sets.

    Raises:
        DataError: only one of the two has pairs.
    """
    if ("pair" in training) != ("pair" in evaluation):
        raise DataError(
            "pairs and single texts do not compare: the column 'pair' is only in "
            f"the {'training' if 'pair' in training else 'evaluation'} rows"
        )
    ours, theirs = _kinds(training, task), _kinds(evaluation, task)
    if "pair" in theirs:
        theirs["pair in the other order"] = theirs["pair"]
    hits = {kind: np.isin(keys, theirs[kind]).any(axis=1) for kind, keys in ours.items()}
    back = {kind: np.isin(keys, ours[kind]).any(axis=1) for kind, keys in theirs.items()}
    return Overlap(
        {kind: int(hit.sum()) for kind, hit in hits.items()},
        {kind: int(hit.sum()) for kind, hit in back.items()},
        np.any([hit for kind, hit in hits.items() if kind in _WHOLE], axis=0),
    )


def _kinds(found: Mapping[str, Fingerprints], task: str) -> dict[str, Fingerprints]:
    """By kind what is compared: (rows, texts of a row any of which may be the same)."""
    if task == "question_answering":
        question, context = found["question"], found["context"]
        kinds = {
            "passage": [context],
            "question": [question],
            "question and passage": [_joint(question, context)],
        }
    elif task == "summarization":
        kinds = {
            "document": [found["document"]],
            "start of the document": [found["start"]],
            "summary": [found["summary"]],
        }
    elif "pair" in found:
        text, pair = found["text"], found["pair"]
        kinds = {
            "pair": [_joint(text, pair)],
            "pair in the other order": [_joint(pair, text)],
            "one text": [text, pair],
        }
    else:
        kinds = {"text": [found["text"]]}
    return {kind: np.stack(columns, axis=1) for kind, columns in kinds.items()}


def _joint(one: Fingerprints, other: Fingerprints) -> Fingerprints:
    """Fingerprints of pairs, in this order: an odd factor loses nothing, modulo 2^64."""
    return one * np.uint64(0x9E3779B97F4A7C15) + other


def fingerprints(
    values: Iterable[object], length: int | None = None, *, source: str = "the rows"
) -> Fingerprints:
    """64 bits for each text, equal for texts that `normalised` makes equal.

    Different texts share them by chance: among a million texts once in 37 million sets.

    Args:
        values: the texts.
        length: take only so many letters and digits from the start.
        source: what to call the texts in an error.

    Raises:
        DataError: a value is no text.

    >>> one, other, third = fingerprints(["Cats & dogs", "cats, dogs ...", "Cats"])
    >>> bool(one == other), bool(one == third)
    (True, False)
    """
    known: dict[str, int] = {}  # a passage comes again for each of its questions
    found = []
    for row, value in enumerate(values):
        if not isinstance(value, str):
            raise DataError(f"{source}: row {row} holds {value!r}; it must be a text")
        number = known.get(value)
        if number is None:
            text = normalised(value) if length is None else _start(value, length)
            # Lone surrogates are no UTF-8, but may stand in a JSON file.
            letters = text.encode("utf-8", "surrogatepass")
            number = known[value] = int.from_bytes(blake2b(letters, digest_size=8).digest())
        found.append(number)
    return np.array(found, np.uint64)


def _start(text: str, length: int) -> str:
    """`normalised(text)[:length]`, without reading all of a long text."""
    # What stands at the cut (a bracket's name, an accent) may read otherwise: hence the rest.
    start = normalised(text[: 4 * length])
    return (start if len(start) >= length + 20 else normalised(text))[:length]


def normalised(text: str) -> str:
    """What is compared of a text: its `words` without anything between them.

    >>> normalised("It's  -LRB- really -RRB- COLD !") == normalised("It 's (really) cold")
    True
    """
    return "".join(words(text))


def words(text: str) -> list[str]:
    """Runs of letters and digits after NFKC and case folding; brackets' PTB names are no words.

    A text that has none, such as ":-)", gives what stands between its spaces.

    >>> words("Ca n't pay £ 1.50 -lrb- yet -rrb- .")
    ['ca', 'n', 't', 'pay', '1', '50', 'yet']
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return _WORD.findall(_BRACKETS.sub(" ", folded)) or folded.split()
