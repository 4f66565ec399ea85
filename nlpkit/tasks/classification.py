"""Classification of sentences and sentence pairs: one label, several, or a number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, overload

import numpy as np
from numpy.typing import NDArray

from nlpkit.errors import InputError, InputTypeError
from nlpkit.results import Label
from nlpkit.tasks.pipeline import Errors, Logits, Pipeline, Prepared, share, text_of
from nlpkit.tokenizer import Template, Tokens
from nlpkit.windows import Window, pair_windows, text_windows

Texts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LabelOptions:
    """What a call may set; see `Classification.__call__`."""

    threshold: float


class Classification(Pipeline[Texts, Label, LabelOptions]):
    """Labels texts, or pairs of texts, of any length; made by `nlpkit.load`."""

    noun: ClassVar[str] = "text"

    @overload
    def __call__(self, text: str | tuple[str, str], /, **options: Any) -> Label: ...
    @overload
    def __call__(self, text: list[Any], /, **options: Any) -> list[Label]: ...
    @overload
    def __call__(self, text: Iterable[Any], /, **options: Any) -> Iterator[Label]: ...
    def __call__(  # type: ignore[misc]  # names the options that the overloads leave open
        self,
        text: Any,
        /,
        *,
        threshold: float | None = None,
        errors: Errors = "raise",
        progress: bool = False,
    ) -> Any:
        """The label of a text, or of a pair; a list for a list, an iterator for an iterator.

        Args:
            text: a string; or, for a pipeline that reads pairs, a tuple of two strings; or a
                list or an iterator of those. A text over the encoder's length is read in
                windows, whose logits are averaged by their share of the text.
            threshold: of a multi-label pipeline: the probability from which a label counts;
                None takes the pipeline's own.
            errors: `return` puts a `Failure` in the place of a bad input instead of raising.
            progress: show a progress bar on standard error, if that is a terminal.

        Raises:
            InputError: a text without any letter or sign, a pair where the pipeline reads
                single texts or the other way round, a threshold outside 0 to 1.
            InputTypeError: something that is not a string where one belongs.
        """
        own = self.recipe.decoding.threshold
        default = 0.5 if own is None else own
        options = LabelOptions(default if threshold is None else share(threshold, "threshold"))
        return self._run(text, options, errors=errors, progress=progress)

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the labels; empty for regression."""
        return self.recipe.head.labels

    def _is_one(self, inputs: object) -> bool:
        return isinstance(inputs, str | tuple)

    def _check(self, item: object, where: str) -> Texts:
        if self.recipe.pair:
            if isinstance(item, str):
                raise InputError(
                    f"{where} is a single text, but {self.recipe.name!r} reads pairs: "
                    "give a tuple of two strings"
                )
            if not isinstance(item, tuple) or len(item) != 2:
                raise InputTypeError(
                    f"{where} is of type {type(item).__name__}; it must be a tuple of two strings"
                )
            parts = tuple(text_of(t, f"part {i} of {where}") for i, t in enumerate(item))
        else:
            if isinstance(item, tuple):
                raise InputError(
                    f"{where} is a tuple, but {self.recipe.name!r} reads single texts: "
                    "give a string"
                )
            parts = (text_of(item, where),)
        for part in parts:
            if not part.strip():
                raise InputError(f"{where} is empty; there is nothing to give a label to")
        return parts

    def _prepare(
        self, inputs: Sequence[Texts], options: LabelOptions
    ) -> list[Prepared[Texts] | InputError]:
        tokens = iter(self.tokenizer.encode([text for texts in inputs for text in texts]))
        prepared = []
        for texts in inputs:
            first = next(tokens)
            second = next(tokens) if self.recipe.pair else None
            windows = classification_windows(
                self.tokenizer.template,
                first,
                second,
                size=self.max_tokens,
                stride=self.recipe.stride,
            )
            prepared.append(Prepared(texts, windows))
        return prepared  # type: ignore[return-value]  # a list is invariant

    def _decode(
        self, prepared: Prepared[Texts], logits: Sequence[Logits], options: LabelOptions
    ) -> Label:
        weights = np.array([max(1, w.stop - w.start) for w in prepared.windows], np.float64)
        pooled = np.average(np.stack(logits).astype(np.float64), axis=0, weights=weights)
        head = self.recipe.head
        if head.kind == "regression":
            low, high = head.range or (0.0, 1.0)
            value = low + (high - low) * float(pooled[0])
            return Label(None, min(max(value, low), high) if head.range else value)
        scaled = pooled / self.recipe.decoding.temperature
        chances = _sigmoid(scaled) if head.kind == "multi_label" else _softmax(scaled)
        scores = {name: float(p) for name, p in zip(head.labels, chances, strict=True)}
        best = head.labels[int(np.argmax(chances))]
        over = tuple(name for name, p in scores.items() if p >= options.threshold)
        return Label(best, scores[best], scores, over if head.kind == "multi_label" else ())


def classification_windows(
    template: Template, text: Tokens, pair: Tokens | None, *, size: int, stride: int | None
) -> list[Window]:
    """The windows of one text, or of a pair; without a stride they move on by 3/4 of the room."""
    extra = template.single_extra if pair is None else template.pair_extra
    stride = stride or max(1, (size - extra) * 3 // 4)
    if pair is None:
        return text_windows(template, text, size=size, stride=stride)
    return pair_windows(template, text, pair, size=size, stride=stride)


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    weights = np.exp(logits - logits.max())
    return np.asarray(weights / weights.sum())


def _sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(0.5 * (1 + np.tanh(logits / 2)))
