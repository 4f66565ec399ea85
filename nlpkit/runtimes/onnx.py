"""Logits by ONNX Runtime, on the CPU; neither torch nor transformers is imported."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlpkit.errors import DeviceError, WeightsError
from nlpkit.padding import BATCH_PADDING, BATCH_TOKENS, in_batches, pad
from nlpkit.runtimes.machine import threads
from nlpkit.windows import Window

# From this length on attention without a mask (`nlpkit.runtimes.fused_attention`) saves more than
# a batch of its own costs.
UNPADDED = 192


class OnnxRuntime:
    """Runs an exported model over windows.

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
        try:
            import onnxruntime
        except ImportError:
            raise missing() from None
        self.dtype = dtype
        self.pad_id = pad_id
        self.batch_tokens = batch_tokens or BATCH_TOKENS[self.device]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads()
        options.inter_op_num_threads = 1
        options.log_severity_level = 4  # errors are raised
        try:
            self._session = onnxruntime.InferenceSession(
                str(model), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its kinds are not public
            first = (str(error) or type(error).__name__).splitlines()[0]
            raise WeightsError(f"onnxruntime cannot read {model}: {first}") from None
        self._inputs = [node.name for node in self._session.get_inputs()]

    def __call__(self, windows: Sequence[Window]) -> list[NDArray[np.float32]]:
        """The logits of each window, in the order given; see `nlpkit.runtimes.base.Runtime`."""
        return in_batches(
            windows,
            self.batch_tokens,
            self._logits,
            padding=BATCH_PADDING[self.device],
            even=UNPADDED,
        )

    def _logits(self, windows: Sequence[Window]) -> NDArray[np.float32]:
        arrays = pad(windows, self.pad_id)
        # The exporter leaves out what a model does not read, such as token types.
        (logits,) = self._session.run(None, {name: arrays[name] for name in self._inputs})
        return np.asarray(logits)


def missing(package: str = "onnxruntime") -> DeviceError:
    """The error where a package that this runtime needs is not installed."""
    return DeviceError(
        f"runtime 'onnx' needs the package {package}: pip install 'nlpkit[onnx]' brings it"
    )
