"""Exports on the disk: found again, checked before use, written in one step.

An export is a folder with `model.onnx`, `tokenizer.json` and `export.json`, which says what it was
made of and what the files must hash to; with the recipe beside it nothing else is needed to run a
pipeline. It is found by its key, a hash over all that the numbers depend on, so one of other
weights is never taken.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import logging
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from nlpkit.backbone_files import WEIGHTS, cached_file, fingerprint, local_folder
from nlpkit.cache import cache_folder
from nlpkit.errors import NlpkitWarning, WeightsError
from nlpkit.recipe import Recipe
from nlpkit.recipe_sections import BackboneRecipe
from nlpkit.tokenizer import Tokenizer

# Part of what an export is known by: one of another version is made anew.
VERSION = 2

MODEL = "model.onnx"
TOKENIZER = "tokenizer.json"
RECORD = "export.json"

_STALE_SECONDS = 3600

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Export:
    """An exported pipeline.

    Attributes:
        folder: where its files are.
        dtype: `float32` or `int8`.
        max_tokens: the longest input that its encoder has positions for.
        pad_id: the token that fills a batch up.
    """

    folder: Path
    dtype: str
    max_tokens: int
    pad_id: int

    @property
    def model(self) -> Path:
        """The ONNX file."""
        return self.folder / MODEL

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """Text to tokens."""
        return Tokenizer.from_file(self.folder / TOKENIZER)


def export_key(recipe: Recipe, dtype: str) -> str | None:
    """What the export of a trained pipeline is known by; None while its backbone is not here.

    It changes with the weights, the backbone, how they are put together, the exporter and the
    dtype; not with what the results are decoded by.
    """
    assert recipe.weights is not None, "only a trained pipeline is exported"
    backbone = _identity(recipe.backbone)
    if backbone is None:
        return None
    parts = {
        "weights": recipe.weights.sha256,
        "backbone": backbone,
        "tuning": recipe.backbone.model_dump(
            mode="json", include={"tuning", "rank", "alpha", "layers"}
        ),
        "pooling": recipe.pooling.model_dump(mode="json", exclude_defaults=True),
        "head": recipe.head.model_dump(mode="json", exclude={"dropout"}),
        "exporter": VERSION,
        "dtype": dtype,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def read(folder: Path, key: str) -> Export | None:
    """The export in a folder, if it is whole and the one of that key."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        if record["key"] != key:
            logger.info("the export in %s belongs to other weights", folder)
            return None
        for name, sha256 in record["files"].items():
            if fingerprint(folder / name) != sha256:
                logger.info("the export in %s was cut off or altered", folder)
                return None
        return Export(folder, record["dtype"], int(record["max_tokens"]), int(record["pad_id"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, WeightsError) as error:
        logger.info("the export in %s cannot be read: %s", folder, error)
        return None


def cached(key: str) -> Export | None:
    """The export of that key in the cache folder, or in this process's temporary one."""
    folders = [cache_folder("onnx"), *([_temporary()] if _temporary.cache_info().currsize else [])]
    return next((found for folder in folders if (found := read(folder / key, key))), None)


def keep(key: str, make: Callable[[Path], dict[str, Any]]) -> Export:
    """Makes an export and keeps it in the cache folder.

    Where that cannot be written, it goes to a temporary folder until the process ends, with a
    warning.

    Args:
        key: what it is known by.
        make: writes `model.onnx` and `tokenizer.json` in a folder, and gives the rest of the
            record: `dtype`, `max_tokens`, `pad_id`.
    """
    root = cache_folder("onnx")
    try:
        return write(root / key, key, make)
    except OSError as error:
        warnings.warn(
            f"the cache folder {root} cannot be written ({error.strerror or error}), so the "
            "export is made anew in each process; NLPKIT_CACHE names another folder",
            NlpkitWarning,
            stacklevel=2,
        )
        return write(_temporary() / key, key, make)


def write(target: Path, key: str, make: Callable[[Path], dict[str, Any]]) -> Export:
    """Makes an export in a folder of its own, then puts it in its place in one step.

    Raises:
        OSError: when it cannot be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    _sweep(target.parent)
    partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=target.parent))
    try:
        record = make(partial)
        names: Sequence[str] = sorted(path.name for path in partial.iterdir())
        files = {name: fingerprint(partial / name) for name in names}
        text = json.dumps({"key": key, "exporter": VERSION, **record, "files": files}, indent=1)
        (partial / RECORD).write_text(text + "\n", encoding="utf-8")
        partial.chmod(0o755)
        if target.exists():
            shutil.rmtree(target)
        try:
            partial.rename(target)
        except OSError:
            if read(target, key) is None:  # and not one that another process has just put there
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    export = read(target, key)
    if export is None:
        raise OSError(f"what was written to {target} cannot be read again")
    return export


def _sweep(root: Path) -> None:
    """Removes what processes that were killed have left behind."""
    for path in root.glob(".partial-*"):
        try:
            if time.time() - path.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(path, ignore_errors=True)
        except OSError:
            continue


@lru_cache(maxsize=1)
def _temporary() -> Path:
    folder = tempfile.mkdtemp(prefix="nlpkit-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def _identity(backbone: BackboneRecipe) -> str | None:
    """A hash of the backbone: the recipe's own, or else one over its files."""
    if backbone.sha256 is not None:
        return backbone.sha256
    names = (WEIGHTS, "config.json", TOKENIZER)
    folder = local_folder(backbone.name)
    found = [Path(folder, n) if folder else cached_file(backbone.name, n) for n in names]
    present = [path for path in found if path is not None and path.is_file()]
    if not present or present[0].name != WEIGHTS:
        return None
    stamps = tuple((str(p), p.stat().st_mtime_ns, p.stat().st_size) for p in present)
    return _hash_of(stamps)


@lru_cache(maxsize=64)
def _hash_of(stamps: tuple[tuple[str, int, int], ...]) -> str:
    together = "".join(fingerprint(Path(path)) for path, _, _ in stamps)
    return hashlib.sha256(together.encode()).hexdigest()
