"""Straight double quotes, which look the same whether they open or close."""

from __future__ import annotations

import re

_QUOTES = re.compile('"')
_SPEAKER = re.compile(
    r"\s+(?:(?!we\b|i\b|you\b)[\w.'’-]+ )?(?:said|says|told|added|adds|asked|wrote|recalled)\b"
)


class QuoteState:
    """Whether a straight double quote is open, read through one paragraph from left to right.

    >>> text = 'He said "no" and left.'
    >>> quotes = QuoteState(text, 0, len(text))
    >>> quotes.is_open(10), quotes.is_open(20)
    (True, False)
    """

    def __init__(self, text: str, start: int, end: int) -> None:
        self._text = text
        self._start = start
        self._end = end
        self._coming = _QUOTES.finditer(text, start, end)
        self._next = next(self._coming, None)
        self._open = False

    def is_open(self, before: int) -> bool:
        """The state before the character `before`; calls must come in rising order."""
        while self._next is not None and self._next.start() < before:
            self._open = self._after(self._next.start())
            self._next = next(self._coming, None)
        return self._open

    def _after(self, place: int) -> bool:
        left = self._text[place - 1] if place > self._start else " "
        right = self._text[place + 1] if place + 1 < self._end else " "
        if left.isspace() and right.isspace():
            # `, " he said` closes whatever was counted: a lost quote harms one sentence only.
            if self._text[max(0, place - 2) : place] == ", " and _SPEAKER.match(
                self._text, place + 1
            ):
                return False
            return not self._open
        if left.isspace() or left in "([{-–—“‘'":
            return True
        if right.isalnum():
            return not self._open
        return False
