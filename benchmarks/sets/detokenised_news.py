"""News documents of a tokenised set, written again as people write.

Three of four training documents of CNN/DailyMail are there only lower-cased and split into the
Penn Treebank's tokens ("it is n't , he said"), and those of the Daily Mail only so. What is
summarized in use is written as people write. Joined by NLTK's `TreebankWordDetokenizer`, with
brackets under their own names again, and each quotation mark at the words that it opens or closes.
Letters stay small, which an uncased encoder does not see. Writes a parquet file with the columns
`article` and `highlights`.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from benchmarks.sets import command
from nlpkit import corpora

if TYPE_CHECKING:
    from nltk.tokenize.treebank import TreebankWordDetokenizer

RESULT = Path(__file__).resolve().parent / "made" / "detokenised_news.parquet"
SOURCE = "cnn_dailymail_tokenized"

_BRACKETS = {"-lrb-": "(", "-rrb-": ")", "-lsb-": "[", "-rsb-": "]", "-lcb-": "{", "-rcb-": "}"}
# Private characters stand for quotation marks that open and close, until words are joined.
_OPEN, _CLOSE = "\ue000", "\ue001"
_JOINED = [
    (re.compile(f"{_OPEN} *"), '"'),
    (re.compile(f" *{_CLOSE}"), '"'),
    (re.compile(r"(?<=[(\[{]) "), ""),
    (re.compile(r" (?=[)\]}])"), ""),
    (re.compile(" *-- *"), " -- "),
    (re.compile("  +"), " "),
]


@cache
def _joiner() -> TreebankWordDetokenizer:
    from nltk.tokenize.treebank import TreebankWordDetokenizer

    return TreebankWordDetokenizer()


def detokenised(text: str) -> str:
    """A tokenised text as it would be written; line breaks stay.

    >>> detokenised('he said : " it is n\\'t ours . " ( reuters )')
    'he said: "it isn\\'t ours." (reuters)'
    >>> detokenised("the city 's -lrb- old -rrb- port was sold for $ 3 million .")
    "the city's (old) port was sold for $3 million."
    """
    return "\n".join(map(_line, text.split("\n")))


def _line(text: str) -> str:
    words = []
    inside = False
    for token in text.split():
        if token in ('"', "``", "''"):
            inside = token == "``" or (token == '"' and not inside)
            words.append(_OPEN if inside else _CLOSE)
        else:
            words.append("'" if token == "`" else _BRACKETS.get(token, token))
    line = _joiner().detokenize(words)
    for pattern, sign in _JOINED:
        line = pattern.sub(sign, line)
    return line.strip()


def documents(data: Path | None, rows: int, seed: int) -> pd.DataFrame:
    """Documents and their summaries, `rows` of them if there are so many; mixed."""
    frame = corpora.read(SOURCE, "train", root=data)[["article", "highlights"]]
    drawn = frame.sample(n=min(rows, len(frame)), random_state=seed)
    return drawn.map(detokenised).reset_index(drop=True)


if __name__ == "__main__":
    command.run(documents, RESULT, rows=8_000, noun="documents", description=__doc__)
