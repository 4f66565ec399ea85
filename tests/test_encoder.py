"""Backbones: one shared object for a file, and files that are damaged."""

from __future__ import annotations

import hashlib
import logging.handlers
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from nlpkit.encoder import backbone
from nlpkit.errors import WeightsError
from nlpkit.model import build
from nlpkit.recipe import Recipe
from nlpkit.tasks.loading import assemble
from nlpkit.tuning import prepare, tuned_state
from tests.tiny_encoders import classifier

TEXTS = ["the cat", "it is the dog that sat on the mat. no, the cat!", "a", "x y z 1 2 3"]


class TestSharing:
    def test_one_object_for_one_folder(self, tiny_encoder: Path) -> None:
        first = backbone(str(tiny_encoder))
        assert backbone(str(tiny_encoder)) is first
        assert backbone(f"{tiny_encoder}/") is first
        assert backbone(f"{tiny_encoder}/../{tiny_encoder.name}") is first
        digest = hashlib.sha256((tiny_encoder / "model.safetensors").read_bytes()).hexdigest()
        assert backbone(str(tiny_encoder), sha256=digest) is first

    def test_a_second_pipeline_changes_nothing_of_the_first(self, tiny_encoder: Path) -> None:
        recipes = [
            classifier(tiny_encoder, more=f'sha256 = "{_digest(tiny_encoder)}"'),
            classifier(tiny_encoder, "lora", "rank = 2"),
            classifier(tiny_encoder, "all"),
            classifier(tiny_encoder, "layers", "layers = 1"),
        ]
        first = assemble(recipes[0], _random_state(recipes[0]), device="cpu")
        before = [result.scores for result in first(TEXTS)]
        embeddings = first.runtime.model.encoder.model.embeddings.word_embeddings.weight
        for recipe in recipes[1:]:
            model = build(recipe)
            prepare(model, recipe.backbone)
            state = {k: torch.randn_like(t) for k, t in tuned_state(model).items()}
            other = assemble(recipe, state, device="cpu")
            own = other.runtime.model.encoder.model.embeddings.word_embeddings.weight
            assert own.data_ptr() == embeddings.data_ptr()
            assert [r.scores for r in other(TEXTS)] != before
            assert [r.scores for r in first(TEXTS)] == before

    def test_changing_the_type_of_one_leaves_the_others(self, tiny_encoder: Path) -> None:
        shared = backbone(str(tiny_encoder))
        shared.encoder().to(torch.float64)
        assert {p.dtype for p in shared.model.parameters()} == {torch.float32}

    @pytest.mark.cuda
    @pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
    def test_a_pipeline_on_a_gpu_leaves_the_others_on_the_cpu(self, tiny_encoder: Path) -> None:
        recipe = classifier(tiny_encoder)
        state = _random_state(recipe)
        first = assemble(recipe, state, device="cpu")
        before = [result.scores for result in first(TEXTS)]
        second = assemble(recipe, state, device="cuda")
        for result, scores in zip(second(TEXTS), before, strict=True):
            assert result.scores == pytest.approx(scores, abs=1e-4)
        assert [r.scores for r in first(TEXTS)] == before


class TestBadFiles:
    @pytest.fixture
    def copy(self, tiny_encoder: Path, tmp_path: Path) -> Path:
        return Path(shutil.copytree(tiny_encoder, tmp_path / "encoder"))

    def test_another_sha256(self, copy: Path) -> None:
        with pytest.raises(WeightsError, match="sha256"):
            backbone(str(copy), sha256="0" * 64)
        # Also when the backbone is already in memory.
        backbone(str(copy))
        with pytest.raises(WeightsError, match="sha256"):
            backbone(str(copy), sha256="0" * 64)

    def test_altered(self, copy: Path) -> None:
        digest = _digest(copy)
        path = copy / "model.safetensors"
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
        with pytest.raises(WeightsError, match="sha256"):
            backbone(str(copy), sha256=digest)

    @pytest.mark.parametrize("file", ["model.safetensors", "config.json", "tokenizer.json"])
    def test_missing(self, copy: Path, file: str) -> None:
        (copy / file).unlink()
        with pytest.raises(WeightsError):
            backbone(str(copy))

    def test_a_vocabulary_stands_in_for_tokenizer_json(self, copy: Path, word_piece: Any) -> None:
        (copy / "tokenizer.json").unlink()
        words = sorted(word_piece.get_vocab().items(), key=lambda item: item[1])
        (copy / "vocab.txt").write_text("\n".join(word for word, _ in words))
        old = backbone(str(copy)).tokenizer
        assert old.template.single == ((2,), (3,))
        assert old("The cat").ids.tolist() == word_piece.encode("The cat").ids[1:-1]

    def test_missing_where_a_sha256_is_expected(self, copy: Path) -> None:
        (copy / "model.safetensors").unlink()
        with pytest.raises(WeightsError, match=r"model\.safetensors"):
            backbone(str(copy), sha256="0" * 64)

    @pytest.mark.parametrize("keep", [0, 4, 100, 5000, -1])
    def test_truncated(self, copy: Path, keep: int) -> None:
        path = copy / "model.safetensors"
        path.write_bytes(path.read_bytes()[:keep])
        with pytest.raises(WeightsError, match="cannot load the backbone"):
            backbone(str(copy))

    def test_a_tensor_of_another_shape(self, copy: Path) -> None:
        _rewrite(copy, lambda tensors: tensors.update(_grown(tensors)))
        with pytest.raises(WeightsError):
            backbone(str(copy))

    def test_a_tensor_that_is_not_there(self, copy: Path) -> None:
        key = "encoder.layer.0.output.dense.weight"
        _rewrite(copy, lambda tensors: tensors.pop(key))
        with pytest.raises(WeightsError, match=key):
            backbone(str(copy))

    def test_the_pooler_is_not_needed(self, copy: Path) -> None:
        _rewrite(copy, lambda tensors: tensors.pop("pooler.dense.weight"))
        assert backbone(str(copy)).width == 16

    @pytest.fixture
    def cached(self, copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """The hub's cache, with an encoder of which the hub itself knows nothing."""
        import huggingface_hub.constants

        entry = tmp_path / "hub" / "models--nlpkit--tiny"
        (entry / "refs").mkdir(parents=True)
        (entry / "refs" / "main").write_text("1234")
        shutil.copytree(copy, entry / "snapshots" / "1234")
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
        return entry / "snapshots" / "1234"

    def test_what_the_cache_of_the_hub_holds(self, cached: Path) -> None:
        assert backbone("nlpkit/tiny", sha256=_digest(cached)).width == 16

    @pytest.mark.parametrize("lacking", ["tokenizer.json", "config.json", "model.safetensors"])
    def test_the_hub_is_asked_for_what_its_cache_lacks(
        self, cached: Path, monkeypatch: pytest.MonkeyPatch, lacking: str
    ) -> None:
        import huggingface_hub.constants

        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
        digest = _digest(cached)
        (cached / lacking).unlink()
        name = f"nlpkit/{lacking}"  # what was opened once would be given again
        cached.parents[1].rename(cached.parents[2] / f"models--nlpkit--{lacking}")
        with pytest.raises(WeightsError, match=name):
            backbone(name, sha256=digest)

    @pytest.mark.parametrize("name", ["no/such/folder-or-model", "", "\x00"])
    def test_no_such_model(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        import huggingface_hub.constants

        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
        with pytest.raises(WeightsError):
            backbone(name)


def _random_state(recipe: Recipe) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return tuned_state(build(recipe))


def _digest(folder: Path) -> str:
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


def _grown(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    key = "encoder.layer.0.output.dense.bias"
    return {key: torch.zeros(len(tensors[key]) + 1)}


def _rewrite(folder: Path, change: Callable[[dict[str, torch.Tensor]], Any]) -> None:
    from safetensors.torch import load_file, save_file

    path = folder / "model.safetensors"
    tensors = load_file(path)
    change(tensors)
    path.unlink()
    save_file(tensors, path, metadata={"format": "pt"})


def test_what_is_not_needed_is_not_reported(tiny_encoder: Path, tmp_path: Path) -> None:
    from transformers import AutoModel
    from transformers.utils import logging as transformers_logging

    folder = tmp_path / "encoder"
    shutil.copytree(tiny_encoder, folder)
    AutoModel.from_pretrained(folder, add_pooling_layer=False).save_pretrained(folder)
    logger = transformers_logging.get_logger("transformers")
    handler = logging.handlers.BufferingHandler(100)
    logger.addHandler(handler)
    try:
        AutoModel.from_pretrained(folder)
        assert handler.buffer, "transformers reports the pooler as missing"
        handler.flush()
        verbosity = transformers_logging.get_verbosity()
        backbone(str(folder))
        assert handler.buffer == []
        assert transformers_logging.get_verbosity() == verbosity
    finally:
        logger.removeHandler(handler)
