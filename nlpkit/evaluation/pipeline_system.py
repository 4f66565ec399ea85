"""A pipeline as a system of the harness: the very inference path that users call."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from nlpkit.results import Answer, Failure, Label, Summary
from nlpkit.tasks.question_answering import QuestionAnswering

if TYPE_CHECKING:
    import pandas as pd

    from nlpkit.recipe import Recipe
    from nlpkit.tasks.pipeline import Pipeline


class PipelineSystem:
    """Predicts with an open pipeline.

    An input that the pipeline cannot use becomes a prediction without a label or text, which
    counts as wrong.
    """

    def __init__(self, pipeline: Pipeline[Any, Any, Any]) -> None:
        self.pipeline = pipeline

    @property
    def name(self) -> str:
        """The pipeline's name."""
        return self.pipeline.recipe.name

    @property
    def task(self) -> str:
        """The pipeline's task."""
        return self.pipeline.recipe.task

    @property
    def fields(self) -> Mapping[str, Any]:
        """Fingerprints of weights and settings, what computes them, and the main settings."""
        recipe, decoding = self.pipeline.recipe, self.pipeline.recipe.decoding
        said: dict[str, Any] = {
            "weights": recipe.weights.sha256[:12] if recipe.weights else None,
            "settings": _fingerprint(recipe),
            "runtime": self.pipeline.info["runtime"],
            "dtype": self.pipeline.info["dtype"],
        }
        if recipe.task == "summarization":
            bounds = decoding.open_length
            number = decoding.sentences if bounds is None else f"{bounds.least} to {bounds.most}"
            said |= {"sentences_chosen": number, "redundancy": decoding.redundancy}
        if recipe.task == "question_answering":
            said["max_answer_tokens"] = decoding.max_answer_tokens
        return {key: value for key, value in said.items() if value is not None}

    @property
    def threshold(self) -> float:
        """The smallest score that counts as an answer."""
        own = self.pipeline.recipe.decoding.threshold
        return 0.5 if own is None else own

    def predict(self, rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
        """The pipeline's results as plain values; answers whatever the threshold."""
        options: dict[str, Any] = {"errors": "return"}
        if isinstance(self.pipeline, QuestionAnswering):
            options["threshold"] = 0
        for result in self.pipeline(inputs(rows, self.pipeline), **options):
            yield plain(result)


def _fingerprint(recipe: Recipe) -> str:
    """Twelve digits for all of a recipe that decides on predictions, beside the weights."""
    parts = {"task", "pair", "backbone", "pooling", "head", "decoding"}
    chosen = recipe.model_dump(mode="json", include=parts)
    return hashlib.sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()[:12]


def inputs(rows: pd.DataFrame, pipeline: Pipeline[Any, Any, Any]) -> Iterator[Any]:
    """What the pipeline is called with for each row."""
    task = pipeline.recipe.task
    if task == "summarization":
        return iter(rows["document"])
    if task == "question_answering":
        return zip(rows["question"], rows["context"], strict=True)
    if pipeline.recipe.pair:
        return zip(rows["text"], rows["pair"], strict=True)
    return iter(rows["text"])


def plain(result: object) -> dict[str, Any]:
    """A pipeline's result as a prediction (see `nlpkit.evaluation.system`)."""
    match result:
        case Summary():
            return {
                "sentences": [sentence.text for sentence in result.sentences],
                "positions": [sentence.index for sentence in result.sentences],
                "total": len(result.spans),
            }
        case Answer():
            return {
                "text": result.text,
                "start": result.start,
                "end": result.end,
                "score": result.score if result else 0.0,
                "no_answer": result.no_answer,
            }
        case Label():
            said: dict[str, Any] = {"label": result.label, "score": result.score}
            if result.scores:
                said["scores"] = result.scores
            if result.labels:
                said["labels"] = list(result.labels)
            return said
        case Failure():
            return {"error": result.message}
    raise AssertionError(f"no prediction: {result!r}")
