"""Logits by ONNX Runtime, on the CPU; neither torch nor transformers is imported."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nlpkit.errors import DeviceError, WeightsError
from nlpkit.padding import BATCH_PADDING, BATCH_TOKENS, in_batches, pad
from nlpkit.runtimes.machine import threads
from nlpkit.runtimes.side_by_side import side_by_side, worthwhile
from nlpkit.windows import Window, budget_batches

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

# From this length on attention without a mask (`nlpkit.runtimes.fused_attention`) saves more than
# a batch of its own costs.
UNPADDED = 192

# A core's own batches are smaller, so that there are more of them to share out evenly.
OWN_BATCH_TOKENS = 512


class OnnxRuntime:
    """Runs an exported model over windows.

    A few batches are computed one after the other, each by all cores; many side by side, each by
    one core.

    Args:
        model: the file that `nlpkit.runtimes.export` wrote.
        pad_id: the token that fills a batch up.
        dtype: what it was exported in; `float32` or `int8`.
        batch_tokens: most tokens in a padded batch; None takes what suits a CPU.

    Raises:
        DeviceError: when onnxruntime is not installed.
        WeightsError: when it cannot read the file.
    """

    name = "onnx"
    device = "cpu"

    def __init__(
        self, model: Path, pad_id: int, *, dtype: str, batch_tokens: int | None = None
    ) -> None:
        self.dtype = dtype
        self.pad_id = pad_id
        self.batch_tokens = batch_tokens or BATCH_TOKENS[self.device]
        self._own_batch_tokens = batch_tokens or OWN_BATCH_TOKENS
        self._model = model
        self._cores = threads()
        self._stamp = _stamp(model)
        self._together = _session(model, self._cores)
        self._alone = self._together if self._cores == 1 else None
        self._opening = Lock()
        self._inputs = [node.name for node in self._together.get_inputs()]

    def __call__(self, windows: Sequence[Window]) -> list[NDArray[np.float32]]:
        """The logits of each window, in the order given; see `nlpkit.runtimes.base.Runtime`."""
        padding = BATCH_PADDING[self.device]
        lengths = [len(window) for window in windows]
        own = budget_batches(lengths, tokens=self._own_batch_tokens, padding=padding, even=UNPADDED)
        if worthwhile(len(own), self._cores) and (session := self._of_one_core()) is not None:
            return side_by_side(windows, own, partial(self._logits, session), cores=self._cores)
        together = partial(self._logits, self._together)
        return in_batches(windows, self.batch_tokens, together, padding=padding, even=UNPADDED)

    def _of_one_core(self) -> InferenceSession | None:
        """The session whose products are computed by the thread that asks for them.

        None where the file was removed, or replaced by that of other weights, since it was read.
        """
        with self._opening:
            if self._alone is None and _stamp(self._model) == self._stamp is not None:
                self._alone = _session(self._model, 1)
            return self._alone

    def _logits(self, session: InferenceSession, windows: Sequence[Window]) -> NDArray[np.float32]:
        arrays = pad(windows, self.pad_id)
        # The exporter leaves out what a model does not read, such as token types.
        (logits,) = session.run(None, {name: arrays[name] for name in self._inputs})
        return np.asarray(logits)


def _stamp(model: Path) -> tuple[int, int, int] | None:
    """What changes when a file is replaced; None where there is none."""
    try:
        found = model.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _session(model: Path, cores: int) -> InferenceSession:
    try:
        import onnxruntime
    except ImportError:
        raise missing() from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = cores
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # errors are raised
    try:
        return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its kinds are not public
        first = (str(error) or type(error).__name__).splitlines()[0]
        raise WeightsError(f"onnxruntime cannot read {model}: {first}") from None


def missing(package: str = "onnxruntime") -> DeviceError:
    """The error where a package that this runtime needs is not installed."""
    return DeviceError(
        f"runtime 'onnx' needs the package {package}: pip install 'nlpkit[onnx]' brings it"
    )
