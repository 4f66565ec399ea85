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
    """The concepts of some of a document's sentences, each counted once a sentence.

    Words come first, in the order of the document, and then pairs. Everything is an array: a book
    has millions of occurrences.

    Attributes:
        sizes: of each of these sentences, how many words it has.
        sentence: of each occurrence in these sentences, in which of them it is.
        concept: of each of these occurrences, which concept it is.
        all_sentences: of each occurrence in the whole document, in which of its sentences it is.
        all_concepts: of each of those, which concept it is.
        codes: of each concept, the number of its word, or for a pair `words + first * words +
            second`.
        numbers: the document's words, each with its number.
    """

    sizes: Indices
    sentence: Indices
    concept: Indices
    all_sentences: Indices
    all_concepts: Indices
    codes: Indices
    numbers: dict[str, int]

    @classmethod
    def of(cls, words: Iterable[Sequence[str]], pool: Indices | None = None) -> Concepts:
        """Those of the sentences `pool`, or of all.

        Args:
            words: of each sentence of the document.
            pool: which sentences.

        >>> concepts = Concepts.of([["it", "rained"], ["it", "stopped"]], np.array([1]))
        >>> concepts.names()
        ['it', 'stopped', ('it', 'stopped')]
        >>> concepts.all_sentences[concepts.all_concepts == 0]
        array([0, 1])
        """
        numbers: dict[str, int] = {}
        running, lengths = array("q"), array("q")
        for own in words:
            lengths.append(len(own))
            running.extend([numbers.setdefault(word, len(numbers)) for word in own])
        flat, sizes = np.array(running, np.int64), np.array(lengths, np.int64)
        places = np.repeat(np.arange(len(sizes)), sizes)
        within = places[:-1] == places[1:]
        codes = np.concatenate([flat, (len(numbers) * (1 + flat[:-1]) + flat[1:])[within]])
        places = np.concatenate([places, places[:-1][within]])
        codes, concept = np.unique(codes, return_inverse=True)
        once = np.unique(places * max(1, len(codes)) + concept)
        sentence, concept = np.divmod(once, max(1, len(codes)))
        if pool is None:
            return cls(sizes, sentence, concept, sentence, concept, codes, numbers)
        place_in_pool = np.full(len(sizes), -1)
        place_in_pool[pool] = np.arange(len(pool))
        inside = place_in_pool[sentence] >= 0
        wanted = np.zeros(len(codes), bool)
        wanted[concept[inside]] = True
        renumbered = np.cumsum(wanted) - 1
        anywhere = wanted[concept]
        return cls(
            sizes=sizes[pool],
            sentence=place_in_pool[sentence[inside]],
            concept=renumbered[concept[inside]],
            all_sentences=sentence[anywhere],
            all_concepts=renumbered[concept[anywhere]],
            codes=codes[wanted],
            numbers=numbers,
        )

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def pairs(self) -> npt.NDArray[np.bool_]:
        """Which concepts are pairs of words."""
        return self.codes >= len(self.numbers)

    def names(self) -> list[Concept]:
        """The words and pairs themselves."""
        words = list(self.numbers)
        first, second = (index.tolist() for index in self._words())
        pairs = zip(first, second, self.pairs.tolist(), strict=True)
        return [(words[a], words[b]) if pair else words[a] for a, b, pair in pairs]

    def held_by(self, words: Iterable[str]) -> npt.NDArray[np.bool_]:
        """Which concepts another text of these words has, `(concepts,)`."""
        flat = [self.numbers.get(word, -1) for word in words]
        codes = {number for number in flat if number >= 0}
        size = len(self.numbers)
        codes |= {size * (1 + a) + b for a, b in pairwise(flat) if min(a, b) >= 0}
        return np.isin(self.codes, list(codes))

    def chances(self, chances: Floats) -> Floats:
        """The probability that any sentence with the concept belongs in the summary.

        Args:
            chances: of each of the sentences whose concepts these are; others do not count.
        """
        return _any(chances, self.sentence, self.concept, len(self))

    def features(self, chances: Floats) -> Floats:
        """What is known of each concept, `(concepts, features)`, as `WorthRecipe` names them.

        Args:
            chances: of each sentence of the whole document.
        """
        count, sentence, concept = len(self), self.all_sentences, self.all_concepts
        best = np.zeros(count)
        np.maximum.at(best, concept, chances[sentence])
        first = np.full(count, len(chances))
        np.minimum.at(first, concept, sentence)
        lengths = np.array([len(word) for word in self.numbers], np.int64)
        digits = np.array([not word.isalpha() and _has_digit(word) for word in self.numbers], bool)
        one, other = self._words()
        columns = [
            _log_odds(_any(chances, sentence, concept, count)),
            _log_odds(best),
            np.log(np.maximum(np.bincount(concept, minlength=count), 1)),
            first / max(1, len(chances)),
            np.log(np.minimum(lengths[one], lengths[other])),
            np.log(np.maximum(lengths[one], lengths[other])),
            (digits[one] | digits[other]).astype(np.float64),
            np.ones(count),
        ]
        return np.stack(columns, axis=1)

    def learned(self, chances: Floats, worth: WorthRecipe) -> Floats:
        """The probability that a reference summary holds each concept; see `features`."""
        weights = np.where(self.pairs[:, None], [worth.pair], [worth.word])
        logits = (self.features(chances) * weights).sum(axis=1)
        return np.asarray(0.5 * (1 + np.tanh(logits / 2)))

    def _words(self) -> tuple[Indices, Indices]:
        """The number of each concept's first word and of its second, which a word is itself."""
        first, second = np.divmod(self.codes, max(1, len(self.numbers)))
        return np.where(self.pairs, first - 1, second), second


def _any(chances: Floats, sentence: Indices, concept: Indices, count: int) -> Floats:
    misses = np.log1p(-np.clip(chances, 0, 1 - 1e-9))
    return np.asarray(1 - np.exp(np.bincount(concept, misses[sentence], minlength=count)))


def _log_odds(chances: Floats) -> Floats:
    return np.log(np.maximum(chances, _LEAST) / np.maximum(1 - chances, _LEAST))


def _has_digit(word: str) -> bool:
    return any(map(str.isdigit, word))
