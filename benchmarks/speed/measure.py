"""A job measured: all its systems loaded, then run in turn, round after round."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from . import convert, environments, inputs
from .jobs import ONCE_FROM, Job, System
from .process import Worker, WorkerError

# Threads of the last run may spin for a while.
_PAUSE = 0.25
_WARM_ROWS = 16


@dataclass(frozen=True)
class Settings:
    """What holds for all jobs."""

    data: str | None
    cache: Path
    scratch: Path
    rounds: int
    rows: int | None
    lengths: tuple[int, ...]
    threads: int
    device: str
    timeout: float
    without: tuple[str, ...] = ()


@dataclass
class Runs:
    """The same work by one system, once a round.

    Attributes:
        system: its label.
        batch: the batch size; None is the system's own way.
        first: the first row.
        last: the row after the last.
        amount: how many of the job's units that is.
        seconds: of each round.
        peak_bytes: the process's greatest memory after the first round.
    """

    system: str
    batch: int | None
    first: int
    last: int
    amount: float
    seconds: list[float] = field(default_factory=list)
    peak_bytes: int | None = None


@dataclass
class State:
    """What became of a system: loaded or not, and what it said.

    Attributes:
        label: what tables call it.
        failed: why it has no times, in one line; None where it has.
        ready_seconds: from the start of its process until its first result.
        versions: of its packages.
        info: what it says of itself.
        outputs: its results in the first round; not in the JSON file.
    """

    label: str
    failed: str | None = None
    ready_seconds: float | None = None
    versions: dict[str, str] = field(default_factory=dict)
    info: dict[str, Any] = field(default_factory=dict)
    outputs: list[Any] | None = None


@dataclass
class Measured:
    """A job's times."""

    job: Job
    rows: list[dict[str, Any]]
    source: str
    states: list[State]
    runs: list[Runs]

    def of(self, label: str) -> list[Runs]:
        """The complete runs of a system, in the order of its batch sizes."""
        state = self.state(label)
        if state is None or state.failed:
            return []
        return [runs for runs in self.runs if runs.system == label and runs.seconds]

    def state(self, label: str) -> State | None:
        """The state of a system; None where it was left out."""
        return next((state for state in self.states if state.label == label), None)

    def as_json(self) -> dict[str, Any]:
        """All but the texts."""
        states = [asdict(state) for state in self.states]
        for state in states:
            del state["outputs"]
        return {
            "job": self.job.name,
            "unit": self.job.unit,
            "source": self.source,
            "rows": len(self.rows),
            "characters": [_characters(row) for row in self.rows],
            "systems": states,
            "runs": [asdict(runs) for runs in self.runs],
        }


def measure(job: Job, settings: Settings) -> Measured:
    """Loads the systems one after the other and lets them run in turn."""
    count = job.rows if settings.rows is None else settings.rows
    rows = inputs.rows_for(job.kind, count, settings.data, settings.lengths)
    measured = Measured(job, rows, inputs.source_of(job.kind, settings.data), [], [])
    texts = settings.scratch / job.name / "inputs.jsonl"
    texts.parent.mkdir(parents=True, exist_ok=True)
    with texts.open("w", encoding="utf-8") as file:
        for row in rows:
            told = {key: value for key, value in row.items() if key != "reference"}
            file.write(json.dumps(told) + "\n")
    workers: dict[str, Worker] = {}
    try:
        for system in job.systems:
            if any(part in system.label for part in settings.without):
                continue
            state = State(system.label)
            measured.states.append(state)
            _say(f"{job.name}: loading {system.label}")
            try:
                worker = workers[system.label] = _load(job, system, texts, settings)
            except Exception as error:  # whatever a peer lacks is a line of the table
                _fail(state, error)
                continue
            state.ready_seconds = worker.seconds
            state.versions, state.info = worker.ready["versions"], worker.ready["info"]
            measured.runs += _runs(job, system, rows)
        _warm(measured, workers)
        for number in range(settings.rounds):
            _round(measured, workers, number, settings.rounds)
    finally:
        for worker in workers.values():
            worker.close()
    return measured


def _load(job: Job, system: System, texts: Path, settings: Settings) -> Worker:
    python = environments.python_of(system.environment, settings.cache)
    model = system.model
    if system.form != "pipeline":
        model = str(convert.model_folder(model, system.form, settings.cache))
    config = {
        "task": job.task,
        "inputs": str(texts),
        "model": model,
        "device": settings.device,
        "threads": settings.threads,
        "options": dict(system.options),
    }
    return Worker(
        python,
        system.worker,
        config,
        folder=texts.parent / system.label.replace(" ", "-"),
        environment=system.environment,
        timeout=settings.timeout,
    )


def _runs(job: Job, system: System, rows: Sequence[dict[str, Any]]) -> list[Runs]:
    if not job.each:
        size = len(rows)
        return [Runs(system.label, batch, 0, size, size) for batch in system.batches]
    return [
        Runs(system.label, None, index, index + 1, _characters(row))
        for index, row in enumerate(rows)
        if system.longest is None or _characters(row) <= system.longest
    ]


def _warm(measured: Measured, workers: dict[str, Worker]) -> None:
    """The first pass at each batch size allocates, and compiles what there is to compile."""
    for runs in measured.runs:
        state = measured.state(runs.system)
        assert state is not None
        long = measured.job.each and runs.first > 0
        if state.failed or long:
            continue
        try:
            workers[runs.system].run(runs.first, min(runs.last, _WARM_ROWS), runs.batch)
        except WorkerError as error:
            _fail(state, error)


def _round(measured: Measured, workers: dict[str, Worker], number: int, rounds: int) -> None:
    job = measured.job
    gathers = {system.label: system.gathers and not job.each for system in job.systems}
    for runs in measured.runs:
        state = measured.state(runs.system)
        assert state is not None
        if state.failed or (job.each and number and runs.amount >= ONCE_FROM):
            continue
        wanted = gathers[runs.system] and state.outputs is None
        time.sleep(_PAUSE)
        try:
            answer = workers[runs.system].run(runs.first, runs.last, runs.batch, outputs=wanted)
        except WorkerError as error:
            _fail(state, error)
            continue
        runs.seconds.append(answer["seconds"])
        if runs.peak_bytes is None:
            runs.peak_bytes = answer["peak_bytes"]
        if wanted:
            state.outputs = answer["outputs"]
        batch = "" if runs.batch is None else f", batch {runs.batch}"
        speed = runs.amount / answer["seconds"]
        _say(
            f"{job.name} {number + 1}/{rounds}: {runs.system}{batch}: "
            f"{speed:,.1f} {job.unit} a second"
        )


def _characters(row: dict[str, Any]) -> int:
    return sum(len(value) for key, value in row.items() if key != "reference")


def _fail(state: State, error: Exception) -> None:
    state.failed = " ".join(str(error).split()) or type(error).__name__
    _say(f"{state.label} failed: {state.failed}")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
