"""Where in a text its label comes from, learned beside the label.

A label says that something is wrong with a sentence, or good about a film; a rationale says which
words it is due to (Zaidan et al. 2007; DeYoung et al. 2020, "ERASER"). Something of each token
teaches an encoder far more than a label of each text, as ELECTRA shows, which only tells replaced
tokens from the others (Clark et al. 2020). The layers that look for it are thrown away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from nlpkit.errors import DataError
from nlpkit.tokenizer import Tokens
from nlpkit.windows import Window

# The column of the data.
COLUMN = "rationale"

# Of a token of which nothing is known: a special one, or one of a row without a rationale.
UNKNOWN = -1

# What files of different kinds give lists as.
_LISTS = (list, tuple, np.ndarray)

Marks = NDArray[np.int8]
NO_MARKS = np.empty(0, np.int8)


def rationale_layers(width: int) -> nn.Module:
    """States `(..., hidden)` to one logit each, `(..., 1)`: is the token part of the rationale."""
    return nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, 1))


def marked(rationale: Any, text: str, tokens: Tokens, row: int) -> Marks | None:
    """Which tokens of a text are in its rationale, `(tokens,)`: 1, or 0 for the others.

    A place that begins or ends inside a token takes the whole token.

    Args:
        rationale: places as SQuAD has answers, `{"text": [...], "answer_start": [...]}`; without
            any no token is in it.
        text: the text.
        tokens: of the text.
        row: its number, for errors.

    Returns:
        None where the row says nothing of it (None or NaN).

    Raises:
        DataError: when it is no such places, or one does not stand in the text where it says.

    >>> tokens = Tokens(np.arange(3, dtype=np.int32), np.array([[0, 2], [3, 5], [5, 6]], np.int32))
    >>> marked({"text": ["is"], "answer_start": [3]}, "It is.", tokens, 0).tolist()
    [0, 1, 0]
    """
    if rationale is None or (isinstance(rationale, float) and np.isnan(rationale)):
        return None
    texts, starts = _places(rationale, row)
    marks = np.zeros(len(tokens), np.int8)
    for part, start in zip(texts, starts, strict=True):
        if not part or text[start : start + len(part)] != part:
            raise DataError(
                f"the rationale {part!r} of row {row} does not stand at character {start} of its "
                "text"
            )
        first = np.searchsorted(tokens.offsets[:, 1], start, side="right")
        stop = np.searchsorted(tokens.offsets[:, 0], start + len(part), side="left")
        marks[first:stop] = 1
    return marks


def _places(rationale: Any, row: int) -> tuple[list[str], list[int]]:
    found = rationale if isinstance(rationale, Mapping) else {}
    texts, starts = found.get("text"), found.get("answer_start")
    if not (
        isinstance(texts, _LISTS)
        and isinstance(starts, _LISTS)
        and len(texts) == len(starts)
        and all(isinstance(part, str) for part in texts)
        and all(isinstance(n, int | np.integer) and n >= 0 for n in starts)
    ):
        raise DataError(
            f"the rationale of row {row} is {rationale!r}; allowed is "
            '{"text": [...], "answer_start": [...]}, texts and the characters where they start, '
            "or nothing"
        )
    return list(texts), [int(n) for n in starts]


def of_window(marks: Marks | None, window: Window) -> Marks:
    """The marks of a window's tokens, special ones too, `(tokens,)`."""
    own = np.full(len(window), UNKNOWN, np.int8)
    if marks is not None:
        own[window.body : window.body + window.stop - window.start] = marks[
            window.start : window.stop
        ]
    return own


def rationale_missed(logits: Tensor, wanted: Sequence[Marks]) -> Tensor:
    """How badly rationales are found, summed over the examples, a scalar.

    Of an example it is the mean binary cross-entropy of its tokens, and nothing where none is
    known.

    Args:
        logits: `(batch, tokens)`.
        wanted: of each example `(tokens,)`.

    >>> logits = torch.zeros(2, 3)
    >>> round(rationale_missed(logits, [np.array([-1, 1, 0]), np.array([-1, -1])]).item(), 3)
    0.693
    """
    padded = np.full(tuple(logits.shape), UNKNOWN, np.int8)
    for index, marks in enumerate(wanted):
        padded[index, : len(marks)] = marks
    targets = torch.from_numpy(padded).to(logits.device)
    known = (targets != UNKNOWN).float()
    apart: Tensor = functional.binary_cross_entropy_with_logits(
        logits.float(), targets.clamp(min=0).float(), reduction="none"
    )
    return (apart * known / known.sum(1, keepdim=True).clamp(min=1)).sum()
