"""`pipeline.toml`: the recipe of a pipeline, typed and validated.

A recipe is the fine-tuning methodology in four choices, in this order: the pre-trained
architecture (`[backbone]`), what is taken from it (`[pooling]`), the layers on top (`[head]`)
and the schedule (`[training]`). `[data]` and `[evaluation]` say on what; `[decoding]` how logits
become results; `[weights]` is written by training and names the file that belongs to the recipe.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import tomlkit
from pydantic import Field, ValidationError, model_validator

from nlpkit.errors import PipelineNotFoundError, RecipeError
from nlpkit.recipe_sections import (
    BackboneRecipe,
    DataRecipe,
    DecodingRecipe,
    EvaluationRecipe,
    HeadRecipe,
    PoolingRecipe,
    Section,
    Task,
    TeacherRecipe,
    TrainingRecipe,
    WeightsRecipe,
)

FILE_NAME = "pipeline.toml"

_HEADS: dict[str, tuple[str, ...]] = {
    "summarization": ("sentences", "pair"),
    "question_answering": ("span",),
    "classification": ("labels", "multi_label", "regression"),
}
_POOLING: dict[str, tuple[str, ...]] = {
    "sentences": ("sentences",),
    "span": ("tokens",),
    "pair": ("cls", "mean", "last"),
    "labels": ("cls", "mean", "last"),
    "multi_label": ("cls", "mean", "last"),
    "regression": ("cls", "mean", "last"),
}


class Recipe(Section):
    """A whole `pipeline.toml`.

    >>> recipe = parse('''
    ... name = "tone"
    ... task = "classification"
    ... [backbone]
    ... name = "sentence-transformers/all-MiniLM-L6-v2"
    ... [pooling]
    ... kind = "mean"
    ... [head]
    ... kind = "labels"
    ... labels = ["negative", "positive"]
    ... ''')
    >>> recipe.backbone.tuning, recipe.training.seed
    ('lora', 0)
    """

    name: str = Field(min_length=1)
    task: Task
    description: str = ""
    pair: bool = False
    backbone: BackboneRecipe
    pooling: PoolingRecipe
    head: HeadRecipe
    training: TrainingRecipe = TrainingRecipe()
    teacher: TeacherRecipe | None = None
    data: DataRecipe | None = None
    decoding: DecodingRecipe = DecodingRecipe()
    evaluation: EvaluationRecipe = EvaluationRecipe()
    weights: WeightsRecipe | None = None

    @property
    def stride(self) -> int | None:
        """How many tokens a window moves on in use; None is the task's own share of the room."""
        return self.decoding.stride or self.backbone.stride

    @property
    def rows_seed(self) -> int:
        """The seed with which rows are drawn and set aside."""
        if self.data is None or self.data.seed is None:
            return self.training.seed
        return self.data.seed

    def shares_head(self, other: Recipe) -> bool:
        """Whether the weights of the other's head mean here what they mean there."""
        return (self.task, self.head, self.pooling) == (other.task, other.head, other.pooling)

    @model_validator(mode="after")
    def _choices_fit(self) -> Recipe:
        heads = _HEADS[self.task]
        if self.head.kind not in heads:
            raise ValueError(
                f"head.kind = {self.head.kind!r} does not fit task = {self.task!r}; "
                f"allowed: {_quoted(heads)}"
            )
        pooling = _POOLING[self.head.kind]
        if self.pooling.kind not in pooling:
            raise ValueError(
                f"pooling.kind = {self.pooling.kind!r} does not fit head.kind = "
                f"{self.head.kind!r}; allowed: {_quoted(pooling)}"
            )
        if self.head.kind in ("labels", "multi_label"):
            least = 2 if self.head.kind == "labels" else 1
            if len(self.head.labels) < least or len(set(self.head.labels)) < len(self.head.labels):
                raise ValueError(
                    f"head.labels = {list(self.head.labels)} must name at least {least} "
                    "different labels"
                )
        if self.head.range is not None and self.head.range[0] >= self.head.range[1]:
            raise ValueError(f"head.range = {list(self.head.range)} must rise")
        if self.training.blend < 1 and self.training.start is None:
            raise ValueError(
                f"training.blend = {self.training.blend} needs a training.start to blend with; "
                "allowed without one: 1"
            )
        if self.training.soup and self.training.start is None and self.backbone.tuning == "lora":
            raise ValueError(
                f"training.soup = {list(self.training.soup)} needs a training.start, for adapters "
                "that began apart have no mean; allowed without one: []"
            )
        if self.training.rationale > 0 and (self.task != "classification" or self.pair):
            raise ValueError(
                f"training.rationale = {self.training.rationale} is for classification of single "
                "texts; allowed elsewhere: 0"
            )
        if self.decoding.open_length is not None and self.decoding.redundancy != "coverage":
            raise ValueError(
                "a [decoding.open_length] does not fit decoding.redundancy = "
                f"{self.decoding.redundancy!r}; allowed: 'coverage'"
            )
        if self.teacher is not None:
            self._teacher_fits(self.teacher)
        return self

    def _teacher_fits(self, teacher: TeacherRecipe) -> None:
        if self.head.kind == "multi_label":
            raise ValueError(
                "a [teacher] does not fit head.kind = 'multi_label'; "
                "allowed: 'labels', 'regression', 'span', 'sentences', 'pair'"
            )
        if self.task == "classification":
            return
        for key, value in (("states", teacher.states), ("changed", teacher.changed)):
            if value:
                raise ValueError(
                    f"teacher.{key} = {value} does not fit head.kind = {self.head.kind!r}; "
                    "allowed: 0"
                )


def parse(text: str, *, source: str = FILE_NAME) -> Recipe:
    """A recipe from TOML.

    Raises:
        RecipeError: when it is not TOML, or a key or value is not allowed.

    >>> parse('task = "translation"')
    Traceback (most recent call last):
    ...
    nlpkit.errors.RecipeError: pipeline.toml: name is missing (and 4 more errors)
    """
    try:
        return Recipe.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{source} is not TOML: {error}") from error
    except ValidationError as error:
        raise RecipeError(f"{source}: {_explain(error)}") from None


def read(folder: str | Path) -> Recipe:
    """The recipe of a pipeline's folder.

    Raises:
        PipelineNotFoundError: when the folder holds no `pipeline.toml`.
        RecipeError: when the recipe is not valid.
    """
    path = Path(folder) / FILE_NAME
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError:
        raise PipelineNotFoundError(f"no pipeline in {folder}: it has no {FILE_NAME}") from None
    except UnicodeDecodeError as error:
        raise RecipeError(f"{path} is not UTF-8: byte {error.start}") from None
    return parse(text, source=str(path))


def write(recipe: Recipe, folder: Path, *, template: Path | None = None) -> Path:
    """Writes a recipe, keeping the comments and the order of the `template` where given.

    What is read back equals the recipe, whatever the template says.
    """
    document = tomlkit.document()
    if template is not None and (template / FILE_NAME).is_file():
        document = tomlkit.parse((template / FILE_NAME).read_text(encoding="utf-8"))
    _refresh(document, recipe.model_dump(mode="json"))
    _merge(document, recipe.model_dump(mode="json", exclude_none=True, exclude_defaults=True))
    path = folder / FILE_NAME
    path.write_text(tomlkit.dumps(document), encoding="utf-8")
    return path


def _merge(table: Any, values: dict[str, Any]) -> None:
    for key, value in values.items():
        if isinstance(value, dict):
            new = key not in table
            if new:
                table[key] = tomlkit.table()
            _merge(table[key], value)
            if new and not isinstance(table, tomlkit.TOMLDocument):
                table[key].add(tomlkit.nl())  # the next section follows
        elif key not in table or table[key] != value:
            table[key] = value


def _refresh(table: Any, values: dict[str, Any]) -> None:
    """Gives what the template says its present value, which may be the default again."""
    for key in list(table):
        value = values.get(key)
        if value is None:
            del table[key]
        elif isinstance(value, dict):
            _refresh(table[key], value)
        elif table[key] != value:
            table[key] = value


def _quoted(names: tuple[str, ...]) -> str:
    return ", ".join(repr(name) for name in names)


def _explain(error: ValidationError) -> str:
    """The first mistake in one sentence: key, value, and what is allowed."""
    first = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    value = first.get("input")
    if first["type"] == "missing":
        what = f"{key} is missing"
    elif first["type"] == "extra_forbidden":
        what = f"{key} = {value!r} is not known; allowed: {', '.join(_keys(first['loc']))}"
    elif first["type"] == "value_error":
        what = first["msg"].removeprefix("Value error, ")
    else:
        # In TOML's words: it has lists, not tuples.
        message = first["msg"].removeprefix("Input ").replace("valid tuple", "list")
        message = message.removeprefix("Tuple ").removeprefix("String ").split(" after ")[0]
        what = f"{key} = {value!r} {message}"
    more = error.error_count() - 1
    return what + (f" (and {more} more error{'s' * (more > 1)})" if more else "")


def _keys(location: tuple[int | str, ...]) -> list[str]:
    """The keys allowed beside an unknown one."""
    model: Any = Recipe
    for part in location[:-1]:
        annotation = model.model_fields[str(part)].annotation
        inner = [a for a in getattr(annotation, "__args__", ()) if a is not type(None)]
        model = inner[0] if inner else annotation
    return list(model.model_fields)
