"""Extractive summaries, answers over passages and text classification, offline.

Three verbs do the work with the pipelines that come inside the package: `summarize`, `answer`
and `classify`. `load` opens a pipeline for many inputs, `train` makes one from a recipe, and
`pipelines` names those there are.

Everything but the errors is imported when it is first used, so `import nlpkit` costs next to
nothing.

>>> import nlpkit
>>> callable(nlpkit.summarize)
True
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nlpkit.errors import (
    DataError,
    DeviceError,
    InputError,
    InputTypeError,
    NlpkitError,
    NlpkitWarning,
    PipelineNotFoundError,
    RecipeError,
    TrainingError,
    UndefinedScoreError,
    WeightsError,
)

if TYPE_CHECKING:
    from nlpkit.api import answer, classify, pipelines, summarize
    from nlpkit.results import Answer, Failure, Label, Sentence, Summary
    from nlpkit.tasks.loading import load
    from nlpkit.tasks.pipeline import Pipeline
    from nlpkit.training.recalibrate import calibrate
    from nlpkit.training.train import train

    __version__: str

__all__ = [
    "Answer",
    "DataError",
    "DeviceError",
    "Failure",
    "InputError",
    "InputTypeError",
    "Label",
    "NlpkitError",
    "NlpkitWarning",
    "Pipeline",
    "PipelineNotFoundError",
    "RecipeError",
    "Sentence",
    "Summary",
    "TrainingError",
    "UndefinedScoreError",
    "WeightsError",
    "__version__",
    "answer",
    "calibrate",
    "classify",
    "load",
    "pipelines",
    "summarize",
    "train",
]

# Where each name that is imported on first use lives.
_LAZY = {
    "Answer": "nlpkit.results",
    "Failure": "nlpkit.results",
    "Label": "nlpkit.results",
    "Pipeline": "nlpkit.tasks.pipeline",
    "Sentence": "nlpkit.results",
    "Summary": "nlpkit.results",
    "answer": "nlpkit.api",
    "calibrate": "nlpkit.training.recalibrate",
    "classify": "nlpkit.api",
    "load": "nlpkit.tasks.loading",
    "pipelines": "nlpkit.api",
    "summarize": "nlpkit.api",
    "train": "nlpkit.training.train",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        value: Any = _version()
    elif name in _LAZY:
        value = getattr(import_module(_LAZY[name]), name)
    else:
        raise AttributeError(f"module 'nlpkit' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _version() -> str:
    # Reading the installed version imports 20 ms of the standard library: only when asked for.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("nlpkit")
    except PackageNotFoundError:  # a checkout on the path, not installed
        return "0.0.0+unknown"
