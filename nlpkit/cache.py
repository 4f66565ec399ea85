"""The user's cache folder, where what can be made again is kept."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder(kind: str) -> Path:
    """Where things of one kind (`predictions`, `onnx`) are kept; it may not be there yet.

    In the folder that `NLPKIT_CACHE` names, otherwise in `nlpkit` in `XDG_CACHE_HOME`, otherwise in
    `~/.cache/nlpkit`.
    """
    given = os.environ.get("NLPKIT_CACHE")
    if given:
        return Path(given) / kind
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "nlpkit" / kind
