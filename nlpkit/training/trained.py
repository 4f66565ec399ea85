"""What a training run gives back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlpkit.tasks.pipeline import Pipeline
from nlpkit.training.calibrate import Errors
from nlpkit.training.checkpoint import Progress


@dataclass(frozen=True)
class Trained:
    """What `train` gives back.

    Attributes:
        pipeline: the trained pipeline, open for use.
        folder: where it was written.
        progress: steps, losses and held-out values of the run.
        heldout: the value on the set-aside rows, by the pipeline's own inference; None where
            nothing was set aside.
        calibration: expected calibration errors `before` and `after`, by name; None where nothing
            was calibrated. See `nlpkit.training.calibrate.calibrated`.
    """

    pipeline: Pipeline[Any, Any, Any]
    folder: Path
    progress: Progress
    heldout: dict[str, float] | None
    calibration: Errors | None = None
