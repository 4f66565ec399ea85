"""What this machine can compute fast: read off the processor's flags, without torch."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

# As Linux names them in /proc/cpuinfo: products of 8-bit numbers summed up in 32 bits, and
# products in bfloat16.
_INT8 = {"avx512_vnni", "avx_vnni", "amx_int8", "asimddp"}
_BFLOAT16 = {"avx512_bf16", "amx_bf16", "bf16", "svebf16"}
_TILES = {"amx_bf16"}


@dataclass(frozen=True, slots=True)
class Machine:
    """What there is.

    Attributes:
        int8: the processor multiplies 8-bit numbers natively (VNNI, AMX; on ARM the dot product).
            Without that, int8 is slow and on x86 its sums may overflow.
        bfloat16: it multiplies bfloat16 natively (AVX512_BF16, AMX); without that, bfloat16 is many
            times slower than float32.
        gpu: there may be a GPU; torch knows for sure, but takes seconds to import.
        onnx: onnxruntime is installed.
        tiles: the processor multiplies whole tiles of bfloat16 (AMX), several times as fast.
    """

    int8: bool
    bfloat16: bool
    gpu: bool
    onnx: bool
    tiles: bool = False


@lru_cache(maxsize=1)
def machine() -> Machine:
    """This machine."""
    return Machine(
        int8=bool(_flags() & _INT8),
        bfloat16=bool(_flags() & _BFLOAT16),
        gpu=_gpu(),
        onnx=importlib.util.find_spec("onnxruntime") is not None,
        tiles=bool(_flags() & _TILES),
    )


def threads() -> int:
    """How many threads a model gets: `OMP_NUM_THREADS` if set, otherwise a core each.

    Only those that this process may use count, and a core that shows as two processors counts
    once: they share its multipliers.
    """
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdecimal() and int(asked) > 0:
        return int(asked)
    if not hasattr(os, "sched_getaffinity"):
        return os.cpu_count() or 1
    mine = os.sched_getaffinity(0)
    return len(cores(_cpuinfo(), mine)) or len(mine)


def cores(cpuinfo: str, processors: set[int]) -> set[tuple[str, str]]:
    """The cores of some processors, by the text of `/proc/cpuinfo`; none where it does not say.

    >>> text = "processor : {}\\nphysical id : 0\\ncore id : {}\\n\\n"
    >>> cores(text.format(0, 0) + text.format(1, 0), {0, 1})
    {('0', '0')}
    """
    found = set()
    for block in cpuinfo.split("\n\n"):
        fields = dict(re.findall(r"^(processor|physical id|core id)\s*:\s*(\d+)$", block, re.M))
        if len(fields) == 3 and int(fields["processor"]) in processors:
            found.add((fields["physical id"], fields["core id"]))
    return found


def flags(cpuinfo: str) -> set[str]:
    """The flags of the first processor in the text of `/proc/cpuinfo`.

    >>> sorted(flags("model name : x\\nflags : fpu avx512_vnni\\n\\nflags : fpu"))
    ['avx512_vnni', 'fpu']
    >>> sorted(flags("Features : fp asimd asimddp"))
    ['asimd', 'asimddp', 'fp']
    """
    found = re.search(r"^(?:flags|Features)\s*:(.*)$", cpuinfo, re.MULTILINE)
    return set(found[1].split()) if found else set()


def _flags() -> set[str]:
    if platform.system() == "Darwin" and platform.machine() == "arm64":
        return {"asimddp"}  # every Mac of that kind has it
    return flags(_cpuinfo())


@lru_cache(maxsize=1)
def _cpuinfo() -> str:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:  # not Linux
        return ""


def _gpu() -> bool:
    if platform.system() == "Darwin":
        return platform.machine() == "arm64"
    if platform.system() == "Linux":
        # The drivers of NVIDIA and AMD.
        return any(Path(sign).exists() for sign in ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd"))
    return True
