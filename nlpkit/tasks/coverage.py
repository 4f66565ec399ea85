"""Sentences that are chosen together, for what they say between them.

A summary by score alone takes the best sentences one by one, and trigram blocking only keeps out
those that repeat another. Here words and word pairs have a worth (`nlpkit.tasks.concepts`), and
what is looked for is the most worth for the length: the expectation of a ROUGE-like F1, against a
reference of about the length that is expected.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nlpkit.tasks.concepts import Concepts
from nlpkit.tasks.summary_length import Room

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

# Of what a summary of this length holds on average, how long the reference is taken to be.
REFERENCE = 0.5
# The same where the worth of concepts is learned, and how much more a pair then counts than a word:
# pairs are less likely, and ROUGE-2 counts them alone.
LEARNED_REFERENCE = 0.7
PAIR_WEIGHT = 4.0

# Times that each sentence of a summary may be exchanged for a better one. In longer summaries one
# sentence matters little, and looking at each would take long.
_ROUNDS = 3
_EXCHANGED = 50


def most_covering(
    chances: Floats,
    room: Room,
    pool: Indices,
    *,
    concepts: Concepts,
    worth: Floats,
    reference: float,
) -> list[int]:
    """Sentences that cover the most for their length: one at a time, then exchanged.

    Args:
        chances: of each sentence of the pool, the probability that it belongs in the summary.
        room: what is left of the summary's length; what is chosen is taken from it.
        pool: the sentences to choose from, as `room` counts them, in the order in which they are
            preferred where they are worth the same.
        concepts: of the pool's sentences.
        worth: of each concept.
        reference: how long the reference is, as a share of a summary of average sentences.

    Returns:
        Some of the pool's, in no order.
    """
    search = _Search(chances, room, pool, concepts, worth, reference)
    chosen = search.fill([])
    for _ in range(_ROUNDS if len(chosen) < min(len(pool), _EXCHANGED) else 0):
        before = list(chosen)
        for place in before:
            others = [other for other in chosen if other != place]
            room.give_back(int(pool[place]))
            better = search.best(others, instead=place)
            chosen = [*others, place if better is None else better]
            room.take(int(pool[chosen[-1]]))
        chosen = search.fill(chosen)  # a shorter sentence leaves room
        if set(chosen) == set(before):
            break
    return [int(pool[place]) for place in chosen]


def words_and_worth(
    chosen: Sequence[int], pool: Indices, concepts: Concepts, worth: Floats
) -> tuple[int, float]:
    """How many words some sentences of the pool have, and what their concepts are worth, each once.

    >>> concepts = Concepts.of([["it", "rained"], ["it", "stopped"]])
    >>> words_and_worth([1], np.array([0, 1]), concepts, np.ones(len(concepts)))
    (2, 3.0)
    """
    taken = np.isin(pool, chosen)
    held = np.unique(concepts.concept[taken[concepts.sentence]])
    return int(concepts.sizes[taken].sum()), float(worth[held].sum())


class _Search:
    """What each sentence of the pool would add to those that are chosen."""

    def __init__(
        self,
        chances: Floats,
        room: Room,
        pool: Indices,
        concepts: Concepts,
        worth: Floats,
        reference: float,
    ) -> None:
        self.room, self.pool, self.worth = room, pool, worth
        self.sentence, self.concept = concepts.sentence, concepts.concept
        self.lengths = concepts.sizes.astype(np.float64)
        if room.counts_sentences:
            total = float(chances.sum())
            average = self.lengths @ chances / total if total > 0 else self.lengths.mean()
            self.reference = reference * room.left * float(average)
        else:
            self.reference = reference * room.left
            self.lengths = np.where(self.lengths > 0, room.costs[pool], 0).astype(np.float64)

    def fill(self, chosen: Sequence[int]) -> list[int]:
        """Those chosen, and the best one after the other while there is room."""
        more = list(chosen)
        while (place := self.best(more)) is not None:
            self.room.take(int(self.pool[place]))
            more.append(place)
        return more

    def best(self, chosen: Sequence[int], instead: int | None = None) -> int | None:
        """The sentence to add to those chosen; None where none fits or beats `instead`."""
        taken = np.zeros(len(self.pool), bool)
        taken[list(chosen)] = True
        free = self.room.fits(self.pool) & ~taken
        if not free.any():
            return None
        covered = np.zeros(len(self.worth), bool)
        covered[self.concept[taken[self.sentence]]] = True
        held = float(self.worth[covered].sum())
        new = np.where(covered, 0.0, self.worth)[self.concept]
        gains = np.bincount(self.sentence, new, minlength=len(self.pool))
        length = self.reference + float(self.lengths[taken].sum())
        # A sentence without a word says nothing, however little room it takes.
        wordless = self.lengths == 0
        rates = np.where(wordless, -1.0, (held + gains) / (length + self.lengths + wordless))
        # Rounded, for the same sentence at another place may differ in the last bit.
        rates = np.where(free, np.round(rates, 9), -np.inf)
        found = int(np.argmax(rates))
        return None if instead is not None and rates[found] <= rates[instead] else found
