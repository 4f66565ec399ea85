"""Sentences with exact spans in the caller's own string.

spaCy's rule-based sentencizer proposes where sentences begin; `nlpkit.sentence_repairs` then looks
at each stop and keeps, moves, drops or adds a border, and `nlpkit.sentence_lines` adds those that
blank lines, list items and headings make. No character is changed on the way: a sentence is a pair
of offsets, and what stands between two sentences is white space only.

spaCy reads a shadow of the text, of the same length, in which what its tokenizer cannot read (lone
surrogates), misreads (combining marks, invisible characters) or reads in quadratic time
(words of thousands of characters) is masked. It reads it in pieces, since it refuses texts over a
million characters, and the sentencizer's state is carried from one piece to the next: the result
does not depend on the size of the pieces. Time and memory are linear in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from nlpkit.errors import InputTypeError
from nlpkit.sentence_lines import line_borders, paragraphs
from nlpkit.sentence_repairs import INVISIBLE, MARKS, sentence_ends
from nlpkit.spacy_import import light

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.pipeline import Sentencizer

PIECE_CHARACTERS = 100_000
# spaCy keeps every word it has seen; past this many the splitter is made anew.
_VOCABULARY_LIMIT = 500_000

_SURROGATES = re.compile("[\ud800-\udfff]")
_INVISIBLE = re.compile(f"[{INVISIBLE}]")
_MARKS = re.compile(f"[{MARKS}]")
_LONG_WORD = re.compile(r"(?<!\S)\S{151,}")
_LONG_PART = re.compile(r"(\S{20,30}?)\w|(\S{30})\S")
_SPACE = re.compile(r"\s")


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
    return _split(text, PIECE_CHARACTERS)


def _split(text: str, piece_characters: int) -> list[Span]:
    proposals = _proposals(text, piece_characters)
    spans: list[Span] = []
    for start, end in paragraphs(text):
        borders, labels = line_borders(text, start, end)
        borders.extend(sentence_ends(text, start, end, proposals, labels))
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


def _proposals(text: str, piece_characters: int) -> list[int]:
    """Offsets of the words at which spaCy begins a sentence, the very first left out."""
    shadow = _shadow(text)
    found: list[int] = []
    open_stop = False
    with _LOCK:
        for start, end in _pieces(shadow, piece_characters):
            # The first word of a piece would always begin a sentence; a word, or a word and a
            # stop, before it gives the sentencizer the state in which the last piece ended.
            prefix = "a . " if open_stop else "a "
            starts, open_stop = _read(prefix + shadow[start:end])
            shift = start - len(prefix)
            found.extend(place + shift for place in starts if place >= len(prefix))
    return found


def _pieces(shadow: str, size: int) -> Iterator[tuple[int, int]]:
    """Consecutive stretches of a shadow, of `size` characters and up to the end of a word."""
    start = 0
    while start < len(shadow):
        space = _SPACE.search(shadow, start + size)
        end = space.start() if space else len(shadow)
        yield start, end
        start = end


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
        from spacy.lang.en import English
        from spacy.pipeline import Sentencizer

    return English(), Sentencizer()


def _read(piece: str) -> tuple[list[int], bool]:
    """Where sentences begin in `piece`, and whether it ends in a stop that no word has followed."""
    language, sentencizer = _splitter()
    from spacy.attrs import IDX  # after the splitter, which sees to how spaCy is imported

    if len(language.vocab.strings) > _VOCABULARY_LIMIT:
        _splitter.cache_clear()
        language, sentencizer = _splitter()
    document = language.tokenizer(piece)
    begins = sentencizer.predict([document])[0]
    offsets = document.to_array(IDX)
    starts = [int(place) for place, begin in zip(offsets, begins, strict=True) if begin]
    for token in reversed(document):
        if token.text in sentencizer.punct_chars:
            return starts, True
        if not token.is_punct:
            break
    return starts, False
