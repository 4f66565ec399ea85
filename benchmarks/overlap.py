"""Which training rows have text that stands in a validation or test set.

Checks the training sets of all shipped recipes (and those of `--also`) against every validation and
test set of the data folder, and writes a Markdown table of counts. No text of a set is shown.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nlpkit import corpora, recipe
from nlpkit.errors import DataError
from nlpkit.rows import renamed
from nlpkit.training.overlap import Fingerprints, compare, texts, words

# As many words in a row as GPT-3's check for contamination looked for (Brown et al. 2020, C).
RUN = 13

NOTES = f"""
Texts are compared without case, spaces and punctuation, after NFKC. A row counts under every kind
that fits. *start of the document*: its first 300 letters and digits. *one text*: any text of the
row equals any text of a row there (of 20 characters or more, if the sets are of different shape).
*{RUN} words in a row*: any text of the row has {RUN} words in a row with any text there.
`data.without` leaves out what *text*, *pair* (in either order), *passage*, *document* and *start
of the document* find.

What the backbone had read before is not in this table: the list of its texts is not at hand. Its
authors name training pairs out of SQuAD 2.0, Natural Questions, Quora's questions and MultiNLI.
"""


@dataclass
class Runs:
    """Runs of `RUN` words, as hashes, and the row of each."""

    hashes: Fingerprints
    rows: NDArray[np.int64]

    def shared(self, other: Runs) -> int:
        """How many rows have a run that `other` has."""
        return len(np.unique(self.rows[np.isin(self.hashes, other.hashes)]))


@dataclass
class Set:
    """A split of a reference set: fingerprints only."""

    title: str
    task: str
    rows: int
    prints: dict[str, Fingerprints]
    long: NDArray[np.bool_]
    runs: Runs

    @property
    def shape(self) -> tuple[str, bool]:
        return self.task, "pair" in self.prints

    def has_text_of(self, other: Set) -> int:
        """How many rows have a longer text that `other` has, in whatever column."""
        theirs = [prints for column, prints in other.prints.items() if column != "start"]
        ours = [prints for column, prints in self.prints.items() if column != "start"]
        same = np.isin(np.stack(ours, axis=1), np.concatenate(theirs))
        return int((same & self.long).any(axis=1).sum())


class Reader:
    """Reads sets; keeps of all words their hashes."""

    def __init__(self, data: str | None) -> None:
        self.data = data
        self.known: dict[str, int] = {}

    def read(self, name: str, split: str, among: Fingerprints | None = None) -> Set:
        """A set, of its runs of words only those that are `among` these sorted ones.

        Raises:
            DataError: it is not there.
        """
        frame = corpora.read(name, split, root=self.data)
        task = task_of(name)
        own = corpora.CORPORA[name].texts if task == "classification" else {}
        rows = renamed(frame, task, name, pair="pair" in own, columns=own)
        prints = texts(rows, task, name)
        columns = [rows[column] for column in prints if column != "start"]
        runs = [self.runs(column, among) for column in columns]
        return Set(
            f"{name} {corpora.true_split(name, split)}",
            task,
            len(rows),
            prints,
            np.stack([column.str.len().to_numpy() >= 20 for column in columns], axis=1),
            Runs(np.concatenate([r.hashes for r in runs]), np.concatenate([r.rows for r in runs])),
        )

    def runs(self, column: pd.Series, among: Fingerprints | None) -> Runs:
        numbers, different = column.factorize()
        order = np.argsort(numbers, kind="stable")
        cuts = np.searchsorted(numbers[order], np.arange(1, len(different)))
        hashes, rows = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
        # A passage is read once, and counts for each of its rows.
        for text, of_rows in zip(different, np.split(order, cuts), strict=True):
            found = self.hashes(text)
            if among is not None and len(found):
                at = np.searchsorted(among, found).clip(max=len(among) - 1)
                found = found[among[at] == found]
            hashes.append(np.tile(found, len(of_rows)))
            rows.append(np.repeat(of_rows, len(found)))
        return Runs(np.concatenate(hashes), np.concatenate(rows))

    def hashes(self, text: str) -> Fingerprints:
        """A polynomial of the words' hashes for each run."""
        split = words(text)
        if len(split) < RUN:
            return np.empty(0, np.uint64)
        for word in split:
            if word in self.known:
                continue
            digest = blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
            self.known[word] = int.from_bytes(digest)
        numbers = np.array([self.known[word] for word in split], np.uint64)
        found = np.zeros(len(split) - RUN + 1, np.uint64)
        for start in range(RUN):
            found = found * np.uint64(0x9E3779B97F4A7C15) + numbers[start : start + len(found)]
        return np.unique(found)


def task_of(name: str) -> str:
    columns = corpora.CORPORA[name].columns
    if "answers" in columns:
        return "question_answering"
    return "summarization" if {"highlights", "summary"} & set(columns) else "classification"


def compared(training: Set, evaluation: Set) -> Iterator[tuple[str, int, int]]:
    """What is the same, the number of training rows and of evaluation rows."""
    if training.shape == evaluation.shape:
        found = compare(training.prints, evaluation.prints, training.task)
        for kind, count in found.training.items():
            yield kind, count, found.evaluation[kind]
    else:
        yield "one text", training.has_text_of(evaluation), evaluation.has_text_of(training)
    here, there = training.runs, evaluation.runs
    yield f"{RUN} words in a row", here.shared(there), there.shared(here)


def trained_on() -> dict[str, list[str]]:
    """The reference sets that the recipes of the checkout name, and the recipes.

    Those too that shipped pipelines begin from. What `benchmarks/sets` makes has no text that the
    reference sets lack.
    """
    root = Path(__file__).resolve().parent.parent
    found: dict[str, list[str]] = {}
    for path in sorted(
        path
        for folder in ("pipelines", "benchmarks/starts")
        for path in (root / folder).glob(f"*/{recipe.FILE_NAME}")
    ):
        read = recipe.read(path.parent)
        for name in (*read.data.train, *read.data.extra) if read.data is not None else ():
            if name in corpora.CORPORA:
                found.setdefault(name, []).append(read.name)
    return found


def evaluated_on(reader: Reader) -> tuple[list[Set], list[str]]:
    """All validation and test sets that are there, and the names of the others."""
    found, missing = [], []
    for name, corpus in corpora.CORPORA.items():
        if name == "cnn_dailymail_sources":  # no texts
            continue
        for split in corpus.splits:
            if split == "train":
                continue
            try:
                found.append(reader.read(name, split))
            except DataError:
                missing.append(f"{name} {split}")
    return found, missing


def main() -> None:
    """Compares all sets and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="folder of the data sets; default: NLPKIT_DATA")
    parser.add_argument("-o", "--output", type=Path, help="file; default: standard output")
    parser.add_argument(
        "--also",
        nargs="*",
        default=["squad", "nq_qed", "cnn_dailymail_tokenized", "scisummnet"],
        help="more training sets; default: %(default)s",
    )
    args = parser.parse_args()
    if not (args.data or os.environ.get("NLPKIT_DATA")):
        parser.error("which folder? give --data, or set NLPKIT_DATA")

    reader = Reader(args.data)
    evaluations, missing = evaluated_on(reader)
    among = np.unique(np.concatenate([e.runs.hashes for e in evaluations]))
    recipes = trained_on()
    lines, zeros = [], 0
    for name in dict.fromkeys([*recipes, *args.also]):
        training = reader.read(name, "train", among)
        for evaluation in evaluations:
            for kind, ours, theirs in compared(training, evaluation):
                if ours == 0 and name != evaluation.title.partition(" ")[0]:
                    zeros += 1
                    continue
                lines.append(
                    f"| {name} | {evaluation.title} | {kind} | {ours:,} of {training.rows:,} "
                    f"| {theirs:,} of {evaluation.rows:,} |"
                )
    text = [
        "# Training rows whose text stands in a validation or test set",
        "",
        "Training sets: "
        + "; ".join(
            f"{name} ({', '.join(recipes[name]) if name in recipes else 'no shipped recipe'})"
            for name in dict.fromkeys([*recipes, *args.also])
        )
        + ".",
        "",
        "Validation and test sets: "
        + "; ".join(f"{e.title} ({e.rows:,} rows)" for e in evaluations)
        + "."
        + (f" Not there: {', '.join(missing)}." if missing else ""),
        "",
        "| training set | evaluation set | what is the same | training rows | evaluation rows |",
        "|---|---|---|---|---|",
        *lines,
        "",
        f"{zeros:,} more comparisons, of each training set with the sets of other names, found "
        "nothing.",
        NOTES.rstrip(),
    ]
    if args.output:
        args.output.write_text("\n".join(text) + "\n", encoding="utf-8")
    else:
        print("\n".join(text))


if __name__ == "__main__":
    main()
