"""Longest common subsequences by bits, many words at a time.

The table of lengths `t[i][j]` of two word lists grows by at most one from cell to cell, so a row
is kept as the bits of one Python integer: bit `j` of `flat` is set where `t[i][j+1] == t[i][j]`.
One addition then makes the next row (Crochemore et al., "A fast and practical bit-vector algorithm
for the longest common subsequence problem", 2001; Hyyrö, "Bit-parallel LCS-length computation
revisited", 2004).

Two things go beyond the papers. The carries of that addition are the growth from row to row, so
rows and carries are all that it takes to walk back through the table by `rouge-score`'s own rules,
which decide *which* of several longest subsequences is taken. And all sentences of a summary lie
side by side in one integer, with an empty bit between them that lets no carry through.
"""

from __future__ import annotations

from collections.abc import Sequence


def lcs_length(first: Sequence[str], second: Sequence[str]) -> int:
    """The length of the longest common subsequence of two word lists.

    >>> lcs_length("the cat sat here".split(), "the dog sat there".split())
    2
    """
    places = _places(second)
    full = flat = (1 << len(second)) - 1
    for word in first:
        match = flat & places.get(word, 0)
        if match:
            flat = ((flat + match) | (flat ^ match)) & full
    return len(second) - flat.bit_count()


class Sentences:
    """The sentences of a summary, side by side, to be compared with many others.

    >>> candidate = Sentences([["the", "cat"], ["it", "sat"]])
    >>> candidate.union(["so", "the", "cat", "sat"])
    [1, 2, 3]
    """

    def __init__(self, sentences: Sequence[Sequence[str]]) -> None:
        self._places: dict[str, int] = {}
        self._fields: list[int] = []
        self._full = 0
        places, start = self._places, 0
        for sentence in sentences:
            if not sentence:
                continue
            place = 1 << start
            for word in sentence:
                places[word] = places.get(word, 0) | place
                place <<= 1
            self._fields.append(place - (1 << start))
            self._full |= place - (1 << start)
            start += len(sentence) + 1

    def union(self, words: Sequence[str]) -> list[int]:
        """Which of `words` are in the longest common subsequence with at least one sentence.

        Of several longest ones, that which `rouge-score` takes: from the end, a common last word
        is taken; else the last word of the sentence is left out if that keeps the length and
        leaving out the other's does not; else the other's.

        Returns:
            Positions in `words`, in order.
        """
        flat = full = self._full
        get = self._places.get
        rows: list[tuple[int, int, int]] = []
        for index, word in enumerate(words):
            place = get(word)
            # A row without a match is the row before, and the walk back passes it by.
            if place:
                match = flat & place
                total = flat + match
                rows.append((index, place, total ^ flat ^ match))
                flat = (total | (flat ^ match)) & full
        if not rows:
            return []
        found = 0
        rows.reverse()
        for field in self._fields:
            length = (field & ~flat).bit_count()
            if not length:
                continue
            # A column's match stands at its bit, its growth one bit above.
            left = field
            for index, place, grown in rows:
                match = place & field
                if not match:
                    continue
                stop = (match | ~(grown >> 1)) & left
                if not stop:
                    break
                top = 1 << (stop.bit_length() - 1)
                if place & top:
                    found |= 1 << index
                    left = field & (top - 1)
                    length -= 1
                    if not length:
                        break
                else:
                    left = field & (2 * top - 1)
        return [index for index, *_ in reversed(rows) if found >> index & 1]


def _places(words: Sequence[str]) -> dict[str, int]:
    places: dict[str, int] = {}
    place = 1
    for word in words:
        places[word] = places.get(word, 0) | place
        place <<= 1
    return places
