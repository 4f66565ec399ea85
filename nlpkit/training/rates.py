"""Which weights are trained at which rate."""

from __future__ import annotations

import re
from typing import Any

from nlpkit.model import TaskModel
from nlpkit.recipe_sections import TrainingRecipe

# "encoder.layer.3.output.dense.weight", "layers.3.mlp.weight", "h.3.attn.weight"
_LAYER = re.compile(r"(?:^|\.)(?:layers?|h|block)\.(\d+)\.")


def layer_of(name: str) -> int | None:
    """The layer that a parameter of an encoder belongs to, counted from 0; None outside of them.

    >>> layer_of("model.encoder.layer.3.output.dense.lora_A.default.weight")
    3
    >>> layer_of("model.embeddings.LayerNorm.weight")
    """
    found = _LAYER.search(name)
    return int(found.group(1)) if found else None


def parameter_groups(model: TaskModel, recipe: TrainingRecipe) -> list[dict[str, Any]]:
    """The trained parameters with learning rate and weight decay, as optimizers take them.

    Biases and norms are not decayed, as in BERT. With `layer_decay` each layer's rate is that
    factor below the one above it, and what lies under all layers is one more step down (Howard
    and Ruder 2018, 3.2).
    """
    named = [(n, p) for n, p in model.encoder.named_parameters() if p.requires_grad]
    depth = max((layer_of(name) or 0 for name, _ in model.encoder.named_parameters()), default=0)
    head_rate = recipe.head_learning_rate or recipe.learning_rate
    groups: dict[tuple[float, bool], list[Any]] = {}
    for name, parameter in named:
        layer = layer_of(name)
        below = depth - layer if layer is not None else depth + 1
        rate = recipe.learning_rate * recipe.layer_decay**below
        groups.setdefault((rate, parameter.ndim > 1), []).append(parameter)
    for parameter in [*model.head.parameters(), *model.beside.parameters()]:
        if parameter.requires_grad:
            groups.setdefault((head_rate, parameter.ndim > 1), []).append(parameter)
    return [
        {"params": parameters, "lr": rate, "weight_decay": recipe.weight_decay if matrix else 0.0}
        for (rate, matrix), parameters in groups.items()
    ]
