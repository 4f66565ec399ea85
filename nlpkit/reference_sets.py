"""The reference data sets: their names, splits, columns and labels, and where a folder has them.

Column names, split names and label numbers are those of the Hugging Face hub.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nlpkit.errors import DataError
from nlpkit.tables import SUFFIXES, listed

_THREE = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Corpus:
    """Where a reference data set is and what is in it."""

    folder: str
    """Its folder below the root."""
    splits: tuple[str, ...]
    """The splits that it has; a folder may hold some of them only."""
    columns: tuple[str, ...]
    """The hub's columns."""
    hub: str | None = None
    """Its name on the hub; None for a set that is read from a folder only."""
    config: str | None = None
    """Its configuration on the hub."""
    labels: tuple[str, ...] | None = None
    """The names of labels 0, 1, ...; None where there are no classes."""
    stems: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Split to file names without their ending, in order of preference, where a folder's files
    may be called otherwise than the split."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Other names of splits."""

    @property
    def texts(self) -> dict[str, str]:
        """Of a set of labelled texts: which column is `text`, and which `pair` where there are two.

        >>> CORPORA["glue/mnli"].texts
        {'text': 'premise', 'pair': 'hypothesis'}
        """
        columns = [column for column in self.columns if column not in ("label", "idx")]
        return dict(zip(("text", "pair"), columns, strict=False))

    def files(self, split: str) -> tuple[str, ...]:
        """The file names, without their ending, that a folder may have for a split."""
        return self.stems.get(split, (split,))


def _glue(
    task: str,
    columns: str,
    labels: str | None,
    splits: tuple[str, ...] = _THREE,
    stems: Mapping[str, tuple[str, ...]] | None = None,
    aliases: Mapping[str, str] | None = None,
) -> Corpus:
    return Corpus(
        folder=f"glue/{task}",
        splits=splits,
        columns=(*columns.split(), "label", "idx"),
        hub="nyu-mll/glue",
        config=task,
        labels=tuple(labels.split()) if labels else None,
        stems=stems or {},
        aliases=aliases or {},
    )


_SQUAD = ("id", "title", "context", "question", "answers")
_NEWS = ("article", "highlights", "id")
_TWO = ("train", "validation")

CORPORA: Mapping[str, Corpus] = {
    "squad": Corpus("squad/v1.1", _TWO, _SQUAD, "rajpurkar/squad"),
    "squad_v2": Corpus("squad/v2.0", _TWO, _SQUAD, "rajpurkar/squad_v2"),
    "nq_qed": Corpus("qa/nq_qed", _TWO, _SQUAD),
    "glue/cola": _glue("cola", "sentence", "unacceptable acceptable"),
    "glue/sst2": _glue("sst2", "sentence", "negative positive"),
    "glue/mrpc": _glue("mrpc", "sentence1 sentence2", "not_equivalent equivalent"),
    "glue/stsb": _glue("stsb", "sentence1 sentence2", None),
    "glue/rte": _glue("rte", "sentence1 sentence2", "entailment not_entailment"),
    "glue/wnli": _glue("wnli", "sentence1 sentence2", "not_entailment entailment"),
    "glue/qnli": _glue(
        "qnli",
        "question sentence",
        "entailment not_entailment",
        # A train split made again out of SQuAD says so in its file name.
        stems={"train": ("train", "train_rebuilt")},
    ),
    "glue/mnli": _glue(
        "mnli",
        "premise hypothesis",
        "entailment neutral contradiction",
        ("train", "validation_matched", "validation_mismatched", "test_matched", "test_mismatched"),
        aliases={"validation": "validation_matched", "test": "test_matched"},
    ),
    "glue/qqp": _glue("qqp", "question1 question2", "not_duplicate duplicate"),
    "cnn_dailymail": Corpus(
        "summarization/cnn_dailymail", _THREE, _NEWS, "abisee/cnn_dailymail", "3.0.0"
    ),
    # Row by row the sources of `cnn_dailymail`'s articles in the folder, for joining the two sets.
    "cnn_dailymail_sources": Corpus(
        "summarization/cnn_dailymail",
        _THREE,
        ("id", "source", "in_tokenized_train"),
        stems={split: (f"{split}_sources",) for split in _THREE},
    ),
    "cnn_dailymail_tokenized": Corpus("summarization/cnn_dailymail_tokenized", _THREE, _NEWS),
    "xsum": Corpus(
        "summarization/xsum", _THREE, ("document", "summary", "id"), "EdinburghNLP/xsum"
    ),
    "scisummnet": Corpus(
        "summarization/scisummnet", _THREE, ("document", "summary", "id", "title", "abstract")
    ),
}
"""The reference data sets by name."""


def corpus_split(name: str, split: str | None) -> str:
    """The true name of a reference set's split; None is "train".

    MNLI has two validation sets and two test sets; "validation" and "test" are the matched ones,
    which published numbers usually mean.

    Raises:
        DataError: the set has no such split.

    >>> corpus_split("glue/mnli", "validation")
    'validation_matched'
    >>> corpus_split("squad", "test")
    Traceback (most recent call last):
    nlpkit.errors.DataError: The data set 'squad' has no split 'test'; there are train, validation.
    """
    corpus = CORPORA[name]
    found = corpus.aliases.get(split or "train", split or "train")
    if found not in corpus.splits:
        raise DataError(
            f"The data set {name!r} has no split {split!r}; there are {listed(corpus.splits)}."
        )
    return found


def corpus_file(name: str, split: str, root: Path) -> Path:
    """The file below `root` that holds a split, which is named as `corpus_split` says.

    Raises:
        DataError: there is none, or several; the message says what the folder has.
    """
    corpus = CORPORA[name]
    folder = root / corpus.folder
    for stem in corpus.files(split):
        paths = [folder / f"{stem}{suffix}" for suffix in SUFFIXES]
        found = [path for path in paths if path.is_file()]
        if len(found) > 1:
            raise DataError(
                f"{folder} has several files for the split {split!r}: "
                f"{listed(path.name for path in found)}."
            )
        if found:
            return found[0]
    wanted = " or ".join(f"{stem}.parquet" for stem in corpus.files(split))
    raise DataError(
        f"There is no file for the split {split!r} of {name!r}: {folder / wanted} was looked for"
        f"{_surroundings(folder, root)}."
    )


def _surroundings(folder: Path, root: Path) -> str:
    """What there is in the innermost folder of `folder`, from `root` on, that exists."""
    while not folder.is_dir():
        if folder == root or folder == folder.parent:
            return f", but there is no folder {root}"
        folder = folder.parent
    names = sorted(f"{entry.name}/" if entry.is_dir() else entry.name for entry in folder.iterdir())
    shown = listed(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
    return f"; {folder} has {shown or 'nothing in it'}"
