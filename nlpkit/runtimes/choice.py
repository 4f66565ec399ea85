"""Which runtime and number type a pipeline gets: what was asked for, or the fastest safe one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from nlpkit.errors import DeviceError
from nlpkit.runtimes.machine import Machine
from nlpkit.runtimes.names import DTYPES, RUNTIMES
from nlpkit.runtimes.onnx import missing


class Candidate(NamedTuple):
    """A runtime with a number type."""

    runtime: str
    dtype: str

    def __str__(self) -> str:
        return f"{self.runtime} {self.dtype}"


# All that there are, the fastest on a CPU first.
CANDIDATES = (
    Candidate("onnx", "int8"),
    Candidate("torch", "bfloat16"),
    Candidate("onnx", "float32"),
    Candidate("torch", "float32"),
    Candidate("torch", "float16"),
)

# With AMX attention too is computed in bfloat16 at the speed of tiles; ONNX Runtime has it in
# float32. What is left to it is the start, and little work at a time.
_BY_TILES = Candidate("torch", "bfloat16")

# What every pipeline runs on and all others are compared with, and its like on the other runtime.
EXACT = Candidate("torch", "float32")
_EXPORTED = Candidate("onnx", "float32")

# `auto` takes another runtime or number type only where no score of the probe set
# (`nlpkit.tasks.probes`) changes by more than this, as a probability.
LARGEST_CHANGE = 0.05


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen, and why."""

    runtime: str
    dtype: str
    why: str


def choose(
    runtime: str,
    dtype: str,
    device: str,
    machine: Machine,
    change: Callable[[Candidate], float | str],
    *,
    many: bool = True,
) -> Choice:
    """Chooses among the candidates that fit what was asked for and what the machine has.

    Args:
        runtime, dtype: `auto`, or what it must be.
        device: `cpu`, or a GPU; `auto` for the ONNX runtime is the CPU.
        machine: what it can compute.
        change: the greatest change of a score that a candidate makes, or why `auto` must not take
            it (`"was not checked"`).
        many: inputs come many at a time. Otherwise what starts soonest goes before what computes
            most in a second.

    Raises:
        DeviceError: when a name is unknown, or what was asked for cannot run here.

    >>> bare = Machine(int8=False, bfloat16=False, gpu=False, onnx=False)
    >>> choose("auto", "auto", "cpu", bare, lambda _: "was not checked").why
    'auto'
    """
    for name, value, allowed in (("runtime", runtime, RUNTIMES), ("dtype", dtype, DTYPES)):
        if value not in allowed:
            raise DeviceError(f"unknown {name} {value!r}; allowed: {', '.join(allowed)}")
    fitting = [
        c for c in CANDIDATES if runtime in ("auto", c.runtime) and dtype in ("auto", c.dtype)
    ]
    if not fitting:
        other = next(c.runtime for c in CANDIDATES if c.dtype == dtype)
        raise DeviceError(
            f"dtype {dtype!r} does not run on {runtime!r}; it needs runtime={other!r}"
        )
    if many and machine.tiles:
        fitting.sort(key=lambda candidate: candidate != _BY_TILES)
    refusals = {c: _refusal(c, device, machine) for c in fitting}
    possible = [c for c in fitting if refusals[c] is None]
    if not possible:
        error = refusals[fitting[-1]]
        assert error is not None
        raise error
    safe = next((c for c in (EXACT, _EXPORTED) if c in possible), possible[0])
    notes = ["asked for" if len(fitting) == 1 else "auto"]
    for candidate in possible[: possible.index(safe)]:
        if not useful(candidate, device, machine):
            continue
        measured = change(candidate)
        if isinstance(measured, str):
            notes.append(f"{candidate} {measured}")
        elif measured <= LARGEST_CHANGE:
            notes[0] = f"auto: no score of the probe set changes by more than {measured:.3f}"
            return Choice(*candidate, "; ".join(notes))
        else:  # also where it is not a number
            notes.append(f"{candidate} changes a score by {measured:.3f}")
    return Choice(*safe, "; ".join(notes))


def _refusal(candidate: Candidate, device: str, machine: Machine) -> DeviceError | None:
    """Why a candidate cannot run here, None where it can."""
    if candidate.runtime == "torch":
        return None  # it says itself which devices there are
    if device not in ("auto", "cpu"):
        what = "dtype 'int8'" if candidate.dtype == "int8" else "runtime 'onnx'"
        return DeviceError(f"{what} is computed on the CPU only, not on {device!r}")
    if not machine.onnx:
        return missing()
    if candidate.dtype == "int8" and not machine.int8:
        return DeviceError(
            "dtype 'int8' needs a processor with 8-bit products (VNNI, AMX, or ARM's dot product), "
            "which this one lacks; use dtype='float32'"
        )
    return None


def useful(candidate: Candidate, device: str, machine: Machine) -> bool:
    """Whether a candidate other than torch in float32 runs on a machine, and gains anything there.

    >>> bare = Machine(int8=False, bfloat16=False, gpu=False, onnx=False)
    >>> [str(c) for c in CANDIDATES if useful(c, "cpu", bare)]
    []
    """
    if candidate.runtime == "onnx":
        return _refusal(candidate, device, machine) is None
    return candidate.dtype == "bfloat16" and device == "cpu" and machine.bfloat16


def checkable(candidate: Candidate, machine: Machine) -> bool:
    """Whether a machine can say by how much a candidate changes scores on a CPU.

    It need not compute it natively: what it lacks the instructions for it computes otherwise, from
    the same numbers (`nlpkit.tasks.loading.as_elsewhere`).

    >>> bare = Machine(int8=False, bfloat16=False, gpu=False, onnx=True)
    >>> [str(c) for c in CANDIDATES if checkable(c, bare)]
    ['onnx int8', 'torch bfloat16', 'onnx float32']
    """
    if candidate.runtime == "onnx":
        return machine.onnx
    return candidate.dtype == "bfloat16"
