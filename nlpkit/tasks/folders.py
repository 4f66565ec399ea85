"""A pipeline's folder: where it is, and the weights in it."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from nlpkit import recipe as recipes
from nlpkit.backbone_files import fingerprint, verify
from nlpkit.errors import PipelineNotFoundError, WeightsError
from nlpkit.recipe import Recipe
from nlpkit.shipped import available, shipped_folder

if TYPE_CHECKING:
    from nlpkit.tuning import State

CARD = "README.md"

# How the weights were made, and how much other runtimes change what they say.
RECORDS = ("training.json", "runtimes.json")


def find(name_or_path: str | Path) -> Path:
    """The folder of a pipeline: a path to one, or a shipped one's name.

    Raises:
        PipelineNotFoundError: when there is neither.
    """
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


def weights_file(recipe: Recipe, folder: Path) -> Path:
    """The weights of a pipeline, which are those that its recipe means.

    Raises:
        WeightsError: when it is not trained, or the file is missing, cut off or altered.
    """
    if recipe.weights is None:
        raise WeightsError(
            f"the pipeline in {folder} is not trained: its recipe has no [weights]; "
            f"nlpkit train {folder} makes them"
        )
    path = folder / recipe.weights.file
    if not path.is_file():
        raise WeightsError(f"the weights {path} are missing")
    verify(path, recipe.weights.sha256)
    return path


def copy_notes(source: Path, target: Path, weights: str) -> None:
    """Copies what stands beside the weights: the card, and the records that are of these weights.

    Args:
        source: a pipeline's folder.
        target: another one.
        weights: sha256 of the weights that are there.
    """
    if source.resolve() == target.resolve():
        return
    for name in (CARD, *RECORDS):
        path = source / name
        if path.is_file() and (name == CARD or _of(path) == weights):
            shutil.copyfile(path, target / name)


def _of(record: Path) -> str | None:
    """The weights that a record says it belongs to."""
    try:
        found = json.loads(record.read_text(encoding="utf-8"))["weights"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, str) else None


def read_state(path: Path) -> State:
    """The tensors of a weights file.

    Raises:
        WeightsError: when it is no such file.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        state: State = load_file(path)
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"cannot read the weights {path}: {error}") from None
    return state


class Weights(Protocol):
    """What a pipeline has of its own, for saving it again."""

    @property
    def parameters(self) -> int:
        """How many numbers they are."""
        ...

    def write(self, path: Path) -> None:
        """Writes them as a weights file."""
        ...


@dataclass(frozen=True)
class Tensors:
    """Weights in memory."""

    state: State

    @property
    def parameters(self) -> int:
        """How many numbers they are."""
        return sum(tensor.numel() for tensor in self.state.values())

    def write(self, path: Path) -> None:
        """Writes them as a weights file."""
        from safetensors.torch import save_file

        save_file(self.state, path, metadata={"format": "pt"})


@dataclass(frozen=True)
class WeightsFile:
    """Weights in their file: a runtime that has a model of its own needs no tensors."""

    path: Path
    sha256: str

    @property
    def parameters(self) -> int:
        """How many numbers they are, by the file's header.

        Raises:
            WeightsError: when it cannot be read.
        """
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(self.path, framework="np") as file:
                shapes = [file.get_slice(key).get_shape() for key in file.keys()]  # noqa: SIM118
        except (OSError, SafetensorError) as error:
            raise WeightsError(f"cannot read the weights {self.path}: {error}") from None
        return sum(math.prod(shape) for shape in shapes)

    def write(self, path: Path) -> None:
        """Writes them as a weights file.

        Raises:
            WeightsError: when the file is gone, or is another one by now.
        """
        if not self.path.is_file() or fingerprint(self.path) != self.sha256:
            raise WeightsError(
                f"the weights {self.path} were replaced since the pipeline was loaded; load it anew"
            )
        shutil.copyfile(self.path, path)
