"""The layers on top of the encoder: the third choice of a recipe."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn


def _perceptron(sizes: Sequence[int], outputs: int, dropout: float) -> nn.Sequential:
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise(sizes):
        layers += [nn.Linear(before, after), nn.GELU(), nn.Dropout(dropout)]
    return nn.Sequential(*layers, nn.Linear(sizes[-1], outputs))


class ClassificationHead(nn.Module):
    """Pooled states to one logit a label: `(batch, hidden)` to `(batch, labels)`.

    Args:
        width: the encoder's hidden size.
        labels: how many logits; 1 for regression and for scoring a (sentence, document) pair.
        hidden: widths of the layers between, with GELU.
        dropout: share of units dropped after each of those layers in training.

    >>> ClassificationHead(8, 3, hidden=(4,))(torch.zeros(2, 8)).shape
    torch.Size([2, 3])
    """

    def __init__(
        self, width: int, labels: int, *, hidden: Sequence[int] = (), dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.layers = _perceptron([width, *hidden], labels, dropout)

    def forward(self, pooled: Tensor) -> Tensor:
        """Pooled states to logits."""
        logits: Tensor = self.layers(pooled)
        return logits


class SpanHead(nn.Module):
    """Token states to start and end logits: `(batch, tokens, hidden)` to `(batch, tokens, 2)`.

    As in BERT's SQuAD model (Devlin et al. 2019, 4.2), the first token stands for "no answer".

    >>> SpanHead(8)(torch.zeros(2, 5, 8)).shape
    torch.Size([2, 5, 2])
    """

    def __init__(self, width: int, *, hidden: Sequence[int] = (), dropout: float = 0.0) -> None:
        super().__init__()
        self.layers = _perceptron([width, *hidden], 2, dropout)

    def forward(self, states: Tensor) -> Tensor:
        """Token states to start and end logits."""
        logits: Tensor = self.layers(states)
        return logits


class SentenceHead(nn.Module):
    """Scores all sentences of a window at once.

    Each sentence is seen beside the document: its own mean, the document's mean, their product
    and a learned embedding of the sentence's place in the document, then layer norm and a
    perceptron. `(batch, sentences, hidden)`, `(batch, hidden)` and places `(batch, sentences)`
    to logits `(batch, sentences)`.

    Args:
        width: the encoder's hidden size.
        hidden: widths of the layers between.
        places: how many places have an embedding of their own; later sentences share the last.

    >>> head = SentenceHead(8, hidden=(4,))
    >>> head(torch.zeros(2, 5, 8), torch.zeros(2, 8), torch.zeros(2, 5, dtype=torch.long)).shape
    torch.Size([2, 5])
    """

    def __init__(
        self,
        width: int,
        *,
        hidden: Sequence[int] = (256,),
        places: int = 64,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.places = nn.Embedding(places, width)
        nn.init.normal_(self.places.weight, std=0.02)
        self.norm = nn.LayerNorm(4 * width)
        self.layers = _perceptron([4 * width, *hidden], 1, dropout)

    def forward(self, sentences: Tensor, document: Tensor, places: Tensor) -> Tensor:
        """Sentence vectors, document vectors and places to one logit a sentence."""
        beside = document.unsqueeze(1).expand_as(sentences)
        place = self.places(places.clamp(max=self.places.num_embeddings - 1))
        seen = torch.cat([sentences, beside, sentences * beside, place.to(sentences.dtype)], -1)
        logits: Tensor = self.layers(self.norm(seen)).squeeze(-1)
        return logits
