"""Extractive question answering: the span of the passages that answers a question, or none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, overload

from nlpkit.errors import InputError, InputTypeError
from nlpkit.results import Answer, Failure
from nlpkit.tasks.pipeline import Errors, Logits, Pipeline, Prepared, positive, share, text_of
from nlpkit.tasks.spans import Candidate, best_spans, distinct, probabilities, wording
from nlpkit.tokenizer import Template, Tokens
from nlpkit.windows import Window, cut, pair_window

# Spans kept of each window: enough that the mass left out does not change a probability.
_PER_WINDOW = 20
# Of spans that do not overlap as many as alternatives are asked for, and at least so many: a
# score is the same whether 1 or 5 answers are asked for.
_APART = 5


@dataclass(frozen=True, slots=True)
class Question:
    """One input: a question and the passages that may answer it."""

    question: str
    passages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnswerOptions:
    """What a call may set; see `QuestionAnswering.__call__`."""

    top_k: int
    threshold: float
    max_answer_tokens: int


class QuestionAnswering(Pipeline[Question, Answer, AnswerOptions]):
    """Answers questions from passages of any length; made by `nlpkit.load`."""

    noun: ClassVar[str] = "question"

    @overload
    def __call__(
        self, question: str, passages: str | Sequence[str], /, **options: Any
    ) -> Answer: ...
    @overload
    def __call__(self, question: tuple[str, Any] | Mapping[str, Any], /, **o: Any) -> Answer: ...
    @overload
    def __call__(self, question: list[Any], /, **options: Any) -> list[Answer]: ...
    @overload
    def __call__(self, question: Iterable[Any], /, **options: Any) -> Iterator[Answer]: ...
    def __call__(  # type: ignore[misc]  # names the options that the overloads leave open
        self,
        question: Any,
        passages: str | Sequence[str] | None = None,
        /,
        *,
        top_k: int = 1,
        threshold: float | None = None,
        max_answer_tokens: int | None = None,
        errors: Errors = "raise",
        progress: bool = False,
    ) -> Any:
        """The answer to a question; a list for a list of `(question, passages)`, and so on.

        Args:
            question: a question with `passages` beside it; or one `(question, passages)` or
                `{"question": ..., "passages": ...}`, a list of those, or an iterator.
            passages: one string or a list of strings.
            top_k: how many answers: the best and `top_k - 1` alternatives, if the text allows.
            threshold: the smallest score that counts as an answer. None takes the pipeline's
                own, 0 always gives the best span.
            max_answer_tokens: the longest answer; None takes the pipeline's own.
            errors: `return` puts a `Failure` in the place of a bad input instead of raising.
            progress: show a progress bar on standard error, if that is a terminal.

        Raises:
            InputError: an empty question, a question too long for the encoder, a count under 1,
                a threshold outside 0 to 1.
            InputTypeError: something that is not a string where one belongs.
        """
        decoding = self.recipe.decoding
        own = 0.5 if decoding.threshold is None else decoding.threshold
        options = AnswerOptions(
            top_k=positive(top_k, "top_k"),
            threshold=own if threshold is None else share(threshold, "threshold"),
            max_answer_tokens=decoding.max_answer_tokens
            if max_answer_tokens is None
            else positive(max_answer_tokens, "max_answer_tokens"),
        )
        if passages is not None or isinstance(question, str):
            question = (question, passages)
        return self._run(question, options, errors=errors, progress=progress)

    def _is_one(self, inputs: object) -> bool:
        return isinstance(inputs, tuple | Mapping | str)

    def _check(self, item: object, where: str) -> Question:
        if isinstance(item, Mapping):
            missing = [key for key in ("question", "passages") if key not in item]
            if missing == ["passages"] and "context" in item:
                item = (item["question"], item["context"])
            elif missing:
                there = ", ".join(map(repr, item)) or "nothing"
                raise InputError(f"{where} has no {missing[0]!r}; it has {there}")
            else:
                item = (item["question"], item["passages"])
        if not isinstance(item, tuple) or len(item) != 2:
            raise InputTypeError(
                f"{where} is of type {type(item).__name__}; it must be a (question, passages) "
                "tuple, or a dict with these keys"
            )
        question = text_of(item[0], where)
        if not question.strip():
            raise InputError(f"{where} is empty; it must be a text")
        if item[1] is None:
            raise InputTypeError(f"{where} has no passages; give a string or a list of strings")
        if isinstance(item[1], str):
            return Question(question, (item[1],))
        if not isinstance(item[1], Sequence):
            raise InputTypeError(
                f"the passages of {where} are of type {type(item[1]).__name__}; "
                "they must be a string or a list of strings"
            )
        passages = (text_of(p, f"passage {i} of {where}") for i, p in enumerate(item[1]))
        return Question(question, tuple(passages))

    def _characters(self, item: object) -> int:
        if isinstance(item, Mapping):
            return sum(self._characters(value) for value in item.values())
        return super()._characters(item)

    def _prepare(
        self, inputs: Sequence[Question], options: AnswerOptions
    ) -> list[Prepared[Question] | InputError]:
        # A passage that many questions are asked of is tokenised once.
        texts = dict.fromkeys(t for item in inputs for t in (item.question, *item.passages))
        tokens = dict(zip(texts, self.tokenizer.encode(list(texts)), strict=True))
        prepared: list[Prepared[Question] | InputError] = []
        for item in inputs:
            try:
                prepared.append(self._windows(item, tokens))
            except InputError as error:
                prepared.append(error)
        return prepared

    def _windows(self, item: Question, tokens: Mapping[str, Tokens]) -> Prepared[Question]:
        windows: list[Window] = []
        owners: list[tuple[int, Tokens]] = []
        for index, passage in enumerate(item.passages):
            if len(tokens[passage]) == 0:
                continue  # nothing in it can be an answer
            new = question_windows(
                self.tokenizer.template,
                tokens[item.question],
                tokens[passage],
                size=self.max_tokens,
                stride=self.recipe.stride,
            )
            windows += new
            owners += [(index, tokens[passage])] * len(new)
        return Prepared(item, windows, owners)

    def _decode(
        self, prepared: Prepared[Question], logits: Sequence[Logits], options: AnswerOptions
    ) -> Answer:
        decoding = self.recipe.decoding
        found = distinct(self._found(prepared, logits, options))
        none, answers = probabilities(
            found,
            temperature=decoding.temperature,
            null_bias=decoding.null_bias,
            exactness=decoding.exactness,
        )
        ranked = [
            Answer(
                prepared.input.passages[c.passage][c.start : c.end],
                c.start, c.end, c.passage, c.score, none,
            )
            for c in answers[: options.top_k]
        ]  # fmt: skip
        if not ranked or ranked[0].score < options.threshold:
            # What would have been the best answer leads the alternatives.
            rest = tuple(ranked[: options.top_k - 1])
            return Answer(score=none, no_answer=none, alternatives=rest)
        return replace(ranked[0], alternatives=tuple(ranked[1:]))

    def candidates(
        self, inputs: Sequence[tuple[str, str | Sequence[str]]], *, errors: Errors = "raise"
    ) -> list[list[Candidate] | Failure]:
        """The spans that may answer each (question, passages), before calibration.

        Args:
            inputs: as in a call.
            errors: `return` puts a `Failure` in the place of a bad input instead of raising.

        Raises:
            InputError, InputTypeError: as in a call.
        """
        longest = self.recipe.decoding.max_answer_tokens
        options = AnswerOptions(top_k=1, threshold=0.0, max_answer_tokens=longest)
        checked: list[Question | Failure] = []
        for index, item in enumerate(inputs):
            try:
                checked.append(self._check(item, f"question {index}"))
            except (InputError, InputTypeError) as error:
                checked.append(Failure(error))
        prepared = iter(self._prepare([q for q in checked if isinstance(q, Question)], options))
        results: list[Prepared[Question] | Failure] = []
        for question in checked:
            found = question if isinstance(question, Failure) else next(prepared)
            results.append(Failure(found) if isinstance(found, InputError) else found)
            if errors == "raise" and isinstance(results[-1], Failure):
                raise results[-1].error
        windows = [w for item in results if isinstance(item, Prepared) for w in item.windows]
        logits = iter(self.runtime(windows))
        return [
            self._found(item, [next(logits) for _ in item.windows], options)
            if isinstance(item, Prepared)
            else item
            for item in results
        ]

    def _found(
        self, prepared: Prepared[Question], logits: Sequence[Logits], options: AnswerOptions
    ) -> list[Candidate]:
        found: list[Candidate] = []
        apart = max(_APART, options.top_k)
        for window, (passage, tokens), scores in zip(
            prepared.windows, prepared.notes, logits, strict=True
        ):
            text = prepared.input.passages[passage]
            spans = best_spans(
                scores,
                window,
                longest=options.max_answer_tokens,
                count=_PER_WINDOW,
                apart=apart,
                penalty=self.recipe.decoding.length_penalty,
            )
            for first, last, score in spans:
                start, end = _characters_of(text, tokens, first, last)
                found.append(Candidate(passage, start, end, score, wording(text[start:end])))
        return [candidate for candidate in found if candidate.start < candidate.end]


def question_windows(
    template: Template, question: Tokens, passage: Tokens, *, size: int, stride: int | None
) -> list[Window]:
    """The question whole, beside each run of the passage.

    Raises:
        InputError: when the question leaves less than half of the window to the passage.
    """
    room = size - template.pair_extra - len(question)
    if room < (size - template.pair_extra) // 2:
        raise InputError(
            f"the question has {len(question)} tokens; this pipeline reads at most "
            f"{size - template.pair_extra - (size - template.pair_extra) // 2}"
        )
    step = min(room, stride or max(1, room // 2))
    return [
        pair_window(template, question.ids, passage, start, stop)
        for start, stop in cut(len(passage), room, step)
    ]


def _characters_of(text: str, tokens: Tokens, first: int, last: int) -> tuple[int, int]:
    """The characters of the tokens `first..last`, without white space at either end."""
    start, end = int(tokens.offsets[first, 0]), int(tokens.offsets[last, 1])
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
