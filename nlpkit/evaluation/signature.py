"""How a number was computed, in one line that can be printed beside it.

After sacreBLEU (Post, "A Call for Clarity in Reporting BLEU Scores", 2018): two scores with one
signature can be compared, two without may not be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from nlpkit.errors import InputError

ABSENT = "none"


@dataclass(frozen=True, slots=True)
class Signature:
    """The metric and everything that changes its value, as ordered pairs of key and value.

    Keys in use: `variant` (whose rules), `stem`, `sentences`, `average`, `data`, `split`, `rows`,
    `content` (a fingerprint of the rows), `pipeline`, `weights`, `threshold`, `n`, `version`.
    Keys and values must not hold the separators `|` and `:` - a colon in a value becomes `=`.

    >>> signature = Signature("rougeLsum", {"stem": True, "n": 11490})
    >>> str(signature)
    'rougeLsum|stem:yes|n:11490'
    >>> str(signature.extended(data="squad", split=None))
    'rougeLsum|stem:yes|n:11490|data:squad'
    >>> signature["stem"]
    'yes'
    """

    metric: str
    fields: Mapping[str, str]

    def __init__(self, metric: str, fields: Mapping[str, Any] | None = None) -> None:
        object.__setattr__(self, "metric", _clean(metric))
        plain = {_clean(k): _said(v) for k, v in (fields or {}).items() if v is not None}
        object.__setattr__(self, "fields", MappingProxyType(plain))

    def extended(self, **fields: Any) -> Signature:
        """The same with more fields; a None is left out, a key that is there gets the new value."""
        return Signature(self.metric, {**self.fields, **fields})

    def __getitem__(self, key: str) -> str:
        return self.fields[key]

    def __contains__(self, key: object) -> bool:
        return key in self.fields

    def __hash__(self) -> int:
        return hash(str(self))

    def __str__(self) -> str:
        return "|".join([self.metric, *(f"{key}:{value}" for key, value in self.fields.items())])

    def to_dict(self) -> dict[str, str]:
        """Plain values for JSON, the metric first."""
        return {"metric": self.metric, **self.fields}

    @staticmethod
    def parse(text: str) -> Signature:
        """The signature that prints as `text`.

        Raises:
            InputError: a part without a colon.

        >>> Signature.parse("f1|n:10") == Signature("f1", {"n": 10})
        True
        """
        metric, *parts = text.split("|")
        fields = {}
        for part in parts:
            key, colon, value = part.partition(":")
            if not colon:
                raise InputError(f"the signature {text!r} has the part {part!r}, without a colon")
            fields[key] = value
        return Signature(metric, fields)


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return _clean(str(value))


def _clean(text: str) -> str:
    return " ".join(text.replace("|", "/").replace(":", "=").split()) or ABSENT
