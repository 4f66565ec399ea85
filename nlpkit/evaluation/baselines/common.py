"""What the baselines share: columns of the rows, and chance that does not depend on the order."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from nlpkit.errors import DataError, InputError, InputTypeError
from nlpkit.tables import listed

if TYPE_CHECKING:
    import pandas as pd


def column(rows: pd.DataFrame, name: str) -> list[Any]:
    """The values of a column of the rows.

    Raises:
        DataError: there is no such column.
    """
    if name not in rows:
        raise DataError(f"the rows have no column {name!r}; they have {listed(rows.columns)}")
    return list(rows[name])


def texts(rows: pd.DataFrame, name: str) -> list[str]:
    """The values of a column of texts.

    Raises:
        DataError: there is no such column, or a value in it is not a string.
    """
    values = column(rows, name)
    for row, value in enumerate(values):
        if not isinstance(value, str):
            raise DataError(f"{name!r} of row {row} is {value!r}; it must be a text")
    return values


def draw(seed: int, *parts: str | int) -> int:
    """A number from 0 to 2**64 - 1 by chance that is the same for the same arguments.

    It comes from a hash and not from a generator, so it is the same whatever was drawn before,
    and on every version of Python.

    >>> draw(0, "a text") == draw(0, "a text") != draw(1, "a text")
    True
    """
    digest = sha256(str(seed).encode())
    for part in parts:
        own = str(part).encode("utf-8", "surrogatepass")
        digest.update(f"|{len(own)}|".encode() + own)
    return int.from_bytes(digest.digest()[:8], "big")


def whole(value: object, name: str, least: int) -> int:
    """The value if it is a whole number of at least `least`.

    Raises:
        InputTypeError: it is not a whole number.
        InputError: it is less than `least`.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputTypeError(f"{name} is {value!r}; it must be a whole number from {least} on")
    if value < least:
        raise InputError(f"{name} is {value}; it must be a whole number from {least} on")
    return value
