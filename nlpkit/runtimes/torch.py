"""Logits by PyTorch, on the CPU, CUDA or MPS."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from nlpkit.errors import DeviceError
from nlpkit.model import TaskModel, collate
from nlpkit.windows import Window, budget_batches

DTYPES = {
    "auto": torch.float32,
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}

# Padding costs a CPU more than batching gains, so its batches are small; a GPU wants large ones.
BATCH_TOKENS = {"cpu": 1536, "mps": 8192, "cuda": 65536}


def resolve_device(name: str) -> torch.device:
    """The device of that name; `auto` is the best there is.

    Raises:
        DeviceError: when there is no such device on this machine.
    """
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.mps.is_available()}
    if name == "auto":
        return torch.device(next((k for k in ("cuda", "mps") if there[k]), "cpu"))
    allowed = ", ".join(["auto", *(kind for kind, here in there.items() if here)])
    try:
        device = torch.device(name)
    except (RuntimeError, TypeError):
        raise DeviceError(f"unknown device {name!r}; allowed here: {allowed}") from None
    if not there.get(device.type, False):
        raise DeviceError(f"no device {name!r} on this machine; allowed here: {allowed}")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise DeviceError(
            f"no device {name!r} on this machine: it has {torch.cuda.device_count()} CUDA devices"
        )
    return device


class TorchRuntime:
    """Runs a model over windows.

    Args:
        model: encoder, pooling and head.
        pad_id: the token that fills a batch up.
        device: `auto`, `cpu`, `cuda`, `cuda:1`, `mps`.
        dtype: `auto` (float32), `float32`, `bfloat16`, `float16`.
        batch_tokens: most tokens in a padded batch; None takes what suits the device.

    Raises:
        DeviceError: when the device or the dtype is unknown or not there.
    """

    def __init__(
        self,
        model: TaskModel,
        pad_id: int,
        *,
        device: str = "auto",
        dtype: str = "auto",
        batch_tokens: int | None = None,
    ) -> None:
        if dtype not in DTYPES:
            raise DeviceError(f"unknown dtype {dtype!r}; allowed: {', '.join(DTYPES)}")
        self.device = resolve_device(device)
        self.dtype = DTYPES[dtype]
        self.pad_id = pad_id
        self.batch_tokens = batch_tokens or BATCH_TOKENS.get(self.device.type, 1536)
        self.model = model.eval().to(self.device)

    def __call__(self, windows: Sequence[Window]) -> list[NDArray[np.float32]]:
        """The logits of each window, in the order given.

        `(labels,)` of a classifier, `(tokens, 2)` of a span head, `(sentences,)` of a sentence
        head. The same window gives the same logits in any company, to rounding.
        """
        logits: list[NDArray[np.float32]] = [np.empty(0, np.float32)] * len(windows)
        reduced = self.dtype != torch.float32
        for indices in budget_batches([len(w) for w in windows], tokens=self.batch_tokens):
            batch = collate([windows[i] for i in indices], self.pad_id).to(self.device)
            with (
                torch.inference_mode(),
                torch.autocast(self.device.type, self.dtype, enabled=reduced),
            ):
                rows = self.model(batch).float().cpu().numpy()
            for index, row in zip(indices, rows, strict=True):
                window = windows[index]
                if row.ndim == 2:
                    row = row[: len(window)]
                elif window.places is not None:
                    row = row[: len(window.places)]
                logits[index] = row
        return logits
