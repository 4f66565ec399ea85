"""From a recipe to a trained pipeline: the whole of `nlpkit train`."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from nlpkit import corpora
from nlpkit import recipe as recipes
from nlpkit.encoder import backbone
from nlpkit.errors import PipelineNotFoundError, RecipeError, TrainingError, WeightsError
from nlpkit.evaluation.evaluate import measure
from nlpkit.model import TaskModel, build
from nlpkit.recipe import Recipe
from nlpkit.runtimes.torch import TorchRuntime, resolve_device
from nlpkit.tasks.loading import assemble, stored
from nlpkit.tokenizer import Tokenizer
from nlpkit.training import record
from nlpkit.training.calibrate import calibrated
from nlpkit.training.examples import examples
from nlpkit.training.features import Features, collect
from nlpkit.training.holdout import split_rows
from nlpkit.training.loop import RATIONALE, STATES, fit, precision
from nlpkit.training.losses import Soft
from nlpkit.training.rationale import rationale_layers
from nlpkit.training.seen import warn_of_seen
from nlpkit.training.soup import blended, mean, other_runs
from nlpkit.training.teacher import taught_rows, teacher_said
from nlpkit.training.teacher_states import Said
from nlpkit.training.trained import Trained
from nlpkit.training.training_rows import training_rows, with_extra
from nlpkit.tuning import State, begin_from, prepare, restore, tuned_state

if TYPE_CHECKING:
    import pandas as pd

CHECKPOINTS = ".checkpoint"

# What may be changed between the parts of a run, or after it.
_CHANGEABLE = ("checkpoint_every", "batch_tokens", "blend", "soup")


def train(
    folder: str | Path,
    *,
    data: str | Path | None = None,
    output: str | Path | None = None,
    limit: int | None = None,
    seed: int | None = None,
    device: str = "auto",
    resume: bool = True,
    progress: bool = True,
) -> Trained:
    """Trains the recipe of a folder and writes the pipeline.

    A run that was interrupted goes on from its last checkpoint, with the result that it would
    have had; checkpoints lie in `.checkpoint` of the output folder.

    Args:
        folder: holds the `pipeline.toml`.
        data: folder of the reference data sets; None takes the environment's `NLPKIT_DATA`, and
            without that the hub.
        output: where the pipeline is written; None is the folder itself.
        limit: at most so many rows, in place of the recipe's own limit.
        seed: in place of the recipe's own.
        device: `auto`, `cpu`, `cuda`, `mps`.
        resume: go on from a checkpoint; False begins anew.
        progress: show progress on standard error, if that is a terminal.

    Raises:
        PipelineNotFoundError: when there is no recipe.
        RecipeError: when the recipe is not valid or says nothing about data.
        DataError: when the data cannot be read or does not fit the recipe.
        TrainingError: when a checkpoint is of another run, the loss is no longer a number, or
            there is no fitting pipeline to begin from.
    """
    recipe = _adjusted(recipes.read(folder), limit, seed, folder)
    target = Path(output) if output is not None else Path(folder)
    checkpoints = target / CHECKPOINTS
    if not resume:
        shutil.rmtree(checkpoints, ignore_errors=True)
    place = resolve_device(device)
    # What is wrong with it is said before rows are read and a teacher is asked for an hour.
    soup = other_runs(recipe, tuned_state(_first_model(recipe)[0]))
    frame = training_rows(recipe, data)
    training, heldout = split_rows(frame, recipe)
    if heldout is not None:
        warn_of_seen(heldout, recipe, data)
    training = with_extra(training, recipe, data, heldout=heldout)
    taught = None
    if recipe.teacher is not None:
        training = taught_rows(training, recipe, data, heldout=heldout)
        tokenizer, size = _reader(recipe)
        taught = teacher_said(
            training, recipe, tokenizer, max_tokens=size, device=str(place), progress=progress
        )
    features = _features(training, recipe, taught, checkpoints, progress)
    trained = _train(recipe, features, heldout, soup, Path(folder), target, place, progress)
    aside = 0 if heldout is None else len(heldout)
    record.write(trained, rows=len(training), set_aside=aside, device=place)
    return trained


def _adjusted(recipe: Recipe, limit: int | None, seed: int | None, folder: str | Path) -> Recipe:
    if recipe.data is None:
        raise RecipeError(f"{Path(folder) / recipes.FILE_NAME} has no [data]; training needs it")
    if limit is not None:
        recipe = recipe.model_copy(update={"data": recipe.data.model_copy(update={"limit": limit})})
    if seed is not None:
        recipe = recipe.model_copy(
            update={"training": recipe.training.model_copy(update={"seed": seed})}
        )
    return recipe


def _features(
    frame: pd.DataFrame,
    recipe: Recipe,
    taught: Said | None,
    folder: Path,
    progress: bool,
) -> Features:
    """The examples, from the run's own folder if they were made for the same rows before."""
    from tqdm.auto import tqdm

    content = corpora.fingerprint(frame)
    if taught is not None:
        content += taught.fingerprint()
    path = folder / f"features-{_key(recipe, content)}.safetensors"
    if path.is_file():
        return Features.open(path)
    tokenizer, size = _reader(recipe)
    said = taught or Said()
    made = examples(
        frame,
        recipe,
        tokenizer,
        max_tokens=size,
        taught=said.logits,
        states=said.states,
        spans=said.spans,
        sentences=said.sentences,
    )
    bar = tqdm(made, desc="preparing", unit="example", disable=None if progress else True)
    features = collect(bar)
    folder.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    features.save(partial)
    partial.replace(path)
    return features


def _reader(recipe: Recipe) -> tuple[Tokenizer, int]:
    """The backbone's tokenizer, and the length of a window."""
    shared = backbone(recipe.backbone.name, sha256=recipe.backbone.sha256)
    return shared.tokenizer, min(recipe.backbone.max_tokens, shared.max_tokens)


def _key(recipe: Recipe, fingerprint: str) -> str:
    """Fingerprint of all that decides on the weights that a run ends with."""
    parts = {"backbone", "pooling", "head", "training", "teacher", "data", "pair", "task"}
    chosen = recipe.model_dump(mode="json", include=parts, exclude_defaults=True)
    chosen["training"] = {
        k: v for k, v in chosen.get("training", {}).items() if k not in _CHANGEABLE
    }
    if recipe.rows_seed == recipe.training.seed:
        chosen.get("data", {}).pop("seed", None)  # said or not, the same run
    text = json.dumps([chosen, fingerprint], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _train(
    recipe: Recipe,
    features: Features,
    heldout: pd.DataFrame | None,
    soup: Sequence[State],
    source: Path,
    target: Path,
    device: torch.device,
    progress: bool,
) -> Trained:
    shared = backbone(recipe.backbone.name, sha256=recipe.backbone.sha256)
    model, start = _first_model(recipe)
    if features.states.size:
        model.beside[STATES] = nn.Linear(shared.width, features.states.shape[1])
    if features.marks.size:
        model.beside[RATIONALE] = rationale_layers(shared.width)
    content = hashlib.sha256(features.ids.tobytes() + features.targets.tobytes())
    content.update(features.marks.tobytes() + start.encode())
    begun: State = {}
    if recipe.training.blend < 1:
        begun = {name: tensor.clone() for name, tensor in tuned_state(model).items()}
    evaluate: Callable[[], float] | None = None
    if heldout is not None:
        evaluate = _evaluator(model, recipe, heldout, device)
    key = _key(recipe, content.hexdigest())
    teacher = recipe.teacher
    result = fit(
        model,
        features,
        recipe.training,
        kind=recipe.head.kind,
        pad_id=shared.pad_id,
        mask_id=shared.tokenizer.mask_id,
        soft=None if teacher is None else Soft(teacher.weight, teacher.temperature, teacher.states),
        device=device,
        folder=target / CHECKPOINTS,
        key=key,
        evaluate=evaluate,
        progress_bar=progress,
    )
    if not all(bool(torch.isfinite(tensor).all()) for tensor in result.weights.values()):
        raise TrainingError(
            "training has diverged: weights are no longer finite; try a smaller "
            "training.learning_rate"
        )
    # What was learned beside the head's output has done its work.
    ended = {k: v for k, v in result.weights.items() if not k.startswith("beside.")}
    kept = mean([blended(begun, ended, recipe.training.blend), *soup])
    # Stored in half precision: the rounding is far below what training itself leaves open, and
    # what is measured from here on are the rounded weights.
    state: State = {name: tensor.half() for name, tensor in kept.items()}
    pipeline = assemble(recipe, state, device=str(device), folder=source)
    values = calibration = None
    if heldout is not None:
        pipeline.recipe, calibration = calibrated(pipeline, heldout)
        values = measure(pipeline, heldout)
    record.discard(target)
    pipeline.save(target)
    pipeline.folder = target
    return Trained(pipeline, target, result.progress, values, calibration)


def _first_model(recipe: Recipe) -> tuple[TaskModel, str]:
    """The model that a run begins with, and the fingerprint of the weights that it starts from."""
    torch.manual_seed(recipe.training.seed)  # the head's and the adapters' first weights
    model = build(recipe)
    prepare(model, recipe.backbone)
    start = recipe.training.start
    return model, "" if start is None else _begin(model, recipe, start)


def first_weights(recipe: Recipe) -> State:
    """What a run begins with: where it tunes `all`, with the adapters of `start` merged."""
    model, _ = _first_model(recipe)
    return {name: tensor.clone() for name, tensor in tuned_state(model).items()}


def _begin(model: TaskModel, recipe: Recipe, start: str) -> str:
    """Starts from another pipeline, and gives the fingerprint of its weights.

    Its head goes along where it means the same: the same task, `[pooling]` and `[head]`.
    """
    try:
        other, state = stored(start)
        if other.backbone.name != recipe.backbone.name:
            raise WeightsError(f"its backbone is {other.backbone.name!r}")
        begun = begin_from(model, state, recipe.backbone, other.backbone)
        if recipe.shares_head(other):
            begun |= {key: tensor for key, tensor in state.items() if key.startswith("head.")}
        elif recipe.training.blend < 1:
            raise TrainingError(
                f"training.blend = {recipe.training.blend} does not fit training.start = "
                f"{start!r}: its task, [pooling] or [head] is another; allowed: 1"
            )
        restore(model, begun)
    except (PipelineNotFoundError, WeightsError) as error:
        raise TrainingError(
            f"training.start = {start!r} is no pipeline to begin from, with the backbone "
            f"{recipe.backbone.name!r} tuned in the same way (or in any, where this recipe tunes "
            f"'all'): {error}"
        ) from None
    assert other.weights is not None, "stored() has read them"
    return other.weights.sha256


def _evaluator(
    model: TaskModel, recipe: Recipe, heldout: pd.DataFrame, device: torch.device
) -> Callable[[], float]:
    """The main value on the held-out rows, by the pipeline's own inference path."""
    shared = backbone(recipe.backbone.name, sha256=recipe.backbone.sha256)
    # It only chooses among steps: the faster numbers will do, and what is reported is measured
    # once more.
    dtype = str(precision(recipe.training.precision, device)).removeprefix("torch.")

    def evaluate() -> float:
        runtime = TorchRuntime(model, shared.pad_id, device=str(device), dtype=dtype)
        pipeline = assemble(recipe, {}, runtime=runtime)
        return next(iter(measure(pipeline, heldout).values()))

    return evaluate
