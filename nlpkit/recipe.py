"""`pipeline.toml`: the recipe of a pipeline, typed and validated.

A recipe is the fine-tuning methodology in four choices, in this order: the pre-trained
architecture (`[backbone]`), what is taken from it (`[pooling]`), the layers on top (`[head]`)
and the schedule (`[training]`). `[data]` and `[evaluation]` say on what; `[decoding]` how logits
become results; `[weights]` is written by training and names the file that belongs to the recipe.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import tomlkit
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from nlpkit.errors import PipelineNotFoundError, RecipeError

FILE_NAME = "pipeline.toml"

Task = Literal["summarization", "question_answering", "classification"]
Count = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class BackboneRecipe(_Section):
    """`[backbone]`: which pre-trained encoder, and how it is tuned.

    Attributes:
        name: a name on the hub, or a folder with the encoder's files.
        sha256: of its `model.safetensors`; checked before use where given.
        max_tokens: the length of a window, special tokens included.
        stride: how many tokens a window moves on in a longer text; None is half the
            room for question answering, three quarters for the others.
        tuning: `lora` trains low-rank adapters on all linear layers (Hu et al. 2021), `layers`
            the upper `layers` layers, `all` everything but the embeddings, `none` the head only.
        rank, alpha: of the adapters; they act with a weight of `alpha / rank`.
        layers: how many upper layers `tuning = "layers"` trains.
    """

    name: str = Field(min_length=1)
    sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")
    max_tokens: Annotated[int, Field(ge=8)] = 384
    stride: Count | None = None
    tuning: Literal["lora", "layers", "all", "none"] = "lora"
    rank: Count = 32
    alpha: Annotated[float, Field(gt=0)] = 64.0
    layers: Count = 1


class PoolingRecipe(_Section):
    """`[pooling]`: what is taken from the encoder's hidden states (see `nlpkit.pooling`)."""

    kind: Literal["cls", "mean", "last", "tokens", "sentences"]


class HeadRecipe(_Section):
    """`[head]`: the layers on top.

    Attributes:
        kind: `sentences` scores all sentences of a document in one pass, `pair` one
            (sentence, document) pair, `span` predicts starts and ends, `labels` one label of
            several, `multi_label` any number of them, `regression` a number.
        hidden: widths of the layers between the pooled states and the logits.
        dropout: share of units dropped after each of those in training.
        labels: the names, in the order of the data's numbers.
        range: the lowest and the highest value that `regression` may give.
        places: of a `sentences` head: how many places in the document have their own embedding.
    """

    kind: Literal["sentences", "pair", "span", "labels", "multi_label", "regression"]
    hidden: tuple[Count, ...] = ()
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    labels: tuple[str, ...] = ()
    range: tuple[float, float] | None = None
    places: Count = 64


class TrainingRecipe(_Section):
    """`[training]`: the schedule.

    Attributes:
        start: a pipeline (a shipped one's name, or a folder) from whose tuned encoder training
            begins, with the same backbone and tuning: an intermediate task. None begins from the
            backbone itself.
        epochs: passes over the training examples; may be a fraction.
        batch_size: examples a step.
        batch_tokens: most tokens in one pass through the model; the gradients of a step's
            passes are accumulated, so this changes speed and memory but not the result. None
            takes what suits the device.
        learning_rate: of the encoder's trained weights; `head_learning_rate` of the head.
        warmup: share of all steps over which the rate rises; then it falls to 0 (`linear`,
            `cosine`) or stays (`constant`).
        dropout: of the encoder's own layers; 0 is several times faster on a CPU.
        precision: `auto` is bfloat16 autocast where the device computes it natively.
        windows_per_document: of a `sentences` head: the first windows of each document.
        pairs_per_document: of a `pair` head: sampled sentences of each document.
        evaluate_every: steps between evaluations on the held-out part; 0 is once an epoch.
        patience: evaluations without an improvement before training stops; 0 never stops.
        checkpoint_every: steps between checkpoints.
    """

    start: str | None = None
    epochs: Annotated[float, Field(gt=0)] = 1.0
    batch_size: Count = 16
    batch_tokens: Count | None = None
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    head_learning_rate: Annotated[float, Field(gt=0)] | None = None
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    warmup: Share = 0.06
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    max_grad_norm: Annotated[float, Field(gt=0)] = 1.0
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    windows_per_document: Count = 2
    pairs_per_document: Count = 8
    seed: Annotated[int, Field(ge=0)] = 0
    evaluate_every: Annotated[int, Field(ge=0)] = 0
    patience: Annotated[int, Field(ge=0)] = 0
    checkpoint_every: Count = 200


class DataRecipe(_Section):
    """`[data]`: what it is trained on.

    Attributes:
        train: names of reference sets, hub sets or files (see `nlpkit.corpora`).
        split: of the named sets.
        columns: which column holds `text`, `pair`, `label` (classification), `question`,
            `context`, `answers` (question answering), `document`, `summary` (summarization).
        limit: at most so many rows, drawn with the seed.
        holdout: share of the rows set aside for choosing, early stopping and calibration.
        unanswerable: of question answering: share of the unanswerable questions that is kept.
        oracle_sentences: of summarization: most sentences of the greedy oracle.
    """

    train: tuple[str, ...] = Field(min_length=1)
    split: str = "train"
    columns: dict[str, str] = Field(default_factory=dict)
    limit: Count | None = None
    holdout: Annotated[float, Field(ge=0, lt=1)] = 0.02
    unanswerable: Share = 1.0
    oracle_sentences: Count = 3


class DecodingRecipe(_Section):
    """`[decoding]`: how logits become results; most are the defaults of a call's arguments.

    Attributes:
        temperature: what logits are divided by before they become probabilities; fitted on the
            held-out part.
        threshold: the smallest score that counts as an answer, or as a label (`multi_label`).
        null_bias: added to a window's no-answer logit before it is compared; fitted on the
            held-out part.
        max_answer_tokens: the longest answer.
        sentences: length of a summary where the caller sets none.
        redundancy: how repeated content is kept out of a summary.
    """

    temperature: Annotated[float, Field(gt=0)] = 1.0
    threshold: Share | None = None
    null_bias: float = 0.0
    max_answer_tokens: Count = 30
    sentences: Count = 3
    redundancy: Literal["none", "trigram", "mmr"] = "trigram"


class EvaluationRecipe(_Section):
    """`[evaluation]`: on what, and by which metric, the pipeline is reported."""

    data: tuple[str, ...] = ()
    split: str = "validation"
    metric: str | None = None


class WeightsRecipe(_Section):
    """`[weights]`: the file that training wrote, and its fingerprint."""

    file: str = "weights.safetensors"
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


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


class Recipe(_Section):
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
    data: DataRecipe | None = None
    decoding: DecodingRecipe = DecodingRecipe()
    evaluation: EvaluationRecipe = EvaluationRecipe()
    weights: WeightsRecipe | None = None

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
        return self


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
            if key not in table:
                table[key] = tomlkit.table()
            _merge(table[key], value)
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
        message = first["msg"].removeprefix("Input ")
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
