"""Linear layers in bfloat16 whose weights lie as the processor's products read them.

oneDNN puts a weight in that order again at each call where it does not lie so, and PyTorch adds the
bias in a pass of its own.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from nlpkit.runtimes.machine import machine

# The order depends little on the number of rows; it has to be said before there are any.
_ROWS = 1024


class PackedLinear(nn.Module):
    """What a linear layer gives, for inference on a CPU.

    Args:
        layer: in bfloat16.
    """

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        # Architectures may ask a layer for its number type and shape; there is nothing more in it.
        self.weight = nn.Parameter(layer.weight.detach().to("meta"), requires_grad=False)
        self.bias = layer.bias
        ordered: Any = torch.ops.mkldnn._reorder_linear_weight
        self._ordered: Tensor = ordered(layer.weight.detach(), _ROWS)

    def forward(self, states: Tensor) -> Tensor:
        """States `(..., inputs)` to `(..., outputs)`, all in bfloat16."""
        product: Any = torch.ops.mkldnn._linear_pointwise
        result: Tensor = product(states, self._ordered, self.bias, "none", [], "")
        return result


def pack(encoder: nn.Module) -> None:
    """Packs all of an encoder's linear layers, where the processor has native bfloat16.

    What torch compiles models to uses the same two operators; where a version of it does not have
    them, the layers stay as they are.
    """
    there = all(
        hasattr(torch.ops.mkldnn, name) for name in ("_reorder_linear_weight", "_linear_pointwise")
    )
    if not (there and machine().bfloat16):
        return
    for name, layer in list(encoder.named_modules()):
        if type(layer) is nn.Linear:
            parent, _, own = name.rpartition(".")
            setattr(encoder.get_submodule(parent), own, PackedLinear(layer))
