"""Windows to padded arrays and back: what every runtime computes on, without torch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlpkit.windows import Window, budget_batches

Arrays = dict[str, NDArray[np.int64]]


def pad(windows: Sequence[Window], pad_id: int, width: int | None = None) -> Arrays:
    """Windows as arrays as long as the longest of them, or longer: of so many tokens as `width`.

    `input_ids`, `attention_mask` and `token_type_ids` are `(batch, tokens)`. For heads that score
    sentences there are also `segments` `(batch, tokens)`, -1 where no sentence is, and `places`
    `(batch, sentences)`.

    >>> ids = np.array([5, 6], np.int32)
    >>> window = Window(ids, np.zeros(2, np.int32), 0, 0, 2)
    >>> longer = Window(np.array([5, 6, 7], np.int32), np.zeros(3, np.int32), 0, 0, 3)
    >>> pad([window, longer], 0)["attention_mask"].tolist()
    [[1, 1, 0], [1, 1, 1]]
    """
    longest = width or max(len(window) for window in windows)

    def table(rows: Sequence[NDArray[Any]], width: int, fill: int) -> NDArray[np.int64]:
        out = np.full((len(rows), width), fill, dtype=np.int64)
        for index, row in enumerate(rows):
            out[index, : len(row)] = row
        return out

    arrays = {
        "input_ids": table([window.ids for window in windows], longest, pad_id),
        "attention_mask": table([np.ones(len(window)) for window in windows], longest, 0),
        "token_type_ids": table([window.types for window in windows], longest, 0),
    }
    segments = [window.segments for window in windows if window.segments is not None]
    places = [window.places for window in windows if window.places is not None]
    if segments:
        arrays["segments"] = table(segments, longest, -1)
    if places:
        arrays["places"] = table(places, max(map(len, places)), 0)
    return arrays


# Padding costs a CPU more than batching gains, so its batches are small; a GPU wants large ones.
BATCH_TOKENS = {"cpu": 1536, "mps": 8192, "cuda": 65536}

# Padded tokens in a batch that cost about as much time as one more batch does beside its tokens.
BATCH_PADDING = {"cpu": 64, "mps": 1024, "cuda": 8192}


# oneDNN makes code for each shape of a product in bfloat16 that it has not seen, which takes longer
# than these few tokens at the end do; and AMX multiplies tiles of 16 rows.
ROUND_TOKENS = 16


def rounded(tokens: int, most: int) -> int:
    """The width of a batch for oneDNN: a multiple of 16, unless the encoder has no such position.

    >>> rounded(17, most=512), rounded(510, most=511)
    (32, 510)
    """
    wider = -(-tokens // ROUND_TOKENS) * ROUND_TOKENS
    return wider if wider <= most else tokens


def in_batches(
    windows: Sequence[Window],
    tokens: int,
    run: Callable[[Sequence[Window]], NDArray[np.float32]],
    *,
    padding: int | None = None,
    even: int | None = None,
) -> list[NDArray[np.float32]]:
    """The logits of each window, in the order given, computed in padded batches of like lengths.

    Args:
        windows: of any number and length.
        tokens: most tokens in a padded batch.
        run: a batch's logits, `(batch, labels)`, `(batch, tokens, 2)` or `(batch, sentences)`.
        padding: most tokens of a batch that may be padding: about as many as take the time that
            one more batch takes beside its tokens; None sets no limit.
        even: windows of at least so many tokens are never padded.

    Returns:
        For each window its own part of that: what belongs to padding is left out.
    """
    lengths = [len(window) for window in windows]
    batches = budget_batches(lengths, tokens=tokens, padding=padding, even=even)
    return each_window(windows, batches, (run([windows[i] for i in own]) for own in batches))


def each_window(
    windows: Sequence[Window],
    batches: Sequence[Sequence[int]],
    logits: Iterable[NDArray[np.float32]],
) -> list[NDArray[np.float32]]:
    """The logits of batches given back to their windows, in the order of these.

    Args:
        windows: all of them.
        batches: which windows each batch has.
        logits: of each batch.
    """
    each: list[NDArray[np.float32]] = [np.empty(0, np.float32)] * len(windows)
    for indices, rows in zip(batches, logits, strict=True):
        for index, row in zip(indices, rows, strict=True):
            window = windows[index]
            if row.ndim == 2:
                row = row[: len(window)]
            elif window.places is not None:
                row = row[: len(window.places)]
            each[index] = row
    return each
