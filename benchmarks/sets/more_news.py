"""The news documents that `benchmarks/starts/summarization` was not trained on, for runs that
follow it.

Left out are those of `benchmarks/sets/unlike_news.py`, which such runs are chosen on. All of the
set as people write are taken, and `--rows` of the tokenised one. Writes a parquet file with the
columns `article` and `highlights`.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.sets import command, unlike_news
from nlpkit import corpora

RESULT = Path(__file__).resolve().parent / "made" / "more_news.parquet"


def documents(data: Path | None, rows: int, seed: int) -> pd.DataFrame:
    """All such documents as people write, then `rows` tokenised ones if there are so many.

    Raises:
        DataError: `unlike_news.py` has not written its file.
    """
    _, rest = unlike_news.trained_and_rest(data)
    apart = corpora.read(str(unlike_news.RESULT), None)
    rest = rest[~rest["document"].isin(set(apart["article"]))]
    tokenised = unlike_news.tokenised(rest)
    drawn = rest[tokenised].sample(n=min(rows, int(tokenised.sum())), random_state=seed)
    return unlike_news.named(pd.concat([rest[~tokenised], drawn], ignore_index=True))


if __name__ == "__main__":
    command.run(documents, RESULT, rows=8_000, noun="documents", description=__doc__)
