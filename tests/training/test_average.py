"""The average of the weights: what it is, and that it never gets in the way of training."""

from __future__ import annotations

from pathlib import Path

import torch

from nlpkit.model import TaskModel, build
from nlpkit.recipe import parse
from nlpkit.training.average import Average
from nlpkit.tuning import prepare, tuned_state


def model_of(encoder: Path) -> TaskModel:
    recipe = parse(
        f"""
        name = "test"
        task = "classification"
        [backbone]
        name = "{encoder}"
        max_tokens = 32
        tuning = "none"
        [pooling]
        kind = "mean"
        [head]
        kind = "labels"
        labels = ["a", "b"]
        """
    )
    model = build(recipe)
    prepare(model, recipe.backbone)
    return model


def fill(model: TaskModel, value: float) -> None:
    with torch.no_grad():
        for tensor in tuned_state(model).values():
            tensor.fill_(value)


def test_the_average_of_the_steps(tiny_encoder: Path) -> None:
    model = model_of(tiny_encoder)
    fill(model, 0.0)
    average = Average(model, 0.5)
    expected = 0.0
    for step, value in enumerate([4.0, 8.0, 2.0, 6.0], start=1):
        fill(model, value)
        average.update(step)
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * value
    with average.applied():
        for tensor in tuned_state(model).values():
            torch.testing.assert_close(tensor, torch.full_like(tensor, expected))
    assert all((tensor == 6.0).all() for tensor in tuned_state(model).values())


def test_without_a_decay_there_is_none(tiny_encoder: Path) -> None:
    model = model_of(tiny_encoder)
    average = Average(model, 0.0)
    fill(model, 3.0)
    average.update(1)
    assert average.state == {}
    with average.applied():
        assert all((tensor == 3.0).all() for tensor in tuned_state(model).values())


def test_it_goes_on_from_a_checkpoint(tiny_encoder: Path) -> None:
    model = model_of(tiny_encoder)
    fill(model, 1.0)
    average = Average(model, 0.9)
    fill(model, 2.0)
    average.update(1)
    later = Average(model, 0.9)
    later.restore(average.state)
    for one in (average, later):
        fill(model, 5.0)
        one.update(2)
    for name, tensor in average.state.items():
        assert torch.equal(tensor, later.state[name])
