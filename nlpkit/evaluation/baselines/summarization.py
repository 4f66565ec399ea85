"""Summaries without training: the first sentences, chance, two graph rankings, and the oracle.

All of them choose among the sentences of `nlpkit.text.split_sentences`, as the pipeline does;
a heading is a sentence like any other here. The chosen sentences come in document order.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from nlpkit.errors import DataError, NlpkitError
from nlpkit.evaluation.baselines.common import column, draw, texts, whole
from nlpkit.evaluation.oracle import greedy_oracle
from nlpkit.text import split_sentences

if TYPE_CHECKING:
    import pandas as pd

# A word as sumy's own filter sees it: letters, hyphens and apostrophes.
_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|['’-])*")
_LANGUAGE = "english"


@dataclass(frozen=True)
class _Chooser(ABC):
    """Chooses at most `k` sentences of each document."""

    k: int = 3

    task: ClassVar[str] = "summarization"
    label: ClassVar[str] = ""

    def __post_init__(self) -> None:
        whole(self.k, "k", 1)

    @property
    def name(self) -> str:
        """What tables call it."""
        return f"{self.label}-{self.k}"

    @property
    def fields(self) -> Mapping[str, Any]:
        """What a signature has to say of it."""
        return {"k": self.k}

    def predict(self, rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
        """An `Extract` a row, in the order of the rows; empty for a document without a sentence.

        Raises:
            DataError: the rows lack a column, or a document is not a text.
        """
        return self._predict(texts(rows, "document"), [None] * len(rows))

    def _predict(
        self, documents: Sequence[str], references: Sequence[Any]
    ) -> Iterator[dict[str, Any]]:
        for document, reference in zip(documents, references, strict=True):
            sentences = [document[start:end] for start, end in split_sentences(document)]
            chosen = self._choose(sentences, document, reference) if sentences else []
            yield {
                "sentences": [sentences[index] for index in chosen],
                "positions": chosen,
                "total": len(sentences),
            }

    @abstractmethod
    def _choose(self, sentences: list[str], document: str, reference: Any) -> list[int]:
        """Which sentences, in document order."""


@dataclass(frozen=True)
class Lead(_Chooser):
    """The first `k` sentences, which is hard to beat on news.

    >>> import pandas as pd
    >>> rows = pd.DataFrame({"document": ["Rain fell. The bridge broke. Nobody was hurt."]})
    >>> list(Lead(2).predict(rows))
    [{'sentences': ['Rain fell.', 'The bridge broke.'], 'positions': [0, 1], 'total': 3}]
    """

    label: ClassVar[str] = "LEAD"

    def _choose(self, sentences: list[str], document: str, reference: Any) -> list[int]:
        return list(range(min(self.k, len(sentences))))


@dataclass(frozen=True)
class Random(_Chooser):
    """`k` sentences by chance.

    Every set of `k` is as likely as every other. A document gets the same sentences whatever
    stands before it, and other ones with another `seed`.
    """

    seed: int = 0

    label: ClassVar[str] = "random"

    @property
    def fields(self) -> Mapping[str, Any]:
        """What a signature has to say of it."""
        return {**super().fields, "seed": self.seed}

    def _choose(self, sentences: list[str], document: str, reference: Any) -> list[int]:
        order = sorted(range(len(sentences)), key=lambda index: draw(self.seed, document, index))
        return sorted(order[: self.k])


@dataclass(frozen=True)
class _Sumy(_Chooser):
    """A ranking of sumy's, on our sentences, with its English stemmer and stop words.

    sumy's own tokenizer needs NLTK's punkt from the network; ours splits words by a rule. Time
    and memory grow with the square of the number of sentences.
    """

    @property
    def fields(self) -> Mapping[str, Any]:
        """What a signature has to say of it."""
        from importlib.metadata import PackageNotFoundError, version

        try:
            return {**super().fields, "sumy": version("sumy")}
        except PackageNotFoundError:
            raise _missing(self.label) from None

    @abstractmethod
    def _summarizer(self, stemmer: Callable[[str], Any]) -> Any:
        """sumy's summarizer with a stemmer."""

    def _choose(self, sentences: list[str], document: str, reference: Any) -> list[int]:
        try:
            from sumy.models.dom import ObjectDocumentModel, Paragraph, Sentence
        except ImportError:
            raise _missing(self.label) from None
        # Stems become numbers in order of appearance: sumy adds up floats in the order of a set,
        # which for strings is another one in every process.
        numbers: dict[str, int] = {}
        summarizer = self._summarizer(lambda word: numbers.setdefault(_stem(word), len(numbers)))
        summarizer.stop_words = _stop_words()
        nodes = [Sentence(sentence, _Words) for sentence in sentences]
        places = {id(node): index for index, node in enumerate(nodes)}
        # LexRank divides by zero where no two sentences are alike. All scores are NaN then, and
        # sumy's stable sort leaves the first sentences first.
        with np.errstate(all="ignore"):
            chosen = summarizer(ObjectDocumentModel([Paragraph(nodes)]), self.k)
        return sorted(places[id(node)] for node in chosen)


@dataclass(frozen=True)
class TextRank(_Sumy):
    """PageRank over sentences linked by the words they share (Mihalcea and Tarau, 2004).

    sumy 0.13's variant: the shared words over the sum of the logarithms of both lengths.
    """

    label: ClassVar[str] = "TextRank"

    def _summarizer(self, stemmer: Callable[[str], Any]) -> Any:
        from sumy.summarizers.text_rank import TextRankSummarizer

        return TextRankSummarizer(stemmer)


@dataclass(frozen=True)
class LexRank(_Sumy):
    """Eigenvector centrality over sentences linked by TF-IDF cosine (Erkan and Radev, 2004).

    sumy 0.13's variant: links are cosines over 0.1, and document frequencies are those of the
    document's own sentences.
    """

    label: ClassVar[str] = "LexRank"

    def _summarizer(self, stemmer: Callable[[str], Any]) -> Any:
        from sumy.summarizers.lex_rank import LexRankSummarizer

        return LexRankSummarizer(stemmer)


@dataclass(frozen=True)
class GreedyOracle(_Chooser):
    """At most `k` sentences, chosen with the reference at hand: about the best one can extract.

    Greedy by ROUGE-1 plus ROUGE-2 (`greedy_oracle`); an upper limit and not a system. It takes
    fewer than `k` sentences where one more would lower the sum, and none where the document
    shares no word with the reference. The rows need a column `summary`.
    """

    label: ClassVar[str] = "oracle"

    def predict(self, rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
        """An `Extract` a row, in the order of the rows.

        Raises:
            DataError: the rows have no `document` or no `summary`, or one of them is not a text
                (a summary may also be the list of its sentences).
        """
        references = column(rows, "summary")
        for row, value in enumerate(references):
            parts = [value] if isinstance(value, str) or not isinstance(value, Iterable) else value
            if not all(isinstance(part, str) for part in parts):
                raise DataError(f"'summary' of row {row} is {value!r}; it must be a text")
        return self._predict(texts(rows, "document"), references)

    def _choose(self, sentences: list[str], document: str, reference: Any) -> list[int]:
        # Imported here: nlpkit.training imports nlpkit.evaluation.
        target = reference if isinstance(reference, str) else list(reference)
        return greedy_oracle(sentences, target, max_sentences=self.k)


class _Words:
    """The part of sumy's Tokenizer that a Sentence needs."""

    @staticmethod
    def to_words(sentence: str) -> tuple[str, ...]:
        return tuple(_WORD.findall(sentence))


@lru_cache(maxsize=1)
def _stemmer() -> Callable[[str], str]:
    from sumy.nlp.stemmers import Stemmer

    stem: Callable[[str], str] = Stemmer(_LANGUAGE)
    return stem


@lru_cache(maxsize=100_000)
def _stem(word: str) -> str:
    return _stemmer()(word)


@lru_cache(maxsize=1)
def _stop_words() -> frozenset[str]:
    from sumy.utils import get_stop_words

    return frozenset(get_stop_words(_LANGUAGE))


def _missing(name: str) -> NlpkitError:
    return NlpkitError(f"{name} needs the package sumy: pip install nlpkit[evaluate]")
