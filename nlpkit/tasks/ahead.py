"""Exporting a pipeline, and checking what number types do to its scores, ahead of time."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nlpkit import recipe as recipes
from nlpkit.errors import InputError
from nlpkit.recipe import Recipe
from nlpkit.runtimes import cache
from nlpkit.runtimes.choice import CANDIDATES, Candidate, checkable, choose
from nlpkit.runtimes.machine import machine
from nlpkit.tasks import checks
from nlpkit.tasks.exports import FOLDER, exported, find, key_of, make, record
from nlpkit.tasks.folders import copy_notes, weights_file
from nlpkit.tasks.folders import find as find_folder
from nlpkit.tasks.loading import measured_change


@dataclass(frozen=True)
class Exported:
    """What was exported.

    Attributes:
        folder: where `model.onnx` is.
        dtype: its number type.
        bytes: the size of `model.onnx`.
        changes: the greatest change of a score on the probe set against float32 on torch, by
            runtime and number type.
    """

    folder: Path
    dtype: str
    bytes: int
    changes: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "folder": str(self.folder),
            "dtype": self.dtype,
            "bytes": self.bytes,
            "changes": self.changes,
        }


def export_pipeline(
    name_or_path: str | Path,
    output: str | Path | None = None,
    *,
    dtype: str = "float32",
    check: bool = False,
) -> Exported:
    """Exports a pipeline, so that `nlpkit.load` with the ONNX runtime begins at once.

    Args:
        name_or_path: a shipped pipeline's name, or a folder.
        output: a folder that becomes the whole pipeline with its export in it; it runs without the
            backbone. None puts the export in the cache folder.
        dtype: `float32` or `int8`.
        check: measures all runtimes and number types of a CPU, those that this machine lacks the
            instructions for too, and writes the result as `runtimes.json` in the output, or in
            the pipeline's own folder.

    Raises:
        PipelineNotFoundError, RecipeError, WeightsError: as `nlpkit.load`.
        DeviceError: when it cannot be exported, or a package for that is missing.
        InputError: when the output cannot be written.
    """
    folder = find_folder(name_or_path)
    recipe = recipes.read(folder)
    weights = weights_file(recipe, folder)
    # Says what is wrong before any work. An int8 export may be for another machine than this.
    choose("onnx", dtype, "cpu", replace(machine(), int8=True), lambda _: 1.0)
    try:
        if output is None:
            export = exported(recipe, folder, dtype)
        else:
            target = Path(output)
            _copy(recipe, folder, target)
            export = _put(recipe, folder, dtype, target)
            weights = target / weights.name
        names = [Candidate("onnx", dtype)]
        if check:
            names = [c for c in CANDIDATES if checkable(c, machine())]
        changes = {str(c): measured_change(recipe, weights, c) for c in names}
        if check:
            path = (folder if output is None else Path(output)) / checks.FILE_NAME
            excluded = checks.read(recipe, path).excluded
            checks.write(recipe, path, checks.Checks(changes, excluded))
    except OSError as error:
        place = error.filename or output or folder
        raise InputError(f"cannot export to {place}: {error.strerror or error}") from None
    return Exported(export.folder, dtype, export.model.stat().st_size, changes)


def _copy(recipe: Recipe, folder: Path, output: Path) -> None:
    """The pipeline's own files to another folder."""
    output.mkdir(parents=True, exist_ok=True)
    if output.resolve() == folder.resolve():
        return
    assert recipe.weights is not None, "weights_file() has found them"
    for name in (recipe.weights.file, recipes.FILE_NAME):
        shutil.copyfile(folder / name, output / name)
    copy_notes(folder, output, recipe.weights.sha256)


def _put(recipe: Recipe, folder: Path, dtype: str, output: Path) -> cache.Export:
    """The export in a pipeline's folder, from where `nlpkit.load` takes it."""
    target = output / FOLDER / dtype
    key = key_of(recipe, dtype)
    found = cache.read(target, key)
    if found is not None:
        return found
    there = find(recipe, folder, dtype)
    if there is None:
        return cache.write(target, key, lambda path: make(recipe, folder, dtype, path))

    def copy(path: Path) -> dict[str, Any]:
        for name in (cache.MODEL, cache.TOKENIZER):
            shutil.copyfile(there.folder / name, path / name)
        return record(there.dtype, there.max_tokens, there.pad_id)

    return cache.write(target, key, copy)
