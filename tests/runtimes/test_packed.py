"""Packed layers give what the layers gave, and an encoder in bfloat16 what it gave in float32."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from nlpkit.runtimes.machine import machine
from nlpkit.runtimes.packed import PackedLinear, pack
from nlpkit.tasks.loading import load
from tests.runtimes.test_torch import runs

native = pytest.mark.skipif(not machine().bfloat16, reason="no native bfloat16 here")


@native
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(3, 7, 24), (5, 24), (1, 1, 24)])
def test_a_packed_layer_is_the_layer(shape: tuple[int, ...], bias: bool) -> None:
    torch.manual_seed(0)
    layer = nn.Linear(24, 40, bias=bias).to(torch.bfloat16)
    states = torch.randn(shape, dtype=torch.bfloat16)
    with torch.inference_mode():
        found, expected = PackedLinear(layer)(states), layer(states)
    assert found.dtype == torch.bfloat16
    assert found.shape == expected.shape
    torch.testing.assert_close(found.float(), expected.float(), atol=0.02, rtol=0.02)


@native
def test_linear_layers_are_packed_and_nothing_else() -> None:
    encoder = nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4), nn.Sequential(nn.Linear(4, 4))).to(
        torch.bfloat16
    )
    pack(encoder)
    kinds = [type(module).__name__ for module in encoder.modules()]
    assert kinds == ["Sequential", "PackedLinear", "LayerNorm", "Sequential", "PackedLinear"]


def test_without_native_bfloat16_nothing_is_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    here = replace(machine(), bfloat16=False)
    monkeypatch.setattr("nlpkit.runtimes.packed.machine", lambda: here)
    encoder = nn.Sequential(nn.Linear(4, 4))
    pack(encoder)
    assert type(encoder[0]) is nn.Linear


@pytest.mark.parametrize("name", ["summarization", "question_answering", "classification"])
def test_it_lies_in_bfloat16_and_is_close_to_float32(
    tiny_pipelines: dict[str, Path], name: str
) -> None:
    exact = load(tiny_pipelines[name], device="cpu", dtype="float32", runtime="torch")
    rough: Any = load(tiny_pipelines[name], device="cpu", dtype="bfloat16")
    model = rough.runtime.model
    embeddings = {m for m in model.encoder.modules() if isinstance(m, nn.Embedding)}
    assert {p.dtype for m in embeddings for p in m.parameters()} == {torch.float32}
    layers = [m for m in model.encoder.modules() if m not in embeddings]
    assert {p.dtype for m in layers for p in m.parameters(recurse=False)} == {torch.bfloat16}
    assert {p.dtype for p in model.head.parameters()} == {torch.float32}
    windows = runs(exact.recipe.head.kind)
    for one, two in zip(exact.runtime(windows), rough.runtime(windows), strict=True):
        assert one.dtype == two.dtype == np.float32
        assert one.shape == two.shape
        np.testing.assert_allclose(one, two, atol=0.15)
    # Shared tensors stay as they are.
    again = load(tiny_pipelines[name], device="cpu", dtype="float32", runtime="torch")
    for one, two in zip(exact.runtime(windows), again.runtime(windows), strict=True):
        np.testing.assert_array_equal(one, two)
