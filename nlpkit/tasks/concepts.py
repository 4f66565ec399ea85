"""The words and word pairs of a document, and what each is worth in a summary.

Concepts in the sense of Gillick and Favre, "A Scalable Global Model for Summarization" (2009).
Without anything learned a concept is worth the probability that any of its sentences belongs in
the summary. A pipeline can do better: how likely a reference summary holds it is a logistic
function of a few features, as in Li, Qian and Liu, "Using Supervised Bigram-based ILP for
Extractive Summarization" (2013).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from nlpkit.recipe_sections import WorthRecipe

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Concept = str | tuple[str, str]

_LEAST = 1e-6


@dataclass(frozen=True)
class Concepts:
    """Every concept of every sentence, once.

    Attributes:
        sentence: of each occurrence, which sentence.
        concept: of each occurrence, which concept.
        numbers: the concepts, each with its number.
    """

    sentence: Indices
    concept: Indices
    numbers: dict[Concept, int]

    @classmethod
    def of(cls, words: Sequence[Sequence[str]]) -> Concepts:
        """Those of the sentences with these words."""
        numbers: dict[Concept, int] = {}
        sentences: list[int] = []
        concepts: list[int] = []
        for index, own in enumerate(words):
            for concept in concepts_of(own):
                sentences.append(index)
                concepts.append(numbers.setdefault(concept, len(numbers)))
        return cls(np.array(sentences, np.int64), np.array(concepts, np.int64), numbers)

    @property
    def pairs(self) -> npt.NDArray[np.bool_]:
        """Which concepts are pairs of words."""
        return np.array([isinstance(concept, tuple) for concept in self.numbers], np.bool_)

    def chances(self, chances: Floats) -> Floats:
        """The probability that any sentence with the concept belongs in the summary."""
        return _any(chances, self.sentence, self.concept, len(self.numbers))

    def features(self, chances: Floats, words: Iterable[Sequence[str]]) -> Floats:
        """What is known of each concept, `(concepts, features)`, as `WorthRecipe` names them.

        Args:
            chances: of each sentence of the whole document.
            words: of each sentence of the whole document.
        """
        count = len(self.numbers)
        # Of a book these are millions: eight bytes each, not an object.
        sentences, concepts = array("q"), array("q")
        for index, own in enumerate(words):
            known = [n for n in map(self.numbers.get, concepts_of(own)) if n is not None]
            concepts.extend(known)
            sentences.extend([index] * len(known))
        sentence, concept = np.array(sentences, np.int64), np.array(concepts, np.int64)
        best = np.zeros(count)
        np.maximum.at(best, concept, chances[sentence])
        first = np.full(count, len(chances))
        np.minimum.at(first, concept, sentence)
        spelled = [(c,) if isinstance(c, str) else c for c in self.numbers]
        columns = [
            _log_odds(_any(chances, sentence, concept, count)),
            _log_odds(best),
            np.log(np.maximum(np.bincount(concept, minlength=count), 1)),
            first / max(1, len(chances)),
            np.log([min(map(len, own)) for own in spelled]),
            np.log([max(map(len, own)) for own in spelled]),
            np.array([any(map(_has_digit, own)) for own in spelled], np.float64),
            np.ones(count),
        ]
        return np.stack(columns, axis=1)

    def learned(
        self, chances: Floats, words: Iterable[Sequence[str]], worth: WorthRecipe
    ) -> Floats:
        """The probability that a reference summary holds each concept; see `features`."""
        weights = np.where(self.pairs[:, None], [worth.pair], [worth.word])
        logits = (self.features(chances, words) * weights).sum(axis=1)
        return np.asarray(0.5 * (1 + np.tanh(logits / 2)))


def concepts_of(words: Sequence[str]) -> list[Concept]:
    """The words and pairs of neighbours of one sentence, each once.

    >>> concepts_of(["the", "cat", "the"])
    ['the', 'cat', ('the', 'cat'), ('cat', 'the')]
    """
    found: list[Concept] = [*words, *pairwise(words)]
    return list(dict.fromkeys(found))


def _any(chances: Floats, sentence: Indices, concept: Indices, count: int) -> Floats:
    misses = np.log1p(-np.clip(chances, 0, 1 - 1e-9))
    return np.asarray(1 - np.exp(np.bincount(concept, misses[sentence], minlength=count)))


def _log_odds(chances: Floats) -> Floats:
    return np.log(np.maximum(chances, _LEAST) / np.maximum(1 - chances, _LEAST))


def _has_digit(word: str) -> bool:
    return any(map(str.isdigit, word))
