"""Padding that is left out of the computation changes no number, or is computed along."""

from __future__ import annotations

import itertools
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from nlpkit.errors import DeviceError
from nlpkit.runtimes.torch import TorchRuntime
from nlpkit.tasks.loading import load
from nlpkit.unpadded import Segments, flash, pack
from tests.runtimes.test_onnx import window


def by_windows(query: Tensor, key: Tensor, value: Tensor, segments: Segments) -> Tensor:
    """Attention of one window after the other, by PyTorch's own: a kernel for every machine."""
    bounds = segments.starts.tolist()
    states = []
    for start, stop in itertools.pairwise(bounds):
        own = [tensor[start:stop].transpose(0, 1) for tensor in (query, key, value)]
        states.append(functional.scaled_dot_product_attention(*own).transpose(0, 1))
    return torch.cat(states)


def across(query: Tensor, key: Tensor, value: Tensor, segments: Segments) -> Tensor:
    """Wrong: every window sees all others."""
    rows = [tensor.transpose(0, 1) for tensor in (query, key, value)]
    return functional.scaled_dot_product_attention(*rows).transpose(0, 1)


def not_a_number(query: Tensor, key: Tensor, value: Tensor, segments: Segments) -> Tensor:
    return value * torch.nan


def limited(model: Any, room: int) -> Any:
    """The encoder's `forward` on a device with room for so many tokens."""
    whole = type(model).forward

    def forward(**inputs: Any) -> Any:
        if inputs["input_ids"].numel() > room:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return whole(model, **inputs)

    return forward


def windows(kind: str) -> list[Any]:
    lengths = [50, 48, 47, 30, 29, 28, 12, 11, 5]
    return [window([5 + (n * i) % 90 for i in range(n)], kind) for n in lengths]


def runtimes(folder: Path, kernel: Any, kind: str) -> tuple[Any, Any, list[Any]]:
    """One runtime that computes padding along, one that is offered a kernel, and windows."""
    made: list[Any] = []
    for _ in range(2):
        runtime: Any = load(folder, device="cpu", runtime="torch").runtime
        torch.manual_seed(0)
        for key, parameter in list(runtime.model.encoder.model.named_parameters()):
            if parameter.ndim > 1:  # far from zero, so that a token that should not be seen shows
                path, _, name = key.rpartition(".")
                own = torch.nn.Parameter(torch.randn_like(parameter) * 0.3, requires_grad=False)
                setattr(runtime.model.encoder.model.get_submodule(path), name, own)
        made.append(runtime)
    plain, other = made
    offered = TorchRuntime(other.model, other.pad_id, device="cpu", kernel=kernel)
    return plain, offered, windows(kind)


@pytest.mark.parametrize("name", ["summarization", "question_answering", "classification"])
def test_the_same_numbers_without_padding(tiny_pipelines: dict[str, Path], name: str) -> None:
    kind = load(tiny_pipelines[name], device="cpu").recipe.head.kind
    plain, offered, batch = runtimes(tiny_pipelines[name], by_windows, kind)
    expected, found = plain(batch), offered(batch)
    assert offered.model.encoder.kernel is by_windows
    for one, two in zip(expected, found, strict=True):
        assert one.shape == two.shape
        np.testing.assert_allclose(one, two, atol=1e-5)


@pytest.mark.parametrize(
    ("kernel", "said"),
    [
        (across, "states differ by"),
        (not_a_number, "states differ by nan"),
        (flash, "padding is computed along"),  # no FlashAttention on a CPU
    ],
)
def test_a_kernel_that_is_wrong_is_not_used(
    tiny_pipelines: dict[str, Path], kernel: Any, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    plain, offered, batch = runtimes(tiny_pipelines["classification"], kernel, "labels")
    with caplog.at_level(logging.INFO, "nlpkit"):
        found = offered(batch)
    assert said in caplog.text
    assert offered.model.encoder.kernel is None
    for one, two in zip(plain(batch), found, strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_single_window_says_nothing_of_a_kernel(tiny_pipelines: dict[str, Path]) -> None:
    plain, offered, batch = runtimes(tiny_pipelines["classification"], across, "labels")
    np.testing.assert_array_equal(offered(batch[:1])[0], plain(batch[:1])[0])
    assert offered.model.encoder.kernel is None
    for one, two in zip(plain(batch), offered(batch), strict=True):
        np.testing.assert_array_equal(one, two)


def test_too_little_memory_is_not_taken_for_a_wrong_kernel(
    tiny_pipelines: dict[str, Path],
) -> None:
    plain, offered, batch = runtimes(tiny_pipelines["classification"], by_windows, "labels")
    offered.model.encoder.model.forward = limited(offered.model.encoder.model, 120)
    for one, two in zip(plain(batch), offered(batch), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-5)
    assert offered.model.encoder.kernel is by_windows
    offered.model.encoder.model.forward = limited(offered.model.encoder.model, 3)
    with pytest.raises(DeviceError, match="for a single window of"):
        offered(batch)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_places_and_positions_of_real_tokens(lengths: list[int]) -> None:
    mask = (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]).long()
    places, positions, segments = pack(mask, by_windows)
    assert positions.tolist() == [i for n in lengths for i in range(n)]
    assert mask.flatten()[places].tolist() == [1] * sum(lengths)
    assert places.tolist() == sorted(set(places.tolist()))
    assert segments.starts.tolist() == [sum(lengths[:i]) for i in range(len(lengths) + 1)]
    assert segments.starts.dtype == torch.int32
    assert segments.longest == max(lengths)


def test_a_scale_of_its_own() -> None:
    torch.manual_seed(0)
    query, key, value = torch.randn(3, 1, 2, 7, 4)
    segments = Segments(torch.tensor([0, 3, 7], dtype=torch.int32), 4, by_windows)
    states = segments.attend(query, key, value, 0.3)
    for part in (slice(0, 3), slice(3, 7)):
        own = [tensor[:, :, part] for tensor in (query, key, value)]
        expected = functional.scaled_dot_product_attention(*own, scale=0.3).transpose(1, 2)
        torch.testing.assert_close(states[:, part], expected)
