"""Training examples: windows and their targets, as flat arrays.

What a model reads in training is made by the very functions that make it in use; only targets
are added here. `Features` can be written to one compact file, so that a machine with nothing but
torch, transformers and peft can train on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlpkit.errors import DataError
from nlpkit.training.rationale import NO_MARKS
from nlpkit.windows import Window

NO_STATES = np.empty((0, 0), np.float16)
NO_STARTS = np.empty(0, np.int64)


class Example(NamedTuple):
    """A window, its targets, and the row of the data that it comes from.

    The targets are `(start, end)` positions in the window for spans, `(label,)` for labels,
    one number a label for multi-label, `(value,)` for regression, one probability a sentence.
    `states` `(tokens, components)` are what a teacher makes of the window's tokens, or nothing;
    `marks` `(tokens,)` say which are in the rationale (`nlpkit.training.rationale`), or nothing.
    """

    window: Window
    targets: Sequence[float] | NDArray[np.float32]
    row: int
    states: NDArray[np.float16] = NO_STATES
    marks: NDArray[np.int8] = NO_MARKS


@dataclass(frozen=True)
class Features:
    """Examples end to end: example `i` has tokens `starts[i]:starts[i + 1]`, and likewise its
    targets, the places of its sentences and a teacher's states. `marks`, one a token, are there
    where rationales are learned.
    """

    ids: NDArray[np.int32]
    types: NDArray[np.int8]
    segments: NDArray[np.int16]
    starts: NDArray[np.int64]
    targets: NDArray[np.float32]
    target_starts: NDArray[np.int64]
    places: NDArray[np.int32]
    place_starts: NDArray[np.int64]
    rows: NDArray[np.int64]
    states: NDArray[np.float16] = field(default_factory=lambda: NO_STATES)
    state_starts: NDArray[np.int64] = field(default_factory=lambda: NO_STARTS)
    marks: NDArray[np.int8] = field(default_factory=lambda: NO_MARKS)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each example, special tokens included."""
        return np.diff(self.starts)

    def window(self, index: int) -> Window:
        """The window of one example."""
        tokens = slice(self.starts[index], self.starts[index + 1])
        places = self.places[self.place_starts[index] : self.place_starts[index + 1]]
        return Window(
            ids=self.ids[tokens],
            types=self.types[tokens],
            body=0,
            start=0,
            stop=0,
            segments=self.segments[tokens] if len(self.segments) else None,
            places=places if len(self.places) else None,
        )

    def target(self, index: int) -> NDArray[np.float32]:
        """The targets of one example."""
        return self.targets[self.target_starts[index] : self.target_starts[index + 1]]

    def teacher_states(self, index: int) -> NDArray[np.float16]:
        """A teacher's states of the tokens of one example `(tokens, components)`, or none."""
        if not len(self.states):
            return NO_STATES
        return self.states[self.state_starts[index] : self.state_starts[index + 1]]

    def rationale(self, index: int) -> NDArray[np.int8]:
        """Which tokens of one example are in its rationale `(tokens,)`, or nothing."""
        return self.marks[self.starts[index] : self.starts[index + 1]]

    def save(self, path: Path) -> None:
        """Writes all arrays to one file in the safetensors format."""
        from safetensors.numpy import save_file

        save_file({f.name: getattr(self, f.name) for f in fields(self)}, path)

    @classmethod
    def open(cls, path: Path) -> Features:
        """Reads what `save` wrote.

        Raises:
            DataError: when the file is missing or is not such a file.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        try:
            return cls(**load_file(path))
        except (OSError, SafetensorError, TypeError) as error:
            raise DataError(f"cannot read the features {path}: {error}") from None


def collect(examples: Iterable[Example]) -> Features:
    """Puts examples end to end.

    Raises:
        DataError: when there are none.
    """
    windows: list[Window] = []
    targets: list[NDArray[np.float32]] = []
    rows: list[int] = []
    states: list[NDArray[np.float16]] = []
    marks: list[NDArray[np.int8]] = []
    for window, target, row, state, own in examples:
        windows.append(window)
        marks.append(own)
        states.append(state)
        targets.append(np.asarray(target, np.float32))
        rows.append(row)
    if not windows:
        raise DataError("there is nothing to train on: the data gave no example")
    empty = np.empty(0, np.int32)
    segments = [w.segments for w in windows if w.segments is not None]
    there = [s for s in states if len(s)]
    places = [empty if w.places is None else w.places for w in windows]
    return Features(
        ids=np.concatenate([w.ids for w in windows]).astype(np.int32),
        types=np.concatenate([w.types for w in windows]).astype(np.int8),
        segments=np.concatenate(segments or [empty]).astype(np.int16),
        starts=_starts([len(w) for w in windows]),
        targets=np.concatenate(targets).astype(np.float32),
        target_starts=_starts([len(t) for t in targets]),
        places=np.concatenate(places).astype(np.int32),
        place_starts=_starts([len(p) for p in places]),
        rows=np.array(rows, np.int64),
        states=np.concatenate(there or [NO_STATES]),
        state_starts=_starts([len(s) for s in states]) if there else NO_STARTS,
        marks=np.concatenate(marks),
    )


def _starts(lengths: Sequence[int]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)
