"""Exporting: every architecture and pooling gives torch's numbers; what cannot be is an error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor, nn

from nlpkit.encoder import Encoder
from nlpkit.errors import DeviceError
from nlpkit.model import TaskModel
from nlpkit.runtimes.export import export
from nlpkit.runtimes.machine import machine
from nlpkit.runtimes.onnx import OnnxRuntime
from nlpkit.runtimes.quantize import quantize
from nlpkit.runtimes.torch import TorchRuntime
from nlpkit.windows import Window
from tests import tiny_encoders
from tests.tiny_encoders import classifier

ARCHITECTURES: dict[str, tuple[Any, int, str]] = {
    "bert": (tiny_encoders.bert, 0, "mean"),
    "roberta": (tiny_encoders.roberta, 1, "cls"),
    "mpnet": (tiny_encoders.mpnet, 1, "mean"),
    "electra": (tiny_encoders.electra, 0, "mean"),
    "deberta-v2": (tiny_encoders.deberta, 0, "mean"),
    "modernbert": (tiny_encoders.modernbert, 1, "mean"),
    "distilbert": (tiny_encoders.distilbert, 0, "cls"),
    "gpt2": (tiny_encoders.gpt2, 0, "last"),
    "bart": (tiny_encoders.bart, 1, "last"),
    "albert": (tiny_encoders.albert, 0, "mean"),
}


def model_of(encoder: nn.Module, pooling: str, layers: int = 1) -> TaskModel:
    for parameter in encoder.parameters():  # far from zero, so that a wrong input shows
        if parameter.dim() > 1:
            nn.init.normal_(parameter, std=0.3)
    recipe = classifier(Path("x"), pooling=pooling, layers=layers)
    return TaskModel(Encoder(encoder.eval(), layers), recipe, 16).eval()


def windows(lengths: list[int]) -> list[Window]:
    random = np.random.default_rng(1)
    return [
        Window(random.integers(5, 250, n).astype(np.int32), np.zeros(n, np.int32), 1, 0, n - 2)
        for n in lengths
    ]


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_architecture(name: str, fused: bool, tmp_path: Path) -> None:
    make, pad_id, pooling = ARCHITECTURES[name]
    torch.manual_seed(0)
    model = model_of(make(), pooling)
    path, small = tmp_path / "model.onnx", tmp_path / "int8.onnx"
    before = getattr(model.encoder.model.config, "_attn_implementation", None)
    export(model, path, pad_id=pad_id, longest=40, fused=fused)
    assert getattr(model.encoder.model.config, "_attn_implementation", None) == before
    texts = windows([40, 3, 17, 16, 2, 9])
    exact = TorchRuntime(model, pad_id, device="cpu")(texts)
    exported = OnnxRuntime(path, pad_id, dtype="float32")(texts)
    assert np.allclose(exact, exported, atol=1e-4)
    assert quantize(path, small, native=machine().int8) > 0
    runtime = OnnxRuntime(small, pad_id, dtype="int8")
    rough = runtime(texts)
    assert np.abs(np.array(rough) - exact).max() < 0.25 * np.abs(exact).max()
    assert not np.allclose(rough, exported, atol=1e-6)
    assert np.allclose([runtime([one])[0] for one in texts], rough, atol=1e-4)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_averaged_layers(name: str, tmp_path: Path) -> None:
    make, pad_id, pooling = ARCHITECTURES[name]
    torch.manual_seed(0)
    encoder = make()
    model, last = model_of(encoder, pooling, 2), model_of(encoder, pooling)
    path = tmp_path / "model.onnx"
    export(model, path, pad_id=pad_id, longest=40, fused=True)
    texts = windows([40, 3, 17, 16])
    exact = TorchRuntime(model, pad_id, device="cpu")(texts)
    assert np.allclose(exact, OnnxRuntime(path, pad_id, dtype="float32")(texts), atol=1e-4)
    assert not np.allclose(exact, TorchRuntime(last, pad_id, device="cpu")(texts), atol=1e-3)


# The others keep their own attention, or are recorded for one length only (GPT-2).
FUSED = {"bert", "roberta", "electra", "modernbert", "distilbert", "bart", "albert"}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_attention_is_fused_where_no_token_is_hidden(name: str, tmp_path: Path) -> None:
    make, pad_id, pooling = ARCHITECTURES[name]
    torch.manual_seed(0)
    model = model_of(make(), pooling)
    path = tmp_path / "model.onnx"
    export(model, path, pad_id=pad_id, longest=40, fused=True)
    branches = [node for node in onnx.load(str(path)).graph.node if node.op_type == "If"]
    assert bool(branches) == (name in FUSED)
    for node in branches:
        kinds = [{inner.op_type for inner in a.g.node} for a in node.attribute]
        assert sorted("MultiHeadAttention" in kind for kind in kinds) == [False, True]
    even, padded = windows([40, 40, 40]), windows([40, 3, 17])
    for texts in (even, padded):
        exact = TorchRuntime(model, pad_id, device="cpu")(texts)
        assert np.allclose(exact, OnnxRuntime(path, pad_id, dtype="float32")(texts), atol=1e-4)


class Counts(nn.Module):
    """An encoder that decides by the number of tokens, which an export cannot record."""

    def __init__(self) -> None:
        super().__init__()
        self.embeddings = nn.Embedding(300, 16)
        self.config = type("Config", (), {})()

    def get_input_embeddings(self) -> nn.Module:
        return self.embeddings

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Any:
        states = self.embeddings(input_ids) * float(input_ids.shape[1])
        return type("Output", (), {"last_hidden_state": states})()


class Breaks(Counts):
    """An encoder that the exporter has no words for."""

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Any:
        states = torch.linalg.eigvals(self.embeddings(input_ids) @ torch.ones(16, 16)).real
        return type("Output", (), {"last_hidden_state": states})()


@pytest.mark.parametrize(
    ("encoder", "message"),
    [(Counts, r"gives other numbers.*runtime='torch'"), (Breaks, r"is not possible.*='torch'")],
)
def test_what_cannot_be_exported(encoder: type[nn.Module], message: str, tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match=message):
        export(model_of(encoder(), "mean"), tmp_path / "m.onnx", pad_id=0, longest=40, fused=True)
