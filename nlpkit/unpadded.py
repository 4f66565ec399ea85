"""A padded batch computed without its padding: real tokens only, end to end in one row.

Every layer but attention looks at one token at a time, so it may as well read the windows of a
batch as one long row. Attention has to keep them apart, which FlashAttention does for sequences
of unlike lengths (Dao et al. 2022; `torch.nn.attention.varlen`). It is there on CUDA in half
precision. Whether an architecture and a card do it rightly is found out on the first batch.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Kernel = Callable[[Tensor, Tensor, Tensor, "Segments"], Tensor]

# How far the states of one batch may be apart, as a share of the largest: some roundings of
# bfloat16, far less than a window that sees its neighbour's tokens makes.
_TOLERANCE = 0.05

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Segments:
    """Where windows lie that stand end to end.

    Attributes:
        starts: `(windows + 1,)`: the first token of each window, and the number of all tokens.
        longest: tokens of the longest window.
        kernel: what attends within them: query, key and value `(tokens, heads, width)` to states
            of that shape, with the products divided by the root of the width.
    """

    starts: Tensor
    longest: int
    kernel: Kernel

    def attend(self, query: Tensor, key: Tensor, value: Tensor, scaling: float | None) -> Tensor:
        """States `(1, tokens, heads, width)` of what is `(1, heads, tokens, width)`."""
        width = query.shape[-1]
        if scaling is not None:
            query = query * (scaling * width**0.5)
        query, key, value = (t[0].transpose(0, 1).contiguous() for t in (query, key, value))
        return self.kernel(query, key, value, self).unsqueeze(0)


def flash(query: Tensor, key: Tensor, value: Tensor, segments: Segments) -> Tensor:
    """PyTorch's FlashAttention for sequences of unlike lengths: a `Kernel`.

    Raises:
        ImportError: when this PyTorch has none.
        RuntimeError: when the card or the number type is none of its own.
    """
    from torch.nn.attention.varlen import varlen_attn

    starts, longest = segments.starts, segments.longest
    states = varlen_attn(query, key, value, starts, starts, longest, longest)
    assert isinstance(states, Tensor), "nothing but the states was asked for"
    return states


def pack(attention_mask: Tensor, kernel: Kernel) -> tuple[Tensor, Tensor, Segments]:
    """The places of the real tokens of a batch that is padded at its end.

    Args:
        attention_mask: `(batch, tokens)`, 1 where a token is real.
        kernel: see `Segments`.

    Returns:
        The places of the real tokens in the flattened batch, their positions in their own
        windows, both `(real tokens,)`, and where the windows lie.

    >>> places, positions, segments = pack(torch.tensor([[1, 1, 0], [1, 1, 1]]), flash)
    >>> places.tolist(), positions.tolist(), segments.starts.tolist()
    ([0, 1, 3, 4, 5], [0, 1, 0, 1, 2], [0, 2, 5])
    """
    places = torch.nonzero(attention_mask.flatten()).flatten()
    lengths = attention_mask.sum(1)
    starts = torch.nn.functional.pad(lengths.cumsum(0), (1, 0)).to(torch.int32)
    return places, places % attention_mask.shape[1], Segments(starts, int(lengths.max()), kernel)


def agrees(padded: Callable[[], Tensor], unpadded: Callable[[], Tensor]) -> bool:
    """Whether both ways of computing the states of a batch give the same, to rounding.

    An error of the second one is an answer too: an architecture or a card may not have it.
    """
    expected = padded().float()
    try:
        found = unpadded().float()
    except torch.OutOfMemoryError:
        raise
    except (ImportError, NotImplementedError, RuntimeError, TypeError, ValueError) as error:
        lines = str(error).splitlines() or [type(error).__name__]
        logger.info("padding is computed along: %s", lines[0])
        return False
    apart = (expected - found).abs().max() / expected.abs().max()
    good = bool(apart <= _TOLERANCE)  # NaN is not
    if not good:
        logger.info("padding is computed along: without it states differ by %.3f", float(apart))
    return good
