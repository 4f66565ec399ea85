"""A worker's process: started in its environment, asked over its pipes, ended."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from .environments import HERE, last_error

WORKERS = Path(__file__).resolve().parent / "workers"
_END = None


class WorkerError(Exception):
    """A system that cannot be loaded or run; says why in one line."""


class Worker:
    """One system in a process of its own.

    Attributes:
        ready: what it said when it was loaded: versions, info, seconds.
        seconds: from the start of the process until then.

    Args:
        python: the interpreter of its environment.
        script: which file of `workers/`, without its ending.
        config: see `workers/serve.py`.
        folder: where the configuration and the log go.
        environment: its name.
        timeout: seconds that an answer may take.

    Raises:
        WorkerError: it failed, ended or took too long before it was ready.
    """

    def __init__(
        self,
        python: str,
        script: str,
        config: Mapping[str, Any],
        *,
        folder: Path,
        environment: str,
        timeout: float,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._log = folder / "log"
        self._timeout = timeout
        file = folder / "config.json"
        file.write_text(json.dumps(config), encoding="utf-8")
        began = time.perf_counter()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [python, str(WORKERS / f"{script}.py"), str(file)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
                env=_variables(int(config["threads"]), str(config["device"]), environment),
            )
        self._answers: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        try:
            self.ready = self._answer()
        except WorkerError:
            self.close()
            raise
        self.seconds = time.perf_counter() - began

    def run(
        self, first: int, last: int, batch: int | None, *, outputs: bool = False
    ) -> dict[str, Any]:
        """Lets it work on the rows `first` to before `last`.

        Returns:
            `seconds` and `peak_bytes`, and with `outputs` what it made of each row.

        Raises:
            WorkerError: it failed, ended or took too long.
        """
        command = {"run": [first, last], "batch": batch, "outputs": outputs}
        try:
            _pipe(self._process.stdin).write(json.dumps(command) + "\n")
            _pipe(self._process.stdin).flush()
        except OSError:  # it has ended; its log says why
            pass
        return self._answer()

    def close(self) -> None:
        """Ends the process."""
        try:
            _pipe(self._process.stdin).close()
            self._process.wait(timeout=10)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()

    def _listen(self) -> None:
        for line in _pipe(self._process.stdout):
            self._answers.put(line)
        self._answers.put(_END)

    def _answer(self) -> dict[str, Any]:
        try:
            line = self._answers.get(timeout=self._timeout)
        except queue.Empty:
            raise WorkerError(f"no answer within {self._timeout:g} s") from None
        if line is _END:
            self._answers.put(_END)
            raise WorkerError(f"its process ended: {last_error(self._log)}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise WorkerError(answer["error"])
        return answer


def _variables(threads: int, device: str, environment: str) -> dict[str, str]:
    """The worker's environment variables: its threads, no network, no packages of others."""
    variables = dict(os.environ)
    if environment != HERE:
        variables.pop("PYTHONPATH", None)
    for name in ("OMP", "MKL", "OPENBLAS", "NUMEXPR", "RAYON"):
        variables[f"{name}_NUM_THREADS"] = str(threads)
    if device == "cpu":
        variables["CUDA_VISIBLE_DEVICES"] = ""
    return variables | {
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "HAYSTACK_TELEMETRY_ENABLED": "False",
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8",
        "PYTHONUTF8": "1",
    }


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe
