"""What the benchmark runs on."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

# Instructions that decide which number type is fast.
_FLAGS = ("avx2", "avx512f", "avx_vnni", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16")


def machine(device: str, threads: int) -> dict[str, Any]:
    """Processor, memory, system and, on CUDA, the card; nothing that names the machine."""
    found = {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "threads": threads,
        "device": device,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }
    cpu, memory = Path("/proc/cpuinfo"), Path("/proc/meminfo")
    if cpu.is_file():
        lines = dict(_pairs(cpu.read_text()))
        found["processor"] = lines.get("model name", found["processor"])
        flags = set(lines.get("flags", "").split())
        found["instructions"] = [flag for flag in _FLAGS if flag in flags]
    if memory.is_file():
        kilobytes = int(dict(_pairs(memory.read_text()))["MemTotal"].split()[0])
        found["memory_gib"] = round(kilobytes / 2**20)
    if hasattr(os, "getloadavg"):
        found["load_before"] = round(os.getloadavg()[0], 1)
    if device == "cuda":
        import torch

        found["gpu"] = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
    return found


def _pairs(text: str) -> list[tuple[str, str]]:
    lines = [line.partition(":") for line in text.splitlines()]
    return [(key.strip(), value.strip()) for key, _, value in lines]
