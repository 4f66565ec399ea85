"""Questions with a sentence that answers them or one that does not, which `glue/qnli` lacks.

As QNLI was made (Wang et al. 2019, "GLUE"): a question of SQuAD 1.1 goes with sentences of its own
passage. Here with the one that holds the answer, and of the others with the one that shares the
most with the question: words, the rare ones above all. QNLI's train part has both for half of the
questions; what it has is left out. Only train parts are read. Writes a parquet file with the
columns of GLUE's QNLI.
"""

from __future__ import annotations

import argparse
import math
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from nlpkit import corpora
from nlpkit.errors import NlpkitError
from nlpkit.text import Span, split_sentences

RESULT = Path(__file__).resolve().parent / "made" / "squad_sentences.parquet"
_WORD = re.compile(r"\w+")


def words(text: str) -> set[str]:
    """The words of a text, in lower case."""
    return set(_WORD.findall(text.lower()))


def pairs(frame: pd.DataFrame) -> Iterator[tuple[str, str, int]]:
    """Question, sentence and label (0 where it answers, 1 where it does not) of SQuAD's rows."""
    passages = {text: split_sentences(text) for text in dict.fromkeys(frame["context"])}
    of = {text: [words(text[a:b]) for a, b in spans] for text, spans in passages.items()}
    counts = Counter(word for own in of.values() for sentence in own for word in sentence)
    worth = {word: 1 / np.log(2 + count) for word, count in counts.items()}
    for row in frame.itertuples():
        text, spans = row.context, passages[row.context]
        start = int(row.answers["answer_start"][0])
        end = start + len(row.answers["text"][0])
        place = answered(spans, start, end)
        if place is None:
            continue
        asked = words(row.question)
        yield row.question, text[slice(*spans[place])], 0
        # Not a sentence that says the answer as well.
        said = row.answers["text"][0].lower()
        others = [n for n, (a, b) in enumerate(spans) if said not in text[a:b].lower()]
        if others:
            shared = [math.fsum(worth[word] for word in of[text][n] & asked) for n in others]
            best = others[int(np.argmax(shared))]
            yield row.question, text[slice(*spans[best])], 1


def answered(spans: list[Span], start: int, end: int) -> int | None:
    """The sentence that holds all of an answer, if one does.

    >>> answered([(0, 10), (11, 20)], 12, 15), answered([(0, 10), (11, 20)], 8, 15)
    (1, None)
    """
    for place, (first, stop) in enumerate(spans):
        if first <= start and end <= stop:
            return place
    return None


def lacking(squad: pd.DataFrame, qnli: pd.DataFrame) -> pd.DataFrame:
    """The pairs of SQuAD's rows whose question has no sentence with that label in `qnli`."""
    made = pd.DataFrame(pairs(squad), columns=["question", "sentence", "label"])
    made = made.drop_duplicates(["question", "label"])
    known = set(zip(qnli["question"], qnli["label"], strict=True))
    new = [row not in known for row in zip(made["question"], made["label"], strict=True)]
    return made[new].reset_index(drop=True)


def main() -> None:
    """Makes the set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of the reference data sets")
    parser.add_argument("-o", "--output", type=Path, default=RESULT, help="file (%(default)s)")
    options = parser.parse_args()
    try:
        squad, qnli = (
            corpora.read(name, "train", root=options.data) for name in ("squad", "glue/qnli")
        )
    except NlpkitError as error:
        parser.error(str(error))
    frame = lacking(squad, qnli)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(options.output)
    print(f"{len(frame):,} rows written to {options.output}")


if __name__ == "__main__":
    main()
