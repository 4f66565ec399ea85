"""Modules of labels and numbers: GLUE's metrics and the calibration error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from datasets import Features

from nlpkit.evaluation import glue
from nlpkit.evaluation.calibration import expected_calibration_error
from nlpkit.evaluation.modules.base import NUMBER, TEXT, Module, form, number
from nlpkit.evaluation.score import Score

# The hub's scripts call two of GLUE's metrics otherwise.
_KEYS = {"matthews": "matthews_correlation", "spearman": "spearmanr"}


class _Numbers(Module):
    INPUTS = "predictions and references: numbers"
    FORMS = (form(NUMBER, NUMBER),)

    def _example(self, prediction: Any, reference: Any) -> tuple[Any, Any]:
        return number("prediction", prediction), number("reference", reference)


class _Labels(Module):
    INPUTS = "predictions and references: label names, or whole numbers"
    FORMS = (form(NUMBER, NUMBER), form(TEXT, TEXT))

    def _example(self, prediction: Any, reference: Any) -> tuple[Any, Any]:
        if isinstance(prediction, str) and isinstance(reference, str):
            return prediction, reference
        return number("prediction", prediction), number("reference", reference)

    def _form(self, prediction: Any, reference: Any) -> Features:
        return self.FORMS[int(isinstance(prediction, str))]


class Accuracy(_Labels):
    """The part of the labels that are right."""

    ABOUT = "The part of the labels that are right, 0 to 1."

    def _score(
        self, predictions: list[Any], references: list[Any], **options: Any
    ) -> Mapping[str, Score | float]:
        return {"accuracy": glue.accuracy(predictions, references)}


class F1(_Labels):
    """F1 of the positive label."""

    ABOUT = "F1 of the positive label, as scikit-learn computes it, 0 to 1."
    OPTIONS: ClassVar = {"positive": 1}

    def _score(
        self, predictions: list[Any], references: list[Any], **options: Any
    ) -> Mapping[str, Score | float]:
        return {"f1": glue.f1(predictions, references, positive=options["positive"])}


class MatthewsCorrelation(_Labels):
    """Matthews correlation."""

    ABOUT = "Matthews correlation of labels, as scikit-learn computes it, -1 to 1."

    def _score(
        self, predictions: list[Any], references: list[Any], **options: Any
    ) -> Mapping[str, Score | float]:
        return {"matthews_correlation": glue.matthews(predictions, references)}


class Pearsonr(_Numbers):
    """Pearson's correlation."""

    ABOUT = "Pearson's correlation of numbers, as scipy computes it, -1 to 1."

    def _score(
        self, predictions: list[Any], references: list[Any], **options: Any
    ) -> Mapping[str, Score | float]:
        return {"pearsonr": glue.pearson(predictions, references)}


class Spearmanr(_Numbers):
    """Spearman's rank correlation."""

    ABOUT = "Spearman's rank correlation of numbers, as scipy computes it, -1 to 1."

    def _score(
        self, predictions: list[Any], references: list[Any], **options: Any
    ) -> Mapping[str, Score | float]:
        return {"spearmanr": glue.spearman(predictions, references)}


class Glue(_Labels):
    """The metrics of one of GLUE's tasks."""

    ABOUT = "The metrics of one of GLUE's tasks: 0 to 1, correlations from -1."
    INPUTS = "predictions and references: the hub's label numbers, or label names; for stsb numbers"
    CONFIGS = (*glue.GLUE, "mnli_matched", "mnli_mismatched")

    def _score(
        self, predictions: list[Any], references: list[Any], **options: Any
    ) -> Mapping[str, Score | float]:
        task = self.config_name.partition("_")[0]
        scores = glue.glue_scores(task, predictions, references)
        return {_KEYS.get(name, name): scores[name] for name in glue.GLUE[task].metrics}


class Ece(_Numbers):
    """The expected calibration error."""

    ABOUT = "The expected calibration error of probabilities (Guo et al., 2017), 0 to 1."
    INPUTS = "predictions: probabilities; references: whether each was right, true or false"
    OPTIONS: ClassVar = {"bins": 15}

    def _score(
        self, predictions: list[Any], references: list[Any], **options: Any
    ) -> Mapping[str, Score | float]:
        return {"ece": expected_calibration_error(predictions, references, options["bins"])}
