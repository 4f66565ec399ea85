"""Learning rates and weight decay of each parameter."""

from __future__ import annotations

from pathlib import Path

import pytest
from transformers import BertConfig, BertModel

from nlpkit.model import TaskModel, build
from nlpkit.recipe import parse
from nlpkit.training.rates import layer_of, parameter_groups
from nlpkit.tuning import prepare


def deep(
    folder: Path, tiny_encoder: Path, training: str
) -> tuple[TaskModel, list[dict[str, object]]]:
    config = BertConfig.from_pretrained(tiny_encoder)
    config.num_hidden_layers = 3
    BertModel(config).save_pretrained(folder)
    (folder / "tokenizer.json").write_bytes((tiny_encoder / "tokenizer.json").read_bytes())
    recipe = parse(
        f"""
        name = "test"
        task = "classification"
        [backbone]
        name = "{folder}"
        max_tokens = 32
        tuning = "all"
        [pooling]
        kind = "mean"
        [head]
        kind = "labels"
        labels = ["a", "b"]
        [training]
        {training}
        """
    )
    model = build(recipe)
    prepare(model, recipe.backbone)
    return model, parameter_groups(model, recipe.training)


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("model.encoder.layer.11.attention.self.query.lora_A.default.weight", 11),
        ("model.layers.2.mlp.Wo.weight", 2),
        ("model.h.0.ln_1.weight", 0),
        ("model.encoder.block.4.layer.0.SelfAttention.q.weight", 4),
        ("model.embeddings.LayerNorm.weight", None),
        ("model.norm.weight", None),
    ],
)
def test_layers_by_name(name: str, layer: int | None) -> None:
    assert layer_of(name) == layer


def test_each_layer_learns_more_slowly_than_the_one_above(
    tmp_path: Path, tiny_encoder: Path
) -> None:
    model, groups = deep(
        tmp_path, tiny_encoder,
        "learning_rate = 0.08\nhead_learning_rate = 0.5\nlayer_decay = 0.5\nweight_decay = 0.1",
    )  # fmt: skip
    rates = {id(p): g["lr"] for g in groups for p in g["params"]}  # type: ignore[attr-defined]
    decays = {id(p): g["weight_decay"] for g in groups for p in g["params"]}  # type: ignore[attr-defined]
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            assert id(parameter) not in rates
            continue
        layer = layer_of(name)
        expected = 0.5 if name.startswith("head.") else 0.01 if layer is None else 0.02 * 2**layer
        assert rates[id(parameter)] == pytest.approx(expected), name
        assert decays[id(parameter)] == (0.1 if parameter.ndim > 1 else 0.0), name


def test_without_decay_all_layers_learn_alike(tmp_path: Path, tiny_encoder: Path) -> None:
    _, groups = deep(tmp_path, tiny_encoder, "learning_rate = 0.08")
    assert {group["lr"] for group in groups} == {0.08}
