"""Sentences with exact spans in the caller's own string.

`nlpkit.sentence_repairs` looks at each stop and says whether a sentence ends there; where its rules
know nothing, spaCy's rule-based sentencizer decides. `nlpkit.sentence_lines` adds the borders that
blank lines, list items and headings make. No character is changed on the way: a sentence is a pair
of offsets, and what stands between two sentences is white space only.

Whether the sentencizer begins a sentence after a stop depends on the words from the one with the
stop to the next, so only these are given to it: reading all of a text with spaCy takes longer than
everything else. It reads them in a shadow of the text, of the same length, in which what its
tokenizer cannot read (lone surrogates), misreads (combining marks, invisible characters) or reads
in quadratic time (words of thousands of characters) is masked. Time and memory are linear in the
length of the text.
"""

from __future__ import annotations

import re
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from nlpkit.errors import InputTypeError
from nlpkit.sentence_lines import line_borders, paragraphs
from nlpkit.sentence_repairs import INVISIBLE, MARKS, sentence_ends
from nlpkit.spacy_import import light

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.pipeline import Sentencizer

# spaCy keeps every word it has seen; past this many the splitter is made anew.
_VOCABULARY_LIMIT = 500_000

_SURROGATES = re.compile("[\ud800-\udfff]")
_INVISIBLE = re.compile(f"[{INVISIBLE}]")
_MARKS = re.compile(f"[{MARKS}]")
_LONG_WORD = re.compile(r"(?<!\S)\S{151,}")
_LONG_PART = re.compile(r"(\S{20,30}?)\w|(\S{30})\S")
_SPACE = re.compile(r"\s")
# How far back a word is looked for that stands before a stop: no chunk of a shadow is longer.
_REACH = 300


class Span(NamedTuple):
    """Where a stretch of text starts and ends, in characters; `text[start:end]` is the stretch."""

    start: int
    end: int


def split_sentences(text: str) -> list[Span]:
    """Split text into sentences.

    Spans are in order, do not overlap, are never empty and neither begin nor end with white space.
    Outside of them there is nothing but white space, and lines of nothing but invisible characters
    (such as U+200B). A blank line ends a sentence, a single line break does not. Every `str` is
    accepted, of any length; blank text gives an empty list.

    Raises `InputTypeError` where `text` is not a `str`.

    >>> text = 'Dr. Lee left at 5 p.m. "We won," she said. See Fig. 3.'
    >>> [text[span.start : span.end] for span in split_sentences(text)]
    ['Dr. Lee left at 5 p.m.', '"We won," she said.', 'See Fig. 3.']
    >>> split_sentences("One. Two!")
    [Span(start=0, end=4), Span(start=5, end=9)]
    >>> split_sentences("  ")
    []
    """
    if not isinstance(text, str):
        raise InputTypeError(f"The text to split must be a str, not {type(text).__name__}.")
    sentencizer = _Sentencizer(text)
    spans: list[Span] = []
    for start, end in paragraphs(text):
        borders, labels = line_borders(text, start, end)
        borders.extend(sentence_ends(text, start, end, sentencizer.begins, labels))
        spans.extend(_spans(text, start, end, sorted(set(borders))))
    return spans


def _spans(text: str, start: int, end: int, borders: list[int]) -> list[Span]:
    """Cut one paragraph at its borders; what has no letter or digit joins its neighbour."""
    spans: list[Span] = []
    worded = True
    for border in [*borders, end]:
        part = text[start:border]
        left = start + len(part) - len(part.lstrip())
        right = left + len(part.strip())
        start = border
        if left >= right:
            continue
        has_word = any(map(str.isalnum, part))
        if spans and not (has_word and worded):
            spans[-1] = Span(spans[-1].start, right)
            worded = worded or has_word
        else:
            spans.append(Span(left, right))
            worded = has_word
    if len(spans) == 1 and not _INVISIBLE.sub("", text[spans[0].start : spans[0].end]).strip():
        return []
    return spans


class _Sentencizer:
    """Where spaCy's sentencizer begins sentences in a text, asked about one stop at a time."""

    def __init__(self, text: str) -> None:
        self._shadow = _shadow(text)

    def begins(self, stop: int, end: int, last: int) -> bool:
        """Whether it begins one at a word that starts in `end` to `last`, after a stop.

        Args:
            stop: where the stop begins.
            end: where it ends.
            last: where the word after it begins.
        """
        shadow = self._shadow
        # From the last word before the stop on: whatever came before that does not count.
        start = stop
        for chunk in reversed(shadow[max(0, stop - _REACH) : stop].split()):
            start = shadow.rindex(chunk, 0, start)
            if any(map(str.isalnum, chunk)):
                break
        space = _SPACE.search(shadow, last)
        # The first word would always begin a sentence: another one takes its place.
        piece = "a " + shadow[start : space.start() if space else len(shadow)]
        shift = start - len("a ")
        return any(end <= place + shift <= last for place in _starts(piece))


def _shadow(text: str) -> str:
    """The text as spaCy is to read it: of the same length, without what it stumbles over."""
    if not text.isascii():
        text = _SURROGATES.sub("x", text)
        text = _INVISIBLE.sub(" ", text)
        text = _MARKS.sub("a", text)
    return _LONG_WORD.sub(lambda word: _LONG_PART.sub(_cut_word, word[0]), text)


def _cut_word(part: re.Match[str]) -> str:
    return (part[1] or part[2]) + " "


_LOCK = Lock()


@lru_cache(maxsize=1)
def _splitter() -> tuple[Language, Sentencizer]:
    with light():
        from spacy.attrs import IS_PUNCT
        from spacy.lang.en import English
        from spacy.pipeline import Sentencizer

    language = English()
    # Of a new word spaCy would find out its shape, whether it is an address, and twenty things
    # more; the sentencizer asks for one.
    vocabulary: Any = language.vocab
    vocabulary.lex_attr_getters = {IS_PUNCT: vocabulary.lex_attr_getters[IS_PUNCT]}
    return language, Sentencizer()


def _starts(piece: str) -> list[int]:
    """Where the sentencizer begins sentences in a piece of text."""
    with _LOCK:
        language, sentencizer = _splitter()
        if len(language.vocab.strings) > _VOCABULARY_LIMIT:
            _splitter.cache_clear()
            language, sentencizer = _splitter()
        document = language.tokenizer(piece)
        (begins,) = sentencizer.predict([document])
        return [token.idx for token, begin in zip(document, begins, strict=True) if begin]
