"""Batches that the memory does not hold are halved, and the numbers stay."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nlpkit.errors import DeviceError
from nlpkit.tasks.loading import load
from nlpkit.windows import Window
from tests.runtimes.test_onnx import window


class Small(torch.nn.Module):
    """A device with room for so many tokens."""

    def __init__(self, model: Any, room: int, message: str) -> None:
        super().__init__()
        self.model, self.room, self.message = model, room, message

    def forward(self, batch: Any) -> Any:
        if batch.input_ids.numel() > self.room:
            raise torch.OutOfMemoryError(self.message)
        return self.model(batch)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("name", ["summarization", "question_answering", "classification"])
def test_many_batches_are_computed_side_by_side(
    tiny_pipelines: dict[str, Path], name: str, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nlpkit.runtimes.torch.OWN_BATCH_TOKENS", 64)
    pipeline = load(tiny_pipelines[name], device="cpu", dtype=dtype, runtime="torch")
    before = torch.get_num_threads()
    threads = set()
    forward = pipeline.runtime._forward  # type: ignore[attr-defined]

    def noted(windows: list[Window]) -> Any:
        threads.add((threading.get_ident(), torch.get_num_threads()))
        return forward(windows)

    monkeypatch.setattr(pipeline.runtime, "_forward", noted)
    windows = runs(pipeline.recipe.head.kind) * 4
    torch.set_num_threads(2)
    try:
        found = pipeline.runtime(windows)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert threading.get_ident() not in {thread for thread, _ in threads}
    assert {number for _, number in threads} == {1}
    for one, own in zip(found, windows, strict=True):
        (alone,) = pipeline.runtime([own])
        assert one.shape == alone.shape
        np.testing.assert_allclose(one, alone, atol=1e-5 if dtype == "float32" else 0.05)


def test_an_error_of_one_batch_is_raised(
    tiny_pipelines: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nlpkit.runtimes.torch.OWN_BATCH_TOKENS", 64)
    pipeline = load(tiny_pipelines["classification"], device="cpu", runtime="torch")

    def failing(windows: list[Window]) -> Any:
        raise ValueError(f"{len(windows)} windows")

    monkeypatch.setattr(pipeline.runtime, "_forward", failing)
    threads = torch.get_num_threads()
    with pytest.raises(ValueError, match="windows"):
        pipeline.runtime(runs("labels") * 9)
    assert torch.get_num_threads() == threads


MESSAGES = [
    "CUDA out of memory. Tried to allocate 2.00 GiB.",
    "MPS backend out of memory (MPS allocated: 18 GB)",
    "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes",
]


def runs(kind: str) -> list[Window]:
    lengths = [50, 48, 47, 30, 29, 28, 12, 11, 5]
    return [window([5 + (n * i) % 90 for i in range(n)], kind) for n in lengths]


@pytest.mark.parametrize("message", MESSAGES)
@pytest.mark.parametrize("name", ["summarization", "question_answering", "classification"])
def test_the_same_numbers_with_little_memory(
    tiny_pipelines: dict[str, Path], name: str, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    pipeline = load(tiny_pipelines[name], device="cpu")
    windows = runs(pipeline.recipe.head.kind)
    expected = pipeline.runtime(windows)
    runtime: Any = pipeline.runtime
    runtime.model = Small(runtime.model, 60, message)
    with caplog.at_level(logging.INFO, "nlpkit"):
        found = pipeline.runtime(windows)
    for one, two in zip(expected, found, strict=True):
        assert one.shape == two.shape
        np.testing.assert_allclose(one, two, atol=1e-5)
    assert "batch_tokens is now" in caplog.text
    assert pipeline.info["batch_tokens"] < 1536
    found = pipeline.runtime(windows)
    np.testing.assert_allclose(found[0], expected[0], atol=1e-5)


def test_a_window_that_does_not_fit(tiny_pipelines: dict[str, Path]) -> None:
    runtime: Any = load(tiny_pipelines["classification"], device="cpu").runtime
    runtime.model = Small(runtime.model, 20, MESSAGES[0])
    with pytest.raises(DeviceError, match="memory on cpu for a single window of 50 tokens"):
        runtime(runs("labels"))


def test_other_errors_are_not_taken_for_that(tiny_pipelines: dict[str, Path]) -> None:
    runtime: Any = load(tiny_pipelines["classification"], device="cpu").runtime
    runtime.model = Small(runtime.model, 0, "mat1 and mat2 shapes cannot be multiplied")
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        runtime(runs("labels"))
