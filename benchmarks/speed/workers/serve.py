"""What all workers have in common: a system is loaded once, and then runs when it is told to.

A worker is started with the path of a JSON file (`Config`) and runs in its system's own
environment, so this file needs the standard library only. It answers on standard output, one
JSON object a line: first `{"ready": true, ...}`, then for each command `{"run": [first, last],
"batch": size or null, "outputs": bool}` on standard input `{"seconds": ..., "peak_bytes": ...}`.
Whatever fails is answered with `{"error": "..."}`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

Row = dict[str, Any]


@dataclass(frozen=True)
class Config:
    """What a worker is told at its start.

    Attributes:
        task: summarization, question_answering or classification.
        inputs: a file of JSON lines: `document`; `question` and `passage`; `text`, and `pair`.
        model: a folder that the system can load, or the name of a pipeline.
        device: `cpu` or `cuda`.
        threads: how many it may use.
        options: more, for this system.
    """

    task: str
    inputs: str
    model: str
    device: str
    threads: int
    options: dict[str, Any]


@dataclass(frozen=True)
class System:
    """A loaded system.

    Attributes:
        run: rows and a batch size (None: its own) to one output a row.
        shown: an output as plain text, or a list of texts, for measuring quality.
        info: what it says of itself.
    """

    run: Callable[[Sequence[Row], int | None], Sequence[Any]]
    shown: Callable[[Any], Any] = str
    info: dict[str, Any] = field(default_factory=dict)


def serve(load: Callable[[Config], System], packages: Sequence[str]) -> None:
    """Loads a system and obeys until standard input ends.

    Args:
        load: makes the system; imports what it needs itself, since that is part of loading.
        packages: whose versions are reported.
    """
    channel = _own_output()
    try:
        config = Config(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
        _limit(config.threads)
        with Path(config.inputs).open(encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
        began = time.perf_counter()
        system = load(config)
        if "torch" in sys.modules:
            sys.modules["torch"].set_num_threads(config.threads)
        system.run(rows[:1], None)
        seconds = time.perf_counter() - began
    except BaseException as error:
        _answer(channel, {"error": _said(error)})
        raise
    ready = {"ready": True, "seconds": seconds, "versions": _versions(packages)}
    _answer(channel, ready | {"info": system.info})
    for line in sys.stdin:
        command = json.loads(line)
        try:
            _answer(channel, _timed(system, rows, command))
        except Exception as error:  # it says so and waits for the next command
            _answer(channel, {"error": _said(error)})


def _timed(system: System, rows: Sequence[Row], command: dict[str, Any]) -> dict[str, Any]:
    first, last = command["run"]
    wanted = rows[first:last]
    began = time.perf_counter()
    outputs = system.run(wanted, command["batch"])
    seconds = time.perf_counter() - began
    if len(outputs) != len(wanted):
        raise ValueError(f"{len(outputs)} results for {len(wanted)} inputs")
    answer: dict[str, Any] = {"seconds": seconds, "peak_bytes": _peak_bytes()}
    if command.get("outputs"):
        answer["outputs"] = [system.shown(output) for output in outputs]
    return answer


def in_calls(rows: Sequence[Any], size: int | None) -> list[Sequence[Any]]:
    """Rows in lists of that size; one list of them all without one."""
    size = size or max(1, len(rows))
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _own_output() -> TextIO:
    """Standard output for answers alone: what libraries print goes to standard error."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return channel


def _limit(threads: int) -> None:
    """Keeps the process on so many cores, also where a library starts threads of its own."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def _peak_bytes() -> int | None:
    # Linux counts the parent's memory in ru_maxrss, where a process was started by vfork.
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _versions(packages: Sequence[str]) -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _said(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:300]


def _answer(channel: TextIO, message: dict[str, Any]) -> None:
    channel.write(json.dumps(message, default=str) + "\n")
    channel.flush()
