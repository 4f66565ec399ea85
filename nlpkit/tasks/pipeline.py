"""The base of all pipelines: one road from inputs to results, whatever the task.

A task says how its inputs become windows and how logits become results. That inputs come one at
a time, in lists or in streams, that a bad one is reported in its place, that windows of different
inputs share a batch, and how a pipeline is saved, is the same for all and lives here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, Protocol, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from nlpkit import recipe as recipes
from nlpkit.backbone_files import fingerprint
from nlpkit.errors import InputError, InputTypeError, NlpkitError
from nlpkit.prefetch import afterwards, prefetch
from nlpkit.recipe import Recipe
from nlpkit.recipe_sections import WeightsRecipe
from nlpkit.results import Failure
from nlpkit.runtimes.base import Runtime
from nlpkit.tasks.folders import Weights, copy_notes
from nlpkit.tokenizer import Tokenizer
from nlpkit.windows import Window

if TYPE_CHECKING:
    from nlpkit.evaluation.result import Evaluation

Errors = Literal["raise", "return"]
Logits = NDArray[np.float32]
Input = TypeVar("Input", bound=Hashable)
Result = TypeVar("Result")
Options = TypeVar("Options")

# Inputs are taken in groups of at most so many, and about so many characters, so that a stream
# of any length needs the memory of one group.
_GROUP_ITEMS = 256
_GROUP_CHARACTERS = 1_000_000
# Of a list the next group is prepared, and the results of the last are made, while one is computed.
# Before the first there is nothing to compute, so that it has fewer characters, and each may have
# twice as many as the one before; of short texts there are more, which share the cores better.
_LIST_ITEMS = 1024
_FIRST_CHARACTERS = 125_000


@dataclass(frozen=True, slots=True)
class Prepared(Generic[Input]):
    """An input with the windows that are to be run for it, and the task's own notes."""

    input: Input
    windows: Sequence[Window]
    notes: Any = None


@dataclass(frozen=True, slots=True)
class _Group(Generic[Input]):
    """Inputs that are computed together: a failure or None in the place of each, those that can
    be read, and what was prepared for these, once for those that are there twice."""

    places: Sequence[Failure | None]
    good: Sequence[Input]
    prepared: Mapping[Input, Prepared[Input] | InputError]


class Reader(Protocol):
    """What a pipeline has to know of its encoder: a `Backbone` or an `Export`."""

    @property
    def tokenizer(self) -> Tokenizer:
        """Text to tokens."""
        ...

    @property
    def max_tokens(self) -> int:
        """The longest input that the encoder has positions for."""
        ...


class Pipeline(ABC, Generic[Input, Result, Options]):
    """A trained pipeline, open for use; made by `nlpkit.load`.

    Attributes:
        recipe: what is in `pipeline.toml`.
        folder: where it was loaded from.
        runtime: what computes its logits.
    """

    noun: ClassVar[str]

    # Each task's own arguments are on its class; `load` cannot know which task it opens.
    __call__: Callable[..., Any]

    def __init__(
        self,
        recipe: Recipe,
        reader: Reader,
        runtime: Runtime,
        *,
        weights: Weights,
        folder: Path | None = None,
        why: str = "asked for",
    ) -> None:
        self.recipe = recipe
        self.runtime = runtime
        self.folder = folder
        self.tokenizer = reader.tokenizer
        self.max_tokens = min(recipe.backbone.max_tokens, reader.max_tokens)
        self._weights = weights
        self._why = why

    @property
    def info(self) -> dict[str, Any]:
        """What is running: name, task, backbone, lengths, parameters, and on what.

        `chosen` says why it is this `runtime` and `dtype`.
        """
        return {
            "name": self.recipe.name,
            "task": self.recipe.task,
            "backbone": self.recipe.backbone.name,
            "tuning": self.recipe.backbone.tuning,
            "runtime": self.runtime.name,
            "device": self.runtime.device,
            "dtype": self.runtime.dtype,
            "chosen": self._why,
            "max_tokens": self.max_tokens,
            "batch_tokens": self.runtime.batch_tokens,
            "tuned_parameters": self._weights.parameters,
            "folder": None if self.folder is None else str(self.folder),
        }

    def __repr__(self) -> str:
        return f"<nlpkit pipeline {self.recipe.name!r}: {self.recipe.task}>"

    def save(self, path: str | Path) -> Path:
        """Writes the pipeline as a folder that `nlpkit.load` opens with the same results.

        Raises:
            InputError: when the path is a file, or cannot be written.
            WeightsError: when the file that the weights are in was replaced in the meantime.
        """
        folder = Path(path)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file = folder / WeightsRecipe.model_fields["file"].default
            # Replaced in one step: the old file may be mapped to the memory of a pipeline.
            partial = file.with_suffix(".partial")
            self._weights.write(partial)
            # The library makes it readable for its owner alone, whatever the umask.
            partial.chmod(0o644)
            partial.replace(file)
        except OSError as error:
            raise InputError(f"cannot save to {folder}: {error.strerror or error}") from None
        weights = WeightsRecipe(sha256=fingerprint(file))
        recipes.write(
            self.recipe.model_copy(update={"weights": weights}), folder, template=self.folder
        )
        if self.folder is not None:
            copy_notes(self.folder, folder, weights.sha256)
        return folder

    def evaluate(
        self,
        dataset: Any = None,
        *,
        split: str | None = None,
        data: str | Path | None = None,
        limit: int | None = None,
        predictions: str | Path | bool | None = None,
        resume: bool = True,
        seed: int = 0,
        progress: bool = False,
    ) -> Evaluation:
        """The scores of this pipeline on a data set; see `nlpkit.evaluation.evaluate`."""
        # Evaluation stands above the tasks; a method is the one place where it is called up.
        from nlpkit.evaluation.evaluate import evaluate

        return evaluate(
            self,
            dataset,
            split=split,
            data=data,
            limit=limit,
            predictions=predictions,
            resume=resume,
            seed=seed,
            progress=progress,
        )

    def _run(self, inputs: Any, options: Options, *, errors: Errors, progress: bool) -> Any:
        """One input to one result, a list to a list, any other iterable to an iterator."""
        if errors not in ("raise", "return"):
            raise InputError(f"errors = {errors!r} is not known; allowed: 'raise', 'return'")
        if self._is_one(inputs):
            result = next(self._stream(iter([inputs]), options, errors, one=True))
            return result
        if isinstance(inputs, list):
            if errors == "raise":  # a bad one is found before any work is done
                for index, item in enumerate(inputs):
                    self._check(item, f"{self.noun} {index} of the list")
            stream = self._stream(iter(inputs), options, errors, ahead=len(inputs) > 1)
            return list(self._watch(stream, inputs, progress))
        # Bytes and dicts can be iterated over, but what they give are no inputs.
        if isinstance(inputs, Iterable) and not isinstance(inputs, bytes | bytearray | Mapping):
            stream = self._stream(iter(inputs), options, errors)
            return self._watch(stream, inputs, progress)
        # Neither one input nor several: checking says what it should have been.
        try:
            self._check(inputs, f"the {self.noun}")
        except NlpkitError as error:
            if errors == "raise":
                raise
            return Failure(error)
        raise InputTypeError(f"the {self.noun} is of type {type(inputs).__name__}")

    def _watch(self, stream: Iterator[Any], inputs: Any, progress: bool) -> Iterator[Any]:
        if not progress:
            return stream
        from tqdm.auto import tqdm

        total = len(inputs) if hasattr(inputs, "__len__") else None
        return iter(tqdm(stream, total=total, unit=self.noun.split()[-1], disable=None))

    def _stream(
        self,
        items: Iterator[Any],
        options: Options,
        errors: Errors,
        *,
        one: bool = False,
        ahead: bool = False,
    ) -> Iterator[Result | Failure]:
        """The results in order; `ahead` prepares one group, computes another and decodes a third
        at a time.

        Not for streams: their next input may come only once the last result is out.
        """
        most, first = _GROUP_ITEMS, _GROUP_CHARACTERS
        if ahead:
            most, first = _LIST_ITEMS, _FIRST_CHARACTERS
        groups = self._groups(items, options, errors, one=one, most=most, characters=first)
        computed = self._computed(prefetch(groups) if ahead else groups)

        def decoded(
            each: tuple[_Group[Input], Sequence[Logits]],
        ) -> tuple[_Group[Input], list[Result | Failure]]:
            return each[0], self._results(*each, options)

        for group, made in (afterwards if ahead else map)(decoded, computed):
            results = iter(made)
            for failure in group.places:
                result = next(results) if failure is None else failure
                if isinstance(result, Failure) and errors == "raise":
                    raise result.error
                yield result

    def _groups(
        self,
        items: Iterator[Any],
        options: Options,
        errors: Errors,
        *,
        one: bool,
        most: int,
        characters: int,
    ) -> Iterator[_Group[Input]]:
        first = 0
        while taken := self._take(items, most, characters):
            good: list[Input] = []
            places: list[Failure | None] = []
            for index, item in enumerate(taken, first):
                where = f"the {self.noun}" if one else f"{self.noun} {index} of the list"
                try:
                    good.append(self._check(item, where))
                    places.append(None)
                except NlpkitError as error:
                    if errors == "raise":
                        raise
                    places.append(Failure(error))
            once = list(dict.fromkeys(good))  # what is there twice is computed once
            prepared = zip(once, self._prepare(once, options), strict=True)
            yield _Group(places, good, dict(prepared))
            first += len(taken)
            characters = min(2 * characters, _GROUP_CHARACTERS)

    def _take(self, items: Iterator[Any], most: int, characters: int) -> list[Any]:
        group: list[Any] = []
        size = 0
        for item in islice(items, most):
            group.append(item)
            size += self._characters(item)
            if size >= characters:
                break
        return group

    def _computed(
        self, groups: Iterable[_Group[Input]]
    ) -> Iterator[tuple[_Group[Input], Sequence[Logits]]]:
        """The groups with the logits of all of their windows."""
        for group in groups:
            usable = [item for item in group.prepared.values() if isinstance(item, Prepared)]
            yield group, self.runtime([window for item in usable for window in item.windows])

    def _results(
        self, group: _Group[Input], logits: Sequence[Logits], options: Options
    ) -> list[Result | Failure]:
        results: dict[Input, Result | Failure] = {}
        at = 0
        for given, item in group.prepared.items():
            if not isinstance(item, Prepared):
                results[given] = Failure(item)
                continue
            stop = at + len(item.windows)
            results[given] = self._decode(item, logits[at:stop], options)
            at = stop
        return [results[given] for given in group.good]

    @abstractmethod
    def _is_one(self, inputs: object) -> bool:
        """Whether this is one input (and not several)."""

    @abstractmethod
    def _check(self, item: object, where: str) -> Input:
        """The input in its one form, or an error that says what is wrong with it, and where."""

    @abstractmethod
    def _prepare(
        self, inputs: Sequence[Input], options: Options
    ) -> list[Prepared[Input] | InputError]:
        """Tokens and windows of the inputs; an error in the place of one that has none."""

    @abstractmethod
    def _decode(
        self, prepared: Prepared[Input], logits: Sequence[Logits], options: Options
    ) -> Result:
        """The result of one input from the logits of its windows."""

    def _characters(self, item: object) -> int:
        """About how long an input is, for taking inputs in groups."""
        if isinstance(item, str):
            return len(item)
        if isinstance(item, tuple | list):
            return sum(self._characters(part) for part in cast("Sequence[object]", item))
        return 0


def text_of(value: object, where: str) -> str:
    """The value if it is a string.

    Raises:
        InputTypeError: when it is something else; says of what type, and where.
    """
    if isinstance(value, str):
        return value
    raise InputTypeError(f"{where} is of type {type(value).__name__}; it must be a string")


def positive(value: object, name: str) -> int:
    """The value if it is a whole number of at least 1.

    Raises:
        InputTypeError: when it is not a whole number.
        InputError: when it is less than 1.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise InputTypeError(
            f"{name} is of type {type(value).__name__}; it must be a whole number from 1"
        )
    if value < 1:
        raise InputError(f"{name} = {value} is not allowed; it must be at least 1")
    return int(value)


def share(value: object, name: str) -> float:
    """The value if it is a number from 0 to 1.

    Raises:
        InputTypeError: when it is not a number.
        InputError: when it is outside.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | np.floating | np.integer):
        raise InputTypeError(f"{name} is of type {type(value).__name__}; it must be from 0 to 1")
    if not 0 <= value <= 1:
        raise InputError(f"{name} = {value} is not allowed; it must be from 0 to 1")
    return float(value)
