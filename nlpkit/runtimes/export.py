"""A model as an ONNX file: encoder with what was tuned merged in, pooling and head.

The file is checked before it is used: exporting records what the model did with one example, and
an architecture that decides by the length of its input would be recorded wrongly.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nlpkit.errors import DeviceError
from nlpkit.model import Batch, TaskModel, collate
from nlpkit.runtimes import fused_attention
from nlpkit.runtimes.onnx import OnnxRuntime
from nlpkit.runtimes.torch import TorchRuntime
from nlpkit.windows import Window

OPSET = 17

# Most that a logit of the export may differ from torch's, as a share of the largest one (or of 1).
TOLERANCE = 1e-4

logger = logging.getLogger(__name__)

_REFUSED = "the ONNX export of this encoder {}; use runtime='torch'"


def export(model: TaskModel, path: Path, *, pad_id: int, longest: int, fused: bool = False) -> None:
    """Writes a model on the CPU as an ONNX file in float32, for any batch and length.

    Inputs are those of `nlpkit.padding.pad` that the model reads, the output is `logits`.

    Args:
        model: encoder, pooling and head.
        path: the file.
        pad_id: the token that fills a batch up.
        longest: the longest window that it will read, in tokens.
        fused: attention by ONNX Runtime's operator where no token is hidden, if the architecture
            allows for it: faster for long windows, a little slower for short ones.

    Raises:
        DeviceError: when torch cannot export it, or the export's logits are others.
    """
    if fused:
        try:
            _record(model, path, pad_id, fused_attention.NAME)
            fused_attention.branch(path)
            _check(model, path, pad_id=pad_id, longest=longest)
        except DeviceError as error:
            logger.info("attention is written out: %s", error)
        else:
            return
    _record(model, path, pad_id, "eager")
    _check(model, path, pad_id=pad_id, longest=longest)


def _record(model: TaskModel, path: Path, pad_id: int, attention: str) -> None:
    """Records what a model does with one example, attending in the way of that name.

    Raises:
        DeviceError: when torch cannot export it.
    """
    example = collate(_examples(model, [12, 7], pad_id), pad_id)
    names = ["input_ids", "attention_mask", "token_type_ids"]
    axes: dict[str, dict[int, str]] = {name: {0: "batch", 1: "tokens"} for name in names}
    axes["logits"] = {0: "batch"}
    if model.pooling == "sentences":
        names += ["segments", "places"]
        axes["segments"] = {0: "batch", 1: "tokens"}
        axes["places"] = axes["logits"] = {0: "batch", 1: "sentences"}
    elif model.pooling == "tokens":
        axes["logits"] = {0: "batch", 1: "tokens"}
    # The exporter warns of a domain that the model turns out not to need.
    own = {fused_attention.DOMAIN: 1} if attention == fused_attention.NAME else None
    try:
        with _quiet(), _attention(model, attention):
            torch.onnx.export(
                _Flat(model).eval(),
                tuple(getattr(example, name) for name in names),
                str(path),
                input_names=names,
                output_names=["logits"],
                dynamic_axes=axes,
                opset_version=OPSET,
                custom_opsets=own,
                dynamo=False,
            )
    except OSError:
        raise
    except Exception as error:  # the exporter raises errors of many kinds
        first = (str(error) or type(error).__name__).splitlines()[0]
        raise DeviceError(_REFUSED.format(f"is not possible ({first})")) from error


class _Flat(nn.Module):
    """A model that takes tensors one by one, as the exporter wants them."""

    def __init__(self, model: TaskModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, *tensors: Tensor) -> Tensor:
        logits: Tensor = self.model(Batch(*tensors))
        return logits


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what the exporter says of itself and of code that is not nlpkit's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _attention(model: TaskModel, name: str) -> Iterator[None]:
    """Lets the encoder attend in that way, if its architecture leaves the choice."""
    config: Any = model.encoder.model.config
    before = getattr(config, "_attn_implementation", None)
    free = before not in (None, "eager")
    if free:
        config._attn_implementation = name
    try:
        yield
    finally:
        if free:
            config._attn_implementation = before


def _check(model: TaskModel, path: Path, *, pad_id: int, longest: int) -> None:
    """Compares the file's logits with the model's own, for short, long and padded windows.

    Raises:
        DeviceError: when they differ.
    """
    exact = TorchRuntime(model, pad_id, device="cpu")
    exported = OnnxRuntime(path, pad_id, dtype="float32")
    for lengths in ([5], [longest], [longest, longest // 2 + 1, 6]):
        windows = _examples(model, lengths, pad_id)
        try:
            found = exported(windows)
        except Exception as error:  # onnxruntime's kinds are not public
            raise DeviceError(_REFUSED.format(f"does not run on {lengths} tokens")) from error
        for one, other in zip(exact(windows), found, strict=True):
            scale = max(1.0, float(np.abs(one).max()))
            difference = float(np.abs(one - other).max()) if one.shape == other.shape else np.inf
            if not difference <= TOLERANCE * scale:
                raise DeviceError(_REFUSED.format(f"gives other numbers (by {difference:.2g})"))


def _examples(model: TaskModel, lengths: Sequence[int], pad_id: int) -> list[Window]:
    """Windows of these lengths with random tokens, none of which is the padding's.

    Those of a sentence head hold three sentences.
    """
    random = np.random.default_rng(0)
    encoder: Any = model.encoder.model
    size = encoder.get_input_embeddings().num_embeddings
    words = np.delete(np.arange(size), pad_id) if pad_id < size else np.arange(size)
    windows = []
    for length in lengths:
        ids = random.choice(words, length).astype(np.int32)
        types = (np.arange(length) > length // 2).astype(np.int32)
        segments = places = None
        if model.pooling == "sentences":
            segments = np.arange(length) * 3 // length
            segments[[0, -1]] = -1
            places = np.arange(3) + length
        windows.append(Window(ids, types, 1, 0, length - 2, segments, places))
    return windows
