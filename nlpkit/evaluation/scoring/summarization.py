"""Scores of summaries: ROUGE, and how short, how spread and how repetitive they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nlpkit.errors import DataError, InputError
from nlpkit.evaluation import summaries
from nlpkit.evaluation.rouge import TYPES, rouge
from nlpkit.evaluation.score import Score
from nlpkit.evaluation.scoring.scored import Scored, identities
from nlpkit.text import split_sentences

if TYPE_CHECKING:
    import pandas as pd


def lines(summary: str | Sequence[str]) -> list[str]:
    r"""A summary as sentences: the lines that it has, or else split.

    >>> lines("One fell .\nTwo rose ."), lines("One fell. Two rose.")
    (['One fell .', 'Two rose .'], ['One fell.', 'Two rose.'])
    """
    if not isinstance(summary, str):
        return list(summary)
    parts = [line.strip() for line in summary.splitlines() if line.strip()]
    if not parts:
        raise InputError("a reference summary is empty")
    if len(parts) > 1:
        return parts
    return [parts[0][a:b] for a, b in split_sentences(parts[0])]


def score_summaries(
    rows: pd.DataFrame, predictions: Sequence[Mapping[str, Any]], *, seed: int = 0
) -> Scored:
    """ROUGE-1, 2 and Lsum, compression, order and redundancy.

    Args:
        rows: `document` and `summary`, and `id` where there is one.
        predictions: an `Extract` for each row (`nlpkit.evaluation.system`).
        seed: of the intervals.

    Raises:
        DataError: a row whose reference is empty or has no word that ROUGE sees.
    """
    import pandas as pd

    said = [list(p.get("sentences", ())) for p in predictions]
    references = []
    for row, summary in enumerate(rows["summary"]):
        try:
            references.append(lines(summary))
        except InputError as error:
            raise DataError(f"row {row}: {error}") from None
    documents = list(rows["document"])
    try:
        by_type = rouge(said, references, types=TYPES, seed=seed)
    except InputError as error:
        raise DataError(str(error)) from None
    columns: dict[str, Any] = {name: score.examples for name, score in by_type.items()}
    scores: list[Score] = [by_type[name] for name in TYPES]
    shorter = summaries.compression(said, documents, seed=seed)
    repeated = summaries.redundancy(said, seed=seed)
    columns |= {"compression": shorter.examples, "redundancy": repeated.examples}
    scores += [shorter, repeated]
    placed = [i for i, p in enumerate(predictions) if p.get("positions")]
    if placed:
        order = summaries.order(
            [predictions[i]["positions"] for i in placed],
            [predictions[i]["total"] for i in placed],
            seed=seed,
        )
        everywhere = np.full(len(predictions), np.nan)
        everywhere[placed] = order.examples
        columns["order"] = everywhere
        scores.append(order)
    examples = pd.DataFrame(
        {
            "id": identities(rows),
            "document": documents,
            "prediction": ["\n".join(sentences) for sentences in said],
            "reference": ["\n".join(sentences) for sentences in references],
            "positions": [p.get("positions") for p in predictions],
            "total": [p.get("total") for p in predictions],
            **columns,
        }
    )
    empty = sum(not sentences for sentences in said)
    notes = (f"{empty} summaries are empty and score 0",) if empty else ()
    return Scored(scores, examples, notes=notes)
