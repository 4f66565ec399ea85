"""Exporting a pipeline for ONNX Runtime, on first use."""

from __future__ import annotations

import importlib.util
import logging
import tempfile
from pathlib import Path
from typing import Any

from nlpkit.recipe import Recipe
from nlpkit.runtimes import cache
from nlpkit.runtimes.onnx import UNPADDED, missing
from nlpkit.tasks.folders import read_state, weights_file

# Where in a pipeline's folder an export may be that travels with it, a folder a dtype.
FOLDER = "onnx"

logger = logging.getLogger(__name__)


def exported(recipe: Recipe, folder: Path, dtype: str) -> cache.Export:
    """The export of a pipeline: the one in its folder or in the cache, or else made now.

    Args:
        recipe: the pipeline's.
        folder: where it is.
        dtype: `float32` or `int8`.

    Raises:
        WeightsError: when weights or backbone are missing or altered.
        DeviceError: when it cannot be exported, or a package for that is missing.
    """
    found = find(recipe, folder, dtype)
    if found is not None:
        return found
    logger.info("exporting %s to ONNX in %s, once", recipe.name, dtype)
    return cache.keep(key_of(recipe, dtype), lambda target: make(recipe, folder, dtype, target))


def find(recipe: Recipe, folder: Path, dtype: str) -> cache.Export | None:
    """The export of a pipeline that is there already."""
    key = cache.export_key(recipe, dtype)
    if key is None:
        return None
    return cache.read(folder / FOLDER / dtype, key) or cache.cached(key)


def make(recipe: Recipe, folder: Path, dtype: str, target: Path) -> dict[str, Any]:
    """Writes `model.onnx` and `tokenizer.json`; gives the record for `nlpkit.runtimes.cache`."""
    for package in ("onnxruntime", "onnx"):
        if importlib.util.find_spec(package) is None:
            raise missing(package)
    from nlpkit.encoder import backbone
    from nlpkit.model import build
    from nlpkit.runtimes.export import export
    from nlpkit.runtimes.quantize import quantize
    from nlpkit.tuning import merge

    shared = backbone(recipe.backbone.name, sha256=recipe.backbone.sha256)
    path = target / cache.MODEL
    exact = find(recipe, folder, "float32") if dtype == "int8" else None
    if exact is not None:
        quantize(exact.model, path)
    else:
        model = build(recipe)
        merge(model, read_state(weights_file(recipe, folder)), recipe.backbone)
        longest = min(recipe.backbone.max_tokens, shared.max_tokens)
        with tempfile.TemporaryDirectory(prefix="nlpkit-") as between:
            whole = path if dtype == "float32" else Path(between) / cache.MODEL
            export(model, whole, pad_id=shared.pad_id, longest=longest, fused=longest > UNPADDED)
            if dtype == "int8":
                quantize(whole, path)
    shared.tokenizer.backend.save(str(target / cache.TOKENIZER))
    return record(dtype, shared.max_tokens, shared.pad_id)


def record(dtype: str, max_tokens: int, pad_id: int) -> dict[str, Any]:
    """What `nlpkit.runtimes.cache` notes beside an export's files."""
    return {"dtype": dtype, "max_tokens": max_tokens, "pad_id": pad_id}


def key_of(recipe: Recipe, dtype: str) -> str:
    """What the export of a pipeline is known by; a backbone of the hub is fetched for that."""
    key = cache.export_key(recipe, dtype)
    if key is None:
        from nlpkit.encoder import backbone

        backbone(recipe.backbone.name)  # fetches it from the hub
        key = cache.export_key(recipe, dtype)
        assert key is not None, "the backbone's files are there now"
    return key
