"""Opening a pipeline's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nlpkit import recipe as recipes
from nlpkit.encoder import backbone, verify
from nlpkit.errors import DeviceError, InputTypeError, PipelineNotFoundError, WeightsError
from nlpkit.model import build
from nlpkit.recipe import Recipe
from nlpkit.runtimes.torch import TorchRuntime
from nlpkit.shipped import available, shipped_folder
from nlpkit.tasks.classification import Classification
from nlpkit.tasks.pipeline import Pipeline, positive
from nlpkit.tasks.question_answering import QuestionAnswering
from nlpkit.tasks.summarization import Summarization
from nlpkit.tuning import State, merge

RUNTIMES = ("auto", "torch")

_TASKS: dict[str, type[Pipeline[Any, Any, Any]]] = {
    "summarization": Summarization,
    "question_answering": QuestionAnswering,
    "classification": Classification,
}


def load(
    name_or_path: str | Path,
    *,
    device: str = "auto",
    dtype: str = "auto",
    runtime: str = "auto",
    batch_tokens: int | None = None,
) -> Pipeline[Any, Any, Any]:
    """Opens a pipeline: a shipped one by its name, any other by its folder.

    Args:
        name_or_path: `summarization`, `question_answering`, ... or a folder.
        device: `auto` (a GPU if there is one), `cpu`, `cuda`, `cuda:1`, `mps`.
        dtype: `auto`, `float32`, `bfloat16`, `float16`.
        runtime: `auto` or `torch`.
        batch_tokens: most tokens in a padded batch; None takes what suits the device.

    Raises:
        PipelineNotFoundError: when there is neither such a pipeline nor such a folder.
        RecipeError: when its `pipeline.toml` is not valid.
        WeightsError: when weights are missing, cut off, altered or do not fit the recipe.
        DeviceError: when device, dtype or runtime are unknown or not there.
    """
    if not isinstance(name_or_path, str | Path):
        raise InputTypeError(
            f"the pipeline is of type {type(name_or_path).__name__}; it must be a name or a path"
        )
    if runtime not in RUNTIMES:
        raise DeviceError(f"unknown runtime {runtime!r}; allowed: {', '.join(RUNTIMES)}")
    if batch_tokens is not None:
        positive(batch_tokens, "batch_tokens")
    folder = _find(name_or_path)
    recipe = recipes.read(folder)
    state = _read_weights(recipe, folder)
    return assemble(
        recipe, state, device=device, dtype=dtype, batch_tokens=batch_tokens, folder=folder
    )


def assemble(
    recipe: Recipe,
    state: State,
    *,
    runtime: TorchRuntime | None = None,
    device: str = "auto",
    dtype: str = "auto",
    batch_tokens: int | None = None,
    folder: Path | None = None,
) -> Pipeline[Any, Any, Any]:
    """A pipeline from its parts: with the stored tensors, or around a runtime that is there.

    Raises:
        WeightsError: when the tensors do not fit the recipe, or the backbone cannot be loaded.
        DeviceError: when device or dtype are unknown or not there.
    """
    shared = backbone(recipe.backbone.name, sha256=recipe.backbone.sha256)
    if runtime is None:
        model = build(recipe)
        merge(model, state, recipe.backbone)
        runtime = TorchRuntime(
            model, shared.pad_id, device=device, dtype=dtype, batch_tokens=batch_tokens
        )
    return _TASKS[recipe.task](recipe, shared, runtime, state=state, folder=folder)


def _find(name_or_path: str | Path) -> Path:
    path = Path(name_or_path)
    if path.is_dir() and (path / recipes.FILE_NAME).is_file():
        return path
    if str(name_or_path) in available():
        return shipped_folder() / str(name_or_path)
    if path.is_dir():
        raise PipelineNotFoundError(f"no pipeline in {path}: it has no {recipes.FILE_NAME}")
    raise PipelineNotFoundError(
        f"no pipeline {str(name_or_path)!r}: there is no such folder, and the shipped ones are "
        f"{', '.join(available()) or 'none'}"
    )


def stored(name_or_path: str | Path) -> tuple[Recipe, State]:
    """The recipe and the tensors of a pipeline, verified but not put together.

    Raises:
        PipelineNotFoundError, RecipeError, WeightsError: as `load`.
    """
    folder = _find(name_or_path)
    recipe = recipes.read(folder)
    return recipe, _read_weights(recipe, folder)


def _read_weights(recipe: Recipe, folder: Path) -> State:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if recipe.weights is None:
        raise WeightsError(
            f"the pipeline in {folder} is not trained: its recipe has no [weights]; "
            f"nlpkit train {folder} makes them"
        )
    path = folder / recipe.weights.file
    if not path.is_file():
        raise WeightsError(f"the weights {path} are missing")
    verify(path, recipe.weights.sha256)
    try:
        state: State = load_file(path)
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"cannot read the weights {path}: {error}") from None
    return state
