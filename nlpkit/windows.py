"""What is longer than the encoder's length, cut in overlapping windows, and batches of them.

A window is a run of a text's tokens with the special tokens around it. Every token of the text
is in at least one window, and the window knows which tokens it holds, so a score or a span
found in it can be put back on the caller's characters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlpkit.errors import InputError
from nlpkit.tokenizer import Template, Tokens


@dataclass(frozen=True, slots=True)
class Window:
    """One input of the encoder.

    `ids` and `types` have shape `(tokens,)`, special tokens included. The tokens
    `start:stop` of the text lie at `body : body + (stop - start)` of the window. Where a head
    scores sentences, `segments` `(tokens,)` says to which sentence of the window a token
    belongs (-1: none) and `places` `(sentences,)` where those stand in the document.
    """

    ids: NDArray[np.integer[Any]]
    types: NDArray[np.integer[Any]]
    body: int
    start: int
    stop: int
    segments: NDArray[np.integer[Any]] | None = None
    places: NDArray[np.integer[Any]] | None = None

    def __len__(self) -> int:
        return len(self.ids)


def cut(tokens: int, size: int, stride: int) -> list[tuple[int, int]]:
    """Cuts `tokens` tokens in runs of at most `size`, each `stride` further than the last.

    `stride` is how far a window moves (BERT's `doc_stride`), so neighbours share
    `size - stride` tokens; no token is skipped. An empty text has one empty run.

    Raises:
        InputError: when the stride is not in 1..size, which would skip tokens.

    >>> cut(10, 4, 3)
    [(0, 4), (3, 7), (6, 10)]
    >>> cut(3, 4, 3), cut(0, 4, 3)
    ([(0, 3)], [(0, 0)])
    """
    if not 1 <= stride <= size:
        raise InputError(
            f"a stride of {stride} tokens does not fit windows of {size} tokens: "
            f"it must be from 1 to {size}"
        )
    last = max(0, tokens - size)
    starts = [*range(0, last, stride), last] if tokens else [0]
    return [(start, min(start + size, tokens)) for start in starts]


def single_window(template: Template, tokens: Tokens, start: int, stop: int) -> Window:
    """The tokens `start:stop` of one text, with the special tokens of a single text."""
    before, after = template.single
    ids = np.concatenate([before, tokens.ids[start:stop], after]).astype(np.int32)
    return Window(ids, np.zeros(len(ids), np.int32), len(before), start, stop)


def pair_window(
    template: Template, first: NDArray[np.integer[Any]], second: Tokens, start: int, stop: int
) -> Window:
    """The ids `first` whole and the tokens `start:stop` of a second text, as a pair."""
    run = second.ids[start:stop]
    before, between, after = template.pair
    kinds = template.pair_special_types
    ids = np.concatenate([before, first, between, run, after]).astype(np.int32)
    types = np.concatenate([
        kinds[0], np.full(len(first), template.pair_types[0]),
        kinds[1], np.full(len(run), template.pair_types[1]), kinds[2],
    ]).astype(np.int32)  # fmt: skip
    return Window(ids, types, len(before) + len(first) + len(between), start, stop)


def text_windows(template: Template, tokens: Tokens, *, size: int, stride: int) -> list[Window]:
    """All windows of one text; `size` counts the special tokens too.

    >>> template = Template(((101,), (102,)), ((101,), (102,), (102,)), (0, 1), ((0,), (0,), (1,)))
    >>> tokens = Tokens(np.arange(5, dtype=np.int32), np.zeros((5, 2), np.int32))
    >>> [w.ids.tolist() for w in text_windows(template, tokens, size=5, stride=2)]
    [[101, 0, 1, 2, 102], [101, 2, 3, 4, 102]]
    """
    room = size - template.single_extra
    runs = cut(len(tokens), room, min(stride, room))
    return [single_window(template, tokens, start, stop) for start, stop in runs]


def pair_windows(
    template: Template, first: Tokens, second: Tokens, *, size: int, stride: int
) -> list[Window]:
    """All windows over a pair of texts; nothing of either is lost.

    A first text of at most half the room (a question, a hypothesis) is kept whole in every
    window and the second is cut. A longer one is cut too, in halves of the room, and every run
    of the one meets every run of the other; if only the second is short, the first gets the
    room that it leaves. The window's `start:stop` are tokens of the second text.
    """
    room = size - template.pair_extra
    half = room // 2
    if len(first) + len(second) <= room:
        firsts = [(0, len(first))]
    else:
        width = room - len(second) if len(second) < half else half
        firsts = cut(len(first), width, max(1, min(stride, width * 3 // 4)))
    windows = []
    for low, high in firsts:
        left = max(1, room - (high - low))  # 0 only where the second text is empty
        for start, stop in cut(len(second), left, max(1, min(stride, left * 3 // 4))):
            windows.append(pair_window(template, first.ids[low:high], second, start, stop))
    return windows


def budget_batches(
    lengths: Sequence[int],
    *,
    tokens: int,
    padding: int | None = None,
    even: int | None = None,
) -> list[list[int]]:
    """Groups inputs of similar length so that a padded batch holds at most `tokens` tokens.

    Longest first, so that a lack of memory shows at once. An input that is longer than the
    budget is a batch of its own. Returns indices into `lengths`.

    Args:
        lengths: of the inputs, in tokens.
        tokens: most in a batch, padding included.
        padding: most of them that may be padding; None sets no limit.
        even: inputs of at least so many tokens are with others of their length only.

    >>> budget_batches([3, 9, 2, 4], tokens=9)
    [[1], [3, 0], [2]]
    >>> budget_batches([3, 9, 2, 4], tokens=99, padding=3)
    [[1], [3, 0, 2]]
    >>> budget_batches([3, 9, 9, 8, 2], tokens=99, even=8)
    [[1, 2], [3], [0, 4]]
    """
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    batches: list[list[int]] = []
    width = filled = 0
    for index in order:
        length = lengths[index]
        filled += width - length
        full = not batches or width * (len(batches[-1]) + 1) > tokens
        most = 0 if even is not None and width >= even else padding
        if full or (most is not None and filled > most):
            batches.append([])
            width, filled = length, 0
        batches[-1].append(index)
    return batches
