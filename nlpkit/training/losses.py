"""The loss of each head: summed over its terms, so that passes of one step add up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from nlpkit.model import Batch

# The logit of a padded position: far below any other, finite in every number type.
_NEVER = -1e4


def terms(kind: str, targets: Sequence[NDArray[np.float32]]) -> int:
    """How many terms the loss of these examples sums: one an example, or one a sentence."""
    if kind in ("sentences", "multi_label"):
        return sum(map(len, targets))
    return len(targets)


def loss(kind: str, logits: Tensor, batch: Batch, targets: Sequence[NDArray[np.float32]]) -> Tensor:
    """The summed loss of a batch, a scalar.

    Cross-entropy for labels; for spans the mean of that of starts and of ends (Devlin et al.
    2019, 4.2); binary cross-entropy for sentences, pairs and multi-label; squared error for
    regression.

    >>> logits = torch.tensor([[0.0, 0.0]])
    >>> batch = Batch(*[torch.ones(1, 3, dtype=torch.long)] * 3)
    >>> round(loss("labels", logits, batch, [np.array([1], np.float32)]).item(), 3)
    0.693
    """
    logits = logits.float()
    width = max(map(len, targets))
    padded = np.full((len(targets), width), np.nan, np.float32)
    for index, target in enumerate(targets):
        padded[index, : len(target)] = target
    wanted = torch.from_numpy(padded).to(logits.device)
    if kind == "span":
        real = batch.attention_mask.unsqueeze(-1) > 0
        logits = logits.masked_fill(~real, _NEVER)
        ends = functional.cross_entropy(
            logits.transpose(1, 2).reshape(-1, logits.shape[1]),
            wanted.long().reshape(-1),
            reduction="sum",
        )
        return ends / 2
    if kind == "labels":
        return functional.cross_entropy(logits, wanted[:, 0].long(), reduction="sum")
    if kind == "regression":
        return functional.mse_loss(logits, wanted, reduction="sum")
    there = ~torch.isnan(wanted)
    return functional.binary_cross_entropy_with_logits(
        logits[there], wanted[there], reduction="sum"
    )
