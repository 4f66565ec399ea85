"""Encoder, pooling and head as one module, and the padded batches that it reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor, nn

from nlpkit import pooling
from nlpkit.encoder import Encoder, backbone
from nlpkit.errors import RecipeError
from nlpkit.heads import ClassificationHead, SentenceHead, SpanHead
from nlpkit.padding import pad, rounded
from nlpkit.recipe import Recipe
from nlpkit.windows import Window


@dataclass(frozen=True, slots=True)
class Batch:
    """Windows padded to one length: ids, mask and token types, each `(batch, tokens)`.

    For heads that score sentences also `segments` `(batch, tokens)`, `places`
    `(batch, sentences)`.
    """

    input_ids: Tensor
    attention_mask: Tensor
    token_type_ids: Tensor
    segments: Tensor | None = None
    places: Tensor | None = None

    def to(self, device: torch.device) -> Batch:
        """The same batch on another device."""
        moved: dict[str, Any] = {
            field.name: None if value is None else value.to(device)
            for field in fields(self)
            for value in [getattr(self, field.name)]
        }
        return Batch(**moved)


def collate(windows: Sequence[Window], pad_id: int, width: int | None = None) -> Batch:
    """Pads windows to the longest of them, or to a `width`; see `nlpkit.padding`.

    >>> import numpy as np
    >>> ids = np.array([5, 6], np.int32)
    >>> window = Window(ids, np.zeros(2, np.int32), 0, 0, 2)
    >>> longer = Window(np.array([5, 6, 7], np.int32), np.zeros(3, np.int32), 0, 0, 3)
    >>> collate([window, longer], 0).attention_mask.tolist()
    [[1, 1, 0], [1, 1, 1]]
    """
    arrays = pad(windows, pad_id, width)
    return Batch(**{name: torch.from_numpy(array) for name, array in arrays.items()})


class TaskModel(nn.Module):
    """What a recipe describes: encoder, pooling, head.

    Args:
        encoder: a pipeline's own structure over the shared backbone.
        recipe: says which pooling and head.
        width: the encoder's hidden size.
    """

    def __init__(self, encoder: Encoder, recipe: Recipe, width: int) -> None:
        super().__init__()
        head = recipe.head
        self.encoder = encoder
        self.pooling = recipe.pooling.kind
        # In training only: what is learned beside the head's output, by name.
        self.beside = nn.ModuleDict()
        self.head: nn.Module
        if head.kind == "sentences":
            self.head = SentenceHead(
                width, hidden=head.hidden, places=head.places, dropout=head.dropout
            )
        elif head.kind == "span":
            self.head = SpanHead(width, hidden=head.hidden, dropout=head.dropout)
        else:
            outputs = len(head.labels) if head.kind in ("labels", "multi_label") else 1
            self.head = ClassificationHead(width, outputs, hidden=head.hidden, dropout=head.dropout)

    def forward(self, batch: Batch) -> Tensor:
        """A batch to logits: `(batch, labels)`, `(batch, tokens, 2)` for spans, or
        `(batch, sentences)` for sentences.
        """
        return self.read(self.states(batch), batch)

    def states(self, batch: Batch) -> Tensor:
        """The encoder's hidden states, `(batch, tokens, hidden)`."""
        states: Tensor = self.encoder(batch.input_ids, batch.attention_mask, batch.token_type_ids)
        return states

    def read(self, states: Tensor, batch: Batch) -> Tensor:
        """The encoder's states `(batch, tokens, hidden)` to the logits that `forward` gives."""
        logits: Tensor
        if self.pooling == "sentences":
            assert batch.segments is not None
            assert batch.places is not None
            # The document is its sentences: special tokens and padding are no part of it.
            document = pooling.mean(states, (batch.segments >= 0).long())
            vectors = pooling.sentences(states, batch.segments, batch.places.shape[1])
            logits = self.head(vectors, document, batch.places)
        elif self.pooling == "tokens":
            logits = self.head(states)
        else:
            pool = {"cls": pooling.cls, "mean": pooling.mean, "last": pooling.last}[self.pooling]
            logits = self.head(pool(states, batch.attention_mask))
        return logits


def batch_for(
    model: TaskModel,
    windows: Sequence[Window],
    pad_id: int,
    device: torch.device,
    dtype: torch.dtype,
) -> Batch:
    """Windows as a batch for a model, as wide as suits a device's products in a number type."""
    width = max(len(window) for window in windows)
    if device.type == "cpu" and dtype == torch.bfloat16:
        width = rounded(width, model.encoder.max_tokens)
    return collate(windows, pad_id, width)


def build(recipe: Recipe) -> TaskModel:
    """The untuned model of a recipe: shared encoder weights, a fresh head.

    Raises:
        WeightsError: when the backbone cannot be loaded or is not the one in the recipe.
        RecipeError: when `pooling.layers` is more than it has.
    """
    shared = backbone(recipe.backbone.name, sha256=recipe.backbone.sha256)
    layers = recipe.pooling.layers
    if layers > shared.layers:
        raise RecipeError(
            f"pooling.layers = {layers} is more than the {shared.layers} layers of "
            f"{recipe.backbone.name!r}"
        )
    return TaskModel(shared.encoder(layers), recipe, shared.width)
