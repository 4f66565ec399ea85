"""Every architecture: what is found out about it, and that its states are those of transformers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import nn

import nlpkit
from nlpkit.encoder import backbone
from nlpkit.errors import RecipeError
from nlpkit.model import build, collate
from nlpkit.runtimes.torch import TorchRuntime
from nlpkit.tasks.loading import assemble
from nlpkit.tuning import prepare, tuned_state
from nlpkit.windows import text_windows
from tests import tiny_encoders
from tests.test_unpadded import by_windows
from tests.tiny_encoders import classifier

TEXTS = ["the cat", "it is the dog that sat on the mat. no, the cat!", "a", "x y z 1 2 3"]


class Architecture(NamedTuple):
    """How a tiny one is made, and what must be found out about it."""

    make: Callable[[], nn.Module]
    tokenizer: str
    max_tokens: int
    pad_id: int
    types: bool
    pooling: str = "mean"


ARCHITECTURES = {
    "bert": Architecture(tiny_encoders.bert, "word_piece", 40, 0, types=True),
    "roberta": Architecture(
        tiny_encoders.roberta, "roberta_pieces", 40, 1, types=False, pooling="cls"
    ),
    "mpnet": Architecture(tiny_encoders.mpnet, "roberta_pieces", 40, 1, types=False),
    "electra": Architecture(tiny_encoders.electra, "word_piece", 40, 0, types=True),
    "deberta-v2": Architecture(tiny_encoders.deberta, "word_piece", 40, 0, types=False),
    "modernbert": Architecture(tiny_encoders.modernbert, "roberta_pieces", 40, 1, types=False),
    "distilbert": Architecture(
        tiny_encoders.distilbert, "word_piece", 40, 0, types=False, pooling="cls"
    ),
    "gpt2": Architecture(tiny_encoders.gpt2, "gpt2_pieces", 40, 0, types=False, pooling="last"),
    "bart": Architecture(tiny_encoders.bart, "roberta_pieces", 40, 1, types=False, pooling="last"),
}


@pytest.fixture(scope="module", params=list(ARCHITECTURES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def folder(
    name: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    kind = ARCHITECTURES[name]
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp(name)
    model = kind.make()
    for parameter in model.parameters():  # far from zero, so that a wrong input shows
        if parameter.dim() > 1:
            nn.init.normal_(parameter, std=0.3)
    model.save_pretrained(path)
    request.getfixturevalue(kind.tokenizer).save(str(path / "tokenizer.json"))
    return path


class TestArchitectures:
    def test_what_is_found_out(self, name: str, folder: Path) -> None:
        kind, shared = ARCHITECTURES[name], backbone(str(folder))
        assert shared.width == 16
        assert shared.max_tokens == kind.max_tokens
        assert shared.pad_id == kind.pad_id
        assert shared.encoder().takes_types == kind.types

    def test_the_longest_input_runs(self, name: str, folder: Path) -> None:
        shared = backbone(str(folder))
        ids = torch.full((1, shared.max_tokens), 7)
        mask, types = torch.ones_like(ids), torch.zeros_like(ids)
        with torch.inference_mode():
            states = shared.encoder()(ids, mask, types)
        assert states.shape == (1, shared.max_tokens, 16)
        assert torch.isfinite(states).all()

    def test_states_are_those_of_transformers(self, name: str, folder: Path) -> None:
        from transformers import AutoModel

        shared = backbone(str(folder))
        windows = [
            window
            for tokens in shared.tokenizer.encode(TEXTS)
            for window in text_windows(shared.tokenizer.template, tokens, size=32, stride=16)
        ]
        batch = collate(windows, shared.pad_id)
        types = torch.zeros_like(batch.input_ids)
        if ARCHITECTURES[name].types:
            types[:, batch.input_ids.shape[1] // 2 :] = 1
        direct = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
        more = {"token_type_ids": types} if ARCHITECTURES[name].types else {}
        with torch.inference_mode():
            states = shared.encoder()(batch.input_ids, batch.attention_mask, types)
            expected = direct(
                input_ids=batch.input_ids, attention_mask=batch.attention_mask, **more
            ).last_hidden_state
        assert torch.allclose(states, expected, atol=1e-6)
        if more:
            plain = shared.encoder()(batch.input_ids, batch.attention_mask, types * 0)
            assert not torch.allclose(states, plain, atol=1e-3)

    def test_layers_are_averaged(self, name: str, folder: Path) -> None:
        from transformers import AutoModel

        shared = backbone(str(folder))
        ids = torch.arange(5, 25)[None]
        mask, types = torch.ones_like(ids), torch.zeros_like(ids)
        direct = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
        with torch.inference_mode():
            states = shared.encoder(2)(ids, mask, types)
            output = direct(input_ids=ids, attention_mask=mask, output_hidden_states=True)
        every = getattr(output, "decoder_hidden_states", None) or output.hidden_states
        expected = (every[-2] + output.last_hidden_state) / 2
        assert torch.allclose(states, expected, atol=1e-6)
        assert not torch.allclose(states, output.last_hidden_state, atol=1e-3)

    def test_more_layers_than_there_are(self, name: str, folder: Path) -> None:
        depth = backbone(str(folder)).layers
        assert build(classifier(folder, layers=depth)).encoder.layers == depth
        message = rf"pooling\.layers = {depth + 1} is more than the {depth} layers of '.*'"
        with pytest.raises(RecipeError, match=message):
            build(classifier(folder, layers=depth + 1))

    @pytest.mark.parametrize("pooling", ["cls", "mean", "last"])
    def test_the_same_alone_and_in_a_batch(self, name: str, folder: Path, pooling: str) -> None:
        shared = backbone(str(folder))
        runtime = TorchRuntime(
            build(classifier(folder, pooling=pooling)),
            shared.pad_id,
            device="cpu",
            batch_tokens=4096,
        )
        windows = [
            window
            for tokens in shared.tokenizer.encode(TEXTS)
            for window in text_windows(shared.tokenizer.template, tokens, size=40, stride=20)
        ]
        together = runtime(windows)
        for window, logits in zip(windows, together, strict=True):
            assert np.allclose(runtime([window])[0], logits, atol=1e-4)
        if pooling == ARCHITECTURES[name].pooling:  # and texts do make a difference
            assert np.ptp(np.stack(together), axis=0).max() > 1e-3

    @pytest.mark.parametrize("layers", [1, 2])
    def test_the_same_without_padding(self, name: str, folder: Path, layers: int) -> None:
        recipe = classifier(folder, pooling=ARCHITECTURES[name].pooling, layers=layers)
        shared, model = backbone(str(folder)), build(recipe)
        windows = [
            window
            for tokens in shared.tokenizer.encode(TEXTS)
            for window in text_windows(shared.tokenizer.template, tokens, size=32, stride=16)
        ]
        expected = TorchRuntime(model, shared.pad_id, device="cpu")(windows)
        found = TorchRuntime(model, shared.pad_id, device="cpu", kernel=by_windows)(windows)
        for one, two in zip(expected, found, strict=True):
            assert np.allclose(one, two, atol=1e-4)
        # The others have an attention of their own, or one that looks back only.
        free = name in ("bert", "roberta", "electra", "distilbert")
        assert (model.encoder.kernel is by_windows) == free

    def test_a_pipeline_runs_and_is_saved(self, name: str, folder: Path, tmp_path: Path) -> None:
        recipe = classifier(folder, pooling=ARCHITECTURES[name].pooling)
        torch.manual_seed(0)
        pipeline = assemble(recipe, tuned_state(build(recipe)), device="cpu")
        # Over the length as well: in windows.
        texts = [*TEXTS, "the cat sat. " * 30]
        results = pipeline(texts)
        assert [sum(r.scores.values()) for r in results] == pytest.approx([1] * 5)
        pipeline.save(tmp_path / "saved")
        again = nlpkit.load(tmp_path / "saved", device="cpu")
        assert again.info["max_tokens"] == 32
        assert [r.scores for r in again(texts)] == [r.scores for r in results]

    def test_an_adapter_fits(self, name: str, folder: Path) -> None:
        recipe = classifier(folder, "lora", "rank = 2\nalpha = 3.0")
        shared = backbone(str(folder))
        torch.manual_seed(0)
        model = build(recipe)
        plain = TorchRuntime(model, shared.pad_id, device="cpu")
        windows = text_windows(
            shared.tokenizer.template, shared.tokenizer(TEXTS[1]), size=32, stride=16
        )
        untuned = plain(windows)
        prepare(model, recipe.backbone)
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.requires_grad:
                    parameter.normal_(std=0.2)
        training = TorchRuntime(model, shared.pad_id, device="cpu")(windows)
        pipeline = assemble(recipe, tuned_state(model), device="cpu")
        assert not np.allclose(training, untuned, atol=1e-3)
        assert np.allclose(pipeline.runtime(windows), training, atol=1e-5)

    def test_windows_never_pass_the_positions(self, name: str, folder: Path) -> None:
        recipe = classifier(folder, pooling=ARCHITECTURES[name].pooling, max_tokens=4096)
        pipeline = assemble(recipe, tuned_state(build(recipe)), device="cpu")
        assert pipeline.max_tokens == ARCHITECTURES[name].max_tokens
        assert pipeline("the cat sat. " * 50)

    def test_tensors_are_shared(self, name: str, folder: Path) -> None:
        shared = backbone(str(folder))
        one, two = shared.encoder(), shared.encoder()
        pointers = {key: p.data_ptr() for key, p in shared.model.named_parameters()}
        for encoder in (one, two):
            assert {k: p.data_ptr() for k, p in encoder.model.named_parameters()} == pointers
        assert all(not p.requires_grad for p in one.parameters())


def test_a_position_too_many_is_refused_by_roberta(tmp_path: Path, roberta_pieces: Any) -> None:
    """The number that `max_tokens` gives is the last that works."""
    tiny_encoders.roberta().save_pretrained(tmp_path)
    roberta_pieces.save(str(tmp_path / "tokenizer.json"))
    shared = backbone(str(tmp_path))
    ids = torch.full((1, shared.max_tokens + 1), 7)
    with pytest.raises((IndexError, RuntimeError)):
        shared.encoder()(ids, torch.ones_like(ids), torch.zeros_like(ids))
