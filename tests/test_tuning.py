from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import nn

from nlpkit.encoder import backbone
from nlpkit.errors import RecipeError, WeightsError
from nlpkit.model import Batch, TaskModel, build
from nlpkit.recipe import Recipe
from nlpkit.tuning import State, merge, prepare, restore, tuned_state
from tests.tiny_encoders import albert, bart, bert, classifier, gpt2

BATCH = Batch(
    torch.tensor([[2, 9, 14, 30, 3], [2, 7, 3, 0, 0]]),
    torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]),
    torch.zeros(2, 5, dtype=torch.long),
)

MODELS: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "bert": (bert, "word_piece"),
    "gpt2": (gpt2, "gpt2_pieces"),
    "bart": (bart, "roberta_pieces"),
}


@pytest.fixture(scope="module")
def folders(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    found = {}
    for name, (make, tokenizer) in MODELS.items():
        torch.manual_seed(0)
        found[name] = tmp_path_factory.mktemp(name)
        make().save_pretrained(found[name])
        request.getfixturevalue(tokenizer).save(str(found[name] / "tokenizer.json"))
    return found


def recipe(folder: Path, tuning: str, more: str = "") -> Recipe:
    return classifier(folder, tuning, more, pooling="last")


def trained(chosen: Recipe, steps: int = 3) -> TaskModel:
    """A model that has really been trained a little."""
    torch.manual_seed(1)
    model = build(chosen)
    prepare(model, chosen.backbone)
    model.eval()  # dropout has no part in these numbers
    own = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(own, lr=0.05)
    for _ in range(steps):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(BATCH), torch.tensor([0, 1])).backward()
        optimizer.step()
    return model


def merged(chosen: Recipe, state: State) -> TaskModel:
    model = build(chosen)
    merge(model, state, chosen.backbone)
    return model.eval()


def logits(model: TaskModel) -> torch.Tensor:
    with torch.inference_mode():
        result: torch.Tensor = model(BATCH)
    return result


TUNINGS = [
    ("lora", "rank = 4\nalpha = 6.0"),
    ("layers", "layers = 2"),
    ("all", ""),
    ("none", ""),
]


@pytest.mark.parametrize("name", list(MODELS))
@pytest.mark.parametrize(("tuning", "more"), TUNINGS)
class TestEveryTuning:
    def test_merged_is_what_was_trained(
        self, folders: dict[str, Path], name: str, tuning: str, more: str
    ) -> None:
        chosen = recipe(folders[name], tuning, more)
        model = trained(chosen)
        plain = build(chosen).eval()
        plain.head = model.head
        if tuning != "none":  # the encoder has changed, and not only the head
            assert not torch.allclose(logits(model), logits(plain), atol=1e-3)
        again = merged(chosen, tuned_state(model))
        assert torch.allclose(logits(again), logits(model), atol=1e-5)
        assert not any("lora" in key for key, _ in again.named_parameters())

    def test_shared_tensors_stay(
        self, folders: dict[str, Path], name: str, tuning: str, more: str
    ) -> None:
        shared = backbone(str(folders[name])).model
        before = {key: p.detach().clone() for key, p in shared.named_parameters()}
        chosen = recipe(folders[name], tuning, more)
        merged(chosen, tuned_state(trained(chosen)))
        for key, parameter in shared.named_parameters():
            assert torch.equal(parameter, before[key]), key
            assert not parameter.requires_grad
            assert parameter.grad is None

    def test_embeddings_are_frozen_and_shared(
        self, folders: dict[str, Path], name: str, tuning: str, more: str
    ) -> None:
        chosen = recipe(folders[name], tuning, more)
        model = trained(chosen)
        shared = {p.data_ptr() for p in backbone(str(folders[name])).model.parameters()}
        tables = [m for m in model.encoder.modules() if isinstance(m, nn.Embedding)]
        assert tables
        for table in tables:
            assert not table.weight.requires_grad
            assert table.weight.data_ptr() in shared

    def test_restore_goes_on_where_it_was(
        self, folders: dict[str, Path], name: str, tuning: str, more: str
    ) -> None:
        chosen = recipe(folders[name], tuning, more)
        model = trained(chosen)
        fresh = build(chosen)
        prepare(fresh, chosen.backbone)
        restore(fresh, tuned_state(model))
        assert torch.allclose(logits(fresh.eval()), logits(model), atol=1e-6)

    def test_tensors_that_do_not_fit(
        self, folders: dict[str, Path], name: str, tuning: str, more: str
    ) -> None:
        chosen = recipe(folders[name], tuning, more)
        fresh = build(chosen)
        prepare(fresh, chosen.backbone)
        state = tuned_state(fresh)
        for put in (lambda s: merged(chosen, s), lambda s: restore(fresh, s)):
            for key in (min(state), max(state)):
                lacking = {k: t for k, t in state.items() if k != key}
                with pytest.raises(WeightsError, match=f"lack tensor '{key}'"):
                    put(lacking)
                wrong = state | {key: torch.zeros(*state[key].shape, 2)}
                with pytest.raises(WeightsError, match=f"tensor '{key}' has shape"):
                    put(wrong)
            unknown = state | {"encoder.nowhere.weight": torch.zeros(1)}
            with pytest.raises(WeightsError, match=r"unknown tensor 'encoder\.nowhere\.weight'"):
                put(unknown)


class TestWhatIsTrained:
    def names(self, chosen: Recipe) -> set[str]:
        model = build(chosen)
        prepare(model, chosen.backbone)
        return {key for key, p in model.named_parameters() if p.requires_grad}

    def test_none(self, folders: dict[str, Path]) -> None:
        found = self.names(recipe(folders["bert"], "none"))
        assert found == {"head.layers.0.weight", "head.layers.0.bias"}

    @pytest.mark.parametrize(
        ("name", "layers", "stack"),
        [
            ("bert", 1, ["encoder.layer.2."]),
            ("bert", 2, ["encoder.layer.1.", "encoder.layer.2."]),
            ("gpt2", 1, ["h.2."]),
            ("bart", 1, ["decoder.layers.1."]),
            ("bart", 2, ["decoder.layers.0.", "decoder.layers.1."]),
        ],
    )
    def test_upper_layers(
        self, folders: dict[str, Path], name: str, layers: int, stack: list[str]
    ) -> None:
        found = self.names(recipe(folders[name], "layers", f"layers = {layers}"))
        plain = {key for key, _ in backbone(str(folders[name])).model.named_parameters()}
        expected = {f"encoder.model.{key}" for key in plain if key.startswith(tuple(stack))}
        assert expected
        assert found == expected | {"head.layers.0.weight", "head.layers.0.bias"}

    def test_all_but_embeddings(self, folders: dict[str, Path]) -> None:
        found = self.names(recipe(folders["bert"], "all"))
        plain = {key for key, _ in backbone(str(folders["bert"])).model.named_parameters()}
        frozen = {
            f"embeddings.{kind}_embeddings.weight" for kind in ("word", "position", "token_type")
        }
        assert frozen < plain
        assert found == {f"encoder.model.{key}" for key in plain - frozen} | {
            "head.layers.0.weight",
            "head.layers.0.bias",
        }

    def test_lora_is_on_every_linear_layer(self, folders: dict[str, Path]) -> None:
        found = self.names(recipe(folders["gpt2"], "lora"))
        parts = ("attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj")
        expected = {
            f"encoder.model.h.{layer}.{part}.lora_{side}.nlpkit.weight"
            for layer in range(3)
            for part in parts
            for side in "AB"
        }
        assert found == expected | {"head.layers.0.weight", "head.layers.0.bias"}

    @pytest.mark.parametrize(("name", "depth"), [("bert", 3), ("gpt2", 3), ("bart", 2)])
    def test_too_many_layers(self, folders: dict[str, Path], name: str, depth: int) -> None:
        chosen = recipe(folders[name], "layers", f"layers = {depth + 1}")
        message = rf"backbone\.layers = {depth + 1} is more than the {depth} layers"
        model = build(chosen)
        state = {f"head.{k}": p.detach() for k, p in model.head.named_parameters()}
        with pytest.raises(RecipeError, match=message):
            prepare(model, chosen.backbone)
        with pytest.raises(RecipeError, match=message):
            merge(model, state, chosen.backbone)


def test_an_encoder_of_one_shared_layer_has_no_upper_layers(
    tmp_path: Path, word_piece: Any
) -> None:
    torch.manual_seed(0)
    albert().save_pretrained(tmp_path)
    word_piece.save(str(tmp_path / "tokenizer.json"))
    chosen = recipe(tmp_path, "layers", "layers = 1")
    with pytest.raises(RecipeError, match="'layers' does not fit"):
        prepare(build(chosen), chosen.backbone)
    for tuning in ("lora", "all"):
        chosen = recipe(tmp_path, tuning)
        model = trained(chosen)
        again = merged(chosen, tuned_state(model))
        assert torch.allclose(logits(again), logits(model), atol=1e-5)


def test_an_untrained_adapter_changes_nothing(folders: dict[str, Path]) -> None:
    chosen = recipe(folders["bert"], "lora")
    torch.manual_seed(0)
    model = build(chosen)
    before = logits(model.eval())
    prepare(model, chosen.backbone)
    assert torch.allclose(logits(model.eval()), before, atol=1e-6)


def test_adapters_compute_the_same_without_turning_what_they_read(
    folders: dict[str, Path],
) -> None:
    """What autocast narrows again is not widened before."""
    model = trained(recipe(folders["bert"], "lora"))
    own = [parameter for parameter in model.parameters() if parameter.requires_grad]
    adapters = [m for m in model.modules() if isinstance(m, BaseTunerLayer)]
    assert adapters
    found = []
    for cast in (False, True):
        assert not any(adapter.cast_input_dtype_enabled for adapter in adapters)
        for adapter in adapters:
            adapter.cast_input_dtype_enabled = cast
        with torch.autocast("cpu", torch.bfloat16):
            value = nn.functional.cross_entropy(model(BATCH), torch.tensor([0, 1]))
        found.append([value, *torch.autograd.grad(value, own)])
        for adapter in adapters:
            adapter.cast_input_dtype_enabled = False
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))


def test_tensors_of_another_tuning_are_refused(folders: dict[str, Path]) -> None:
    """What a recipe without tuning finds in its weights is not silently built in."""
    states: dict[str, Any] = {}
    for tuning, more in TUNINGS:
        states[tuning] = tuned_state(trained(recipe(folders["bert"], tuning, more), steps=0))
    for tuning, more in TUNINGS:
        for other, state in states.items():
            if other != tuning:
                with pytest.raises(WeightsError, match="do not fit the recipe"):
                    merged(recipe(folders["bert"], tuning, more), state)
