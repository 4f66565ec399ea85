"""What is taken from the encoder's hidden states: the second choice of a recipe.

All functions take hidden states `(batch, tokens, hidden)` and a mask `(batch, tokens)` that is 1
on real tokens.
"""

from __future__ import annotations

import torch
from torch import Tensor


def cls(hidden: Tensor, mask: Tensor) -> Tensor:
    """The first token's state, `(batch, hidden)` (BERT, Devlin et al. 2019).

    >>> hidden = torch.arange(6.).reshape(1, 3, 2)
    >>> cls(hidden, torch.ones(1, 3)).tolist()
    [[0.0, 1.0]]
    """
    return hidden[:, 0]


def mean(hidden: Tensor, mask: Tensor) -> Tensor:
    """The mean over real tokens, `(batch, hidden)` (Sentence-BERT, Reimers & Gurevych 2019).

    >>> hidden = torch.arange(6.).reshape(1, 3, 2)
    >>> mean(hidden, torch.tensor([[1, 1, 0]])).tolist()
    [[1.0, 2.0]]
    """
    weights = mask.to(hidden.dtype).unsqueeze(-1)  # (B, T, 1)
    return (hidden * weights).sum(1) / weights.sum(1).clamp(min=1)


def last(hidden: Tensor, mask: Tensor) -> Tensor:
    """The last real token's state, `(batch, hidden)`: for decoders (GPT, BART), whose last
    token is the only one that has seen the whole text.

    >>> hidden = torch.arange(6.).reshape(1, 3, 2)
    >>> last(hidden, torch.tensor([[1, 1, 0]])).tolist()
    [[2.0, 3.0]]
    """
    at = torch.arange(mask.shape[1], device=mask.device) * mask
    # shape[0] and not len(), which an export to ONNX would take for a constant.
    return hidden[torch.arange(hidden.shape[0], device=hidden.device), at.argmax(1)]


def sentences(hidden: Tensor, segments: Tensor, count: int) -> Tensor:
    """The mean of each sentence's tokens, `(batch, count, hidden)`.

    `segments` `(batch, tokens)` says to which sentence of its window a token belongs, -1 for
    special tokens and padding. A sentence without tokens has a vector of zeros.

    >>> hidden = torch.tensor([[[1.], [3.], [5.]]])
    >>> sentences(hidden, torch.tensor([[0, 0, 1]]), 2).tolist()
    [[[2.0], [5.0]]]
    """
    # A product with the membership matrix is exact on every device, where index_add is not
    # deterministic on CUDA.
    member = segments.unsqueeze(1) == torch.arange(count, device=segments.device).view(1, -1, 1)
    weights = member.to(hidden.dtype)  # (B, S, T)
    return (weights @ hidden) / weights.sum(-1, keepdim=True).clamp(min=1)
