"""Memory that a training step gives back, kept for the next one.

A step takes and frees hundreds of arrays of a few megabytes. glibc gives such arrays back to the
system at once, and takes them anew: every page of them is then cleared and mapped again, which
took a sixth of a step's processor time for `summarization`, on one core.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Of malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_NEVER = 2**31 - 1
# Where glibc itself moves them to in a process that frees large arrays.
_USUAL_MMAP, _USUAL_TRIM = 32 << 20, 64 << 20


@contextmanager
def kept_memory() -> Iterator[None]:
    """Lets the process keep what it frees; at the end it is given back.

    Nothing happens without glibc, or where the environment sets its allocator (`MALLOC_...`,
    `GLIBC_TUNABLES`).
    """
    libc = _libc()
    if libc is None:
        yield
        return
    libc.mallopt(_TRIM_THRESHOLD, _NEVER)
    libc.mallopt(_MMAP_THRESHOLD, _NEVER)
    try:
        yield
    finally:
        libc.mallopt(_MMAP_THRESHOLD, _USUAL_MMAP)
        libc.mallopt(_TRIM_THRESHOLD, _USUAL_TRIM)
        libc.malloc_trim(0)


def _libc() -> ctypes.CDLL | None:
    told = any(name.startswith(("MALLOC_", "GLIBC_TUNABLES")) for name in os.environ)
    if told or sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim") else None
