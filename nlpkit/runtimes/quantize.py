"""An exported model with its encoder's products in 8-bit integers.

Weights are symmetric with a scale for each column (output), as in Jacob et al. 2018. Activations
are quantised when they come, symmetric with a scale for each token: its largest value is 127. (The
dynamic quantisation that comes with ONNX Runtime takes one scale for a whole batch. It is as
fast, but the logits of an input then depend on what else is in its batch, and differ about two
to three times as much from those of float32.) Before that, activations and weights are turned in
blocks by the same orthogonal matrix (QuaRot, Ashkboos et al. 2024), which leaves the products as
they are and spreads a single large activation over its block: that halves the error again. Only
products with the encoder's weights are changed; embeddings, attention, norms, pooling and the head
stay in float32.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlpkit.errors import DeviceError

# Where `nlpkit.runtimes.export` has the encoder: the exporter names nodes after their modules.
_ENCODER = "/model/encoder/"
_DOMAIN = "com.microsoft"  # ONNX Runtime's own operators
_LEVELS = 127
BLOCK = 16
# A Gemm of any other setting is left as it is.
_GEMM = {"alpha": 1.0, "beta": 1.0, "transA": 0}
_ZERO = 128  # activations are unsigned, which is what x86's instructions multiply


def quantize(source: Path, target: Path, *, native: bool = True) -> int:
    """Writes an exported model with its encoder in int8.

    Args:
        source: the file that `nlpkit.runtimes.export` wrote.
        target: the file to write.
        native: False has the same integers multiplied in float32: the same logits to rounding on
            a processor without 8-bit products, where their sums may overflow, and slower.

    Returns:
        How many products are in int8.

    Raises:
        DeviceError: when the model has no product that can be.
    """
    import onnx

    model = onnx.load(str(source))
    count = _Rewriter(model.graph, native).run()
    if count == 0:
        raise DeviceError("this encoder has no products that can be in int8; use dtype='float32'")
    if all(opset.domain != _DOMAIN for opset in model.opset_import):
        model.opset_import.append(onnx.helper.make_opsetid(_DOMAIN, 1))
    onnx.save(model, str(target))
    return count


def quantized(weights: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Weights `(inputs, outputs)` as 8-bit integers, and the scale of each output.

    >>> integers, scales = quantized(np.array([[1, 0], [-0.5, 0]], np.float32))
    >>> integers.tolist(), (integers * scales).round(2).tolist()
    ([[127, 0], [-64, 0]], [[1.0, 0.0], [-0.5, 0.0]])
    """
    largest = np.abs(weights).max(0)
    # Next to nothing counts as zero: its scale would be too small for a float32.
    scales = (np.where(largest > 1e-30, largest, 1) / _LEVELS).astype(np.float32)
    return np.clip(np.rint(weights / scales), -_LEVELS, _LEVELS).astype(np.int8), scales


def hadamard(size: int) -> NDArray[np.float32]:
    """An orthogonal, symmetric matrix of entries of one size (Sylvester 1867); `size` is 2^n.

    >>> hadamard(4).tolist()[1]
    [0.5, -0.5, 0.5, -0.5]
    """
    matrix = np.ones((1, 1), np.float32)
    while len(matrix) < size:
        matrix = np.block([[matrix, matrix], [matrix, -matrix]])
    return np.asarray(matrix / np.sqrt(size), np.float32)


def turned(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Weights `(inputs, outputs)` for activations that are turned in blocks."""
    inputs, outputs = weights.shape
    if inputs % BLOCK:
        return weights
    blocks = weights.reshape(inputs // BLOCK, BLOCK, outputs)
    return np.asarray(hadamard(BLOCK) @ blocks).reshape(inputs, outputs)


class _Rewriter:
    """Replaces products with constant weights, each by a short chain of nodes."""

    def __init__(self, graph: Any, native: bool) -> None:
        self.graph, self.native = graph, native
        self.constants = {tensor.name: tensor for tensor in graph.initializer}
        self.nodes: list[Any] = []
        self.seen: set[str] = set()  # inputs that are quantised already: query, key and value share
        self.stored: set[str] = set()

    def run(self) -> int:
        count = 0
        for node in list(self.graph.node):
            weights = self._weights(node)
            if weights is None:
                self.nodes.append(node)
                continue
            # A Gemm reads all tokens of a batch in one row, a MatMul has the batch before them.
            self._activations(
                node.input[0], len(weights), before=1 if node.op_type == "Gemm" else 2
            )
            self._product(node, weights)
            count += 1
        del self.graph.node[:]
        self.graph.node.extend(self.nodes)
        used = {name for node in self.nodes for name in node.input}
        kept = [tensor for tensor in self.graph.initializer if tensor.name in used]
        del self.graph.initializer[:]
        self.graph.initializer.extend(kept)
        return count

    def _weights(self, node: Any) -> NDArray[np.float32] | None:
        """The weights `(inputs, outputs)` of a product in the encoder; None of any other node."""
        from onnx import helper, numpy_helper

        if not node.name.startswith(_ENCODER) or node.op_type not in ("MatMul", "Gemm"):
            return None
        if node.input[1] not in self.constants:
            return None
        weights: NDArray[np.float32] = numpy_helper.to_array(self.constants[node.input[1]])
        if weights.ndim != 2 or weights.dtype != np.float32:
            return None
        if node.op_type == "Gemm":  # GPT-2's linear layers
            settings = {a.name: helper.get_attribute_value(a) for a in node.attribute}
            if settings.pop("transB", 0):
                weights = weights.T
            if any(settings.get(key, usual) != usual for key, usual in _GEMM.items()):
                return None
        return weights

    def _turned(self, name: str, width: int, before: int) -> str:
        """`name` with each block of its last axis turned; itself where blocks do not fit.

        `before` is how many axes there are before the last one.
        """
        if width % BLOCK:
            return name
        kept = [0] * before  # as they are
        blocks = self._constant(
            f"blocks_{before}_{width}", np.array([*kept, width // BLOCK, BLOCK])
        )
        whole = self._constant(f"whole_{before}_{width}", np.array([*kept, width]))
        self._node("Reshape", [name, blocks], f"{name}:blocks")
        turn = self._constant("turn", hadamard(BLOCK))
        self._node("MatMul", [f"{name}:blocks", turn], f"{name}:turned_blocks")
        self._node("Reshape", [f"{name}:turned_blocks", whole], f"{name}:turned")
        return f"{name}:turned"

    def _activations(self, name: str, width: int, before: int) -> None:
        """`name` as integers in `name:int8`, what they are multiples of in `name:largest`."""
        if name in self.seen:
            return
        self.seen.add(name)
        turned = self._turned(name, width, before)
        self._node("Abs", [turned], f"{name}:size")
        self._node("ReduceMax", [f"{name}:size"], f"{name}:peak", axes=[-1], keepdims=1)
        tiny = self._constant("tiny", np.float32(1e-12))  # a token of zeros is not divided by zero
        self._node("Max", [f"{name}:peak", tiny], f"{name}:largest")
        self._node("Div", [turned, f"{name}:largest"], f"{name}:share")
        step = self._constant("step", np.float32(1 / _LEVELS))
        zero = self._constant("zero", np.uint8(_ZERO))
        self._node("QuantizeLinear", [f"{name}:share", step, zero], f"{name}:int8")
        if not self.native:
            self._node("DequantizeLinear", [f"{name}:int8", step, zero], f"{name}:widened")

    def _product(self, node: Any, weights: NDArray[np.float32]) -> None:
        name, output = node.input[0], node.output[0]
        integers, scales = quantized(turned(weights))
        key = node.input[1]
        share = f"{output}:share"
        if self.native:
            inputs = [
                f"{name}:int8",
                self._constant(f"{key}:int8", integers),
                self._constant("step", np.float32(1 / _LEVELS)),
                self._constant(f"{key}:scales", scales),
                self._constant("zero", np.uint8(_ZERO)),
                self._constant(f"zeros_{len(scales)}", np.zeros(len(scales), np.int8)),
            ]
            self._node("MatMulIntegerToFloat", inputs, share, domain=_DOMAIN)
        else:
            widened = self._constant(f"{key}:widened", integers * scales)
            self._node("MatMul", [f"{name}:widened", widened], share)
        bias = list(node.input[2:])  # of a Gemm
        result = f"{output}:product" if bias else output
        self._node("Mul", [share, f"{name}:largest"], result)
        if bias:
            self._node("Add", [result, *bias], output)

    def _constant(self, name: str, value: Any) -> str:
        from onnx import numpy_helper

        name = f"nlpkit:{name}"
        if name not in self.stored:
            self.stored.add(name)
            self.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def _node(self, kind: str, inputs: list[str], output: str, **settings: Any) -> None:
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, [output], f"nlpkit:{output}", **settings))
