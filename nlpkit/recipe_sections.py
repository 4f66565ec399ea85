"""The sections of a recipe: what each key means, and which values it may have."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Task = Literal["summarization", "question_answering", "classification"]
Count = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """What all sections share: unknown keys, NaN and infinity are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class BackboneRecipe(Section):
    """`[backbone]`: which pre-trained encoder, and how it is tuned.

    Attributes:
        name: a name on the hub, or a folder with the encoder's files.
        sha256: of its `model.safetensors`; checked before use where given.
        max_tokens: the length of a window, special tokens included.
        stride: how many tokens a window moves on in a longer text, in training and, where
            `[decoding]` has none, in use; None is half the room for question answering, three
            quarters for the others.
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


class PoolingRecipe(Section):
    """`[pooling]`: what is taken from the encoder's hidden states (see `nlpkit.pooling`).

    Attributes:
        kind: of which tokens.
        layers: of how many layers, counted from the last; their states are averaged.
    """

    kind: Literal["cls", "mean", "last", "tokens", "sentences"]
    layers: Count = 1


class HeadRecipe(Section):
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


class TrainingRecipe(Section):
    """`[training]`: the schedule.

    Attributes:
        start: a pipeline (a shipped one's name, or a folder) from which training begins, with the
            same backbone, and the same tuning (an adapter of at most this one's rank) unless
            this one is `all`: an intermediate task, or an earlier run. Its head goes along where
            task, pooling and head are the same. None begins from the backbone itself.
        blend: what is kept is this share of the weights that the run ends with, and for the rest
            those of `start` (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models"), whose
            head has to mean the same; 1 keeps the run's own.
        soup: other pipelines from the same `start`, with the same head: what is kept is the mean
            of their weights and this run's ("model soup", Wortsman et al. 2022, "Model soups:
            averaging weights of multiple fine-tuned models improves accuracy without increasing
            inference time").
        epochs: passes over the training examples; may be a fraction.
        skip: passes over the examples to leave out at first: what the pipeline that training
            begins from has read of the same ones.
        batch_size: examples a step.
        batch_tokens: most tokens in one pass through the model; the gradients of a step's
            passes are accumulated, so this changes speed and memory but not the result. None
            takes what suits the device.
        learning_rate: of the encoder's trained weights; `head_learning_rate` of the head.
        warmup: share of all steps over which the rate rises; then it falls to 0 (`linear`,
            `cosine`) or stays (`constant`).
        layer_decay: factor of the learning rate from each layer to the one below it (Howard and
            Ruder 2018, "discriminative fine-tuning"); 1 trains all alike.
        average: decay of an exponential average of the weights over the steps, which is what is
            evaluated and kept; 0 keeps the last weights themselves.
        dropout: of the encoder's own layers; 0 is several times faster on a CPU.
        mask_tokens: share of the tokens that training hides behind the mask token, new ones each
            time: a regulariser that costs nothing, unlike dropout.
        consistency: weight of R-Drop (Wu et al. 2021): each example passes twice, with other
            tokens hidden or units dropped, and the two outputs are drawn together. 0 passes once.
        rationale: classification of single texts: weight of finding, beside the label, the tokens
            that it is due to, where rows say so (`nlpkit.training.rationale`). 0 leaves it out.
        precision: `auto` is bfloat16 autocast where the device computes it natively.
        windows_per_document: of a `sentences` head: the first windows of each document.
        pairs_per_document: of a `pair` head: sampled sentences of each document.
        evaluate_every: steps between evaluations on the held-out part; 0 is once an epoch.
        patience: evaluations without an improvement before training stops; 0 never stops.
        checkpoint_every: steps between checkpoints.
    """

    start: str | None = None
    blend: Annotated[float, Field(gt=0, le=1)] = 1.0
    soup: tuple[str, ...] = ()
    epochs: Annotated[float, Field(gt=0)] = 1.0
    skip: Annotated[float, Field(ge=0)] = 0.0
    batch_size: Count = 16
    batch_tokens: Count | None = None
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    head_learning_rate: Annotated[float, Field(gt=0)] | None = None
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    warmup: Share = 0.06
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    max_grad_norm: Annotated[float, Field(gt=0)] = 1.0
    layer_decay: Annotated[float, Field(gt=0, le=1)] = 1.0
    average: Annotated[float, Field(ge=0, lt=1)] = 0.0
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    mask_tokens: Annotated[float, Field(ge=0, lt=1)] = 0.0
    consistency: Annotated[float, Field(ge=0)] = 0.0
    rationale: Annotated[float, Field(ge=0)] = 0.0
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    windows_per_document: Count = 2
    pairs_per_document: Count = 8
    seed: Annotated[int, Field(ge=0)] = 0
    evaluate_every: Annotated[int, Field(ge=0)] = 0
    patience: Annotated[int, Field(ge=0)] = 0
    checkpoint_every: Count = 200


class TeacherRecipe(Section):
    """`[teacher]`: a larger pipeline whose outputs are learned too (Hinton et al. 2015).

    Attributes:
        pipeline: a pipeline (a shipped one's name, or a folder) for the same task and labels.
        weight: of the teacher's outputs in the loss; the labels have the rest.
        temperature: both outputs are softened by it before they are compared.
        states: weight of the teacher's last hidden states beside that loss: a linear map of the
            student's, for training only, shall give them for each token (Jiao et al. 2020,
            "TinyBERT"). Both have to read the same tokens. 0 leaves them out.
        unlabelled: further data sets, of which the teacher says what is right.
        columns: their columns, as `data.columns`.
        limit: at most so many of their rows, drawn with the seed.
        changed: copies of each row, labelled or not, with words dropped, swapped and replaced, of
            which the teacher says what is right.
        alike: how likely each of these changes is another one: a word replaced by one near to it
            in the encoder's word embeddings, such as another form of it.
    """

    pipeline: str = Field(min_length=1)
    weight: Share = 0.5
    temperature: Annotated[float, Field(gt=0)] = 2.0
    states: Annotated[float, Field(ge=0)] = 0.0
    unlabelled: tuple[str, ...] = ()
    columns: dict[str, str] = Field(default_factory=dict)
    limit: Count | None = None
    changed: Annotated[int, Field(ge=0)] = 0
    alike: Share = 0.0


class DataRecipe(Section):
    """`[data]`: what it is trained on.

    Attributes:
        train: names of reference sets, hub sets or files (see `nlpkit.corpora`).
        extra: further sources, of which nothing is set aside.
        split: of the named sets.
        columns: which column holds `text`, `pair`, `label` (classification), `question`,
            `context`, `answers` (question answering), `document`, `summary` (summarization).
        limit: at most so many rows, drawn with the seed.
        seed: of what is drawn here: of `limit`, of the rows set aside, and of `unanswerable`. Runs
            with other seeds of `[training]` then have the same rows to train and to choose on,
            which the members of a `training.soup` need. None takes the training's.
        holdout: share of the rows set aside for choosing, early stopping and calibration.
        holdout_from: which rows these are: any, drawn with the seed, or those at the `end`, where
            rows come in the order of their time or author and neighbours are alike.
        without: sets, each `name` or `name:split`, whose texts no training row may share; rows
            that do are left out.
        unanswerable: of question answering: share of the unanswerable questions to train on that
            is kept.
        oracle_sentences: of summarization: most sentences of the greedy oracle.
        soft_labels: of summarization: weight of each sentence's own ROUGE against the summary,
            relative to the document's best sentence, in its label; the oracle has the rest.
    """

    train: tuple[str, ...] = Field(min_length=1)
    extra: tuple[str, ...] = ()
    split: str = "train"
    columns: dict[str, str] = Field(default_factory=dict)
    limit: Count | None = None
    seed: Annotated[int, Field(ge=0)] | None = None
    holdout: Annotated[float, Field(ge=0, lt=1)] = 0.02
    holdout_from: Literal["anywhere", "end"] = "anywhere"
    without: tuple[str, ...] = ()
    unanswerable: Share = 1.0
    oracle_sentences: Count = 3
    soft_labels: Share = 0.0


# Each weight's feature, in order.
WORTH_FEATURES = (
    "log-odds that any sentence with it belongs in the summary",
    "log-odds of the best of those sentences",
    "logarithm of their number",
    "place of the first of them, as a share of the document",
    "logarithm of the letters of its shorter word",
    "logarithm of the letters of its longer word",
    "1 where it holds a digit",
    "1",
)

Weights = Annotated[
    tuple[float, ...], Field(min_length=len(WORTH_FEATURES), max_length=len(WORTH_FEATURES))
]


class WorthRecipe(Section):
    """`[decoding.worth]`: how likely a reference summary holds a word, or two words in a row.

    Attributes:
        word: a logistic function's weights, in the order of `WORTH_FEATURES`.
        pair: the same for pairs of words.
    """

    word: Weights
    pair: Weights


class OpenLengthRecipe(Section):
    """`[decoding.open_length]`: how long a summary is where the caller leaves it open.

    It has as many sentences as say the most for their words; see `nlpkit.tasks.open_length`.

    Attributes:
        least: sentences at least, where the document has so many.
        most: sentences at most.
        words: how long a reference summary is taken to be; more makes summaries longer.
    """

    least: Count = 2
    most: Annotated[int, Field(gt=0, le=20)] = 5
    words: Count

    @model_validator(mode="after")
    def _least_is_not_over_most(self) -> OpenLengthRecipe:
        if self.least > self.most:
            raise ValueError(
                f"decoding.open_length.least = {self.least} is more than its most = {self.most}; "
                f"allowed: 1 to {self.most}"
            )
        return self


class DecodingRecipe(Section):
    """`[decoding]`: how logits become results; most are the defaults of a call's arguments.

    Attributes:
        temperature: what logits are divided by before they become probabilities; fitted on the
            held-out part.
        threshold: the smallest score that counts as an answer, or as a label (`multi_label`).
        null_bias: added to a window's no-answer logit before it is compared; fitted on the
            held-out part.
        exactness: of question answering: how often an answer in the right place has exactly the
            right ends; scores of answers are multiplied by it. Fitted on the held-out part.
        stride: how many tokens a window moves on in use; None is as in training.
        max_answer_tokens: the longest answer.
        length_penalty: of question answering: what each token of an answer but the first takes
            from its score. Starts and ends are scored apart, so that long spans, from the start of
            one answer to the end of another, are too likely without it.
        sentences: length of a summary where the caller sets none, if `open_length` does not.
        redundancy: how repeated content is kept out of a summary.
        worth: what `coverage` takes words and word pairs to be worth; fitted on the held-out part
            where that is the recipe's way. None takes the sentences' own probabilities.
        open_length: of `coverage`: how long a summary is where the caller sets no length. With
            None all are `sentences` long.
    """

    temperature: Annotated[float, Field(gt=0)] = 1.0
    threshold: Share | None = None
    null_bias: float = 0.0
    exactness: Annotated[float, Field(gt=0, le=1)] = 1.0
    stride: Count | None = None
    max_answer_tokens: Count = 30
    length_penalty: Annotated[float, Field(ge=0)] = 0.0
    sentences: Count = 3
    redundancy: Literal["none", "trigram", "mmr", "coverage"] = "trigram"
    worth: WorthRecipe | None = None
    open_length: OpenLengthRecipe | None = None


class EvaluationRecipe(Section):
    """`[evaluation]`: on what, and by which metric, the pipeline is reported."""

    data: tuple[str, ...] = ()
    split: str = "validation"
    metric: str | None = None


class WeightsRecipe(Section):
    """`[weights]`: the file that training wrote, and its fingerprint."""

    file: str = "weights.safetensors"
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
