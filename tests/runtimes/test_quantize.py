"""Weights as 8-bit integers, and which products are changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from nlpkit.errors import DeviceError
from nlpkit.runtimes.machine import machine
from nlpkit.runtimes.quantize import BLOCK, hadamard, quantize, quantized, turned


@given(
    arrays(
        np.float32,
        st.tuples(st.integers(1, 8), st.integers(1, 8)),
        elements=st.floats(-100, 100, width=32),
    )
)
def test_each_weight_is_off_by_half_a_step_at_most(weights: NDArray[np.float32]) -> None:
    integers, scales = quantized(weights)
    assert np.abs(integers.astype(int)).max() <= 127
    assert scales.shape == (weights.shape[1],)
    assert (scales > 0).all()
    steps = np.abs(integers * scales.astype(np.float64) - weights) / scales
    assert steps.max() <= 0.5 + 1e-4


@given(st.integers(0, 2**32 - 1))
def test_turned_activations_times_turned_weights_are_the_same_product(seed: int) -> None:
    random = np.random.default_rng(seed)
    x = random.normal(size=(3, 2 * BLOCK)).astype(np.float32)
    weights = random.normal(size=(2 * BLOCK, 5)).astype(np.float32)
    blocks = (x.reshape(3, 2, BLOCK) @ hadamard(BLOCK)).reshape(3, 2 * BLOCK)
    np.testing.assert_allclose(blocks @ turned(weights), x @ weights, rtol=0, atol=1e-4)


def network(prefix: str, kind: str, width: int = 4, **settings: Any) -> Any:
    """One product and a bias, with weights of known size."""
    from onnx import TensorProto, helper, numpy_helper

    random = np.random.default_rng(0)
    shape = (6, width) if settings.get("transB") else (width, 6)
    weights = numpy_helper.from_array(random.normal(size=shape).astype(np.float32), "w")
    bias = numpy_helper.from_array(random.normal(size=6).astype(np.float32), "b")
    inputs = ["x", "w", "b"] if kind == "Gemm" else ["x", "w"]
    lead = ["n"] if kind == "Gemm" else ["n", "m"]
    graph = helper.make_graph(
        [helper.make_node(kind, inputs, ["y"], f"{prefix}layer/{kind}", **settings)],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [*lead, width])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [*lead, 6])],
        [weights, bias] if kind == "Gemm" else [weights],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def outputs(path: Path, x: NDArray[np.float32]) -> NDArray[np.float32]:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"x": x})[0])


@pytest.mark.parametrize(
    ("kind", "settings"), [("MatMul", {}), ("Gemm", {}), ("Gemm", {"transB": 1})]
)
def test_products_are_close_whatever_the_size_of_a_token(
    tmp_path: Path, kind: str, settings: dict[str, Any]
) -> None:
    import onnx

    source, target = tmp_path / "a.onnx", tmp_path / "b.onnx"
    onnx.save(network("/model/encoder/", kind, **settings), str(source))
    assert quantize(source, target, native=machine().int8) == 1
    random = np.random.default_rng(1)
    x = random.normal(size=(5, 4)).astype(np.float32)
    x *= np.array([[1], [1000], [0.001], [0], [30]], np.float32)  # tokens of very different size
    x = x if kind == "Gemm" else x[None]
    exact, rough = outputs(source, x), outputs(target, x)
    size = np.abs(x).max(-1, keepdims=True)
    assert (np.abs(exact - rough) <= 0.05 * size + 1e-6).all()
    assert not np.array_equal(exact, rough)


@pytest.mark.parametrize("kind", ["MatMul", "Gemm"])
def test_without_8_bit_products_the_same_integers_are_multiplied(tmp_path: Path, kind: str) -> None:
    import onnx

    source, target = tmp_path / "a.onnx", tmp_path / "b.onnx"
    made = network("/model/encoder/", kind, 2 * BLOCK)
    onnx.save(made, str(source))
    assert quantize(source, target, native=False) == 1
    assert all(node.op_type != "MatMulIntegerToFloat" for node in onnx.load(str(target)).graph.node)
    x = np.random.default_rng(1).normal(size=(4, 2 * BLOCK)).astype(np.float32)
    weights, *bias = map(onnx.numpy_helper.to_array, made.graph.initializer)
    integers, scales = quantized(turned(weights))
    blocks = (x.reshape(4, 2, BLOCK) @ hadamard(BLOCK)).reshape(x.shape)
    largest = np.abs(blocks).max(1, keepdims=True)
    products = np.rint(blocks / largest * 127).astype(np.int64) @ integers.astype(np.int64)
    expected = products * scales * largest / 127 + sum(bias)
    found = outputs(target, x if kind == "Gemm" else x[None])
    np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=1e-4, atol=1e-4)
    if machine().int8:
        quantize(source, target)
        native = outputs(target, x if kind == "Gemm" else x[None])
        np.testing.assert_allclose(found, native, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", ["MatMul", "Gemm"])
def test_one_large_activation_does_not_drown_the_others(tmp_path: Path, kind: str) -> None:
    import onnx

    source, target = tmp_path / "a.onnx", tmp_path / "b.onnx"
    width = 32 * BLOCK
    onnx.save(network("/model/encoder/", kind, width), str(source))
    assert quantize(source, target, native=machine().int8) == 1
    x = np.random.default_rng(1).normal(size=(20, width)).astype(np.float32)
    x[:, 3] = 100
    x = x if kind == "Gemm" else x.reshape(4, 5, width)
    error = np.abs(outputs(source, x) - outputs(target, x)).mean()
    # One scale for each token alone would be off by a quarter of 100 / 127 for each activation.
    plain = 100 / 127 / np.sqrt(12) * np.sqrt(width)
    assert error < plain / 2


@pytest.mark.parametrize(
    ("prefix", "kind", "settings"),
    [("/model/head/", "MatMul", {}), ("/model/encoder/", "Gemm", {"alpha": 2.0})],
)
def test_other_products_stay(
    tmp_path: Path, prefix: str, kind: str, settings: dict[str, Any]
) -> None:
    import onnx

    source = tmp_path / "a.onnx"
    onnx.save(network(prefix, kind, **settings), str(source))
    with pytest.raises(DeviceError, match=r"no products.*float32"):
        quantize(source, tmp_path / "b.onnx")
