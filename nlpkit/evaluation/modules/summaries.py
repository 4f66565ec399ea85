"""Modules of summaries: ROUGE, METEOR, compression, order and redundancy."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from datasets import Features

from nlpkit.errors import InputTypeError, NlpkitWarning
from nlpkit.evaluation import summaries
from nlpkit.evaluation.meteor import meteor
from nlpkit.evaluation.modules.base import TEXT, TEXTS, Module, form, many
from nlpkit.evaluation.rouge import rouge
from nlpkit.evaluation.score import Score
from nlpkit.text import split_sentences

# A sentence that ends, and one that begins after it.
_BORDER = re.compile(r"[.!?][\"')\]\u201d\u2019]*\s+[\"'(\[\u201c\u2018]*[A-Z]")


def _text(what: str, value: Any) -> str:
    if not isinstance(value, str):
        raise InputTypeError(f"a {what} is {value!r:.40}, not a text")
    return value


def _summary(what: str, value: Any) -> str | list[str]:
    """A text, or a list of texts."""
    if isinstance(value, str):
        return value
    if not isinstance(value, Sequence) or not all(isinstance(part, str) for part in value):
        raise InputTypeError(f"a {what} is {value!r:.40}, not a text or a list of sentences")
    return list(value)


def _sentences(summary: str | Sequence[str], split: bool) -> list[str]:
    """A summary's lines; with `split` the sentences of one that has no line break."""
    if not isinstance(summary, str):
        return list(summary)
    if split and "\n" not in summary:
        return [summary[start:end] for start, end in split_sentences(summary)]
    return [line for line in summary.split("\n") if line.strip()]


class Rouge(Module):
    """ROUGE, as `rouge-score` computes it."""

    ABOUT = "ROUGE F1 of summaries, as Google's rouge-score computes it: the mean, 0 to 1."
    INPUTS = "predictions and references: summaries with one sentence a line, or lists of sentences"
    OPTIONS: ClassVar = {
        "types": ("rouge1", "rouge2", "rougeL", "rougeLsum"),
        "stem": True,
        "split": False,
    }
    FORMS = (form(TEXT, TEXT), form(TEXTS, TEXTS))

    def _example(self, prediction: Any, reference: Any) -> tuple[Any, Any]:
        pair = _summary("prediction", prediction), _summary("reference", reference)
        if isinstance(pair[0], str) != isinstance(pair[1], str):
            raise InputTypeError(
                "a prediction and its reference have two forms: give both as texts with one"
                " sentence a line, or both as lists of sentences"
            )
        return pair

    def _form(self, prediction: Any, reference: Any) -> Features:
        return self.FORMS[0 if isinstance(prediction, str) else 1]

    def _score(
        self, predictions: list[Any], references: list[Any], **options: Any
    ) -> Mapping[str, Score | float]:
        split = options.pop("split")
        texts = [text for text in (*predictions, *references) if isinstance(text, str)]
        if texts and "rougeLsum" in options["types"] and not split:
            _warn_of_unsplit(texts)
        said, wanted = (
            [_sentences(summary, split) for summary in side] for side in (predictions, references)
        )
        return rouge(said, wanted, **options)


def _warn_of_unsplit(texts: Sequence[str]) -> None:
    if not any("\n" in text for text in texts) and any(map(_BORDER.search, texts)):
        warnings.warn(
            "no summary has a line break, so rougeLsum is the same as rougeL: give one sentence a"
            " line, or load('rouge', split=True)",
            NlpkitWarning,
            stacklevel=2,
        )


class Meteor(Module):
    """METEOR, as NLTK computes it."""

    ABOUT = "METEOR, as NLTK computes it: the mean, 0 to 1."
    INPUTS = (
        "predictions: texts, or lists of tokens; references: one or a list of several for each,"
        " in the same form"
    )
    OPTIONS: ClassVar = {"alpha": 0.9, "beta": 3.0, "gamma": 0.5}
    FORMS = (
        form(TEXT, TEXT),
        form(TEXT, TEXTS),
        form(TEXTS, TEXTS),
        form(TEXTS, many(TEXTS)),
    )

    def _example(self, prediction: Any, reference: Any) -> tuple[Any, Any]:
        said = _summary("prediction", prediction)
        if isinstance(reference, str):
            return said, reference
        if not isinstance(reference, Sequence):
            raise InputTypeError(f"a reference is {reference!r:.40}, not a text or a list")
        return said, [_summary("reference", one) for one in reference]

    def _form(self, prediction: Any, reference: Any) -> Features:
        if isinstance(prediction, str):
            return self.FORMS[0 if isinstance(reference, str) else 1]
        tokens = isinstance(reference, str) or all(isinstance(one, str) for one in reference)
        return self.FORMS[2 if tokens else 3]

    def _score(
        self, predictions: list[Any], references: list[Any], **options: Any
    ) -> Mapping[str, Score | float]:
        return {"meteor": meteor(predictions, references, **options)}


class Compression(Module):
    """How short summaries are."""

    ABOUT = "The mean of the words of a summary over those of its document."
    INPUTS = (
        "predictions: summaries with one sentence a line, or lists of sentences; references: the"
        " documents"
    )
    OPTIONS: ClassVar = {"split": False}
    FORMS = (form(TEXT, TEXT), form(TEXTS, TEXT))

    def _example(self, prediction: Any, reference: Any) -> tuple[Any, Any]:
        return _summary("prediction", prediction), _text("reference", reference)

    def _form(self, prediction: Any, reference: Any) -> Features:
        return self.FORMS[0 if isinstance(prediction, str) else 1]

    def _score(
        self, predictions: list[Any], references: list[Any], **options: Any
    ) -> Mapping[str, Score | float]:
        said = [_sentences(summary, options["split"]) for summary in predictions]
        return {"compression": summaries.compression(said, references)}


class Order(Compression):
    """From where in the documents the sentences come."""

    ABOUT = (
        "From where in the document the sentences of a summary come: the mean of their mean"
        " relative position, 0 (the first) to 1 (the last)."
    )

    def _score(
        self, predictions: list[Any], references: list[Any], **options: Any
    ) -> Mapping[str, Score | float]:
        documents = [[text[a:b] for a, b in split_sentences(text)] for text in references]
        positions = [
            summaries.locate(_sentences(summary, options["split"]), document)
            for summary, document in zip(predictions, documents, strict=True)
        ]
        return {"order": summaries.order(positions, [len(document) for document in documents])}


class Redundancy(Module):
    """How often summaries say the same again."""

    ABOUT = "The mean part of a summary's trigrams that it has said before, 0 to 1."
    INPUTS = "predictions: summaries with one sentence a line, or lists of sentences"
    OPTIONS: ClassVar = {"split": False}
    FORMS = (form(TEXT), form(TEXTS))

    def _example(self, prediction: Any, reference: Any) -> tuple[Any, Any]:
        return _summary("prediction", prediction), None

    def _form(self, prediction: Any, reference: Any) -> Features:
        return self.FORMS[0 if isinstance(prediction, str) else 1]

    def _score(
        self, predictions: list[Any], references: list[Any], **options: Any
    ) -> Mapping[str, Score | float]:
        said = [_sentences(summary, options["split"]) for summary in predictions]
        return {"redundancy": summaries.redundancy(said)}
