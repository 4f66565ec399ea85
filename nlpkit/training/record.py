"""`training.json`: how the weights of a folder were made, for its card and for programs.

The record belongs to the weights whose sha256 it holds. It is removed just before new weights
are written and written once they are there, in one step: a run killed in between leaves no
record, never one of other weights.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from nlpkit import recipe as recipes
from nlpkit.errors import InputError
from nlpkit.evaluation.score import version

if TYPE_CHECKING:
    from nlpkit.recipe import Recipe
    from nlpkit.training.trained import Trained

FILE_NAME = "training.json"

# What does not decide on the weights: names, what training itself fits, and what comes after.
_AFTERWARDS = {"name", "description", "decoding", "evaluation", "weights"}


def recipe_fingerprint(recipe: Recipe) -> str:
    r"""Sixteen digits for all of a recipe that decides on the weights.

    Sections at their defaults do not count, nor do `[decoding]`, `[evaluation]` and `[weights]`,
    so the recipe that training writes has the fingerprint of the one that it was given.

    >>> from nlpkit.recipe import parse
    >>> text = 'name = "a"\ntask = "classification"\n[backbone]\nname = "b"\n[pooling]\n'
    >>> text += 'kind = "mean"\n[head]\nkind = "labels"\nlabels = ["no", "yes"]\n'
    >>> one = recipe_fingerprint(parse(text))
    >>> one == recipe_fingerprint(parse(text + "[decoding]\ntemperature = 2.0\n"))
    True
    >>> one == recipe_fingerprint(parse(text + "[training]\nepochs = 2.0\n"))
    False
    """
    chosen = recipe.model_dump(mode="json", exclude=_AFTERWARDS, exclude_defaults=True)
    return hashlib.sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()[:16]


def describe(
    trained: Trained, *, rows: int, set_aside: int, device: torch.device, weights: str
) -> dict[str, Any]:
    """What `training.json` says: plain values, and no path of the machine.

    Args:
        trained: the run.
        rows: how many rows of the data it was trained on.
        set_aside: how many were not.
        device: where it ran.
        weights: sha256 of the file of weights.
    """
    progress, recipe = trained.progress, trained.pipeline.recipe
    best = None
    if progress.best is not None:
        best = {"step": progress.best_step, "value": _rounded(progress.best)}
    return {
        "version": version(),
        "recipe": recipe_fingerprint(recipe),
        "weights": weights,
        "seed": recipe.training.seed,
        "rows": {"trained": rows, "set_aside": set_aside},
        "steps": progress.step,
        "seconds": round(progress.seconds, 1),
        "device": device_name(device),
        "loss": _rounded(progress.loss),
        "best": best,
        "heldout": _rounded(trained.heldout),
        "calibration": _rounded(trained.calibration),
    }


def device_name(device: torch.device) -> str:
    """The kind of device and, of a GPU, its name.

    >>> device_name(torch.device("cpu"))
    'cpu'
    """
    if device.type == "cuda":
        return f"cuda ({torch.cuda.get_device_name(device)})"
    return device.type


def discard(folder: Path) -> None:
    """Removes the record of weights that are about to be replaced."""
    try:
        (folder / FILE_NAME).unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"cannot write to {folder}: {error.strerror or error}") from None


def write(trained: Trained, *, rows: int, set_aside: int, device: torch.device) -> Path:
    """Writes `training.json` beside the weights that `trained` has saved.

    Raises:
        InputError: the folder cannot be written to.
    """
    folder = trained.folder
    saved = recipes.read(folder)
    assert saved.weights is not None, "the pipeline has been saved"
    said = describe(
        trained, rows=rows, set_aside=set_aside, device=device, weights=saved.weights.sha256
    )
    text = json.dumps(said, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
    path = folder / FILE_NAME
    partial = path.with_suffix(".partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from None
    return path


def _rounded(value: Any) -> Any:
    """Six significant digits, of all numbers inside as well."""
    if isinstance(value, Mapping):
        return {key: _rounded(inner) for key, inner in value.items()}
    return float(f"{value:.6g}") if isinstance(value, float) else value
