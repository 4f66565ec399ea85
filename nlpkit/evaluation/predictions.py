"""Predictions kept in a file as they are made, so that an interrupted evaluation goes on.

The file is JSON lines: first what made the predictions and on which rows, then one prediction a
row, in the order of the data set. A line that was cut off by a kill is made again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from nlpkit.errors import DataError
from nlpkit.files import parse_json

_START = '{"nlpkit": "predictions"'
_FOREIGN = "is there and is no file of nlpkit's predictions; name another one"
# Lines are handed to the system at least this often: what a kill costs.
_FLUSH_EVERY = 64


def file_name(header: Mapping[str, Any]) -> str:
    """A name for the file of this system on these rows: other weights or rows, another name.

    >>> file_name({"system": "sst2", "data": "glue/sst2"})
    'sst2-glue-sst2-f8d7a29b5285.jsonl'
    """
    digest = hashlib.sha256(_line(header).encode()).hexdigest()[:12]
    name = "-".join(str(header.get(key, "")) for key in ("system", "data", "split"))
    safe = "".join(c if c.isalnum() else "-" for c in name).strip("-")[-60:]
    return f"{safe}-{digest}.jsonl"


def kept(
    path: Path,
    header: Mapping[str, Any],
    total: int,
    predict: Callable[[int], Iterator[Mapping[str, Any]]],
    *,
    resume: bool = True,
) -> Iterator[dict[str, Any]]:
    """All predictions: those of the file first, then new ones, written as they come.

    Args:
        path: the file; made with its folders if it is not there.
        header: what made the predictions, and the rows; plain values.
        total: how many rows there are.
        predict: gives the predictions from a row's number on.
        resume: take what the file has; False makes all predictions anew.

    Raises:
        DataError: the file holds something else, even where nothing of it is to be taken; or
            cannot be written; more predictions than rows, or one that is no JSON.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "p.jsonl"
    ...     first = list(kept(path, {"system": "a"}, 2, lambda row: iter([{"n": row}, {"n": 1}])))
    ...     again = list(kept(path, {"system": "a"}, 2, lambda row: iter([])))
    >>> first == again == [{"n": 0}, {"n": 1}]
    True
    """
    header = {"nlpkit": "predictions", **header}
    done = _read(path, header, total, resume=resume)
    yield from done
    if len(done) == total:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # What was read is written anew beside the file: a cut-off last line is gone then, and
        # a kill in between leaves the old file whole.
        partial = path.with_name(path.name + ".partial")
        partial.write_text("".join(map(_line, [header, *done])), encoding="utf-8")
        partial.replace(path)
        with path.open("a", encoding="utf-8") as file:
            for number, prediction in enumerate(predict(len(done)), 1):
                if number > total - len(done):
                    raise DataError(f"there are more predictions than the {total} rows")
                file.write(_line(prediction))
                if number % _FLUSH_EVERY == 0:
                    file.flush()
                yield dict(prediction)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror or error}") from None


def _read(
    path: Path, header: Mapping[str, Any], total: int, *, resume: bool
) -> list[dict[str, Any]]:
    """The whole predictions of the file; none where they are not to be taken.

    Whoever names a file of something else by mistake gets it back as it was.
    """
    first = _line(header)
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from None
    lines = text.split("\n")[:-1]  # what follows the last line end was cut off
    if not lines:
        if not first.startswith(text) and not text.startswith(_START):
            raise DataError(f"{path} {_FOREIGN}")
        return []
    if not lines[0].startswith(_START):
        raise DataError(f"{path} {_FOREIGN}")
    if not resume:
        return []
    found, wanted = parse_json(lines[0], path, line=1), json.loads(first)
    if found != wanted:
        keys = [k for k in {**wanted, **found} if found.get(k) != wanted.get(k)]
        differs = ", ".join(f"{k} is {found.get(k)!r}, not {wanted.get(k)!r}" for k in keys)
        raise DataError(
            f"{path} holds other predictions ({differs}); name another file or remove it"
        )
    if len(lines) - 1 > total:
        raise DataError(f"{path} holds {len(lines) - 1} predictions for {total} rows")
    done = []
    for number, line in enumerate(lines[1:], 2):
        prediction = parse_json(line, path, line=number)
        if not isinstance(prediction, dict):
            raise DataError(f"{path}, line {number}: {line[:40]} is no prediction; remove the file")
        done.append(prediction)
    return done


def _line(record: Mapping[str, Any]) -> str:
    try:
        return json.dumps(record, ensure_ascii=True, allow_nan=False) + "\n"
    except (TypeError, ValueError) as error:
        raise DataError(
            f"{str(record)[:60]} cannot be kept: predictions are plain values for JSON, without NaN"
            f" ({error})"
        ) from None
