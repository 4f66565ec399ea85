"""What every runtime is to a pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nlpkit.windows import Window


class Runtime(Protocol):
    """Windows to logits."""

    @property
    def name(self) -> str:
        """`torch` or `onnx`."""
        ...

    @property
    def device(self) -> str:
        """Where it computes: `cpu`, `cuda`, `cuda:1`, `mps`."""
        ...

    @property
    def dtype(self) -> str:
        """In what: `float32`, `bfloat16`, `float16`, `int8`."""
        ...

    @property
    def batch_tokens(self) -> int:
        """Most tokens in a padded batch."""
        ...

    def __call__(self, windows: Sequence[Window]) -> list[NDArray[np.float32]]:
        """The logits of each window, in the order given.

        `(labels,)` of a classifier, `(tokens, 2)` of a span head, `(sentences,)` of a sentence
        head. The same window gives the same logits in any company, to rounding.
        """
        ...
