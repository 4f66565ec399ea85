"""What training frees is used again, and given back at its end."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from nlpkit.training.kept_memory import _libc, kept_memory

# Pages that are mapped anew where a text of 40 MiB is made and dropped, ten times.
SCRIPT = """
import resource
from nlpkit.training.kept_memory import kept_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        bytes(bytearray(b"x") * (40 << 20))
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()

usual = faults()
with kept_memory():
    faults()
    kept, held = faults(), resident()
print(usual, kept, held - resident())
"""


def told() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "GLIBC_"))}


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the allocator is not glibc's")
def test_freed_memory_is_kept_for_the_next_array_and_given_back_at_the_end() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=told(), capture_output=True, text=True, check=True
    )
    usual, kept, returned = map(int, done.stdout.split())
    assert kept < 100 < usual  # 40 MiB have 10,240 pages of 4 KiB
    assert returned > 35 << 20


def test_an_allocator_that_the_environment_sets_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1")
    assert _libc() is None
    with kept_memory():
        pass


def test_nothing_happens_where_there_is_no_glibc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert _libc() is None
    with kept_memory():
        pass
