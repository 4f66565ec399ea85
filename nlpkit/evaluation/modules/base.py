"""What every metric module has in common: options, checked inputs, no files by default.

This file imports `evaluate`, which takes seconds: `nlpkit.evaluation.modules.load` imports it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any, ClassVar

import evaluate
from datasets import Features, Value
from datasets import Sequence as Many

from nlpkit.errors import InputError, InputTypeError, NlpkitError
from nlpkit.evaluation.score import Score

_OF_EVALUATE = (
    "keep_in_memory",
    "cache_dir",
    "num_process",
    "process_id",
    "seed",
    "experiment_id",
    "max_concurrent_cache_files",
    "timeout",
)

TEXT, NUMBER = Value("string"), Value("float64")


def many(feature: Any) -> Any:
    """The feature of a list."""
    return Many(feature)


TEXTS = many(TEXT)


def form(prediction: Any, reference: Any = None) -> Features:
    """The features of one form of input."""
    return Features(
        {"predictions": prediction} | ({} if reference is None else {"references": reference})
    )


class Module(evaluate.Metric, ABC):  # type: ignore[misc]
    """A metric of nlpkit as an `evaluate.Metric`.

    A subclass names what it reads (`FORMS`, the features of each form of input), brings examples
    to that form (`_example`), and scores them (`_score`).
    """

    ABOUT: ClassVar[str] = ""
    """One sentence: what it measures, and by whose rules."""
    INPUTS: ClassVar[str] = ""
    """What predictions and references are."""
    OPTIONS: ClassVar[Mapping[str, Any]] = {}
    """The metric's own options with their defaults."""
    CONFIGS: ClassVar[tuple[str, ...]] = ()
    """The configurations of which one has to be named; none for most."""
    FORMS: ClassVar[tuple[Features, ...]] = ()

    def __init__(self, config_name: str | None = None, **options: Any) -> None:
        if (config_name or "default") not in (self.CONFIGS or ("default",)):
            allowed = ", ".join(self.CONFIGS) or "none"
            raise InputError(f"configuration {config_name!r} is not known; allowed: {allowed}")
        own = {key: value for key, value in options.items() if key not in _OF_EVALUATE}
        others = {key: value for key, value in options.items() if key in _OF_EVALUATE}
        self.options: dict[str, Any] = {**self.OPTIONS, **self._known(own)}
        others.setdefault("keep_in_memory", others.get("num_process", 1) == 1)
        super().__init__(config_name=config_name, **others)

    def add_batch(self, *, predictions: Any = None, references: Any = None, **others: Any) -> None:
        """Takes predictions and their references for a later `compute`."""
        self._no_others(others)
        batch = self._batch(predictions, references)
        try:
            super().add_batch(**batch)
        except (ValueError, TypeError) as error:
            raise self._misfit() from error

    def add(self, *, prediction: Any = None, reference: Any = None, **others: Any) -> None:
        """Takes one prediction and its reference for a later `compute`."""
        # Under these names `evaluate.combine` gives them.
        prediction = others.pop("predictions", prediction)
        reference = others.pop("references", reference)
        self._no_others(others)
        batch = self._batch([prediction], [reference])
        try:
            super().add(**{name: values[0] for name, values in batch.items()})
        except (ValueError, TypeError) as error:
            raise self._misfit() from error

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description=self.ABOUT,
            citation="",
            inputs_description=f"\n{self.INPUTS}\n",
            features=list(self.FORMS) if len(self.FORMS) > 1 else self.FORMS[0],
        )

    def _compute(
        self, *, predictions: Sequence[Any], references: Sequence[Any] = (), **options: Any
    ) -> dict[str, float]:
        chosen = {**self.options, **self._known(options)}
        scores = self._score(list(predictions), list(references), **chosen)
        return {name: _plain(value) for name, value in scores.items()}

    @abstractmethod
    def _score(
        self, predictions: list[Any], references: list[Any], **options: Any
    ) -> Mapping[str, Score | float]:
        """The metric's scores, or plain numbers, by the names that `compute` gives them."""

    @abstractmethod
    def _example(self, prediction: Any, reference: Any) -> tuple[Any, Any]:
        """Both in the form that is stored.

        Raises:
            InputTypeError: they are something else.
        """

    def _form(self, prediction: Any, reference: Any) -> Features:
        """The features of an example that `_example` gave."""
        return self.FORMS[0]

    # Hooks of `evaluate.EvaluationModule`.

    def _infer_feature_from_example(self, example: dict[str, Any]) -> Features:
        return self._form(example["predictions"], example.get("references"))

    def _infer_feature_from_batch(self, batch: dict[str, Any]) -> Features:
        return self._infer_feature_from_example({key: column[0] for key, column in batch.items()})

    def _build_data_dir(self) -> str:
        # A folder is only made where something will be written.
        if self.keep_in_memory:
            return str(self._data_dir_root)
        return str(super()._build_data_dir())

    def _finalize(self) -> None:
        if self.writer is None:
            raise InputError("there are no predictions to score: add some before compute")
        super()._finalize()

    # Checks

    def _known(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        for name in options:
            if name not in self.OPTIONS:
                allowed = ", ".join(self.OPTIONS) or "none"
                raise InputError(f"{self._title} has no option {name!r}; allowed: {allowed}")
        return options

    def _no_others(self, others: Mapping[str, Any]) -> None:
        if others:
            raise InputError(
                f"{self._title} has no input {next(iter(others))!r}; allowed: predictions,"
                " references"
            )

    def _batch(self, predictions: Any, references: Any) -> dict[str, list[Any]]:
        """Both columns as they are stored, checked to be lists of one length."""
        names = self._feature_names()
        columns = {
            name: _listed(name, values)
            for name, values in (("predictions", predictions), ("references", references))
            if name in names
        }
        said = columns["predictions"]
        wanted = columns.get("references", [None] * len(said))
        if len(said) != len(wanted):
            raise InputError(
                f"there are {len(said)} predictions and {len(wanted)} references: each prediction"
                " needs its reference"
            )
        if not said:
            raise InputError("there are no predictions to score")
        pairs = [self._example(a, b) for a, b in zip(said, wanted, strict=True)]
        first = self.selected_feature_format or self._form(*pairs[0])
        for number, pair in enumerate(pairs):
            if self._form(*pair) != first:
                raise InputTypeError(
                    f"example {number} of {self._title} has another form than those before it:"
                    f" {pair[0]!r:.40} with {pair[1]!r:.40}"
                )
        stored = {"predictions": [a for a, _ in pairs], "references": [b for _, b in pairs]}
        return {name: stored[name] for name in names}

    @property
    def _title(self) -> str:
        return type(self).__name__

    def _misfit(self) -> NlpkitError:
        return InputTypeError(f"{self._title} cannot store these inputs; expected: {self.INPUTS}")


def number(what: str, value: Any) -> float:
    """A number as a float.

    Raises:
        InputTypeError: it is none.
    """
    if not isinstance(value, Real):
        raise InputTypeError(f"a {what} is {value!r:.40}, not a number")
    return float(value)


def _plain(value: Score | float) -> float:
    return value if isinstance(value, int) else float(value)


def _listed(name: str, values: Any) -> list[Any]:
    if values is None:
        raise InputError(f"{name} are missing")
    if isinstance(values, str | bytes | Mapping):
        raise InputTypeError(f"{name} are of type {type(values).__name__}, not a list")
    try:
        return list(values.tolist() if hasattr(values, "tolist") else values)
    except TypeError:
        raise InputTypeError(f"{name} are of type {type(values).__name__}, not a list") from None
