"""The loss of each head: summed over its terms, so that passes of one step add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from nlpkit.model import Batch

# The logit of a padded position: far below any other, finite in every number type.
_NEVER = -1e4


def terms(kind: str, targets: Sequence[NDArray[np.float32]], *, taught: bool = False) -> int:
    """How many terms the loss of these examples sums: one an example, or one a sentence.

    Args:
        kind: the head's.
        targets: of each example.
        taught: whether they go on with a teacher's logits.
    """
    if kind in ("sentences", "multi_label"):
        return sum(map(len, targets)) // (2 if taught else 1)
    return len(targets)


@dataclass(frozen=True)
class Soft:
    """How a teacher's outputs count beside the labels (Hinton et al. 2015).

    Attributes:
        weight: of the teacher's outputs; the labels have the rest.
        temperature: both outputs are divided by it before they are compared.
        states: weight of its hidden states, beside both.
    """

    weight: float
    temperature: float
    states: float = 0.0


def loss(
    kind: str,
    logits: Tensor,
    batch: Batch,
    targets: Sequence[NDArray[np.float32]],
    soft: Soft | None = None,
) -> Tensor:
    """The summed loss of a batch, a scalar.

    Cross-entropy for labels; for spans the mean of that of starts and of ends (Devlin et al.
    2019, 4.2); binary cross-entropy for sentences, pairs and multi-label; squared error for
    regression. With a teacher a target goes on with the teacher's logits (of a span start and end
    of each token in turn, of sentences one of each), and what stands before them is NaN where
    there is no label. A span of which the teacher says nothing has its label only.

    >>> logits = torch.tensor([[0.0, 0.0]])
    >>> batch = Batch(*[torch.ones(1, 3, dtype=torch.long)] * 3)
    >>> round(loss("labels", logits, batch, [np.array([1], np.float32)]).item(), 3)
    0.693
    """
    logits = logits.float()
    if kind in ("sentences", "pair") and soft is not None:
        halves = [np.split(target, 2) for target in targets]
        labels, taught = (_table(half, logits) for half in zip(*halves, strict=True))
        hard = _binary(logits, labels)
        there = ~torch.isnan(taught)
        apart = _soft("labels", _two(logits[there]), _two(taught[there]), soft)
        return (1 - soft.weight) * hard + soft.weight * apart
    wanted = _table(targets, logits)
    if kind == "span":
        real = batch.attention_mask.unsqueeze(-1) > 0
        logits = logits.masked_fill(~real, _NEVER).transpose(1, 2)
        hard = _ends_missed(logits, wanted[:, :2])
        if soft is None:
            return hard.sum()
        teacher, said = _ends_said(wanted[:, 2:], logits)
        share = soft.weight * said
        return ((1 - share) * hard).sum() + soft.weight * _soft(
            "span", logits[said], teacher[said], soft
        ) / 2
    if kind in ("labels", "regression"):
        hard = _hard(kind, logits, wanted[:, 0])
        if soft is None:
            return hard
        teacher = wanted[:, 1:]
        return (1 - soft.weight) * hard + soft.weight * _soft(kind, logits, teacher, soft)
    return _binary(logits, wanted)


def _table(targets: Sequence[NDArray[np.float32]], like: Tensor) -> Tensor:
    """Targets of different lengths, filled up with NaN."""
    padded = np.full((len(targets), max(map(len, targets))), np.nan, np.float32)
    for index, target in enumerate(targets):
        padded[index, : len(target)] = target
    return torch.from_numpy(padded).to(like.device)


def _binary(logits: Tensor, wanted: Tensor) -> Tensor:
    there = ~torch.isnan(wanted)
    return functional.binary_cross_entropy_with_logits(
        logits[there], wanted[there], reduction="sum"
    )


def _two(logits: Tensor) -> Tensor:
    """The logits of yes and no, `(..., 2)`, for those of yes alone."""
    return torch.stack([logits, torch.zeros_like(logits)], -1)


def _ends_missed(logits: Tensor, wanted: Tensor) -> Tensor:
    """Of each example the mean cross-entropy of its two ends, 0 without a label, `(batch,)`.

    Args:
        logits: `(batch, 2, tokens)`.
        wanted: `(batch, 2)`.
    """
    ignored = -1
    places = torch.nan_to_num(wanted, nan=ignored).long()
    missed = functional.cross_entropy(
        logits.reshape(-1, logits.shape[2]),
        places.reshape(-1),
        ignore_index=ignored,
        reduction="none",
    )
    return missed.reshape(-1, 2).mean(1)


def _ends_said(flat: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
    """A teacher's logits `(batch, 2, tokens)`, and which examples it has any of."""
    tokens = flat.shape[1] // 2
    logits = torch.full_like(like, _NEVER)
    given = flat.reshape(len(flat), tokens, 2).transpose(1, 2)
    logits[:, :, :tokens] = torch.nan_to_num(given, nan=_NEVER)
    said = ~torch.isnan(flat[:, 0]) if tokens else flat.new_zeros(len(flat), dtype=torch.bool)
    return logits, said


def _hard(kind: str, logits: Tensor, wanted: Tensor) -> Tensor:
    there = ~torch.isnan(wanted)
    if kind == "labels":
        return functional.cross_entropy(logits[there], wanted[there].long(), reduction="sum")
    return functional.mse_loss(logits[there, 0], wanted[there], reduction="sum")


def _soft(kind: str, logits: Tensor, teacher: Tensor, soft: Soft) -> Tensor:
    if kind == "regression":
        return functional.mse_loss(logits, teacher, reduction="sum")
    # The gradient of softened outputs is smaller by the square of the temperature (2.1).
    return soft.temperature**2 * functional.kl_div(
        functional.log_softmax(logits / soft.temperature, -1),
        functional.log_softmax(teacher / soft.temperature, -1),
        reduction="sum",
        log_target=True,
    )


def states_apart(mapped: Tensor, wanted: Sequence[NDArray[np.float16]]) -> Tensor:
    """How far states are from a teacher's, summed over the examples, a scalar.

    Of an example it is the mean over its tokens of the squared distance, and nothing where the
    teacher has no states.

    Args:
        mapped: `(batch, tokens, components)`.
        wanted: of each example `(tokens, components)`, or no tokens.

    >>> states_apart(torch.ones(2, 3, 4), [np.zeros((2, 4), np.float16)] * 2).item()
    8.0
    """
    padded = np.zeros(tuple(mapped.shape), np.float32)
    weights = np.zeros(tuple(mapped.shape[:2]), np.float32)
    for index, states in enumerate(wanted):
        if len(states):
            padded[index, : len(states)] = states
            weights[index, : len(states)] = 1 / len(states)
    targets, shares = (torch.from_numpy(x).to(mapped.device) for x in (padded, weights))
    return ((mapped.float() - targets).square().sum(-1) * shares).sum()


def disagreement(kind: str, first: Tensor, second: Tensor, batch: Batch) -> Tensor:
    """How far two outputs for the same batch are from each other, summed, a scalar.

    The mean of the two Kullback-Leibler divergences (R-Drop, Wu et al. 2021, 2.1) of what the
    head's logits stand for: one distribution over labels, or one each over the tokens for starts
    and ends, or a probability for each sentence or label; for regression the squared difference.

    >>> batch = Batch(*[torch.ones(1, 3, dtype=torch.long)] * 3)
    >>> logits = torch.tensor([[1.0, 0.0]])
    >>> disagreement("labels", logits, logits, batch).item()
    0.0
    """
    first, second = first.float(), second.float()
    if kind == "regression":
        return functional.mse_loss(first, second, reduction="sum")
    if kind == "span":
        hidden = batch.attention_mask.to(first.device).unsqueeze(-1) == 0
        first, second = (x.masked_fill(hidden, _NEVER).transpose(1, 2) for x in (first, second))
        logs = [functional.log_softmax(x, -1) for x in (first, second)]
        return _divergence(*logs) / 2
    if kind == "labels":
        return _divergence(*[functional.log_softmax(x, -1) for x in (first, second)])
    there = torch.ones_like(first, dtype=torch.bool)
    if batch.segments is not None:
        count = batch.segments.to(first.device).amax(1, keepdim=True) + 1
        there = torch.arange(first.shape[1], device=first.device) < count
    return _divergence(*[functional.log_softmax(_two(x[there]), -1) for x in (first, second)])


def _divergence(first: Tensor, second: Tensor) -> Tensor:
    """The mean of both Kullback-Leibler divergences of log-probabilities, summed."""
    return ((first.exp() - second.exp()) * (first - second)).sum() / 2
