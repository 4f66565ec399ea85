"""What is read off the processor."""

from __future__ import annotations

import os

import pytest

from nlpkit.runtimes.machine import cores, flags, machine, threads

INTEL = """processor\t: 0
model name\t: Some Xeon
physical id\t: 0
core id\t\t: 0
flags\t\t: fpu avx512f avx512_vnni avx512_bf16 amx_tile

processor\t: 1
physical id\t: 0
core id\t\t: 0
flags\t\t: fpu

processor\t: 2
physical id\t: 0
core id\t\t: 1
flags\t\t: fpu
"""


def test_flags() -> None:
    assert {"avx512_vnni", "avx512_bf16", "amx_tile"} <= flags(INTEL)
    assert flags("Features\t: fp asimd asimddp bf16\n") == {"fp", "asimd", "asimddp", "bf16"}
    assert flags("") == flags("flags of nothing") == set()


def test_two_processors_of_one_core_count_once() -> None:
    assert cores(INTEL, {0, 1, 2}) == {("0", "0"), ("0", "1")}
    assert cores(INTEL, {1}) == {("0", "0")}
    assert cores(INTEL, {7}) == set()
    assert cores("processor\t: 0\nBogoMIPS\t: 50\n", {0}) == set()  # as on ARM


@pytest.mark.parametrize(("value", "count"), [("3", 3), ("1", 1)])
def test_threads_asked_for(monkeypatch: pytest.MonkeyPatch, value: str, count: int) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert threads() == count


@pytest.mark.parametrize("value", ["", "0", "-2", "many", "2,1"])
def test_threads_without_a_number(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert 1 <= threads() <= (os.cpu_count() or 1)


def test_this_machine() -> None:
    assert machine() is machine()
    assert machine().onnx
