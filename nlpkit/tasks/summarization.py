"""Extractive summarization: the sentences of a document that say most of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, get_args, overload

import numpy as np

from nlpkit.errors import InputError
from nlpkit.recipe_sections import OpenLengthRecipe
from nlpkit.results import Sentence, Summary
from nlpkit.sentence_windows import document_windows, sentence_pairs
from nlpkit.tasks.open_length import select_open
from nlpkit.tasks.pipeline import Errors, Logits, Pipeline, Prepared, text_of
from nlpkit.tasks.selection import Redundancy, select
from nlpkit.tasks.summary_length import Length
from nlpkit.text import Span, split_sentences

_STOPS = (".", "!", "?", "…", "。", "！", "？", "؟", "۔", "।")
_CLOSERS = " \t\"'”’»›)]}"


@dataclass(frozen=True, slots=True)
class SummaryOptions:
    """What a call may set; see `Summarization.__call__`."""

    length: Length | OpenLengthRecipe
    redundancy: Redundancy


@dataclass(frozen=True, slots=True)
class _Notes:
    spans: list[Span]
    tokens: list[int]


def is_heading(sentence: str) -> bool:
    """Whether a stretch of text is a heading, a label or a list item rather than a sentence.

    It is when no full stop, question mark or the like ends it, quotes and brackets aside.

    >>> is_heading("5 Plants"), is_heading('"It fell," she said.'), is_heading("He left.”")
    (True, False, False)
    """
    return not sentence.rstrip(_CLOSERS).endswith(_STOPS)


def choosable(sentences: Sequence[str]) -> list[int]:
    """Which stretches of text are sentences, of which a summary is made first.

    >>> choosable(["5 Plants", "They grow.", "See also"])
    [1]
    """
    return [index for index, sentence in enumerate(sentences) if not is_heading(sentence)]


def to_choose_from(
    sentences: Sequence[str], scores: Sequence[float], count: int | None
) -> list[int]:
    """Which stretches of text a summary is made of; headings only where the others run out.

    Args:
        sentences: all of the document.
        scores: of each; the best headings come in first.
        count: how many sentences are wanted; None, where something else is the limit, takes
            headings only if there is nothing else.

    >>> to_choose_from(["5 Plants", "They grow.", "See also"], [0.1, 0.5, 0.2], 2)
    [1, 2]
    """
    pool = choosable(sentences)
    lacking = len(sentences) * (not pool) if count is None else count - len(pool)
    if lacking <= 0:
        return pool
    headings = sorted(set(range(len(sentences))) - set(pool), key=lambda i: -scores[i])
    return sorted([*pool, *headings[:lacking]])


class Summarization(Pipeline[str, Summary, SummaryOptions]):
    """Summarizes documents of any length; made by `nlpkit.load`."""

    noun: ClassVar[str] = "document"

    @overload
    def __call__(self, document: str, /, **options: Any) -> Summary: ...
    @overload
    def __call__(self, document: list[str], /, **options: Any) -> list[Summary]: ...
    @overload
    def __call__(self, document: Iterable[str], /, **options: Any) -> Iterator[Summary]: ...
    def __call__(  # type: ignore[misc]  # names the options that the overloads leave open
        self,
        document: Any,
        /,
        *,
        sentences: int | None = None,
        ratio: float | None = None,
        words: int | None = None,
        tokens: int | None = None,
        redundancy: Redundancy | None = None,
        errors: Errors = "raise",
        progress: bool = False,
    ) -> Any:
        """The summary of a document; a list for a list, an iterator for an iterator.

        Headings and other lines that do not end like a sentence are chosen only where the
        sentences run out; they have scores all the same.

        Args:
            document: a text of any length, or a list or an iterator of texts.
            sentences: how many sentences; with no limit at all, the pipeline's own number, or one
                that suits the document where its recipe has a `[decoding.open_length]`.
            ratio: instead, the share of the document's sentences, over 0 to 1.
            words: instead, the most words (separated by white space).
            tokens: instead, the most tokens of the encoder.
            redundancy: `coverage` chooses the sentences together, for what they say between them,
                `trigram` leaves out a sentence that shares three words in a row with a better one,
                `mmr` weighs score against likeness to those chosen, `none` does nothing of this;
                None takes the pipeline's own.
            errors: `return` puts a `Failure` in the place of a bad input instead of raising.
            progress: show a progress bar on standard error, if that is a terminal.

        Raises:
            InputError: two limits at once, a limit under 1, a ratio outside 0 to 1.
            InputTypeError: a document that is not a string.
        """
        given = {"sentences": sentences, "ratio": ratio, "words": words, "tokens": tokens}
        redundancy = redundancy or self.recipe.decoding.redundancy
        if redundancy not in get_args(Redundancy):
            allowed = ", ".join(map(repr, get_args(Redundancy)))
            raise InputError(f"redundancy = {redundancy!r} is not known; allowed: {allowed}")
        length: Length | OpenLengthRecipe
        if any(value is not None for value in given.values()):
            length = Length(**given)  # type: ignore[arg-type]  # Length checks every value itself
        else:
            length = self._usual_length(redundancy)
        options = SummaryOptions(length, redundancy)
        return self._run(document, options, errors=errors, progress=progress)

    def _usual_length(self, redundancy: Redundancy) -> Length | OpenLengthRecipe:
        """The length where the caller sets none."""
        decoding = self.recipe.decoding
        if decoding.open_length is not None and redundancy == "coverage":
            return decoding.open_length
        return Length(sentences=decoding.sentences)

    def _is_one(self, inputs: object) -> bool:
        return isinstance(inputs, str)

    def _check(self, item: object, where: str) -> str:
        return text_of(item, where)

    def _prepare(
        self, inputs: Sequence[str], options: SummaryOptions
    ) -> list[Prepared[str] | InputError]:
        spans = [split_sentences(text) for text in inputs]
        texts = [text[a:b] for text, own in zip(inputs, spans, strict=True) for a, b in own]
        tokens = self.tokenizer.encode(texts)
        make = document_windows if self.recipe.head.kind == "sentences" else sentence_pairs
        prepared: list[Prepared[str] | InputError] = []
        at = 0
        for text, own in zip(inputs, spans, strict=True):
            run = tokens[at : at + len(own)]
            at += len(own)
            windows = make(
                self.tokenizer.template,
                run,
                size=self.max_tokens,
                stride=self.recipe.stride,
            )
            prepared.append(Prepared(text, windows, _Notes(own, [len(t) for t in run])))
        return prepared

    def _decode(
        self, prepared: Prepared[str], logits: Sequence[Logits], options: SummaryOptions
    ) -> Summary:
        text, notes = prepared.input, prepared.notes
        scores = self._scores(prepared, logits)
        texts = [text[a:b] for a, b in notes.spans]
        chosen = self._chosen(texts, scores, notes.tokens, options)
        sentences = tuple(
            Sentence(text[a:b], a, b, index, scores[index])
            for index, (a, b) in ((i, notes.spans[i]) for i in chosen)
        )
        return Summary(
            text=" ".join(sentence.text for sentence in sentences),
            sentences=sentences,
            scores=tuple(scores),
            spans=tuple(notes.spans),
        )

    def _chosen(
        self,
        texts: Sequence[str],
        scores: Sequence[float],
        tokens: Sequence[int],
        options: SummaryOptions,
    ) -> list[int]:
        """Which sentences the summary has."""
        decoding, length = self.recipe.decoding, options.length
        if isinstance(length, OpenLengthRecipe):
            pool = to_choose_from(texts, scores, length.least)
            picked = select_open(
                [scores[i] for i in pool],
                sentences=[texts[i] for i in pool],
                bounds=length,
                usual=decoding.sentences,
                worth=decoding.worth,
            )
        else:
            count = length.count(len(texts))
            pool = to_choose_from(texts, scores, count)
            picked = select(
                [scores[i] for i in pool],
                sentences=[texts[i] for i in pool],
                # A ratio is one of all sentences, not of those that may be chosen.
                length=length if count is None else Length(sentences=max(1, count)),
                redundancy=options.redundancy,
                token_counts=[tokens[i] for i in pool],
                worth=decoding.worth,
            )
        return [pool[i] for i in picked]

    def _scores(self, prepared: Prepared[str], logits: Sequence[Logits]) -> list[float]:
        """The probability of each sentence, 0 where it has no token.

        A sentence that is read more than once (overlapping windows, parts of a very long one)
        gets the mean of its logits, weighted by the tokens behind each.
        """
        count = len(prepared.notes.spans)
        total, weight = np.zeros(count), np.zeros(count)
        for window, row in zip(prepared.windows, logits, strict=True):
            assert window.places is not None
            if window.segments is None:
                sizes = np.ones(len(window.places), np.int64)
            else:
                sizes = np.bincount(window.segments[window.segments >= 0], minlength=len(row))
            np.add.at(total, window.places, row * sizes)
            np.add.at(weight, window.places, sizes)
        means = total / np.maximum(weight, 1) / self.recipe.decoding.temperature
        return [float(s) for s in np.where(weight > 0, 0.5 * (1 + np.tanh(means / 2)), 0.0)]
