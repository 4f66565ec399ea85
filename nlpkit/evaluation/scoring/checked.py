"""Predictions that are what a task's scores need, whoever made them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any

from nlpkit.errors import InputError, InputTypeError

# What a prediction may say, by the kind of goal; None stands for a prediction that is missing.
_TEXTS: Mapping[str, tuple[str, ...]] = {
    "summarization": ("sentences",),
    "question_answering": (),
    "labels": (),
    "multi_label": ("labels",),
    "regression": (),
}
_TEXT: Mapping[str, str] = {"question_answering": "text", "labels": "label"}
_NUMBERS: Mapping[str, tuple[str, ...]] = {
    "question_answering": ("score", "no_answer"),
    "labels": ("score",),
    "regression": ("score",),
}


def check_predictions(predictions: Sequence[Any], kind: str, system: str = "the system") -> None:
    """See that each prediction is an `Extract`, `Span` or `Choice` (`nlpkit.evaluation.system`).

    Args:
        predictions: one a row.
        kind: of the goal (`nlpkit.evaluation.dataset.Kind`).
        system: whose they are, for errors.

    Raises:
        InputTypeError: a prediction is no mapping, or a value in it is of another type.
        InputError: a number in it is not finite.

    >>> check_predictions([{"label": "good", "score": 0.9}], "labels")
    >>> check_predictions([{"label": 1}], "labels")
    Traceback (most recent call last):
    nlpkit.errors.InputTypeError: prediction 0 of the system has the label 1; it must be a text
    """
    for row, prediction in enumerate(predictions):
        place = f"prediction {row} of {system}"
        if not isinstance(prediction, Mapping):
            raise InputTypeError(f"{place} is {prediction!r:.40}; it must be a mapping")
        key = _TEXT.get(kind, "")
        text = prediction.get(key)
        # An answer that is not there is "", a label that is not there is None.
        none = text is None and (kind == "labels" or key not in prediction)
        if not (none or isinstance(text, str)):
            raise InputTypeError(f"{place} has the {key} {text!r:.40}; it must be a text")
        for key in _TEXTS[kind]:
            values = prediction.get(key) or ()
            listed = isinstance(values, list | tuple)
            if not (listed and all(isinstance(value, str) for value in values)):
                raise InputTypeError(f"{place} has {key} {values!r:.40}; a list of texts is needed")
        for key in _NUMBERS.get(kind, ()):
            _check_number(place, key, prediction.get(key))
        if kind == "summarization" and prediction.get("positions"):
            _check_positions(place, prediction)


def _check_number(place: str, key: str, value: Any) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, Real):
        raise InputTypeError(f"{place} has the {key} {value!r:.40}; it must be a number")
    if not math.isfinite(value):
        raise InputError(f"{place} has the {key} {value}; it must be finite")


def _check_positions(place: str, prediction: Mapping[str, Any]) -> None:
    numbers = [prediction.get("total"), *prediction["positions"]]
    if not all(isinstance(n, Integral) and not isinstance(n, bool) for n in numbers):
        raise InputTypeError(
            f"{place} has positions {prediction['positions']!r:.40} and total {numbers[0]!r}; whole"
            " numbers are needed"
        )
