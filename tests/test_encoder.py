from __future__ import annotations

import hashlib
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import nn

import nlpkit
from nlpkit.encoder import backbone
from nlpkit.errors import WeightsError
from nlpkit.model import build, collate
from nlpkit.recipe import Recipe, parse
from nlpkit.runtimes.torch import TorchRuntime
from nlpkit.tasks.loading import assemble
from nlpkit.tuning import prepare, tuned_state
from nlpkit.windows import text_windows

TEXTS = ["the cat", "it is the dog that sat on the mat. no, the cat!", "a", "x y z 1 2 3"]
SIZE = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
}


class Architecture(NamedTuple):
    """How a tiny one is made, and what must be found out about it."""

    make: Callable[[], nn.Module]
    tokenizer: str
    max_tokens: int
    pad_id: int
    types: bool
    pooling: str = "mean"


def _bert() -> nn.Module:
    from transformers import BertConfig, BertModel

    return BertModel(BertConfig(vocab_size=300, max_position_embeddings=40, **SIZE))


def _roberta() -> nn.Module:
    from transformers import RobertaConfig, RobertaModel

    # As in roberta-base, 514 positions for 512 tokens, and a single token type.
    return RobertaModel(
        RobertaConfig(vocab_size=300, max_position_embeddings=42, type_vocab_size=1, **SIZE)
    )


def _mpnet() -> nn.Module:
    from transformers import MPNetConfig, MPNetModel

    return MPNetModel(MPNetConfig(vocab_size=300, max_position_embeddings=42, **SIZE))


def _electra() -> nn.Module:
    from transformers import ElectraConfig, ElectraModel

    # Its embeddings are narrower than its states.
    return ElectraModel(
        ElectraConfig(vocab_size=300, embedding_size=8, max_position_embeddings=40, **SIZE)
    )


def _deberta() -> nn.Module:
    from transformers import DebertaV2Config, DebertaV2Model

    return DebertaV2Model(
        DebertaV2Config(
            vocab_size=300,
            max_position_embeddings=40,
            relative_attention=True,
            pos_att_type=["p2c", "c2p"],
            position_buckets=8,
            share_att_key=True,
            norm_rel_ebd="layer_norm",
            position_biased_input=False,
            type_vocab_size=0,
            **SIZE,
        )
    )


def _modernbert() -> nn.Module:
    from transformers import ModernBertConfig, ModernBertModel

    return ModernBertModel(
        ModernBertConfig(
            vocab_size=300,
            max_position_embeddings=40,
            pad_token_id=1,
            bos_token_id=0,
            eos_token_id=2,
            cls_token_id=0,
            sep_token_id=2,
            local_attention=8,
            global_attn_every_n_layers=2,
            **SIZE,
        )
    )


def _distilbert() -> nn.Module:
    from transformers import DistilBertConfig, DistilBertModel

    return DistilBertModel(
        DistilBertConfig(
            vocab_size=300, max_position_embeddings=40, dim=16, n_layers=2, n_heads=2, hidden_dim=32
        )
    )


def _gpt2() -> nn.Module:
    from transformers import GPT2Config, GPT2Model

    return GPT2Model(
        GPT2Config(
            vocab_size=300,
            n_positions=40,
            n_embd=16,
            n_layer=2,
            n_head=2,
            bos_token_id=0,
            eos_token_id=0,
        )
    )


def _bart() -> nn.Module:
    from transformers import BartConfig, BartModel

    return BartModel(
        BartConfig(
            vocab_size=300,
            max_position_embeddings=40,
            d_model=16,
            encoder_layers=3,
            decoder_layers=2,
            encoder_attention_heads=2,
            decoder_attention_heads=2,
            encoder_ffn_dim=32,
            decoder_ffn_dim=32,
        )
    )


ARCHITECTURES = {
    "bert": Architecture(_bert, "word_piece", 40, 0, types=True),
    "roberta": Architecture(_roberta, "roberta_pieces", 40, 1, types=False, pooling="cls"),
    "mpnet": Architecture(_mpnet, "roberta_pieces", 40, 1, types=False),
    "electra": Architecture(_electra, "word_piece", 40, 0, types=True),
    "deberta-v2": Architecture(_deberta, "word_piece", 40, 0, types=False),
    "modernbert": Architecture(_modernbert, "roberta_pieces", 40, 1, types=False),
    "distilbert": Architecture(_distilbert, "word_piece", 40, 0, types=False, pooling="cls"),
    "gpt2": Architecture(_gpt2, "gpt2_pieces", 40, 0, types=False, pooling="last"),
    "bart": Architecture(_bart, "roberta_pieces", 40, 1, types=False, pooling="last"),
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


def classifier(
    encoder: Path, pooling: str = "mean", more: str = "", max_tokens: int = 32
) -> Recipe:
    return parse(
        f"""
        name = "tone"
        task = "classification"
        [backbone]
        name = "{encoder}"
        tuning = "none"
        max_tokens = {max_tokens}
        {more}
        [pooling]
        kind = "{pooling}"
        [head]
        kind = "labels"
        labels = ["bad", "good", "neither"]
        """
    )


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

    @pytest.mark.parametrize("pooling", ["cls", "mean", "last"])
    def test_the_same_alone_and_in_a_batch(self, name: str, folder: Path, pooling: str) -> None:
        shared = backbone(str(folder))
        runtime = TorchRuntime(
            build(classifier(folder, pooling)), shared.pad_id, device="cpu", batch_tokens=4096
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

    def test_a_pipeline_runs_and_is_saved(self, name: str, folder: Path, tmp_path: Path) -> None:
        recipe = classifier(folder, ARCHITECTURES[name].pooling)
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
        recipe = parse_with(folder, 'tuning = "lora"\nrank = 2\nalpha = 3.0')
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
        recipe = classifier(folder, ARCHITECTURES[name].pooling, max_tokens=4096)
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
    _roberta().save_pretrained(tmp_path)
    roberta_pieces.save(str(tmp_path / "tokenizer.json"))
    shared = backbone(str(tmp_path))
    ids = torch.full((1, shared.max_tokens + 1), 7)
    with pytest.raises((IndexError, RuntimeError)):
        shared.encoder()(ids, torch.ones_like(ids), torch.zeros_like(ids))


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
            classifier(tiny_encoder, "mean", f'sha256 = "{_digest(tiny_encoder)}"'),
            parse_with(tiny_encoder, 'tuning = "lora"\nrank = 2'),
            parse_with(tiny_encoder, 'tuning = "all"'),
            parse_with(tiny_encoder, 'tuning = "layers"\nlayers = 1'),
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

    @pytest.mark.parametrize("name", ["no/such/folder-or-model", "", "\x00"])
    def test_no_such_model(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        import huggingface_hub.constants

        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
        with pytest.raises(WeightsError):
            backbone(name)


def parse_with(encoder: Path, tuning: str) -> Recipe:
    plain = classifier(encoder).model_dump()
    plain["backbone"] |= tomllib.loads(tuning)
    return Recipe.model_validate(plain)


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
