"""The mean of several runs' weights, and what lies between a run's beginning and its end.

Runs that began as one end in one basin, where the mean of their weights is often better than any of
them and costs no more to use (Wortsman et al. 2022, "Model soups"; "Robust Fine-tuning of Zero-shot
Models").
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from nlpkit import recipe as recipes
from nlpkit.errors import PipelineNotFoundError, TrainingError, WeightsError
from nlpkit.recipe import Recipe
from nlpkit.tasks.folders import find
from nlpkit.tasks.loading import stored
from nlpkit.tuning import State


def blended(begun: State, ended: State, share: float) -> State:
    """Weights on the straight line from where a run began to where it ended.

    >>> blended({"w": torch.zeros(2)}, {"w": torch.ones(2)}, 0.25)["w"].tolist()
    [0.25, 0.25]
    """
    if share == 1:
        return ended
    return {name: torch.lerp(begun[name], tensor, share) for name, tensor in ended.items()}


def mean(states: Sequence[State]) -> State:
    """The mean of each tensor over several runs.

    >>> mean([{"w": torch.zeros(2)}, {"w": torch.ones(2)}])["w"].tolist()
    [0.5, 0.5]
    """
    first, *others = states
    return {
        name: sum((other[name].float() for other in others), tensor.float()) / len(states)
        for name, tensor in first.items()
    }


def other_runs(recipe: Recipe, first: State) -> list[State]:
    """The weights of the runs of `training.soup`, shaped like the `first` ones of this run.

    Raises:
        TrainingError: when one is not there, is a run of another kind, or has a head that began
            with other random weights.
    """
    shapes = {key: tensor.shape for key, tensor in first.items()}
    states = []
    for name in recipe.training.soup:
        try:
            other, state = stored(name)
        except (PipelineNotFoundError, WeightsError) as error:
            raise TrainingError(f"training.soup names {name!r}: {error}") from None
        ours, theirs = _makes(recipe), _makes(other)
        if unlike := [key for key in ours if ours[key] != theirs[key]]:
            raise TrainingError(
                f"training.soup names {name!r}, which has another {' and '.join(unlike)} than this "
                "recipe; allowed: runs that began as one"
            )
        seeds = recipe.training.seed, other.training.seed
        if seeds[0] != seeds[1] and not _begins_with_a_head(recipe):
            raise TrainingError(
                f"training.soup names {name!r}, whose head began with other random weights "
                f"(training.seed = {seeds[1]}, here {seeds[0]}); allowed: runs of one seed, or "
                "runs from a training.start with the same task, [pooling] and [head]"
            )
        if {key: tensor.shape for key, tensor in state.items()} != shapes:
            raise TrainingError(
                f"training.soup names {name!r}, whose weights do not fit its recipe"
            )
        states.append(state)
    return states


def _begins_with_a_head(recipe: Recipe) -> bool:
    """Whether the head goes along with `training.start`, the same for every seed."""
    start = recipe.training.start
    return start is not None and recipe.shares_head(recipes.read(find(start)))


def _makes(recipe: Recipe) -> dict[str, object]:
    """What runs must have in common for the mean of their weights to mean something."""
    tuned = {"name", "tuning", "rank", "alpha", "layers"}
    return {
        "task": recipe.task,
        "[pooling]": recipe.pooling,
        "[head]": recipe.head.model_dump(exclude={"dropout"}),
        "[backbone]": recipe.backbone.model_dump(include=tuned),
        "training.start": recipe.training.start,
    }
