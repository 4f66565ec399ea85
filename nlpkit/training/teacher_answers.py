"""What a teacher has said of rows, kept row by row in the cache folder.

A large teacher takes hours for some hundred thousand rows. So what it said is kept a part at a
time, and under the row itself: a run that was stopped goes on, and another run asks only for the
rows that are new to it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from nlpkit.cache import cache_folder

# Bytes of a row's key.
_KEY = 16

Array = NDArray[np.float32]

logger = logging.getLogger(__name__)


class Answers:
    """Logits of rows by one teacher.

    Args:
        teacher: all that the logits depend on but the rows: the weights, the order of the labels.
    """

    def __init__(self, teacher: Iterable[object]) -> None:
        text = json.dumps(list(teacher))
        name = hashlib.sha256(text.encode()).hexdigest()[:24]
        self.folder: Path = cache_folder("teachers") / name
        self.known: dict[bytes, Array] = {}
        # In the order of their names, so that two processes that said the same agree later, too.
        for path in sorted(self.folder.glob("*.npz")):
            try:
                with path.open("rb") as file, np.load(file) as part:
                    keys, logits = part["keys"], part["logits"]
            except (OSError, ValueError, KeyError, BadZipFile) as error:
                logger.info("%s is damaged, and what it held is asked again: %s", path, error)
                continue
            self.known.update(zip(map(bytes, keys), logits, strict=True))

    def missing(self, rows: Sequence[tuple[str, ...]]) -> list[int]:
        """Places of the rows that the teacher was not asked about; of equal rows the first."""
        first: dict[bytes, int] = {}
        for place, row in enumerate(rows):
            first.setdefault(_key(row), place)
        return [place for key, place in first.items() if key not in self.known]

    def add(self, rows: Sequence[tuple[str, ...]], logits: Array) -> None:
        """Keeps the logits `(rows, labels)` of some rows, in a file of their own.

        Rows of fewer labels, such as the sentences of a document, end with NaN.
        """
        keys = [_key(row) for row in rows]
        self.known.update(zip(keys, logits, strict=True))
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{uuid.uuid4().hex}.npz"
        partial = path.with_suffix(".partial")
        table = np.frombuffer(b"".join(keys), np.uint8).reshape(-1, _KEY)
        with partial.open("wb") as file:
            np.savez(file, keys=table, logits=logits)
        partial.replace(path)

    def of(self, rows: Sequence[tuple[str, ...]]) -> list[Array]:
        """The logits of each row, `(labels,)`; all of them have to be known."""
        return [self.known[_key(row)] for row in rows]


def _key(row: tuple[str, ...]) -> bytes:
    # JSON says where one text of a pair ends.
    return hashlib.sha256(json.dumps(row).encode()).digest()[:_KEY]
