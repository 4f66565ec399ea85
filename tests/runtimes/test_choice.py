"""What is chosen: what was asked for, else the fastest that the check allows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nlpkit.errors import DeviceError
from nlpkit.runtimes.choice import LARGEST_CHANGE, Candidate, choose
from nlpkit.runtimes.machine import Machine

FULL = Machine(int8=True, bfloat16=True, gpu=False, onnx=True)
TILES = replace(FULL, tiles=True)
BARE = Machine(int8=False, bfloat16=False, gpu=False, onnx=False)


def unchecked(candidate: Candidate) -> str:
    return "was not checked"


@pytest.mark.parametrize(
    ("runtime", "dtype", "chosen"),
    [
        ("auto", "auto", ("torch", "float32")),
        ("auto", "float32", ("torch", "float32")),
        ("auto", "bfloat16", ("torch", "bfloat16")),
        ("auto", "float16", ("torch", "float16")),
        ("auto", "int8", ("onnx", "int8")),
        ("torch", "auto", ("torch", "float32")),
        ("torch", "bfloat16", ("torch", "bfloat16")),
        ("onnx", "auto", ("onnx", "float32")),
        ("onnx", "float32", ("onnx", "float32")),
        ("onnx", "int8", ("onnx", "int8")),
    ],
)
def test_what_was_asked_for_without_a_check(
    runtime: str, dtype: str, chosen: tuple[str, str]
) -> None:
    choice = choose(runtime, dtype, "cpu", FULL, unchecked)
    assert (choice.runtime, choice.dtype) == chosen


@pytest.mark.parametrize(
    ("runtime", "dtype", "device", "machine", "message"),
    [
        ("cuda", "auto", "cpu", FULL, "unknown runtime 'cuda'; allowed: auto, torch, onnx"),
        ("auto", "fp16", "cpu", FULL, "unknown dtype 'fp16'; allowed: auto, float32, "),
        ("torch", "int8", "cpu", FULL, "'int8' does not run on 'torch'.*runtime='onnx'"),
        ("onnx", "bfloat16", "cpu", FULL, "'bfloat16' does not run on 'onnx'.*'torch'"),
        ("onnx", "auto", "cuda:1", FULL, "'onnx' is computed on the CPU only, not on 'cuda:1'"),
        ("auto", "int8", "mps", FULL, "'int8' is computed on the CPU only, not on 'mps'"),
        ("onnx", "auto", "cpu", BARE, r"onnxruntime: pip install 'nlpkit\[onnx\]'"),
        ("auto", "int8", "cpu", BARE, "onnxruntime"),
        (
            "auto", "int8", "cpu", Machine(int8=False, bfloat16=False, gpu=False, onnx=True),
            "'int8' needs a processor with 8-bit products.*use dtype='float32'",
        ),
    ],
)  # fmt: skip
def test_what_cannot_run(
    runtime: str, dtype: str, device: str, machine: Machine, message: str
) -> None:
    with pytest.raises(DeviceError, match=message):
        choose(runtime, dtype, device, machine, unchecked)


@pytest.mark.parametrize(
    ("changes", "chosen"),
    [
        ({}, ("onnx", "int8")),
        ({"onnx int8": LARGEST_CHANGE}, ("onnx", "int8")),
        ({"onnx int8": LARGEST_CHANGE * 1.01}, ("torch", "bfloat16")),
        ({"onnx int8": 1.0, "torch bfloat16": float("nan")}, ("onnx", "float32")),
        ({"onnx int8": "moves a metric"}, ("torch", "bfloat16")),
    ],
)
def test_auto_takes_the_fastest_that_keeps_the_scores(
    changes: dict[str, float | str], chosen: tuple[str, str]
) -> None:
    choice = choose(
        "auto", "auto", "cpu", FULL, lambda candidate: changes.get(str(candidate), 0.01)
    )
    assert (choice.runtime, choice.dtype) == chosen
    assert choice.why.startswith("auto")
    assert all(name in choice.why for name in changes if name != "onnx int8" or len(changes) > 1)


def test_why_says_what_was_passed_over() -> None:
    changes = {"onnx int8": 0.3, "torch bfloat16": "moves a metric", "onnx float32": 0.0}
    choice = choose("auto", "auto", "cpu", FULL, lambda c: changes[str(c)])
    assert "onnx int8 changes a score by 0.300" in choice.why
    assert "torch bfloat16 moves a metric" in choice.why


def test_float32_is_kept_where_it_was_asked_for() -> None:
    choice = choose("auto", "float32", "cpu", FULL, lambda _: 0.0)
    assert (choice.runtime, choice.dtype) == ("onnx", "float32")


@pytest.mark.parametrize(
    ("machine", "device", "chosen"),
    [
        (FULL, "cpu", ("onnx", "int8")),
        (FULL, "cuda", ("torch", "float32")),
        (BARE, "cpu", ("torch", "float32")),
        (Machine(int8=False, bfloat16=True, gpu=False, onnx=True), "cpu", ("torch", "bfloat16")),
        (Machine(int8=True, bfloat16=True, gpu=False, onnx=False), "cpu", ("torch", "bfloat16")),
        (Machine(int8=False, bfloat16=False, gpu=False, onnx=True), "cpu", ("onnx", "float32")),
    ],
)
def test_auto_looks_at_the_machine(machine: Machine, device: str, chosen: tuple[str, str]) -> None:
    choice = choose("auto", "auto", device, machine, lambda _: 0.0)
    assert (choice.runtime, choice.dtype) == chosen


@pytest.mark.parametrize(
    ("machine", "many", "changes", "chosen"),
    [
        (TILES, True, {}, ("torch", "bfloat16")),
        (TILES, False, {}, ("onnx", "int8")),
        (FULL, True, {}, ("onnx", "int8")),
        (TILES, True, {"torch bfloat16": 1.0}, ("onnx", "int8")),
        (TILES, True, {"torch bfloat16": 1.0, "onnx int8": 1.0}, ("onnx", "float32")),
    ],
)
def test_tiles_go_first_where_there_is_much_to_compute(
    machine: Machine, many: bool, changes: dict[str, float], chosen: tuple[str, str]
) -> None:
    choice = choose("auto", "auto", "cpu", machine, lambda c: changes.get(str(c), 0.01), many=many)
    assert (choice.runtime, choice.dtype) == chosen


def test_a_runtime_that_was_asked_for_holds_for_auto_too() -> None:
    choice = choose("onnx", "auto", "cpu", FULL, lambda _: 1.0)
    assert (choice.runtime, choice.dtype) == ("onnx", "float32")
    choice = choose("torch", "auto", "cpu", FULL, lambda _: 0.0)
    assert (choice.runtime, choice.dtype) == ("torch", "bfloat16")
