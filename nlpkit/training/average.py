"""An exponential moving average of the weights that are trained.

Averaged weights lie flatter in the loss and generalise better than the last ones (Polyak and
Juditsky 1992; Izmailov et al. 2018), at the price of one multiplication a step.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from nlpkit.model import TaskModel
from nlpkit.tuning import State, restore, tuned_state


class Average:
    """The average over the steps so far; with a decay of 0, the last weights themselves.

    Args:
        model: whose trained weights are averaged.
        decay: what is kept of the average at each step; less in the first steps, so that the
            untrained weights are soon forgotten.
    """

    def __init__(self, model: TaskModel, decay: float) -> None:
        self.model, self.decay = model, decay
        self.state: State = {}
        if decay > 0:
            self.state = {name: tensor.clone() for name, tensor in tuned_state(model).items()}

    def update(self, step: int) -> None:
        """Takes the present weights in, after step number `step` (from 1 on)."""
        if not self.state:
            return
        decay = min(self.decay, (1 + step) / (10 + step))
        with torch.no_grad():
            for name, tensor in tuned_state(self.model).items():
                self.state[name].lerp_(tensor.to(self.state[name].device), 1 - decay)

    def restore(self, state: State) -> None:
        """Goes on from a checkpoint's average."""
        if self.state:
            self.state = {name: tensor.clone() for name, tensor in state.items()}

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Within it the model has the averaged weights."""
        if not self.state:
            yield
            return
        last = {name: tensor.clone() for name, tensor in tuned_state(self.model).items()}
        restore(self.model, self.state)
        try:
            yield
        finally:
            restore(self.model, last)
