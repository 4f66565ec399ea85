"""Scores of answers, by the rules of SQuAD 1.1 or 2.0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nlpkit.errors import DataError
from nlpkit.evaluation import squad
from nlpkit.evaluation.score import Score
from nlpkit.evaluation.scoring.scored import Scored, identities

if TYPE_CHECKING:
    import pandas as pd


def score_answers(
    rows: pd.DataFrame,
    predictions: Sequence[Mapping[str, Any]],
    *,
    threshold: float = 0.5,
    seed: int = 0,
) -> Scored:
    """F1 and exact match; on a set with unanswerable questions all figures of SQuAD 2.0.

    Where every question has an answer, the best span always counts (SQuAD 1.1). Where some have
    none, spans scored under the threshold count as "no answer", and the `best_` figures are those
    of the threshold that is best for these very questions: an upper limit, not a measurement.

    Args:
        rows: `question`, `context`, `answers`, and `id` where there is one.
        predictions: a `Span` for each row (`nlpkit.evaluation.system`).
        threshold: the smallest score that counts as an answer.
        seed: of the intervals.

    Raises:
        DataError: two rows with one id.
    """
    import pandas as pd

    ids = identities(rows)
    if len(set(ids)) < len(ids):
        twice = next(i for n, i in enumerate(ids) if i in set(ids[:n]))
        raise DataError(f"the id {twice!r} stands in two rows, so answers cannot be told apart")
    golds = {i: list(a["text"]) for i, a in zip(ids, rows["answers"], strict=True)}
    best = {i: p.get("text", "") for i, p in zip(ids, predictions, strict=True)}
    # A reader that does not say how sure it is means what it says.
    sure = {
        i: float(p.get("score", 1.0 if p.get("text") else 0.0))
        for i, p in zip(ids, predictions, strict=True)
    }
    if all(golds.values()):
        said = best
        found = squad.squad_v1(said, golds, seed=seed)
        scores: list[Score] = [found["f1"], found["exact_match"]]
    else:
        said = {i: text if sure[i] >= threshold else "" for i, text in best.items()}
        found = squad.squad_v2(said, golds, seed=seed)
        doubt = {i: 1 - score for i, score in sure.items()}
        upper = squad.squad_v2(best, golds, doubt, seed=seed)
        scores = [found["f1"], *(score for name, score in found.items() if name != "f1")]
        scores = [score.extended(min_score=threshold) for score in scores]
        scores += [upper["best_exact"], upper["best_f1"]]
    examples = pd.DataFrame(
        {
            "id": ids,
            "question": list(rows["question"]),
            "context": list(rows["context"]),
            "prediction": list(said.values()),
            "best": list(best.values()),
            "references": list(golds.values()),
            "exact": (found["exact"] if "exact" in found else found["exact_match"]).examples,
            "f1": found["f1"].examples,
            "score": [float(p.get("score", "nan")) for p in predictions],
            "no_answer": [float(p.get("no_answer", "nan")) for p in predictions],
        }
    )
    lacking = sum("text" not in p for p in predictions)
    notes = (f"{lacking} questions have no prediction and count as unanswered",) if lacking else ()
    return Scored(scores, examples, notes=notes)
