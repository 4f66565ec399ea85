"""A document as windows of whole sentences, for heads that score sentences.

Windows break at sentence borders and overlap, so that every sentence is read with others around
it; their number grows linearly with the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlpkit.tokenizer import Template, Tokens
from nlpkit.windows import Window, pair_window


class Unit(NamedTuple):
    """A sentence, or a part of one that is longer than a window: its tokens `start:stop`."""

    sentence: int
    start: int
    stop: int


def units(lengths: Sequence[int], room: int) -> list[Unit]:
    """Sentences of the given lengths in tokens, the longer ones in parts that fit the room.

    A sentence without tokens (a lone zero-width character) has no unit.

    >>> units([3, 0, 5], room=4)
    [Unit(sentence=0, start=0, stop=3),
     Unit(sentence=2, start=0, stop=4), Unit(sentence=2, start=4, stop=5)]
    """
    return [
        Unit(sentence, start, min(start + room, length))
        for sentence, length in enumerate(lengths)
        for start in range(0, length, room)
    ]


def groups(parts: Sequence[Unit], room: int, stride: int) -> list[tuple[int, int]]:
    """Runs `start:stop` of units that fit the room, each about `stride` tokens after the last.

    >>> groups(units([3, 3, 3, 3], room=6), room=6, stride=3)
    [(0, 2), (1, 3), (2, 4)]
    """
    ends = np.cumsum([unit.stop - unit.start for unit in parts])
    begins = ends - [unit.stop - unit.start for unit in parts]
    runs: list[tuple[int, int]] = []
    first = 0
    while first < len(parts):
        last = int(np.searchsorted(ends, begins[first] + room, side="right"))
        runs.append((first, last))
        if last == len(parts):
            break
        # At least one unit on, and never past the first that was left out.
        after = int(np.searchsorted(begins, begins[first] + stride, side="left"))
        first = min(max(after, first + 1), last)
    return runs


def document_windows(
    template: Template, sentences: Sequence[Tokens], *, size: int, stride: int | None
) -> list[Window]:
    """A tokenised document as windows that say which sentence each token belongs to.

    `segments` counts the units of the window from 0, `places` gives the sentence of each unit.
    """
    room = size - template.single_extra
    parts = units([len(tokens) for tokens in sentences], room)
    before, after = template.single
    windows = []
    for first, last in groups(parts, room, stride or max(1, room * 3 // 4)):
        run = parts[first:last]
        ids: list[NDArray[np.int32]] = [np.array(before, np.int32)]
        segments: list[NDArray[np.int32]] = [np.full(len(before), -1, np.int32)]
        for index, unit in enumerate(run):
            ids.append(sentences[unit.sentence].ids[unit.start : unit.stop])
            segments.append(np.full(unit.stop - unit.start, index, np.int32))
        ids.append(np.array(after, np.int32))
        segments.append(np.full(len(after), -1, np.int32))
        joined = np.concatenate(ids)
        windows.append(
            Window(
                ids=joined,
                types=np.zeros(len(joined), np.int32),
                body=len(before),
                start=run[0].sentence,
                stop=run[-1].sentence + 1,
                segments=np.concatenate(segments),
                places=np.array([unit.sentence for unit in run], np.int32),
            )
        )
    return windows


def sentence_pairs(
    template: Template, sentences: Sequence[Tokens], *, size: int, stride: int | None
) -> list[Window]:
    """One (sentence, document) pair for every sentence, as the original design reads them.

    The document's part is the run of sentences around the sentence that fits beside it; a
    sentence of more than half the room is read in halves. `places` holds the sentence.
    """
    room = size - template.pair_extra
    half = room // 2
    parts = units([len(tokens) for tokens in sentences], half)
    runs = groups(parts, half, stride or max(1, half * 3 // 4))
    owner: dict[int, int] = {}
    for index, (first, last) in enumerate(runs):
        for number in range(first, last):
            # Of the runs that hold it, the one in which it stands nearest to the middle.
            if number not in owner or _off_centre(number, runs[index]) < _off_centre(
                number, runs[owner[number]]
            ):
                owner[number] = index
    texts = []
    for first, last in runs:
        ids = [sentences[u.sentence].ids[u.start : u.stop] for u in parts[first:last]]
        joined = np.concatenate(ids)
        texts.append(Tokens(joined, np.zeros((len(joined), 2), np.int32)))
    windows = []
    for index, unit in enumerate(parts):
        own = sentences[unit.sentence].ids[unit.start : unit.stop]
        beside = texts[owner[index]]
        window = pair_window(template, own, beside, 0, len(beside))
        place = np.array([unit.sentence], np.int32)
        windows.append(
            Window(window.ids, window.types, window.body, unit.sentence, unit.sentence + 1,
                   places=place)
        )  # fmt: skip
    return windows


def _off_centre(number: int, run: tuple[int, int]) -> float:
    return abs(number - (sum(run) - 1) / 2)
