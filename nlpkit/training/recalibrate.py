"""Calibration alone: what decoding needs is fitted anew, and the weights stay as they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlpkit.errors import InputError, RecipeError, TrainingError
from nlpkit.rows import read_rows
from nlpkit.tasks.folders import find
from nlpkit.tasks.loading import load
from nlpkit.tasks.pipeline import Pipeline
from nlpkit.training.calibrate import LEAST, Errors, calibrated
from nlpkit.training.holdout import split_rows
from nlpkit.training.training_rows import training_rows

if TYPE_CHECKING:
    import pandas as pd

    from nlpkit.recipe import Recipe


@dataclass(frozen=True)
class Recalibrated:
    """What `calibrate` gives back.

    Attributes:
        pipeline: open for use, with the new values.
        folder: where it was written.
        rows: how many rows the values were fitted on.
        fitted: the values of `[decoding]` that changed, each `before` and `after`.
        calibration: expected calibration errors at temperature 1 (`before`) and with fitted values
            (`after`, on rows that they were not fitted on), by name; see
            `nlpkit.training.calibrate.calibrated`.
    """

    pipeline: Pipeline[Any, Any, Any]
    folder: Path
    rows: int
    fitted: dict[str, dict[str, Any]]
    calibration: Errors


def calibrate(
    name_or_path: str | Path,
    source: str | None = None,
    *,
    split: str | None = None,
    data: str | Path | None = None,
    limit: int | None = None,
    output: str | Path | None = None,
    device: str = "auto",
) -> Recalibrated:
    """Fits temperature, thresholds and the worth of words anew, on other rows or the same.

    Texts of another kind than the training's have other shares of right answers, and a threshold
    that suits them better: a hundred rows are enough to find it, and nothing is trained.

    Args:
        name_or_path: a folder, or a shipped pipeline's name, which then needs an `output`.
        source: rows to fit on: a file, a folder, a reference set or one on the hub. None takes
            those that the recipe sets aside from training.
        split: of a named set; None takes the validation set.
        data: folder of the reference data sets.
        limit: at most so many rows, drawn with the recipe's seed.
        output: where the pipeline is written; None is its own folder.
        device: `auto`, `cpu`, `cuda`, `mps`.

    Raises:
        PipelineNotFoundError, WeightsError: as `nlpkit.load`.
        RecipeError: without `source`, when the recipe says nothing about data or sets no rows
            aside.
        DataError: when the rows cannot be read, or have a label that the recipe does not know.
        TrainingError: when there are fewer than 100 rows, or the pipeline has nothing to fit.
        InputError: when a shipped pipeline would be written over, or the output cannot be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     done = calibrate("sst2", "data/reviews.csv", output=folder, device="cpu")
    >>> done.rows, list(done.fitted)
    (102, ['temperature'])
    """
    folder = find(name_or_path)
    if output is None and not Path(name_or_path).is_dir():
        raise InputError(
            f"{str(name_or_path)!r} is a shipped pipeline, which is not written over: say where "
            "the output goes"
        )
    pipeline = load(folder, device=device, dtype="float32", runtime="torch")
    before = pipeline.recipe
    if before.head.kind in ("multi_label", "regression"):
        raise TrainingError(
            f"{before.name!r} has nothing to calibrate: its head is {before.head.kind!r}"
        )
    frame = _rows(before, folder, source, split=split, data=data)
    if limit is not None and limit < len(frame):
        frame = frame.sample(n=limit, random_state=before.training.seed).reset_index(drop=True)
    recipe, errors = calibrated(pipeline, frame)
    if errors is None:
        raise TrainingError(
            f"there are {len(frame):,} rows to calibrate {before.name!r} on; at least {LEAST} "
            "that it can read are needed"
        )
    pipeline.recipe = recipe
    target = folder if output is None else Path(output)
    pipeline.save(target)
    pipeline.folder = target
    old, new = before.decoding.model_dump(), recipe.decoding.model_dump()
    changed = {key: {"before": old[key], "after": new[key]} for key in new if old[key] != new[key]}
    return Recalibrated(pipeline, target, len(frame), changed, errors)


def _rows(
    recipe: Recipe, folder: Path, source: str | None, *, split: str | None, data: str | Path | None
) -> pd.DataFrame:
    if source is not None:
        return read_rows(recipe, [source], split=split or "validation", data=data)
    if recipe.data is None:
        raise RecipeError(f"{folder} has a recipe without [data]: name the rows to calibrate on")
    _, aside = split_rows(training_rows(recipe, data), recipe)
    if aside is None:
        raise RecipeError(f"{folder} sets no rows aside: name the rows to calibrate on")
    return aside
