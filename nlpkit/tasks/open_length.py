"""Summaries whose length is left open: as many sentences as say the most for their words.

A reference summary is about as long in words whatever the document, while sentences are of ten
words or of forty: three of them are too few here and too many there. So the best summary of each
number of sentences is looked for (`nlpkit.tasks.coverage`), and of these the one is taken that
has the highest expectation of a ROUGE-like F1 against a reference of the usual number of words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nlpkit.recipe_sections import OpenLengthRecipe, WorthRecipe
from nlpkit.tasks.coverage import most_covering, words_and_worth
from nlpkit.tasks.selection import weighed
from nlpkit.tasks.summary_length import Length, Room


def select_open(
    scores: Sequence[float] | npt.NDArray[np.floating[Any]],
    *,
    sentences: Sequence[str],
    bounds: OpenLengthRecipe,
    usual: int,
    worth: WorthRecipe | None = None,
) -> list[int]:
    """The sentences of a summary that has the number of sentences which suits the document.

    Args:
        scores: of each sentence the probability that it belongs in the summary.
        sentences: the document.
        bounds: the fewest and the most sentences, and the words of a reference.
        usual: how many sentences a summary usually has; how long a reference is, in sentences of
            this document, goes by it whatever the number that is tried.
        worth: what a pipeline has learned of words and word pairs.

    Returns:
        Indices into `sentences`, ascending. Of numbers that are worth the same, the smaller.

    >>> document = ["The dam broke at noon.", "Nobody was hurt.", "It rained.", "Crews came late."]
    >>> select_open(
    ...     [0.9, 0.8, 0.1, 0.1],
    ...     sentences=document,
    ...     bounds=OpenLengthRecipe(least=1, most=3, words=8),
    ...     usual=3,
    ... )
    [0, 1]
    """
    values = np.asarray(scores, np.float64)
    most = min(bounds.most, len(sentences))
    if most == 0:
        return []
    field = weighed(values, sentences, Room(Length(sentences=most), sentences, None), worth)
    best, highest = [], -1.0
    for count in range(min(bounds.least, most), most + 1):
        chosen = most_covering(
            values[field.pool],
            Room(Length(sentences=count), sentences, None),
            field.pool,
            concepts=field.concepts,
            worth=field.worth,
            reference=field.reference * usual / count,
        )
        words, held = words_and_worth(chosen, field.pool, field.concepts, field.worth)
        # Rounded, for the same sentences at other places may differ in the last bit.
        rate = round(held / (bounds.words + words), 9)
        if rate > highest:
            best, highest = chosen, rate
    return sorted(best)
