"""News documents that are like none that `summarization` began with, to choose its runs on.

Newspapers go on with a story: of documents set aside at random many have a training document about
the same, and look easier than new ones are. Taken are the training rows of both CNN/DailyMail sets
that `benchmarks/starts/summarization` did not train on and whose TF-IDF cosine to each of those
that it did is below 0.25: all of the set as people write, `--rows` of the tokenised one. Recipes
that name the file in `data.without` leave these documents out. Writes a parquet file with the
columns `article` and `highlights`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.sets import command
from benchmarks.undrawn import all_rows
from nlpkit.recipe import read
from nlpkit.training.holdout import split_rows
from nlpkit.training.training_rows import training_rows

RESULT = Path(__file__).resolve().parent / "made" / "unlike_news.parquet"
START = Path(__file__).resolve().parents[1] / "starts" / "summarization"
ALIKE = 0.25
_AT_ONCE = 200


def nearest(documents: list[str], others: list[str]) -> NDArray[np.float64]:
    """Of each document the cosine to the nearest of the others, `(documents,)`.

    Over TF-IDF of words (log of the counts, English stop words left out), fitted on the others.

    >>> nearest(["The bridge fell.", "Rain."], ["A bridge fell.", "The bridge stands."]).round(2)
    array([1., 0.])
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    if not documents:
        return np.zeros(0)
    fitted = TfidfVectorizer(
        sublinear_tf=True, min_df=min(2, len(others)), stop_words="english", max_features=60_000
    ).fit(others)
    words = fitted.transform(others).T.tocsc()
    ours = fitted.transform(documents)
    parts = [
        np.asarray((ours[first : first + _AT_ONCE] @ words).max(1).todense()).ravel()
        for first in range(0, len(documents), _AT_ONCE)
    ]
    return np.concatenate(parts)


def trained_and_rest(data: Path | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The documents that the start was trained on, and the others of its sets."""
    recipe = read(START)
    trained, _ = split_rows(training_rows(recipe, data), recipe)
    rest = all_rows(recipe, data)
    return trained, rest[~rest["document"].isin(set(trained["document"]))]


def tokenised(frame: pd.DataFrame) -> pd.Series[bool]:
    """Whether a document is of the tokenised set, which is lower-cased."""
    return frame["document"] == frame["document"].str.lower()


def named(frame: pd.DataFrame) -> pd.DataFrame:
    """Documents and summaries, with the names of columns that CNN/DailyMail has."""
    return frame[["document", "summary"]].rename(
        columns={"document": "article", "summary": "highlights"}
    )


def documents(data: Path | None, rows: int, seed: int) -> pd.DataFrame:
    """All such documents as people write, then `rows` tokenised ones if there are so many."""
    trained, rest = trained_and_rest(data)
    small = tokenised(rest)
    drawn = rest[small].sample(n=min(3 * rows, int(small.sum())), random_state=seed)
    kept = []
    for part, most in ((rest[~small], len(rest)), (drawn, rows)):
        far = nearest(list(part["document"]), list(trained["document"])) < ALIKE
        kept.append(part[far][:most])
    return named(pd.concat(kept, ignore_index=True))


if __name__ == "__main__":
    command.run(documents, RESULT, rows=800, noun="documents", description=__doc__)
