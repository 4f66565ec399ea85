"""What is measured: the jobs, the systems that do each, and the ratios asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .environments import HERE

# What peers try; the best counts.
BATCHES: tuple[int | None, ...] = (1, 8, 32)
OURS = "nlpkit"


@dataclass(frozen=True)
class System:
    """A system at work on a job.

    Attributes:
        label: what tables call it.
        worker: the script in `workers/`.
        model: a shipped pipeline.
        form: what the worker gets of it: `pipeline`, or what `convert.model_folder` makes.
        environment: see `environments`.
        batches: the batch sizes it is run with; None is its own way.
        options: for the worker.
        longest: documents of more characters are not given to it.
        gathers: whether its results are looked at, for quality.
    """

    label: str
    worker: str
    model: str
    form: str = "pipeline"
    environment: str = HERE
    batches: tuple[int | None, ...] = (None,)
    options: Mapping[str, Any] = field(default_factory=dict)
    longest: int | None = None
    gathers: bool = True


@dataclass(frozen=True)
class Ratio:
    """How many times as fast one system has to be as another."""

    peer: str
    ours: str = OURS
    at_least: float | None = None
    goal: float | None = None


@dataclass(frozen=True)
class Job:
    """One task on one kind of input.

    Attributes:
        name: for `--jobs`.
        title: for the report.
        task: as in a recipe.
        kind: of inputs, see `inputs.rows_for`.
        unit: what is counted.
        rows: how many inputs by default.
        systems: who does it, in turn.
        ratios: what is compared.
        each: every input is timed by itself.
        note: what a reader of its table has to know.
    """

    name: str
    title: str
    task: str
    kind: str
    unit: str
    rows: int
    systems: tuple[System, ...]
    ratios: tuple[Ratio, ...] = ()
    each: bool = False
    note: str = ""


def _ours(
    model: str,
    label: str = OURS,
    runtime: str = "auto",
    dtype: str = "auto",
    batches: tuple[int | None, ...] = (None,),
) -> System:
    options = {"runtime": runtime, "dtype": dtype}
    return System(label, "nlpkit_pipeline", model, batches=batches, options=options)


def _peer(label: str, worker: str, environment: str, model: str, form: str, **more: Any) -> System:
    return System(label, worker, model, form, environment, **more)


_SUMMARIZER = _peer(
    "bert-extractive-summarizer",
    "bert_summarizer",
    "transformers4",
    "summarization",
    "encoder",
)
_QA4 = _peer(
    "transformers 4 question-answering",
    "hf_pipeline",
    "transformers4",
    "question_answering",
    "span",
    batches=BATCHES,
)
_READER = _peer(
    "transformers-haystack reader", "haystack_reader", "haystack", "question_answering", "span"
)

_RANDOM_HEAD = (
    "The peers run the same encoder weights under a random linear head of "
    "`BertForSequenceClassification`, which cannot hold ours (mean of the states, one hidden "
    "layer): only speed is compared here."
)

GEMM = "matrix product"
FLOAT32 = "nlpkit float32"
# Of the job "bulk" one of these has to reach the ratio.
_REDUCED = ("nlpkit onnx int8", "nlpkit torch bfloat16")
_CALLS = (None, *BATCHES)

JOBS: Mapping[str, Job] = {
    job.name: job
    for job in (
        Job(
            "summaries",
            "Summaries of whole documents",
            "summarization",
            "documents",
            "documents",
            60,
            (
                _ours("summarization"),
                _SUMMARIZER,
                _ours("summarization_pair", "nlpkit pair scorer"),
            ),
            (
                Ratio(_SUMMARIZER.label, at_least=6, goal=9),
                Ratio("nlpkit pair scorer", at_least=12),
            ),
        ),
        Job(
            "questions",
            "Questions, each over its own paragraph",
            "question_answering",
            "questions",
            "questions",
            200,
            (
                _ours("question_answering", batches=_CALLS),
                _QA4,
                _READER,
                _peer("txtai Questions", "txtai_pipelines", "txtai", "question_answering", "span"),
            ),
            (
                Ratio(_QA4.label, at_least=2.5, goal=3.5),
                Ratio(_READER.label, at_least=2.5),
                Ratio("txtai Questions"),
            ),
        ),
        Job(
            "passage",
            "Questions over one passage of 30,000 characters",
            "question_answering",
            "passage",
            "questions",
            10,
            (
                _ours("question_answering", batches=_CALLS),
                _QA4,
                System(**(vars(_READER) | {"batches": BATCHES})),
            ),
            (Ratio(_QA4.label, at_least=2.5), Ratio(_READER.label)),
        ),
        Job(
            "sentences",
            "Sentences classified",
            "classification",
            "sentences",
            "sentences",
            400,
            (
                _ours("sst2", batches=_CALLS),
                _peer(
                    "transformers 5 text-classification",
                    "hf_pipeline",
                    "transformers5",
                    "sst2",
                    "labels",
                    batches=BATCHES,
                    options={"max_length": 128},
                    gathers=False,
                ),
                _peer(
                    "txtai Labels",
                    "txtai_pipelines",
                    "txtai",
                    "sst2",
                    "labels",
                    batches=BATCHES,
                    options={"max_length": 128},
                    gathers=False,
                ),
            ),
            (Ratio("transformers 5 text-classification", at_least=2.5), Ratio("txtai Labels")),
            note=_RANDOM_HEAD,
        ),
        Job(
            "pairs",
            "Pairs classified",
            "classification",
            "pairs",
            "pairs",
            200,
            (
                _ours("qnli", batches=_CALLS),
                _peer(
                    "sentence-transformers CrossEncoder",
                    "cross_encoder",
                    "transformers5",
                    "qnli",
                    "labels",
                    batches=BATCHES,
                    options={"max_length": 192},
                    gathers=False,
                ),
                _peer(
                    "transformers 5 text-classification",
                    "hf_pipeline",
                    "transformers5",
                    "qnli",
                    "labels",
                    batches=BATCHES,
                    options={"max_length": 192},
                    gathers=False,
                ),
            ),
            (
                Ratio("sentence-transformers CrossEncoder", at_least=2),
                Ratio("transformers 5 text-classification"),
            ),
            note=_RANDOM_HEAD,
        ),
        Job(
            "bulk",
            "Bulk summarization by number type, and the share of the matrix product's speed",
            "summarization",
            "documents",
            "documents",
            60,
            (
                _ours("summarization"),
                _ours("summarization", FLOAT32, "auto", "float32"),
                _ours("summarization", "nlpkit torch float32", "torch", "float32"),
                _ours("summarization", "nlpkit onnx float32", "onnx", "float32"),
                _ours("summarization", "nlpkit onnx int8", "onnx", "int8"),
                _ours("summarization", "nlpkit torch bfloat16", "torch", "bfloat16"),
                System(GEMM, "gemm", "summarization", gathers=False),
            ),
            (
                Ratio(FLOAT32),
                *(Ratio(FLOAT32, ours, at_least=1.8) for ours in _REDUCED),
                Ratio("nlpkit onnx float32", "nlpkit onnx int8"),
                Ratio("nlpkit torch float32", "nlpkit torch bfloat16"),
                Ratio("nlpkit torch float32", "nlpkit onnx float32"),
            ),
            note="Of int8 and bfloat16 one has to reach what is asked.",
        ),
        Job(
            "length",
            "One document of growing length",
            "summarization",
            "lengths",
            "characters",
            0,
            (
                _ours("summarization"),
                System(**(vars(_SUMMARIZER) | {"longest": 100_000, "gathers": False})),
            ),
            each=True,
        ),
    )
}
SHARE_AT_LEAST = 0.6
EXPONENT_AT_MOST = 1.05
# A longer document takes minutes and is timed in the first round only.
ONCE_FROM = 1_000_001
