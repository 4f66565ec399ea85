"""Opening a pipeline's folder."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlpkit import recipe as recipes
from nlpkit.errors import DeviceError, InputTypeError, PipelineNotFoundError
from nlpkit.recipe import Recipe
from nlpkit.recipe_sections import Task
from nlpkit.runtimes import cache
from nlpkit.runtimes.choice import EXACT, Candidate, Choice, choose
from nlpkit.runtimes.machine import machine
from nlpkit.runtimes.onnx import OnnxRuntime
from nlpkit.tasks import checks
from nlpkit.tasks.classification import Classification
from nlpkit.tasks.exports import exported
from nlpkit.tasks.folders import Tensors, WeightsFile, find, read_state, weights_file
from nlpkit.tasks.pipeline import Pipeline, positive
from nlpkit.tasks.question_answering import QuestionAnswering
from nlpkit.tasks.summarization import Summarization

if TYPE_CHECKING:
    # torch takes seconds to import, and the ONNX runtime does without it.
    from nlpkit.runtimes.torch import TorchRuntime
    from nlpkit.tuning import State

_TASKS: dict[str, type[Pipeline[Any, Any, Any]]] = {
    "summarization": Summarization,
    "question_answering": QuestionAnswering,
    "classification": Classification,
}

logger = logging.getLogger(__name__)


def load(
    name_or_path: str | Path,
    *,
    device: str = "auto",
    dtype: str = "auto",
    runtime: str = "auto",
    batch_tokens: int | None = None,
    task: Task | None = None,
    many: bool = True,
) -> Pipeline[Any, Any, Any]:
    """Opens a pipeline: a shipped one by its name, any other by its folder.

    Args:
        name_or_path: `summarization`, `question_answering`, ... or a folder.
        device: `auto` (a GPU if there is one), `cpu`, `cuda`, `cuda:1`, `mps`.
        dtype: `auto`, `float32`, `bfloat16`, `float16`, `int8` (with the ONNX runtime, on a CPU).
        runtime: `auto`, `torch`, or `onnx` (ONNX Runtime, on a CPU; exported on first use). What
            `auto` has chosen, and why, is in the pipeline's `info`.
        batch_tokens: most tokens in a padded batch; None takes what suits the device.
        task: what it must be for: `summarization`, `question_answering`, `classification`. None
            takes any.
        many: inputs will come many at a time, in lists or iterators: `auto` takes what computes
            most of them in a second. Otherwise it takes what starts soonest and is done first with
            one, which differs on processors with AMX.

    Raises:
        PipelineNotFoundError: when there is neither such a pipeline nor such a folder, or it is
            for another task.
        RecipeError: when its `pipeline.toml` is not valid.
        WeightsError: when weights are missing, cut off, altered or do not fit the recipe.
        DeviceError: when device, dtype or runtime are unknown or not there.
    """
    if not isinstance(name_or_path, str | Path):
        raise InputTypeError(
            f"the pipeline is of type {type(name_or_path).__name__}; it must be a name or a path"
        )
    if batch_tokens is not None:
        positive(batch_tokens, "batch_tokens")
    folder = find(name_or_path)
    recipe = recipes.read(folder)
    if task is not None and recipe.task != task:
        raise PipelineNotFoundError(
            f"the pipeline {str(name_or_path)!r} is for {spoken(recipe.task)}; "
            f"one for {spoken(task)} is needed"
        )
    weights = weights_file(recipe, folder)

    def change(candidate: Candidate) -> float | str:
        return checks.change_of(recipe, folder, candidate)

    choice = choose(runtime, dtype, _settled(device, runtime), machine(), change, many=many)
    try:
        pipeline = _open(recipe, weights, choice, device=device, batch_tokens=batch_tokens)
    except DeviceError as error:
        # An export that cannot be made: the package onnx is missing, torch is of another version.
        if choice.runtime == "torch" or runtime != "auto" or dtype not in ("auto", EXACT.dtype):
            raise
        choice = Choice(*EXACT, f"auto; {choice.runtime} {choice.dtype} failed: {error}")
        pipeline = _open(recipe, weights, choice, device=device, batch_tokens=batch_tokens)
    logger.info("%s runs on %s in %s (%s)", recipe.name, choice.runtime, choice.dtype, choice.why)
    return pipeline


def spoken(task: Task) -> str:
    """A task's name as one says it."""
    return task.replace("_", " ")


def measured_change(recipe: Recipe, weights: Path, candidate: Candidate) -> float:
    """The greatest change of a score on the probe set, against torch in float32 on the CPU."""
    from nlpkit.tasks.probes import change

    exact = _open(recipe, weights, Choice("torch", "float32", "probe"), device="cpu")
    return change(exact, as_elsewhere(recipe, weights, candidate))


def as_elsewhere(recipe: Recipe, weights: Path, candidate: Candidate) -> Pipeline[Any, Any, Any]:
    """A pipeline as a machine with the instructions for a candidate computes it, to rounding.

    What this machine lacks them for is computed otherwise, and slowly: for checks only.
    """
    choice = Choice(*candidate, "probe")
    if candidate.dtype != "int8" or machine().int8:
        return _open(recipe, weights, choice, device="cpu")
    from nlpkit.runtimes.quantize import quantize

    export = exported(recipe, weights.parent, "float32")
    with tempfile.TemporaryDirectory(prefix="nlpkit-") as folder:
        widened = Path(folder) / cache.MODEL
        quantize(export.model, widened, native=False)
        runtime = OnnxRuntime(widened, export.pad_id, dtype="int8")
    return _exported_pipeline(recipe, weights, export, runtime, choice.why)


def assemble(
    recipe: Recipe,
    state: State,
    *,
    runtime: TorchRuntime | None = None,
    device: str = "auto",
    dtype: str = "auto",
    batch_tokens: int | None = None,
    folder: Path | None = None,
    why: str = "asked for",
) -> Pipeline[Any, Any, Any]:
    """A pipeline on torch from its parts: with the stored tensors, or around a runtime.

    Raises:
        WeightsError: when the tensors do not fit the recipe, or the backbone cannot be loaded.
        DeviceError: when device or dtype are unknown or not there.
    """
    from nlpkit.encoder import backbone
    from nlpkit.model import build
    from nlpkit.runtimes.torch import TorchRuntime
    from nlpkit.tuning import merge

    shared = backbone(recipe.backbone.name, sha256=recipe.backbone.sha256)
    if runtime is None:
        model = build(recipe)
        merge(model, state, recipe.backbone)
        runtime = TorchRuntime(
            model, shared.pad_id, device=device, dtype=dtype, batch_tokens=batch_tokens
        )
        runtime.narrow()
    return _TASKS[recipe.task](
        recipe, shared, runtime, weights=Tensors(state), folder=folder, why=why
    )


def stored(name_or_path: str | Path) -> tuple[Recipe, State]:
    """The recipe and the tensors of a pipeline, verified but not put together.

    Raises:
        PipelineNotFoundError, RecipeError, WeightsError: as `load`.
    """
    folder = find(name_or_path)
    recipe = recipes.read(folder)
    return recipe, read_state(weights_file(recipe, folder))


def _open(
    recipe: Recipe, weights: Path, choice: Choice, *, device: str, batch_tokens: int | None = None
) -> Pipeline[Any, Any, Any]:
    """The pipeline of a verified weights file, on the runtime that was chosen."""
    folder = weights.parent
    if choice.runtime == "torch":
        return assemble(
            recipe,
            read_state(weights),
            device=device,
            dtype=choice.dtype,
            batch_tokens=batch_tokens,
            folder=folder,
            why=choice.why,
        )
    export = exported(recipe, folder, choice.dtype)
    runtime = OnnxRuntime(
        export.model, export.pad_id, dtype=choice.dtype, batch_tokens=batch_tokens
    )
    return _exported_pipeline(recipe, weights, export, runtime, choice.why)


def _exported_pipeline(
    recipe: Recipe, weights: Path, export: cache.Export, runtime: OnnxRuntime, why: str
) -> Pipeline[Any, Any, Any]:
    assert recipe.weights is not None, "weights_file() has found them"
    own = WeightsFile(weights, recipe.weights.sha256)
    return _TASKS[recipe.task](recipe, export, runtime, weights=own, folder=weights.parent, why=why)


def _settled(device: str, runtime: str) -> str:
    """`auto` made the device that it stands for."""
    if device != "auto" or runtime == "onnx":
        return device
    if not machine().gpu:
        return "cpu"
    # Only torch knows for sure whether it can use what looks like a GPU.
    from nlpkit.runtimes.torch import resolve_device

    return resolve_device("auto").type
