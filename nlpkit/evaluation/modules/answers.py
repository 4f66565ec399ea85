"""Modules of answers: SQuAD 1.1 and 2.0."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, ClassVar

from datasets import Features, Value

from nlpkit.errors import InputError, InputTypeError, NlpkitWarning
from nlpkit.evaluation import squad
from nlpkit.evaluation.modules.base import NUMBER, TEXT, TEXTS, Module, form, many, number
from nlpkit.evaluation.score import Score

_ANSWERS = {"text": TEXTS, "answer_start": many(Value("int32"))}


class Squad(Module):
    """Exact match and F1 of SQuAD 1.1."""

    ABOUT = "Exact match and F1 of SQuAD 1.1, as its official script computes them, 0 to 100."
    INPUTS = (
        'predictions: {"id", "prediction_text"}; references: {"id", "answers": {"text": [...],'
        ' "answer_start": [...]}}'
    )
    FORMS: ClassVar[tuple[Features, ...]] = (
        form({"id": TEXT, "prediction_text": TEXT}, {"id": TEXT, "answers": _ANSWERS}),
    )

    def _example(self, prediction: Any, reference: Any) -> tuple[Any, Any]:
        said = _fields("prediction", prediction, "id", "prediction_text")
        wanted = _fields("reference", reference, "id", "answers")
        name = wanted["id"]
        for what, text in (("a prediction's id", said["id"]), ("a reference's id", name)):
            if not isinstance(text, str):
                raise InputTypeError(f"{what} is {text!r:.40}, not a text")
        if not isinstance(said["prediction_text"], str):
            raise InputTypeError(
                f"the prediction for {said['id']!r} is {said['prediction_text']!r:.40}, not a text"
            )
        answers = _fields(f"value of answers of {name!r}", wanted["answers"], "text")
        texts = answers["text"]
        if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
            raise InputTypeError(f"the answers of {name!r} are {texts!r:.40}, not a list of texts")
        # Where an answer starts has no bearing on the scores, and may be left out.
        starts = [int(start) for start in answers.get("answer_start", ())]
        kept = {"id": name, "answers": {"text": list(texts), "answer_start": starts}}
        return {"id": said["id"], "prediction_text": said["prediction_text"]}, kept

    def _score(
        self, predictions: list[Any], references: list[Any], **options: Any
    ) -> Mapping[str, Score | float]:
        return squad.squad_v1(*_by_id(predictions, references))


class SquadV2(Squad):
    """All figures of SQuAD 2.0."""

    ABOUT = "All figures of SQuAD 2.0, as its official script computes them, 0 to 100."
    INPUTS = (
        'predictions: {"id", "prediction_text"}, and "no_answer_probability" for the best_'
        ' figures; references: {"id", "answers": {"text": [...], "answer_start": [...]}}'
    )
    OPTIONS: ClassVar = {"threshold": 1.0}
    FORMS = (
        form(
            {"id": TEXT, "prediction_text": TEXT, "no_answer_probability": NUMBER},
            {"id": TEXT, "answers": _ANSWERS},
        ),
        *Squad.FORMS,
    )

    def _example(self, prediction: Any, reference: Any) -> tuple[Any, Any]:
        said, wanted = super()._example(prediction, reference)
        chance = prediction.get("no_answer_probability")
        if chance is not None:
            said["no_answer_probability"] = number("no_answer_probability", chance)
        return said, wanted

    def _form(self, prediction: Any, reference: Any) -> Features:
        return self.FORMS[0 if "no_answer_probability" in prediction else 1]

    def _score(
        self, predictions: list[Any], references: list[Any], **options: Any
    ) -> Mapping[str, Score | float]:
        chances = None
        if "no_answer_probability" in predictions[0]:
            chances = {p["id"]: p["no_answer_probability"] for p in predictions}
        scores = squad.squad_v2(*_by_id(predictions, references), chances, options["threshold"])
        result: dict[str, Score | float] = {}
        for name, score in scores.items():
            result[name] = score
            prefix, _, kind = name.rpartition("_")
            if prefix == "best":
                result[f"{name}_thresh"] = squad.best_threshold(score)
            elif kind == "f1" or name == "f1":
                result[f"{prefix}_total" if prefix else "total"] = score.n
        return result


def _fields(what: str, value: Any, *names: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InputTypeError(f"a {what} is {value!r:.40}, not a dict with {', '.join(names)}")
    for name in names:
        if name not in value:
            raise InputError(
                f"a {what} has no {name!r}; there are {', '.join(map(str, value)) or 'none'}"
            )
    return value


def _by_id(
    predictions: list[Any], references: list[Any]
) -> tuple[dict[str, str], dict[str, list[str]]]:
    said = {p["id"]: p["prediction_text"] for p in predictions}
    golds = {r["id"]: r["answers"]["text"] for r in references}
    for what, given, rows in (
        ("prediction", said, predictions),
        ("reference", golds, references),
    ):
        if len(given) < len(rows):
            raise InputError(f"{len(rows) - len(given)} {what}s have the id of another one")
    missing, unknown = squad.unmatched(said, golds)
    if (missing or unknown) and len(missing) < len(golds):
        warnings.warn(
            f"{len(missing)} of {len(golds)} questions have no prediction, and {len(unknown)}"
            " predictions are for no question",
            NlpkitWarning,
            stacklevel=2,
        )
    return said, golds
