"""Where the shipped pipelines are."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from nlpkit.recipe import FILE_NAME


@lru_cache(maxsize=1)
def shipped_folder() -> Path:
    """The folder of the shipped pipelines: inside the package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent
    inside = package / "pipelines"
    return inside if inside.is_dir() else package.parent / "pipelines"


def available() -> list[str]:
    """The names of the shipped pipelines, those that are trained, in alphabetical order.

    >>> isinstance(available(), list)
    True
    """
    folders = sorted(shipped_folder().glob(f"*/{FILE_NAME}"))
    return [path.parent.name for path in folders if (path.parent / "weights.safetensors").is_file()]
