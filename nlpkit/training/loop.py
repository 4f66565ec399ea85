"""The training loop, the same for all heads.

Everything that is random in a step is a function of the seed and the step's number, so a run
that was killed and resumed gives the same weights as one that was not.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR
from transformers import get_scheduler

from nlpkit.errors import TrainingError
from nlpkit.model import Batch, TaskModel, batch_for
from nlpkit.recipe_sections import TrainingRecipe
from nlpkit.training import checkpoint
from nlpkit.training.average import Average
from nlpkit.training.checkpoint import Progress
from nlpkit.training.features import Features
from nlpkit.training.kept_memory import kept_memory
from nlpkit.training.losses import Soft, disagreement, loss, states_apart, terms
from nlpkit.training.rates import parameter_groups
from nlpkit.training.rationale import rationale_missed
from nlpkit.tuning import State, restore, tuned_state
from nlpkit.windows import Window, budget_batches

# Layers for training only (`TaskModel.beside`): to a teacher's states, and to the rationales.
STATES = "states"
RATIONALE = "rationale"

# Batches are cut from runs of this many, sorted by length, so that little of them is padding.
_SORTED_RUN = 64

# Most tokens in one pass. More fill a GPU better; on a CPU they no longer fit its caches.
_PASS_TOKENS = {"cpu": 3072, "mps": 8192, "cuda": 65536}


@dataclass(frozen=True)
class Fit:
    """What a run gave: the weights to keep, and its log."""

    weights: State
    progress: Progress


def batches(
    lengths: NDArray[np.int64], size: int, *, seed: int, epoch: int
) -> list[NDArray[np.int64]]:
    """The batches of one epoch: all examples once, similar lengths together, in random order.

    >>> sorted(np.concatenate(batches(np.array([3, 1, 2]), 2, seed=0, epoch=0)).tolist())
    [0, 1, 2]
    """
    rng = np.random.default_rng((seed, epoch))
    order = rng.permutation(len(lengths))
    run = size * _SORTED_RUN
    cut: list[NDArray[np.int64]] = []
    for start in range(0, len(order), run):
        part = order[start : start + run]
        part = part[np.argsort(lengths[part], kind="stable")]
        cut += [part[i : i + size] for i in range(0, len(part), size)]
    return [cut[i] for i in rng.permutation(len(cut))]


def precision(name: str, device: torch.device) -> torch.dtype:
    """The number type of the matrix products: `auto` is bfloat16 where it is native."""
    if name == "auto":
        if device.type == "cuda":
            native = torch.cuda.is_bf16_supported(including_emulation=False)
        else:
            # Without these instructions bfloat16 is emulated, at a fraction of float32's speed.
            native = device.type == "cpu" and _cpu_has_bfloat16()
        name = "bfloat16" if native else "float32"
    return torch.bfloat16 if name == "bfloat16" else torch.float32


def _cpu_has_bfloat16() -> bool:
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, check, bool)() for check in checks)


def fit(
    model: TaskModel,
    features: Features,
    recipe: TrainingRecipe,
    *,
    kind: str,
    pad_id: int,
    mask_id: int | None = None,
    soft: Soft | None = None,
    device: torch.device,
    folder: Path,
    key: str,
    evaluate: Callable[[], float] | None = None,
    resume: bool = True,
    progress_bar: bool = True,
) -> Fit:
    """Trains what `tuning.prepare` made trainable.

    Args:
        model: moved to the device and changed in place.
        features: the examples.
        recipe: the schedule.
        kind: the head's, which decides on the loss.
        pad_id: the token that fills a batch up.
        mask_id: the token that hides others, where the recipe wants some hidden.
        soft: how a teacher's outputs count, where targets hold them.
        device: where to train.
        folder: where checkpoints are kept.
        key: fingerprint of recipe and data, so that only the same run is resumed.
        evaluate: the value on the held-out part, higher is better; the best weights are kept.
        resume: whether to go on from a checkpoint in the folder.
        progress_bar: whether to show one, if standard error is a terminal.

    Raises:
        TrainingError: when the checkpoint in the folder is of another run, the loss is no
            longer a number, or the encoder has no mask token and the recipe wants one.
    """
    from tqdm.auto import tqdm

    if recipe.mask_tokens > 0 and mask_id is None:
        raise TrainingError(
            f"training.mask_tokens = {recipe.mask_tokens} does not fit this backbone: its "
            "vocabulary has no mask token; allowed: 0"
        )
    model.to(device)
    optimizer = AdamW(parameter_groups(model, recipe), fused=True)
    per_epoch, total = step_counts(len(features), recipe)
    state, best = Progress(key), None
    found = checkpoint.read(folder, key) if resume else None
    if found is not None:
        state, tensors = found
        restore(model, checkpoint.part(tensors, "weights"))
        checkpoint.restore_optimizer(optimizer, tensors)
        best = checkpoint.part(tensors, "best") or None
    average = Average(model, recipe.average)
    if found is not None:
        average.restore(checkpoint.part(tensors, "average"))
    for group in optimizer.param_groups:
        group["initial_lr"] = group["lr"]
    schedule = _schedule(optimizer, recipe, total, state.step)
    every = recipe.evaluate_every or per_epoch
    began = time.monotonic() - state.seconds
    train = _Step(
        model,
        optimizer,
        features,
        recipe,
        kind=kind,
        pad_id=pad_id,
        mask_id=mask_id,
        soft=soft,
        device=device,
    )
    bar = tqdm(total=total, initial=state.step, unit="step", disable=None if progress_bar else True)
    with bar, kept_memory() if device.type == "cpu" else nullcontext():
        for indices in steps(features.lengths, recipe, done=state.step):
            if state.stopped:
                break
            value = train(indices, state.step)
            if not math.isfinite(value):
                raise TrainingError(
                    f"training has diverged: the loss of step {state.step + 1} is {value}; try a "
                    "smaller training.learning_rate"
                )
            schedule.step()
            state.step += 1
            average.update(state.step)
            state.loss = value if state.loss is None else 0.98 * state.loss + 0.02 * value
            state.seconds = time.monotonic() - began
            bar.update()
            bar.set_postfix(loss=f"{state.loss:.4f}", refresh=False)
            if state.step % 50 == 0:
                state.history.append({"step": state.step, "loss": round(state.loss, 5)})
            if evaluate is not None and (state.step % every == 0 or state.step == total):
                with average.applied():
                    best = _evaluated(model, state, evaluate, recipe.patience, best)
            if state.step % recipe.checkpoint_every == 0 or state.step == total:
                weights = tuned_state(model)
                checkpoint.save(folder, state, weights, optimizer, best, average.state)
    with average.applied():
        return Fit(best or _copy(model), state)


def _copy(model: TaskModel) -> State:
    return {name: tensor.clone() for name, tensor in tuned_state(model).items()}


def _evaluated(
    model: TaskModel,
    state: Progress,
    evaluate: Callable[[], float],
    patience: int,
    best: State | None,
) -> State | None:
    value = evaluate()
    state.history.append({"step": state.step, "value": value})
    if state.best is None or value > state.best:
        state.best, state.best_step, state.waited = value, state.step, 0
        return _copy(model)
    state.waited += 1
    state.stopped = 0 < patience <= state.waited
    return best


class _Beside(NamedTuple):
    """What examples are to teach beside their targets: a teacher's states, rationales."""

    states: list[NDArray[np.float16]]
    rationale: list[NDArray[np.int8]]


class _Step:
    """One optimizer step: passes of at most `batch_tokens`, their gradients added up."""

    def __init__(
        self,
        model: TaskModel,
        optimizer: AdamW,
        features: Features,
        recipe: TrainingRecipe,
        *,
        kind: str,
        pad_id: int,
        mask_id: int | None,
        soft: Soft | None,
        device: torch.device,
    ) -> None:
        self.model, self.optimizer, self.features = model, optimizer, features
        self.recipe, self.kind, self.device = recipe, kind, device
        self.pad_id, self.mask_id, self.soft = pad_id, mask_id, soft
        self.dtype = precision(recipe.precision, device)
        self.tokens = recipe.batch_tokens or _PASS_TOKENS.get(device.type, 3072)
        self.trained = [p for p in model.parameters() if p.requires_grad]
        for module in model.encoder.modules():
            if isinstance(module, nn.Dropout):
                module.p = recipe.dropout
            # Attention keeps its own probability, as a number and not as a module.
            if isinstance(getattr(module, "attention_dropout", None), float):
                setattr(module, "attention_dropout", recipe.dropout)  # noqa: B010  # no tensor

    def __call__(self, indices: NDArray[np.int64], step: int) -> float:
        torch.manual_seed(self.recipe.seed * 1_000_003 + step)
        rng = np.random.default_rng((self.recipe.seed, step, 1))
        self.model.train()
        targets = [self.features.target(i) for i in indices]
        count = terms(self.kind, targets, taught=self.soft is not None)
        lengths = [int(n) for n in self.features.lengths[indices]]
        total = 0.0
        for part in budget_batches(lengths, tokens=self.tokens):
            windows = [self.features.window(indices[i]) for i in part]
            beside = _Beside(
                [self.features.teacher_states(indices[i]) for i in part],
                [self.features.rationale(indices[i]) for i in part],
            )
            value = self._loss(windows, [targets[i] for i in part], beside, rng) / count
            value.backward()
            total += value.item()
        nn.utils.clip_grad_norm_(self.trained, self.recipe.max_grad_norm)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return total

    def _loss(
        self,
        windows: list[Window],
        targets: list[NDArray[np.float32]],
        beside: _Beside,
        rng: np.random.Generator,
    ) -> Tensor:
        batch = batch_for(self.model, windows, self.pad_id, self.device, self.dtype)
        logits, value = self._pass(batch, targets, beside, rng)
        if self.recipe.consistency == 0:
            return value
        again, other = self._pass(batch, targets, beside, rng)
        value = (value + other) / 2
        return value + self.recipe.consistency * disagreement(self.kind, logits, again, batch)

    def _pass(
        self,
        batch: Batch,
        targets: list[NDArray[np.float32]],
        beside: _Beside,
        rng: np.random.Generator,
    ) -> tuple[Tensor, Tensor]:
        """The logits, and the loss of this one pass."""
        if self.recipe.mask_tokens > 0:
            assert self.mask_id is not None, "fit() has checked it"
            batch = hide_tokens(batch, self.recipe.mask_tokens, self.mask_id, rng)
        reduced = self.dtype != torch.float32
        with torch.autocast(self.device.type, self.dtype) if reduced else nullcontext():
            there = batch.to(self.device)
            hidden = self.model.states(there)
            logits = self.model.read(hidden, there)
            found = {name: layer(hidden) for name, layer in self.model.beside.items()}
        value = loss(self.kind, logits, batch, targets, self.soft)
        if STATES in found and self.soft is not None:
            value = value + self.soft.states * states_apart(found[STATES], beside.states)
        if RATIONALE in found:
            missed = rationale_missed(found[RATIONALE].squeeze(-1), beside.rationale)
            value = value + self.recipe.rationale * missed
        return logits, value


def hide_tokens(batch: Batch, share: float, mask_id: int, rng: np.random.Generator) -> Batch:
    """The batch with a share of its tokens replaced by the mask token.

    The first token of a window, which stands for all of it, and the last one stay.

    >>> ones = torch.ones(1, 6, dtype=torch.long)
    >>> hidden = hide_tokens(Batch(ones * 7, ones, ones), 0.99, 103, np.random.default_rng(0))
    >>> hidden.input_ids.tolist()
    [[7, 103, 103, 103, 103, 7]]
    """
    chosen = torch.from_numpy(rng.random(tuple(batch.input_ids.shape)) < share)
    place = torch.arange(batch.input_ids.shape[1])
    ends = batch.attention_mask.sum(1, keepdim=True) - 1
    chosen &= (place > 0) & (place < ends)
    return replace(batch, input_ids=batch.input_ids.masked_fill(chosen, mask_id))


def step_counts(examples: int, recipe: TrainingRecipe) -> tuple[int, int]:
    """How many steps an epoch has, and the whole run."""
    per_epoch = -(-examples // recipe.batch_size)
    return per_epoch, max(1, round(recipe.epochs * per_epoch))


def steps(
    lengths: NDArray[np.int64], recipe: TrainingRecipe, *, done: int = 0
) -> Iterator[NDArray[np.int64]]:
    """The examples of each step of a run, from the step with the number `done` on."""
    per_epoch, total = step_counts(len(lengths), recipe)
    skipped = round(recipe.skip * per_epoch)
    for epoch in range(skipped // per_epoch, -(-(skipped + total) // per_epoch)):
        cut = batches(lengths, recipe.batch_size, seed=recipe.seed, epoch=epoch)
        first = epoch * per_epoch
        yield from cut[max(0, skipped + done - first) : skipped + total - first]


def _schedule(optimizer: AdamW, recipe: TrainingRecipe, total: int, done: int) -> LambdaLR:
    name = "constant_with_warmup" if recipe.schedule == "constant" else recipe.schedule
    schedule: LambdaLR = get_scheduler(
        name, optimizer, num_warmup_steps=round(recipe.warmup * total), num_training_steps=total
    )
    if done:  # stepping there would warn that no optimizer step came before
        schedule = LambdaLR(optimizer, schedule.lr_lambdas, last_epoch=done - 1)
    return schedule
