"""Attention in bfloat16 on a CPU, by batched matrix products.

PyTorch's fused kernel for the CPU is made for long inputs and float32. On windows of a few hundred
tokens in bfloat16 its backward pass takes three to ten times as long as the plain products of
Vaswani et al. 2017 (3.2.1) with everything kept in bfloat16, which run at the speed of the
processor's own bfloat16 instructions. Without a backward pass the fused kernel is the faster one
where the processor multiplies tiles (AMX). Elsewhere it is used too.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

from nlpkit.unpadded import Segments

NAME = "nlpkit"

_AMX: bool = getattr(torch.cpu, "_is_amx_tile_supported", bool)()


def use(model: nn.Module) -> None:
    """Lets a `transformers` model attend by this module, if its architecture leaves the choice.

    The model takes over `attend` where it would have taken PyTorch's fused kernel, and keeps its
    own attention otherwise (MPNet, T5).
    """
    config: Any = model.config
    if getattr(config, "_attn_implementation", None) == "sdpa":
        config._attn_implementation = NAME


def attend(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    dropout: float = 0.0,
    scaling: float | None = None,
    **rest: Any,
) -> tuple[Tensor, None]:
    """One layer's attention, as `transformers` asks for it.

    Args:
        module: the layer.
        query: `(batch, heads, tokens, width)`, and likewise `key` and `value`.
        key: see `query`.
        value: see `query`.
        attention_mask: `(batch, 1, tokens, tokens)`, True where a token is seen; None sees all.
        dropout: share of the weights that are dropped.
        scaling: factor of the products; None is one over the root of the width.
        rest: what else `transformers` passes on; `segments` of a batch without padding.

    Returns:
        The states `(batch, tokens, heads, width)`, and no weights.
    """
    segments: Segments | None = rest.pop("segments", None)
    if segments is not None:
        if attention_mask is not None or rest.get("is_causal", module.is_causal):
            raise NotImplementedError("this attention is not between all tokens of a window")
        return segments.attend(query, key, value, scaling), None
    plain = (
        (torch.is_grad_enabled() or not _AMX)
        and query.device.type == "cpu"
        and query.dtype == torch.bfloat16
        and query.shape == key.shape
        and not (attention_mask is None and rest.get("is_causal", module.is_causal))
        and not torch.compiler.is_compiling()
    )
    if not plain:
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **rest
        )
    batch, heads, tokens, width = query.shape
    scale = width**-0.5 if scaling is None else scaling
    flat = (batch * heads, tokens, width)
    # Autocast would have the softmax in float32, which doubles what it reads and writes.
    with torch.autocast("cpu", enabled=False):
        products = torch.baddbmm(
            _bias(attention_mask, query),
            (query * scale).reshape(flat),
            key.reshape(flat).transpose(1, 2),
        )
        weights = nn.functional.dropout(torch.softmax(products, -1), dropout)
        states = torch.bmm(weights, value.reshape(flat)).view(query.shape)
    return states.transpose(1, 2).contiguous(), None


def _bias(mask: Tensor | None, query: Tensor) -> Tensor:
    """What is added to the products `(batch * heads, tokens or 1, tokens)`: 0 where seen."""
    if mask is None:
        return query.new_zeros(1, 1, 1)
    batch, heads, tokens, _ = query.shape
    first = mask[:, :, :1]
    # Padding hides a token from all others alike: one row says it, and costs no copy.
    rows = first if bool((mask == first).all()) else mask
    if rows.dtype == torch.bool:
        hidden = torch.finfo(query.dtype).min / 2
        rows = torch.zeros_like(rows, dtype=query.dtype).masked_fill_(~rows, hidden)
    shape = (batch, heads, rows.shape[2], tokens)
    return rows.to(query.dtype).expand(shape).reshape(batch * heads, -1, tokens)


AttentionInterface.register(NAME, attend)
AttentionMaskInterface.register(NAME, sdpa_mask)
