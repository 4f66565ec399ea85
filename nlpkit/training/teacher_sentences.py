"""What a teacher of summarization says of every sentence of a document.

Sentences are split before anything is tokenised, so that teacher and student may read other
tokens and windows, and either may score pairs of a sentence and its document.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nlpkit import __version__
from nlpkit.tasks.summarization import Summarization
from nlpkit.training.teacher_answers import Answers

if TYPE_CHECKING:
    import pandas as pd

# Documents whose answers are kept together: a minute of a large teacher on a CPU.
_CHUNK = 128

# Probabilities nearer to 0 or 1 are taken for these: the teacher's numbers are not that exact.
_LEAST = 1e-6

Array = NDArray[np.float32]


def teacher_sentences(
    frame: pd.DataFrame, teacher: Summarization, *, progress: bool = True
) -> list[Array]:
    """The teacher's logits of each document's sentences, in the order of `split_sentences`.

    They are kept in the cache folder (`nlpkit.training.teacher_answers`), so that only documents
    are computed of which this teacher has not been asked before.

    Args:
        frame: rows with `document`.
        teacher: of the same task.
        progress: show a bar.

    Returns:
        Of each row `(sentences,)`.
    """
    from tqdm.auto import tqdm

    recipe = teacher.recipe
    assert recipe.weights is not None
    # The stride is no part of the weights, and how sentences are split none of either.
    answers = Answers([recipe.weights.sha256, "sentences", recipe.stride, __version__])
    rows = [(document,) for document in frame["document"]]
    missing = answers.missing(rows)
    bar = tqdm(total=len(missing), desc="asking the teacher", disable=None if progress else True)
    with bar:
        for start in range(0, len(missing), _CHUNK):
            asked = [rows[place] for place in missing[start : start + _CHUNK]]
            summaries = teacher([text for (text,) in asked], sentences=1, redundancy="none")
            said = [_logits(summary.scores, recipe.decoding.temperature) for summary in summaries]
            answers.add(asked, _padded(said))
            bar.update(len(asked))
    return [row[~np.isnan(row)] for row in answers.of(rows)]


def _logits(scores: tuple[float, ...], temperature: float) -> Array:
    """The logits, before the teacher's temperature, that gave these probabilities."""
    chances = np.clip(np.array(scores, np.float64), _LEAST, 1 - _LEAST)
    return (np.log(chances / (1 - chances)) * temperature).astype(np.float32)


def _padded(rows: list[Array]) -> Array:
    """Rows of different lengths as one table, with NaN where there is no sentence."""
    table = np.full((len(rows), max(map(len, rows))), np.nan, np.float32)
    for index, row in enumerate(rows):
        table[index, : len(row)] = row
    return table
