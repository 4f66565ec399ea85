"""Logits by PyTorch, on the CPU, CUDA or MPS."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray

from nlpkit.errors import DeviceError
from nlpkit.model import Batch, TaskModel, batch_for
from nlpkit.padding import BATCH_PADDING, BATCH_TOKENS, in_batches
from nlpkit.runtimes.packed import pack
from nlpkit.runtimes.side_by_side import side_by_side, worthwhile
from nlpkit.unpadded import Kernel, agrees, flash
from nlpkit.windows import Window, budget_batches

DTYPES = {
    "auto": torch.float32,
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}

# A core's own batches are smaller, so that there are more of them to share out evenly.
OWN_BATCH_TOKENS = 1024

# How the allocators of CUDA, MPS and the CPU say that there is no more.
_NO_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")

logger = logging.getLogger(__name__)


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

    Where the memory does not hold a batch, it is computed in halves, with the same logits; later
    batches are then smaller.

    Args:
        model: encoder, pooling and head.
        pad_id: the token that fills a batch up.
        device: `auto`, `cpu`, `cuda`, `cuda:1`, `mps`.
        dtype: `auto` (float32), `float32`, `bfloat16`, `float16`.
        batch_tokens: most tokens in a padded batch; None takes what suits the device.
        kernel: with what padding is left out of the computation (`nlpkit.unpadded`); None takes
            FlashAttention on CUDA in half precision, and computes it along elsewhere.

    Raises:
        DeviceError: when the device or the dtype is unknown or not there.
    """

    name = "torch"

    def __init__(
        self,
        model: TaskModel,
        pad_id: int,
        *,
        device: str = "auto",
        dtype: str = "auto",
        batch_tokens: int | None = None,
        kernel: Kernel | None = None,
    ) -> None:
        if dtype not in DTYPES:
            raise DeviceError(f"no dtype {dtype!r} on torch; allowed: {', '.join(DTYPES)}")
        self._device = resolve_device(device)
        self._dtype = DTYPES[dtype]
        self.pad_id = pad_id
        self.batch_tokens = batch_tokens or BATCH_TOKENS[self._device.type]
        self._own_batch_tokens = batch_tokens or OWN_BATCH_TOKENS
        self.model = model.eval().to(self._device)
        self._autocast = self._dtype != torch.float32
        half = self._device.type == "cuda" and self._autocast
        self._untried = kernel or (flash if half else None)

    @property
    def device(self) -> str:
        """Where it computes."""
        return str(self._device)

    @property
    def dtype(self) -> str:
        """In what it computes the products."""
        return str(self._dtype).removeprefix("torch.")

    def narrow(self) -> None:
        """Keeps the encoder in bfloat16 on a CPU, for a model that is not trained any more.

        Otherwise each batch turns all of the weights, and what norms give, from float32 to
        bfloat16 anew. The head stays in float32.
        """
        if self._device.type == "cpu" and self._dtype == torch.bfloat16:
            self.model.encoder.narrow(self._dtype)
            pack(self.model.encoder)
            self._autocast = False

    def __call__(self, windows: Sequence[Window]) -> list[NDArray[np.float32]]:
        """The logits of each window, in the order given; see `nlpkit.runtimes.base.Runtime`.

        Raises:
            DeviceError: when the memory does not even hold a single window.
        """
        padding = BATCH_PADDING[self._device.type]
        if self._device.type == "cpu":
            lengths = [len(window) for window in windows]
            tokens = min(self.batch_tokens, self._own_batch_tokens)
            own = budget_batches(lengths, tokens=tokens, padding=padding)
            cores = torch.get_num_threads()
            if worthwhile(len(own), cores):
                with _threads_kept(cores):
                    return side_by_side(windows, own, self._logits, cores=cores, begin=_one_thread)
        return in_batches(windows, self.batch_tokens, self._logits, padding=padding)

    def _logits(self, windows: Sequence[Window]) -> NDArray[np.float32]:
        try:
            return self._forward(windows)
        except RuntimeError as error:
            if not any(sign in str(error) for sign in _NO_MEMORY):
                raise
        # Out of the handler, so that the error no longer holds the failed batch's tensors.
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        longest = max(len(window) for window in windows)
        if len(windows) == 1:
            raise DeviceError(
                f"not enough memory on {self.device} for a single window of {longest} tokens"
            )
        half = len(windows) // 2
        self.batch_tokens = min(self.batch_tokens, max(1, longest * half))
        logger.info(
            "not enough memory on %s for %d windows of %d tokens; batch_tokens is now %d",
            self.device, len(windows), longest, self.batch_tokens,
        )  # fmt: skip
        halves = [self._logits(windows[:half]), self._logits(windows[half:])]
        return _stacked(halves)

    def _forward(self, windows: Sequence[Window]) -> NDArray[np.float32]:
        batch = self.batch(windows)
        with self.computing():
            # A single window has no neighbour whose tokens it could see by mistake.
            if self._untried is not None and len(windows) > 1:
                self._try(self._untried, batch)
            logits: NDArray[np.float32] = self.model(batch).float().cpu().numpy()
        return logits

    def batch(self, windows: Sequence[Window]) -> Batch:
        """Windows as the model reads them, where it computes."""
        batch = batch_for(self.model, windows, self.pad_id, self._device, self._dtype)
        return batch.to(self._device)

    @contextmanager
    def computing(self) -> Iterator[None]:
        """Within it the model computes in the runtime's number type, without gradients."""
        autocast = torch.autocast(self._device.type, self._dtype, enabled=self._autocast)
        with torch.inference_mode(), autocast:
            yield

    def _try(self, kernel: Kernel, batch: Batch) -> None:
        """Leaves padding out from now on, if a first batch says that this changes nothing."""
        encoder = self.model.encoder
        ids, mask, types = batch.input_ids, batch.attention_mask, batch.token_type_ids
        real = mask > 0
        if agrees(
            lambda: encoder(ids, mask, types)[real],
            lambda: encoder.unpadded(ids, mask, types, kernel)[real],
        ):
            encoder.kernel = kernel
            logger.info("padding is not computed on %s", self.device)
        self._untried = None


@contextmanager
def _threads_kept(number: int) -> Iterator[None]:
    """What threads begin with so many threads for a product afterwards, whatever was set inside."""
    try:
        yield
    finally:
        torch.set_num_threads(number)


def _one_thread() -> None:
    """The products of this thread are computed by itself."""
    torch.set_num_threads(1)


def _stacked(parts: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Batches one under the other, each filled up to the widest."""
    width = max(part.shape[1] for part in parts)
    return np.concatenate(
        [np.pad(p, [(0, 0), (0, width - p.shape[1])] + [(0, 0)] * (p.ndim - 2)) for p in parts]
    )
