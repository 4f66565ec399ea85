"""What a teacher's encoder makes of the student's own tokens: the targets of `teacher.states`.

Jiao et al. 2020, "TinyBERT" (3.1): a student's hidden states, through a linear map, learn the
teacher's. A state a token says far more than a few logits a text. Here it is the last layer's, and
only their first principal components are kept, which are nearly all of them in a third of the room.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from nlpkit import corpora
from nlpkit.cache import cache_folder
from nlpkit.errors import TrainingError
from nlpkit.padding import BATCH_PADDING, BATCH_TOKENS
from nlpkit.recipe import Recipe
from nlpkit.runtimes.torch import TorchRuntime
from nlpkit.tasks.classification import Classification, classification_windows
from nlpkit.tokenizer import Template, Tokenizer, Tokens
from nlpkit.windows import Window, budget_batches

if TYPE_CHECKING:
    import pandas as pd

COMPONENTS = 256

# Rows from which the components are found, and rows of a file in the cache.
_SAMPLE = 1024
_CHUNK = 4096

Array = NDArray[np.float32]
Half = NDArray[np.float16]


@dataclass(frozen=True)
class Said:
    """A teacher's outputs for rows of data.

    Attributes:
        logits: `(rows, labels)`; None of questions and documents.
        states: of each row `(tokens, components)`, for the tokens of the student's window; no
            tokens where the student's and the teacher's window do not hold the same ones. None
            where only outputs are learned.
        spans: of each question, of each window `(tokens, 2)` (`nlpkit.training.teacher_spans`).
        sentences: of each document `(sentences,)` (`nlpkit.training.teacher_sentences`).
    """

    logits: Array | None = None
    states: list[Half] | None = None
    spans: list[list[Half]] | None = None
    sentences: list[Array] | None = None

    def fingerprint(self) -> str:
        """Of the outputs; the states depend on what these do."""
        content = hashlib.sha256(b"" if self.logits is None else self.logits.tobytes())
        for row in self.spans or ():
            for window in row:
                content.update(window.tobytes())
        for logits in self.sentences or ():
            content.update(logits.tobytes())
        return content.hexdigest()


@dataclass(frozen=True)
class _Basis:
    """Where the states are laid out: on the mean and the principal components of a sample."""

    mean: Array
    axes: Array

    @classmethod
    def of(cls, states: Array) -> _Basis:
        """The components of states `(tokens, hidden)`, scaled to a variance of 1 in all."""
        mean = states.mean(0)
        apart = (states - mean).astype(np.float64)
        values, vectors = np.linalg.eigh(apart.T @ apart / len(apart))
        axes = vectors[:, ::-1][:, :COMPONENTS] / np.sqrt(max(values.sum(), 1e-12))
        return cls(mean, axes.astype(np.float32))

    def __call__(self, states: Array) -> Half:
        return np.asarray(((states - self.mean) @ self.axes).astype(np.float16))


def teacher_states(
    frame: pd.DataFrame,
    recipe: Recipe,
    teacher: Classification,
    tokenizer: Tokenizer,
    *,
    max_tokens: int,
    progress: bool = True,
) -> Said:
    """The teacher's logits and last hidden states of all rows, by one pass.

    They are kept in the cache folder, a part at a time, so that a run that is stopped goes on.

    Args:
        frame: the rows.
        recipe: the student's.
        teacher: on PyTorch.
        tokenizer: the student's.
        max_tokens: the length of the student's windows.
        progress: show a bar.

    Raises:
        TrainingError: when student and teacher read the same tokens in no row at all.
    """
    from tqdm.auto import tqdm

    columns = ["text", "pair"] if recipe.pair else ["text"]
    rows = frame[columns]
    asked = _Asked(recipe, teacher, tokenizer, max_tokens)
    assert teacher.recipe.weights is not None
    sizes = [max_tokens, recipe.backbone.stride, list(recipe.head.labels), COMPONENTS]
    key = [teacher.recipe.weights.sha256, recipe.backbone.name, sizes, corpora.fingerprint(rows)]
    name = hashlib.sha256(json.dumps(key).encode()).hexdigest()[:24]
    folder = cache_folder("teachers") / name
    basis = _basis(folder, rows, asked)
    logits: list[Array] = []
    states: list[Half] = []
    bar = tqdm(total=len(rows), desc="asking the teacher", disable=None if progress else True)
    with bar:
        for start in range(0, len(rows), _CHUNK):
            chunk = rows.iloc[start : start + _CHUNK]
            path = folder / f"{start:09d}.safetensors"
            if not path.is_file():
                outputs, hidden = asked(chunk)
                _write(path, outputs, [basis(s) for s in hidden], basis.axes.shape[1])
            outputs, own = _read(path)
            logits.append(outputs)
            states += own
            bar.update(len(chunk))
    return Said(np.concatenate(logits), states)


class _Asked:
    """Rows to the teacher's logits and states, aligned with the student's tokens."""

    def __init__(
        self, recipe: Recipe, teacher: Classification, tokenizer: Tokenizer, max_tokens: int
    ) -> None:
        self.recipe, self.teacher, self.tokenizer = recipe, teacher, tokenizer
        self.max_tokens = max_tokens
        assert isinstance(teacher.runtime, TorchRuntime), "it was opened so"
        self.runtime = teacher.runtime
        self.model = self.runtime.model
        self.order = [teacher.recipe.head.labels.index(name) for name in recipe.head.labels]

    def __call__(self, rows: pd.DataFrame) -> tuple[Array, list[Array]]:
        columns = [rows[name].tolist() for name in rows.columns]
        own = [self.tokenizer.encode(texts) for texts in columns]
        theirs = [self.teacher.tokenizer.encode(texts) for texts in columns]
        windows: list[Window] = []
        of_row: list[slice] = []
        for tokens in zip(*theirs, strict=True):
            cut = self._windows(tokens, self.teacher.tokenizer.template, self.teacher.max_tokens)
            of_row.append(slice(len(windows), len(windows) + len(cut)))
            windows += cut
        logits, states = self._run(windows)
        kept = []
        for row, (mine, other) in enumerate(
            zip(zip(*own, strict=True), zip(*theirs, strict=True), strict=True)
        ):
            at = of_row[row]
            if at.stop - at.start == 1 and self._alike(mine, other):
                kept.append(states[at.start][self._places(mine)])
            else:
                kept.append(states[at.start][:0])
        return np.stack([self._pooled(windows[at], logits[at]) for at in of_row]), kept

    def _windows(self, tokens: Sequence[Tokens], template: Template, size: int) -> list[Window]:
        pair = tokens[1] if len(tokens) > 1 else None
        return classification_windows(
            template, tokens[0], pair, size=size, stride=self.recipe.backbone.stride
        )

    def _alike(self, mine: Sequence[Tokens], other: Sequence[Tokens]) -> bool:
        if any(not np.array_equal(a.offsets, b.offsets) for a, b in zip(mine, other, strict=True)):
            return False
        return len(self._windows(mine, self.tokenizer.template, self.max_tokens)) == 1

    def _places(self, tokens: Sequence[Tokens]) -> NDArray[np.intp]:
        lengths = [len(t) for t in tokens]
        return same_tokens(self.tokenizer.template, self.teacher.tokenizer.template, lengths)

    def _pooled(self, windows: Sequence[Window], logits: Sequence[Array]) -> Array:
        weights = [max(1, window.stop - window.start) for window in windows]
        pooled = np.average(np.stack(logits), axis=0, weights=weights)
        if self.recipe.head.kind == "regression":
            return np.asarray(pooled, np.float32)
        pooled = pooled[self.order]
        return np.asarray(pooled - pooled.mean(), np.float32)

    def _run(self, windows: Sequence[Window]) -> tuple[list[Array], list[Array]]:
        device = torch.device(self.runtime.device)
        logits: list[Array] = [np.empty(0, np.float32)] * len(windows)
        states = list(logits)
        lengths = [len(window) for window in windows]
        most, padding = BATCH_TOKENS[device.type], BATCH_PADDING[device.type]
        for indices in budget_batches(lengths, tokens=most, padding=padding):
            batch = self.runtime.batch([windows[i] for i in indices])
            with self.runtime.computing():
                last = self.model.states(batch)
                read = self.model.read(last, batch).float().cpu().numpy()
                hidden = last.float().cpu().numpy()
            for place, index in enumerate(indices):
                logits[index] = read[place]
                states[index] = hidden[place, : lengths[index]].copy()
        return logits, states


def same_tokens(own: Template, other: Template, lengths: Sequence[int]) -> NDArray[np.intp]:
    """For each token of a window by one template, the place of the same token by another.

    Where one puts more special tokens in the same place, the last of the other's stands for
    the further ones.

    Args:
        own: the template of the windows that are gone through.
        other: the template of those in which the places are.
        lengths: tokens of the text, or of the two texts.

    >>> bert = Template(((1,), (2,)), ((1,), (2,), (2,)), (0, 1), ((0,), (0,), (1,)))
    >>> roberta = Template(((1,), (2,)), ((1,), (2, 2), (2,)), (0, 0), ((0,), (0, 0), (0,)))
    >>> same_tokens(bert, roberta, [2, 1]).tolist()
    [0, 1, 2, 3, 5, 6]
    >>> same_tokens(roberta, bert, [2, 1]).tolist()
    [0, 1, 2, 3, 3, 4, 5]
    """
    mine, theirs = (own.single, other.single) if len(lengths) == 1 else (own.pair, other.pair)
    places: list[int] = []
    at = 0
    for index, (a, b) in enumerate(zip(mine, theirs, strict=True)):
        places += [max(0, at + min(i, len(b) - 1)) for i in range(len(a))]
        at += len(b)
        if index < len(lengths):
            places += range(at, at + lengths[index])
            at += lengths[index]
    return np.array(places, np.intp)


def _basis(folder: Path, rows: pd.DataFrame, asked: _Asked) -> _Basis:
    from safetensors.numpy import load_file, save_file

    path = folder / "basis.safetensors"
    if path.is_file():
        return _Basis(**load_file(path))
    places = np.unique(np.linspace(0, len(rows) - 1, _SAMPLE).astype(int))
    states = asked(rows.iloc[places])[1]
    joined = np.concatenate(states)
    if not len(joined):
        raise TrainingError(
            f"teacher.states does not fit teacher.pipeline = {asked.recipe.teacher.pipeline!r}: "  # type: ignore[union-attr]
            "its tokenizer cuts texts otherwise than the student's; allowed: 0"
        )
    basis = _Basis.of(joined)
    folder.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    save_file({"mean": basis.mean, "axes": np.ascontiguousarray(basis.axes)}, partial)
    partial.replace(path)
    return basis


def _write(path: Path, logits: Array, states: Sequence[Half], width: int) -> None:
    from safetensors.numpy import save_file

    joined = np.concatenate([np.empty((0, width), np.float16), *states])
    lengths = np.array([len(s) for s in states], np.int64)
    partial = path.with_suffix(".partial")
    save_file({"logits": logits, "states": joined, "lengths": lengths}, partial)
    partial.replace(path)


def _read(path: Path) -> tuple[Array, list[Half]]:
    from safetensors.numpy import load_file

    found = load_file(path)
    ends = np.cumsum(found["lengths"])
    return found["logits"], np.split(found["states"], ends[:-1])
