"""What words and word pairs are worth in a summary, learned from documents and their summaries.

A logistic regression for words and one for pairs (Li, Qian and Liu 2013), over what
`nlpkit.tasks.concepts` knows of each. They have eight weights, so a few hundred documents that
the encoder has not been trained on will do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nlpkit.recipe_sections import WorthRecipe
from nlpkit.tasks.concepts import Concepts
from nlpkit.tasks.selection import candidates, words_of
from nlpkit.tasks.summary_length import Length, Room

Floats = npt.NDArray[np.float64]

_STEPS = 50

# Sentences with at least this share of the probability of a summary's last one are learned from:
# fewer are chosen from, but what keeps the others out may be seen in them.
_SHARE = 0.2


class Summarized(NamedTuple):
    """A document's sentences, the probability of each, and its reference summary."""

    sentences: Sequence[str]
    chances: Floats
    reference: str


def fit_worth(documents: Iterable[Summarized], sentences: int) -> WorthRecipe | None:
    """The weights at which what the references hold is most likely.

    Only the concepts of sentences among which a summary of that length would be chosen are
    looked at.

    Args:
        documents: to learn from.
        sentences: of a summary.

    Returns:
        None where there are no concepts, or the references hold none of them, or all.
    """
    features, gold, pairs = [], [], []
    for document in documents:
        if not len(document.sentences):
            continue
        room = Room(Length(sentences=sentences), document.sentences, None)
        pool = candidates(document.chances, room, _SHARE)
        concepts = Concepts.of(map(words_of, document.sentences), pool)
        features.append(concepts.features(document.chances))
        gold.append(concepts.held_by(words_of(document.reference)).astype(np.float64))
        pairs.append(concepts.pairs)
    if not features:
        return None
    table, right, pair = np.concatenate(features), np.concatenate(gold), np.concatenate(pairs)
    if any(right[kind].min(initial=1) >= right[kind].max(initial=0) for kind in (pair, ~pair)):
        return None
    return WorthRecipe(
        word=_weights(table[~pair], right[~pair]), pair=_weights(table[pair], right[pair])
    )


def _weights(features: Floats, gold: Floats) -> tuple[float, ...]:
    """A logistic regression, by Newton's method, with a small penalty on all but the constant."""
    spread = features.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    scaled = features / scale
    penalty = np.ones(features.shape[1])
    penalty[-1] = 0
    weights = np.zeros(features.shape[1])
    for _ in range(_STEPS):
        chances = 0.5 * (1 + np.tanh(scaled @ weights / 2))
        slope = scaled.T @ (chances - gold) + penalty * weights
        curve = (scaled * (chances * (1 - chances))[:, None]).T @ scaled + np.diag(penalty + 1e-9)
        step = np.linalg.solve(curve, slope)
        weights -= step
        if np.abs(step).max() < 1e-8:
            break
    return tuple(round(float(w), 4) for w in weights / scale)
