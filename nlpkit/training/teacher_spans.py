"""What a teacher of question answering says of every token: the targets of a student's spans.

Hinton et al. 2015, "Distilling the Knowledge in a Neural Network", for spans as in Sanh et al.
2019, "DistilBERT" (4.1): beside the annotated start and end a student learns how likely the teacher
thinks every token is one, and the token that stands for "no answer".
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nlpkit import corpora
from nlpkit.cache import cache_folder
from nlpkit.encoder import backbone
from nlpkit.errors import DataError, InputError, TrainingError
from nlpkit.recipe import Recipe
from nlpkit.tasks.question_answering import QuestionAnswering, question_windows
from nlpkit.tokenizer import Tokenizer, Tokens
from nlpkit.training.teacher_states import same_tokens
from nlpkit.windows import Window

if TYPE_CHECKING:
    import pandas as pd

# Rows of a file in the cache: a few minutes of a large teacher on a CPU.
_CHUNK = 1024

Half = NDArray[np.float16]

# Of a window that the teacher's tokenizer cuts into other tokens.
NOTHING = np.empty((0, 2), np.float16)


def teacher_spans(
    frame: pd.DataFrame,
    recipe: Recipe,
    teacher: QuestionAnswering,
    tokenizer: Tokenizer,
    *,
    max_tokens: int,
    progress: bool = True,
) -> list[list[Half]]:
    """The teacher's logits of each row, of each window that the student reads of it.

    They are kept in the cache folder, a part at a time, so that a run that is stopped goes on.

    Args:
        frame: rows with `question` and `context`.
        recipe: the student's.
        teacher: of the same task.
        tokenizer: the student's.
        max_tokens: the length of the student's windows.
        progress: show a bar.

    Returns:
        Of each window `(tokens, 2)`: starts and ends, for the tokens of the student's window; no
        tokens where the teacher's tokenizer cuts the question or the passage otherwise.

    Raises:
        TrainingError: when the teacher's encoder reads fewer tokens than the student's windows
            have, or cuts all rows otherwise.
        DataError: when a question is too long for the windows.
    """
    from tqdm.auto import tqdm

    rows = frame[["question", "context"]]
    asked = _Asked(recipe, teacher, tokenizer, max_tokens)
    assert teacher.recipe.weights is not None
    sizes = [max_tokens, recipe.backbone.stride]
    key = [teacher.recipe.weights.sha256, recipe.backbone.name, sizes, corpora.fingerprint(rows)]
    name = hashlib.sha256(json.dumps([key, "spans"]).encode()).hexdigest()[:24]
    folder = cache_folder("teachers") / name
    found: list[list[Half]] = []
    bar = tqdm(total=len(rows), desc="asking the teacher", disable=None if progress else True)
    with bar:
        for start in range(0, len(rows), _CHUNK):
            path = folder / f"{start:09d}.safetensors"
            chunk = rows.iloc[start : start + _CHUNK]
            if not path.is_file():
                folder.mkdir(parents=True, exist_ok=True)
                _write(path, asked(chunk, start))
            found += _read(path)
            bar.update(len(chunk))
    if not any(len(window) for row in found for window in row):
        raise TrainingError(
            f"teacher.pipeline = {asked.name!r} cannot teach {recipe.name!r}: its tokenizer cuts "
            "texts otherwise than the student's"
        )
    return found


class _Asked:
    """Rows to the teacher's logits, aligned with the tokens of the student's windows."""

    def __init__(
        self, recipe: Recipe, teacher: QuestionAnswering, tokenizer: Tokenizer, max_tokens: int
    ) -> None:
        assert recipe.teacher is not None
        self.name = recipe.teacher.pipeline
        self.recipe, self.teacher, self.tokenizer = recipe, teacher, tokenizer
        self.size = max_tokens
        # Both have the same room, so that the teacher's windows hold the same run of the passage.
        own, theirs = tokenizer.template.pair_extra, teacher.tokenizer.template.pair_extra
        self.their_size = max_tokens + theirs - own
        encoder = teacher.recipe.backbone
        most = backbone(encoder.name, sha256=encoder.sha256).max_tokens
        if self.their_size > most:
            raise TrainingError(
                f"teacher.pipeline = {self.name!r} reads at most {most} tokens at once; allowed "
                f"with it: backbone.max_tokens up to {most + own - theirs}"
            )

    def __call__(self, rows: pd.DataFrame, first: int) -> list[list[Half]]:
        own, theirs = (self._encoded(rows, t) for t in (self.tokenizer, self.teacher.tokenizer))
        windows: list[Window] = []
        places: list[list[NDArray[np.intp] | None]] = []
        for row, (mine, other) in enumerate(zip(own, theirs, strict=True)):
            alike = all(
                np.array_equal(a.offsets, b.offsets) for a, b in zip(mine, other, strict=True)
            )
            cut = self._windows(mine, self.tokenizer, self.size, first + row)
            if not alike:
                places.append([None] * len(cut))
                continue
            windows += self._windows(other, self.teacher.tokenizer, self.their_size, first + row)
            places.append([self._places(len(mine[0]), window) for window in cut])
        logits = iter(self.teacher.runtime(windows))
        return [
            [NOTHING if at is None else next(logits)[at].astype(np.float16) for at in row]
            for row in places
        ]

    def _encoded(self, rows: pd.DataFrame, tokenizer: Tokenizer) -> list[tuple[Tokens, Tokens]]:
        passages = list(dict.fromkeys(rows["context"]))
        known = dict(zip(passages, tokenizer.encode(passages), strict=True))
        questions = tokenizer.encode(rows["question"].tolist())
        return [(q, known[c]) for q, c in zip(questions, rows["context"], strict=True)]

    def _windows(
        self, tokens: tuple[Tokens, Tokens], tokenizer: Tokenizer, size: int, row: int
    ) -> list[Window]:
        try:
            return question_windows(
                tokenizer.template, *tokens, size=size, stride=self.recipe.backbone.stride
            )
        except InputError as error:
            raise DataError(f"row {row}: {error}") from None

    def _places(self, question: int, window: Window) -> NDArray[np.intp]:
        """Of each token of the student's window, its place in the teacher's."""
        lengths = [question, window.stop - window.start]
        return same_tokens(self.tokenizer.template, self.teacher.tokenizer.template, lengths)


def _write(path: Path, rows: Sequence[Sequence[Half]]) -> None:
    from safetensors.numpy import save_file

    windows = [window for row in rows for window in row]
    partial = path.with_suffix(".partial")
    tensors = {
        "logits": np.concatenate([NOTHING, *windows]),
        "tokens": np.array([len(window) for window in windows], np.int64),
        "windows": np.array([len(row) for row in rows], np.int64),
    }
    save_file(tensors, partial)
    partial.replace(path)


def _read(path: Path) -> list[list[Half]]:
    from safetensors.numpy import load_file

    found = load_file(path)
    windows = iter(np.split(found["logits"], np.cumsum(found["tokens"])[:-1]))
    return [[next(windows) for _ in range(count)] for count in found["windows"].tolist()]
