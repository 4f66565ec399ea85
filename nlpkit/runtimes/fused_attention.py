"""Attention in an exported model: ONNX Runtime's own operator where no token is hidden.

Written out, a layer's attention (Vaswani et al. 2017, 3.2.1) is a chain of operators that read and
write products of `(batch, heads, tokens, tokens)`. ONNX Runtime's `MultiHeadAttention` computes
them in blocks that stay in the processor's cache (FlashAttention, Dao et al. 2022), but only
without a mask; with one it is no faster than the chain. So an exported model has both, and takes
the operator for each batch without padding.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.onnx import symbolic_helper
from transformers import AttentionInterface
from transformers.masking_utils import AttentionMaskInterface, eager_mask

NAME = "nlpkit_onnx"
DOMAIN = "com.microsoft"
_OPERATOR = "MultiHeadAttention"
# What the branches add to the name of the states that they give.
_FUSED, _WRITTEN_OUT = "fused", "written_out"


def attend(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    scaling: float | None = None,
    position_bias: Tensor | None = None,
    **rest: Any,
) -> tuple[Tensor, None]:
    """One layer's attention, as `transformers` asks for it while a model is exported.

    Args:
        module: the layer.
        query: `(batch, heads, tokens, width)`, and likewise `key` and `value`.
        key: see `query`.
        value: see `query`.
        attention_mask: `(batch, 1, tokens, tokens)`, what is added to the products.
        scaling: factor of the products; None is one over the root of the width.
        position_bias: what some architectures add to the products as well.
        rest: what else `transformers` passes on.

    Returns:
        The states `(batch, tokens, heads, width)`, and no weights.

    Raises:
        NotImplementedError: where the operator has no setting for what the architecture asks for.
    """
    asked = {"softcap", "s_aux"} & {name for name, value in rest.items() if value is not None}
    if asked or position_bias is not None or attention_mask is None or query.shape != key.shape:
        raise NotImplementedError(f"attention of another kind than {_OPERATOR}'s")
    heads, width = int(query.shape[1]), int(query.shape[3])
    parts = [states.transpose(1, 2).flatten(2) for states in (query, key, value)]
    scale = width**-0.5 if scaling is None else float(scaling)
    states: Tensor = _MultiHeadAttention.apply(  # type: ignore[no-untyped-call]
        *parts, attention_mask, heads, scale
    )
    return states.unflatten(2, (heads, width)), None


class _MultiHeadAttention(torch.autograd.Function):
    """Computes with PyTorch, is recorded as ONNX Runtime's operator."""

    @staticmethod
    def forward(
        ctx: Any, query: Tensor, key: Tensor, value: Tensor, bias: Tensor, heads: int, scale: float
    ) -> Tensor:
        q, k, v = (x.unflatten(2, (heads, -1)).transpose(1, 2) for x in (query, key, value))
        found = nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=bias, scale=scale)
        return found.transpose(1, 2).flatten(2)

    @staticmethod
    def symbolic(
        graph: Any, query: Any, key: Any, value: Any, bias: Any, heads: int, scale: float
    ) -> Any:
        none = symbolic_helper._optional_input_placeholder_tensor(graph)
        states = graph.op(
            f"{DOMAIN}::{_OPERATOR}",
            query, key, value, none, none, bias, num_heads_i=heads, scale_f=scale,
        )  # fmt: skip
        return states.setType(query.type())


AttentionInterface.register(NAME, attend)
AttentionMaskInterface.register(NAME, eager_mask)


def branch(path: Path) -> None:
    """Gives each recorded operator of a file its two branches: without a mask, and written out.

    The operator then has no mask, and stands where the smallest of what is added is 0.
    """
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load(str(path))
    asked: dict[str, str] = {}  # a mask's name: the name of whether it hides nothing
    nodes = []
    for node in model.graph.node:
        if node.op_type != _OPERATOR:
            nodes.append(node)
            continue
        bias = node.input[5]
        if bias not in asked:
            asked[bias] = f"{bias}:hides_nothing"
            zero = numpy_helper.from_array(np.array(0, np.float32), f"{bias}:zero")
            model.graph.initializer.append(zero)
            nodes += [
                helper.make_node("ReduceMin", [bias], [f"{bias}:least"], keepdims=0),
                helper.make_node("GreaterOrEqual", [f"{bias}:least", zero.name], [asked[bias]]),
            ]
        nodes.append(
            helper.make_node(
                "If",
                [asked[bias]],
                list(node.output),
                node.name,
                then_branch=_fused(node),
                else_branch=_written_out(node),
            )
        )
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.save(model, str(path))


def _fused(node: Any) -> Any:
    from onnx import TensorProto, helper

    output = f"{node.output[0]}:{_FUSED}"
    operator = helper.make_node(_OPERATOR, node.input[:3], [output], domain=DOMAIN)
    operator.attribute.extend(node.attribute)
    states = helper.make_tensor_value_info(output, TensorProto.FLOAT, None)
    return helper.make_graph([operator], _FUSED, [], [states])


def _written_out(node: Any) -> Any:
    """softmax(query key' * scale + bias) value, for all heads at once."""
    from onnx import TensorProto, helper, numpy_helper

    query, key, value, _, _, bias = node.input
    settings = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    heads = settings["num_heads"]
    output = f"{node.output[0]}:{_WRITTEN_OUT}"
    constants = {
        "apart": np.array([0, 0, heads, -1]),  # 0 keeps a size
        "together": np.array([0, 0, -1]),
        "scale": np.array(settings["scale"], np.float32),
    }
    names = {name: f"{output}:{name}" for name in constants}
    nodes = []

    def add(kind: str, inputs: list[str], name: str, **attributes: Any) -> str:
        nodes.append(helper.make_node(kind, inputs, [f"{output}:{name}"], **attributes))
        return f"{output}:{name}"

    def by_head(states: str, name: str, order: list[int]) -> str:
        parts = add("Reshape", [states, names["apart"]], f"{name}_parts")
        return add("Transpose", [parts], name, perm=order)

    products = add(
        "MatMul",
        [by_head(query, "query", [0, 2, 1, 3]), by_head(key, "key", [0, 2, 3, 1])],
        "products",
    )
    scaled = add("Mul", [products, names["scale"]], "scaled")
    weights = add("Softmax", [add("Add", [scaled, bias], "masked")], "weights", axis=-1)
    states = add("MatMul", [weights, by_head(value, "value", [0, 2, 1, 3])], "states")
    rows = add("Transpose", [states], "rows", perm=[0, 2, 1, 3])
    nodes.append(helper.make_node("Reshape", [rows, names["together"]], [output]))
    return helper.make_graph(
        nodes,
        _WRITTEN_OUT,
        [],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, names[name]) for name, array in constants.items()],
    )
