"""Readers without training: a sliding window over the passage, and chance."""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from nlpkit.evaluation.baselines.common import draw, texts, whole
from nlpkit.text import split_sentences

if TYPE_CHECKING:
    import pandas as pd

# A word with what stands inside it ("1,000", "O'Neill", "mid-air"), or one other character.
_TOKEN = re.compile(r"\w+(?:[-.,'’]\w+)*|[^\w\s]")
_STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        a about after all also although am among an and any are as at be because been before
        being between both but by can could did do does doing during each either for from had
        has have having he her hers him his how i if in into is it its itself many may me might
        more most much must my neither no nor not of off on once one only or other our out
        over own shall she should so some such than that the their theirs them then there these
        they this those through to too type under until up upon very was we were what when where
        whether which while who whom whose why will with within without would you your
        """,
    )
)


class _Token(NamedTuple):
    start: int
    end: int
    word: str


class _Reader(ABC):
    """What both readers share: the row's texts in, a `Span` out."""

    task: ClassVar[str] = "question_answering"

    def predict(self, rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
        """A `Span` a row, in the order of the rows; empty, with a score of 0, without a word.

        Raises:
            DataError: the rows have no `question` or no `context`, or it is not a text.
        """
        return self._predict(texts(rows, "question"), texts(rows, "context"))

    def _predict(self, questions: Sequence[str], contexts: Sequence[str]) -> Iterator[Any]:
        for question, context in zip(questions, contexts, strict=True):
            yield self._answer(question, context)

    @abstractmethod
    def _answer(self, question: str, context: str) -> dict[str, Any]:
        """The answer to one question."""


@dataclass(frozen=True)
class SlidingWindow(_Reader):
    """The span that stands nearest to the most of the question's words.

    The baseline of the SQuAD paper (Rajpurkar et al., 2016, section 5), which is that of
    Richardson et al. ("MCTest", 2013) with spans of the passage for answers:

    1. Candidates are the words of a sentence that are neither stop words nor the question's, as
       many in a row as there are, up to `max_words`. (The paper takes the constituents of a parse,
       which a passage does not come with.)
    2. Only sentences with the most words and pairs of words of the question keep theirs.
    3. A candidate's score is that of the best window of words around it: the sum of the inverse
       counts, log(1 + 1/count in the passage), of the question's words in it, stop words aside.
       A window is as long as the question, repeated words aside, and the candidate together.
       The candidate's distance to the nearest of the question's words is taken off, as a share of
       the passage. The earlier candidate wins a tie.

    `score` is the share of the question's words, by inverse count, that the best window holds, so
    it does not say which span is right but whether the passage speaks of what is asked;
    `no_answer` is the rest to 1.

    >>> import pandas as pd
    >>> rows = pd.DataFrame({
    ...     "question": ["Who painted the bridge?"],
    ...     "context": ["It rained. The bridge was painted by Ada Bell in May, they say."],
    ... })
    >>> [span] = SlidingWindow().predict(rows)
    >>> span["text"], span["start"], span["score"]
    ('Ada Bell', 37, 1.0)
    """

    max_words: int = 6

    name: ClassVar[str] = "sliding window"

    def __post_init__(self) -> None:
        whole(self.max_words, "max_words", 1)

    @property
    def fields(self) -> Mapping[str, Any]:
        """What a signature has to say of it."""
        return {"max_words": self.max_words}

    def _answer(self, question: str, context: str) -> dict[str, Any]:
        tokens = _tokens(context)
        words = [token.word for token in tokens]
        asked = _tokens(question)
        wanted = {token.word for token in asked if _worded(token.word)} - _STOP_WORDS
        sentences = _sentences(context, tokens)
        overlaps = _overlaps(words, sentences, asked)
        ranked = sorted(set(overlaps), reverse=True)
        candidates: list[tuple[int, int]] = []
        for overlap in ranked:
            best = [own for own, value in zip(sentences, overlaps, strict=True) if value == overlap]
            candidates = [pair for own in best for pair in self._candidates(words, own, wanted)]
            if candidates:
                break
        else:
            candidates = [own for own in sentences if any(map(_worded, words[own[0] : own[1]]))][:1]
        if not candidates:
            return _span(context, 0, 0, 0.0)
        counts = Counter(words)
        weights = {word: math.log1p(1 / max(counts[word], 1)) for word in sorted(wanted)}
        places = [index for index, word in enumerate(words) if word in wanted]
        size = len({token.word for token in asked if _worded(token.word)})
        rated = [_rate(words, pair, size, weights, places) for pair in candidates]
        chosen = max(range(len(rated)), key=lambda index: rated[index][0])
        first, last = candidates[chosen]
        total = math.fsum(weights.values())
        score = rated[chosen][1] / total if total else 0.0
        return _span(context, tokens[first].start, tokens[last - 1].end, min(score, 1.0))

    def _candidates(
        self, words: Sequence[str], sentence: tuple[int, int], wanted: set[str]
    ) -> Iterator[tuple[int, int]]:
        """Runs of words that may be an answer, as the first token and the one after the last."""
        first: int | None = None
        for index in range(sentence[0], sentence[1] + 1):
            inside = index < sentence[1] and _worded(words[index])
            fits = inside and words[index] not in wanted and words[index] not in _STOP_WORDS
            if first is not None and (not fits or index - first == self.max_words):
                yield first, index
                first = None
            if fits and first is None:
                first = index


@dataclass(frozen=True)
class RandomSpan(_Reader):
    """One to `max_words` words in a row of one sentence, by chance.

    The sentence's first word is any word of the passage with equal chance, and so is the number
    of words, as far as the sentence goes. `score` is a number from 0 to 1 by chance, so that it
    answers at random where it may abstain, and `no_answer` is the rest to 1. A question on a
    passage gets the same span whatever stands before it, and another one with another `seed`.
    """

    seed: int = 0
    max_words: int = 6

    name: ClassVar[str] = "random span"

    def __post_init__(self) -> None:
        whole(self.max_words, "max_words", 1)

    @property
    def fields(self) -> Mapping[str, Any]:
        """What a signature has to say of it."""
        return {"max_words": self.max_words, "seed": self.seed}

    def _answer(self, question: str, context: str) -> dict[str, Any]:
        tokens = _tokens(context)
        words = [index for index, token in enumerate(tokens) if _worded(token.word)]
        if not words:
            return _span(context, 0, 0, 0.0)
        place = draw(self.seed, question, context, "start") % len(words)
        length = 1 + draw(self.seed, question, context, "length") % self.max_words
        end = next(b for a, b in _sentences(context, tokens) if a <= words[place] < b)
        run = [index for index in words[place : place + length] if index < end]
        score = draw(self.seed, question, context, "score") / 2**64
        return _span(context, tokens[run[0]].start, tokens[run[-1]].end, score)


def _span(context: str, start: int, end: int, score: float) -> dict[str, Any]:
    return {
        "text": context[start:end],
        "start": start,
        "end": end,
        "score": score,
        "no_answer": 1 - score,
    }


def _tokens(text: str) -> list[_Token]:
    return [_Token(m.start(), m.end(), m[0].lower()) for m in _TOKEN.finditer(text)]


def _worded(word: str) -> bool:
    return any(map(str.isalnum, word))


def _sentences(text: str, tokens: Sequence[_Token]) -> list[tuple[int, int]]:
    """The tokens of each sentence: the first, and the one after the last."""
    spans: list[tuple[int, int]] = []
    at = 0
    for _, end in split_sentences(text):
        first = at
        while at < len(tokens) and tokens[at].start < end:
            at += 1
        spans.append((first, at))
    return spans


def _overlaps(
    words: Sequence[str], sentences: Sequence[tuple[int, int]], asked: Sequence[_Token]
) -> list[int]:
    """How many of the question's words and pairs of words are in each sentence."""
    question = [token.word for token in asked if _worded(token.word)]
    singles, pairs = set(question) - _STOP_WORDS, set(pairwise(question))
    found = []
    for first, last in sentences:
        own = words[first:last]
        found.append(len(singles & set(own)) + len(pairs & set(pairwise(own))))
    return found


def _rate(
    words: Sequence[str],
    candidate: tuple[int, int],
    question: int,
    weights: Mapping[str, float],
    places: Sequence[int],
) -> tuple[float, float]:
    """A candidate's score, and the sum of the weights in its best window."""
    first, last = candidate
    size = question + last - first
    best = 0.0
    for start in range(max(0, last - size), min(first, max(0, len(words) - size)) + 1):
        held = {word for word in words[start : start + size] if word in weights}
        best = max(best, math.fsum(weights[word] for word in held))
    gaps = [max(first - place, place - last + 1) for place in places]
    distance = min(gaps, default=len(words)) / max(len(words) - 1, 1)
    return best - distance, best
