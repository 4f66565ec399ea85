"""The loop: every example once an epoch, and steps that do not depend on how they are cut."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpkit.errors import TrainingError
from nlpkit.model import build, collate
from nlpkit.recipe import Recipe, parse
from nlpkit.recipe_sections import TrainingRecipe
from nlpkit.training.features import Example, Features, collect
from nlpkit.training.loop import Fit, batches, fit, hide_tokens, steps
from nlpkit.tuning import prepare
from nlpkit.windows import Window

CPU = torch.device("cpu")


@settings(max_examples=100)
@given(
    lengths=st.lists(st.integers(1, 50), min_size=1, max_size=300),
    size=st.integers(1, 20),
    seed=st.integers(0, 5),
    epoch=st.integers(0, 3),
)
def test_every_example_is_in_one_batch(
    lengths: list[int], size: int, seed: int, epoch: int
) -> None:
    array = np.array(lengths)
    cut = batches(array, size, seed=seed, epoch=epoch)
    assert sorted(np.concatenate(cut).tolist()) == list(range(len(lengths)))
    assert len(cut) == -(-len(lengths) // size)
    assert all(1 <= len(batch) <= size for batch in cut)
    again = batches(array, size, seed=seed, epoch=epoch)
    assert [batch.tolist() for batch in cut] == [batch.tolist() for batch in again]


def test_epochs_and_seeds_shuffle_anew() -> None:
    lengths = np.arange(1, 101)
    orders = {
        tuple(np.concatenate(batches(lengths, 4, seed=seed, epoch=epoch)).tolist())
        for seed in range(3)
        for epoch in range(3)
    }
    assert len(orders) == 9


@settings(max_examples=100)
@given(
    examples=st.integers(1, 60),
    size=st.integers(1, 8),
    first=st.floats(0.2, 3),
    second=st.floats(0.2, 3),
    data=st.data(),
)
def test_two_runs_read_what_one_long_run_does(
    examples: int, size: int, first: float, second: float, data: st.DataObject
) -> None:
    lengths = np.arange(1, examples + 1)
    per_epoch = -(-examples // size)

    def read(done: int = 0, **training: Any) -> list[list[int]]:
        own = TrainingRecipe(batch_size=size, **training)
        return [batch.tolist() for batch in steps(lengths, own, done=done)]

    a, b = read(epochs=first), read(epochs=second, skip=first)
    assert len(a) == max(1, round(first * per_epoch))
    whole = read(epochs=(round(first * per_epoch) + len(b)) / per_epoch)
    assert b == whole[round(first * per_epoch) :]
    assert a[: len(whole)] == whole[: len(a)]
    done = data.draw(st.integers(0, len(b)))
    assert read(epochs=second, skip=first, done=done) == b[done:]


def test_a_batch_holds_similar_lengths() -> None:
    lengths = np.random.default_rng(0).integers(1, 400, 640)
    cut = batches(lengths, 10, seed=0, epoch=0)
    assert np.mean([np.ptp(lengths[batch]) for batch in cut]) < 20


def recipe(encoder: Path, head: str = "labels", training: str = "", tuning: str = "all") -> Recipe:
    kinds = {
        "labels": ("classification", "mean", 'labels = ["a", "b"]'),
        "span": ("question_answering", "tokens", ""),
        "sentences": ("summarization", "sentences", ""),
    }
    task, pooling, more = kinds[head]
    return parse(
        f"""
        name = "test"
        task = "{task}"
        [backbone]
        name = "{encoder}"
        max_tokens = 32
        tuning = "{tuning}"
        [pooling]
        kind = "{pooling}"
        [head]
        kind = "{head}"
        {more}
        [training]
        batch_size = 8
        precision = "float32"
        {training}
        """
    )


def made(head: str, count: int = 40) -> Features:
    rng = np.random.default_rng(1)
    examples = []
    for row in range(count):
        size = int(rng.integers(4, 20))
        ids = rng.integers(4, 60, size)
        zeros = np.zeros(size, np.int32)
        if head == "labels":
            examples.append(Example(Window(ids, zeros, 1, 0, size), [float(ids[1] > 30)], row))
        elif head == "span":
            first = int(rng.integers(0, size))
            examples.append(Example(Window(ids, zeros, 1, 0, size), [first, first], row))
        else:
            parts = np.sort(rng.integers(0, 3, size))
            segments = np.unique(parts, return_inverse=True)[1]
            places = np.arange(segments.max() + 1)
            window = Window(ids, zeros, 1, 0, size, segments, places)
            examples.append(Example(window, (rng.random(len(places)) > 0.5).astype(float), row))
    return collect(examples)


def run(own: Recipe, features: Features, folder: Path, **options: Any) -> Fit:
    torch.manual_seed(0)
    model = build(own)
    prepare(model, own.backbone)
    return fit(
        model, features, own.training, kind=own.head.kind, pad_id=0, device=CPU, folder=folder,
        key="key", progress_bar=False, **options,
    )  # fmt: skip


# A softmax does not feel a number added to all its logits: the gradients of these are zero but for
# rounding, which Adam scales up to steps of full size.
_SHIFTS = ("attention.self.key.bias",)
UNFELT = {
    "labels": _SHIFTS,
    "sentences": _SHIFTS,
    "span": (*_SHIFTS, "head.layers.0.bias", "layer.0.output.LayerNorm.bias"),
}


@pytest.mark.parametrize("head", ["labels", "span", "sentences"])
def test_passes_of_a_step_add_up(tiny_encoder: Path, tmp_path: Path, head: str) -> None:
    features = made(head)
    runs = [
        run(
            recipe(tiny_encoder, head, f"batch_tokens = {tokens}\nepochs = 2"),
            features,
            tmp_path / str(tokens),
        )
        for tokens in (1, 60, 100_000)
    ]
    for other in runs[1:]:
        assert set(other.weights) == set(runs[0].weights)
        for name, tensor in runs[0].weights.items():
            if name.endswith(UNFELT[head]):
                continue
            torch.testing.assert_close(tensor, other.weights[name], atol=1e-5, rtol=0)
        assert other.progress.loss == pytest.approx(runs[0].progress.loss, abs=1e-5)


@pytest.mark.parametrize("head", ["labels", "span", "sentences"])
def test_training_lowers_the_loss(tiny_encoder: Path, tmp_path: Path, head: str) -> None:
    features = made(head)
    short = run(recipe(tiny_encoder, head, "epochs = 0.2"), features, tmp_path / "a")
    long = run(
        recipe(tiny_encoder, head, "epochs = 30\nlearning_rate = 0.01"), features, tmp_path / "b"
    )
    assert short.progress.step == 1
    assert long.progress.step == 150
    assert short.progress.loss is not None
    assert long.progress.loss is not None
    assert long.progress.loss < 0.8 * short.progress.loss


def test_a_fraction_of_an_epoch(tiny_encoder: Path, tmp_path: Path) -> None:
    features = made("labels")
    for epochs, count in ((0.01, 1), (0.6, 3), (1.4, 7)):
        result = run(recipe(tiny_encoder, "labels", f"epochs = {epochs}"), features, tmp_path / "x",
                     resume=False)  # fmt: skip
        assert result.progress.step == count


def test_early_stopping_keeps_the_best_weights(tiny_encoder: Path, tmp_path: Path) -> None:
    values = iter([0.1, 0.5, 0.4, 0.5, 0.3, 0.9])
    own = recipe(tiny_encoder, "labels", "epochs = 10\nevaluate_every = 2\npatience = 3")
    stopped = run(own, made("labels"), tmp_path / "stopped", evaluate=lambda: next(values))
    assert stopped.progress.stopped
    assert stopped.progress.step == 10
    assert (stopped.progress.best, stopped.progress.best_step) == (0.5, 4)
    assert [h["value"] for h in stopped.progress.history] == [0.1, 0.5, 0.4, 0.5, 0.3]

    # With a constant rate the first steps do not depend on how many are to come.
    constant = 'evaluate_every = 2\nschedule = "constant"\nwarmup = 0.0'
    values = iter([0.1, 0.5, *[0.4] * 20])
    long = run(
        recipe(tiny_encoder, "labels", f"epochs = 4\n{constant}"),
        made("labels"), tmp_path / "long", evaluate=lambda: next(values),
    )  # fmt: skip
    short = run(
        recipe(tiny_encoder, "labels", f"epochs = 0.8\n{constant}"),
        made("labels"), tmp_path / "short",
    )  # fmt: skip
    assert (long.progress.step, short.progress.step) == (20, 4)
    for name, tensor in short.weights.items():
        assert torch.equal(tensor, long.weights[name])


def test_a_checkpoint_of_another_run(tiny_encoder: Path, tmp_path: Path) -> None:
    own = recipe(tiny_encoder, "labels", tuning="none")
    run(own, made("labels"), tmp_path)
    model = build(own)
    prepare(model, own.backbone)
    with pytest.raises(TrainingError, match="another recipe or other data"):
        fit(model, made("labels"), own.training, kind="labels", pad_id=0, device=CPU,
            folder=tmp_path, key="another", progress_bar=False)  # fmt: skip


@pytest.mark.parametrize("length", [0, 20, -10])
def test_a_checkpoint_that_was_cut_off(tiny_encoder: Path, tmp_path: Path, length: int) -> None:
    own = recipe(tiny_encoder, "labels", tuning="none")
    run(own, made("labels"), tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:length])
    with pytest.raises(TrainingError, match="cannot read the checkpoint"):
        run(own, made("labels"), tmp_path)
    assert run(own, made("labels"), tmp_path, resume=False).progress.step == 5


def test_hidden_tokens_need_a_mask_token(tiny_encoder: Path, tmp_path: Path) -> None:
    own = recipe(tiny_encoder, "labels", "mask_tokens = 0.5", tuning="none")
    with pytest.raises(TrainingError, match=r"mask_tokens = 0.5 .* no mask token; allowed: 0"):
        run(own, made("labels"), tmp_path)


def test_hidden_tokens_are_others_at_each_step(tiny_encoder: Path, tmp_path: Path) -> None:
    """What is hidden depends on the seed and the step only, so that a run can be repeated."""
    own = recipe(tiny_encoder, "labels", "mask_tokens = 0.5\nconsistency = 1.0")
    first, again = (
        run(own, made("labels"), tmp_path / name, mask_id=4).weights for name in ("a", "b")
    )
    other = run(
        recipe(tiny_encoder, "labels", "mask_tokens = 0.5\nconsistency = 1.0\nseed = 1"),
        made("labels"), tmp_path / "c", mask_id=4,
    ).weights  # fmt: skip
    assert all(torch.equal(tensor, again[name]) for name, tensor in first.items())
    assert not all(torch.equal(tensor, other[name]) for name, tensor in first.items())


@settings(max_examples=50)
@given(
    lengths=st.lists(st.integers(2, 12), min_size=1, max_size=5),
    share=st.floats(0, 0.99),
    seed=st.integers(0, 99),
)
def test_padding_and_ends_are_never_hidden(lengths: list[int], share: float, seed: int) -> None:
    windows = [Window(np.full(n, 7, np.int32), np.zeros(n, np.int32), 0, 0, n) for n in lengths]
    batch = collate(windows, 0)
    hidden = hide_tokens(batch, share, 3, np.random.default_rng(seed))
    for row, length in zip(hidden.input_ids.tolist(), lengths, strict=True):
        assert row[0] == row[length - 1] == 7
        assert set(row[:length]) <= {3, 7}
        assert set(row[length:]) <= {0}
    assert torch.equal(hidden.attention_mask, batch.attention_mask)
