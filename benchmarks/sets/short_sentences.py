"""Short English sentences of many kinds, of which a teacher can say whether they are acceptable.

The Corpus of Linguistic Acceptability has 8,551 training sentences, by a handful of authors, and
half of its validation part is by others (Warstadt et al. 2019). What a teacher knows of English
beyond those authors' examples a student only learns from other sentences. These are statements and
questions of 4 to 14 words from the train parts of MultiNLI, QQP and SQuAD and from news: as many of
each kind. Writes a parquet file with the column `text`.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from benchmarks.sets import command
from benchmarks.sets.single_sentences import drawn

RESULT = Path(__file__).resolve().parent / "made" / "short_sentences.parquet"

# Kind, set, its column, and whether that holds one sentence a row or texts of several.
SOURCES = [
    ("claims", "glue/mnli", "hypothesis", False),
    ("talk and fiction", "glue/mnli", "premise", True),
    ("users' questions", "glue/qqp", "question1", False),
    ("readers' questions", "glue/qnli", "question", False),
    ("encyclopedia", "squad", "context", True),
    ("news", "cnn_dailymail", "article", True),
]
WORDS = (4, 14)

# One sentence as an example in a book has it: no quotation, brackets, figures or lists.
_PLAIN = re.compile(r"[A-Z][A-Za-z' ,-]*[A-Za-z'][.?!]")


def plain(text: str) -> str | None:
    """A text that is one short sentence of words and little else.

    >>> plain("The rain had stopped by noon. ")
    'The rain had stopped by noon.'
    >>> plain("By 1904 (it rained)."), plain("It rained.")
    (None, None)
    """
    fewest, most = WORDS
    sentence = text.strip()
    fits = _PLAIN.fullmatch(sentence) and fewest <= len(sentence.split()) <= most
    return sentence if fits else None


def sentences(data: Path | None, rows: int, seed: int) -> pd.DataFrame:
    """As many sentences of each kind, `rows` in all if there are so many; mixed."""
    share = rows // len(SOURCES)
    frames = []
    for kind, name, column, several in SOURCES:
        found = drawn((name, column), plain, share, several=several, data=data, seed=seed)
        print(f"{len(found):>7,} of {kind}")
        frames.append(pd.DataFrame({"text": found}))
    joined = pd.concat(frames, ignore_index=True).drop_duplicates("text")
    return joined.sample(frac=1.0, random_state=seed, ignore_index=True)


if __name__ == "__main__":
    command.run(sentences, RESULT, rows=42_000, description=__doc__)
