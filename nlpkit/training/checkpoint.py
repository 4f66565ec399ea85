"""Checkpoints: one safetensors file that holds all that a run needs to go on.

Tensors are the tuned weights, the optimizer's moments and the best weights so far; the counters
are JSON in the file's header. The file is replaced in one step, so a run killed while writing
leaves the one before.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from nlpkit.errors import TrainingError
from nlpkit.tuning import State

FILE_NAME = "checkpoint.safetensors"


@dataclass
class Progress:
    """The counters of a run.

    Attributes:
        key: fingerprint of recipe and features; a checkpoint of another run is not taken up.
        step: optimizer steps done.
        loss: smoothed training loss.
        best: best value on the held-out part so far, and the step it was reached at.
        waited: evaluations since then.
        stopped: whether early stopping has ended the run.
        seconds: time spent in training so far.
        history: what was logged: dicts with `step` and `loss` or `value`.
    """

    key: str
    step: int = 0
    loss: float | None = None
    best: float | None = None
    best_step: int = 0
    waited: int = 0
    stopped: bool = False
    seconds: float = 0.0
    history: list[dict[str, Any]] = field(default_factory=list)


def save(
    folder: Path,
    progress: Progress,
    weights: State,
    optimizer: Optimizer,
    best: State | None,
    average: State | None = None,
) -> None:
    """Writes a checkpoint, replacing the last one in one step."""
    from safetensors.torch import save_file

    tensors = {f"weights.{name}": tensor for name, tensor in weights.items()}
    tensors |= {f"best.{name}": tensor for name, tensor in (best or {}).items()}
    tensors |= {f"average.{name}": tensor for name, tensor in (average or {}).items()}
    for index, parameter in enumerate(_parameters(optimizer)):
        for name, value in optimizer.state.get(parameter, {}).items():
            tensors[f"optimizer.{index}.{name}"] = torch.as_tensor(value).detach().cpu()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE_NAME
    partial = path.with_suffix(".partial")
    # Weights that are their own best share memory, which the format does not allow.
    copies = {name: tensor.contiguous().clone() for name, tensor in tensors.items()}
    save_file(copies, partial, metadata={"progress": json.dumps(asdict(progress))})
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.replace(path)


def read(folder: Path, key: str) -> tuple[Progress, dict[str, Tensor]] | None:
    """The last checkpoint of the run with that key; None where there is none.

    Raises:
        TrainingError: when the checkpoint cannot be read, or is of another run.
    """
    from safetensors import SafetensorError, safe_open

    path = folder / FILE_NAME
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            progress = Progress(**json.loads(file.metadata()["progress"]))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise TrainingError(f"cannot read the checkpoint {path}: {error}") from None
    if progress.key != key:
        raise TrainingError(
            f"the checkpoint {path} is of a run with another recipe or other data; "
            "remove it or train without resuming"
        )
    return progress, tensors


def part(tensors: dict[str, Tensor], name: str) -> State:
    """The tensors under one of a checkpoint's names: `weights`, `best` or `average`."""
    prefix = f"{name}."
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def restore_optimizer(optimizer: Optimizer, tensors: dict[str, Tensor]) -> None:
    """Puts the moments back."""
    states: dict[int, dict[str, Tensor]] = {}
    for name, tensor in part(tensors, "optimizer").items():
        number, _, key = name.partition(".")
        states.setdefault(int(number), {})[key] = tensor
    for index, parameter in enumerate(_parameters(optimizer)):
        if index in states:
            optimizer.state[parameter] = {
                key: tensor if key == "step" else tensor.to(parameter.device)
                for key, tensor in states[index].items()
            }


def _parameters(optimizer: Optimizer) -> list[Tensor]:
    return [p for group in optimizer.param_groups for p in group["params"]]
