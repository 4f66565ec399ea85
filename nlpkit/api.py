"""The verbs: one call each, with the pipeline loaded once a process.

They are meant for one input at a time. For many, `load` a pipeline and give it a list or an
iterator: it sorts and batches them.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

from nlpkit.errors import InputTypeError

if TYPE_CHECKING:
    from nlpkit.recipe_sections import Task
    from nlpkit.results import Answer, Label, Summary
    from nlpkit.tasks.pipeline import Pipeline

_loading = Lock()


def summarize(
    document: str,
    *,
    sentences: int | None = None,
    ratio: float | None = None,
    words: int | None = None,
    tokens: int | None = None,
    redundancy: Literal["none", "trigram", "mmr", "coverage"] | None = None,
    pipeline: str | os.PathLike[str] = "summarization",
    **load_options: Any,
) -> Summary:
    """The sentences that say most of a document, in its own words and order.

    At most one of `sentences`, `ratio`, `words` and `tokens` sets the length. Without any the
    shipped pipeline gives 2 to 5 sentences, as many as say the most for their words.

    Args:
        document: a text of any length.
        sentences: exactly how many sentences; all of a shorter document.
        ratio: share of the document's sentences, above 0 and up to 1.
        words: most words, as white space separates them.
        tokens: most tokens of the encoder.
        redundancy: how repeated content is kept out; None is the pipeline's own way.
        pipeline: a shipped pipeline's name or a folder.
        **load_options: `device`, `dtype`, `runtime`, `batch_tokens` of `load`.

    Raises:
        InputTypeError: `document` is not a string.
        InputError: a length is not allowed, or two are given.

    >>> document = "The dam held. Rain fell for nine days. The mayor thanked the crews. It is dry."
    >>> summary = summarize(document, sentences=2)
    >>> [document[s.start : s.end] == s.text for s in summary.sentences], len(summary.scores)
    ([True, True], 4)
    """
    result: Summary = _cached(pipeline, "summarization", load_options)(
        document,
        sentences=sentences,
        ratio=ratio,
        words=words,
        tokens=tokens,
        redundancy=redundancy,
    )
    return result


def answer(
    question: str,
    passages: str | Sequence[str],
    *,
    top_k: int = 1,
    threshold: float | None = None,
    max_answer_tokens: int | None = None,
    pipeline: str | os.PathLike[str] = "question_answering",
    **load_options: Any,
) -> Answer:
    """The span of the passages that answers a question; falsy where none does.

    Args:
        question: what is asked.
        passages: one text of any length, or several.
        top_k: how many answers: the best one, and `top_k - 1` alternatives.
        threshold: the smallest score that counts as an answer; None is the pipeline's own, and 0
            always gives the best span.
        max_answer_tokens: the longest answer in tokens; None is the pipeline's own.
        pipeline: a shipped pipeline's name or a folder.
        **load_options: `device`, `dtype`, `runtime`, `batch_tokens` of `load`.

    Raises:
        InputTypeError: a text is not a string.
        InputError: the question is empty, or a number is not allowed.

    >>> passages = ["It rained.", "The bridge was built by Ada Byron in 1840."]
    >>> found = answer("Who built the bridge?", passages)
    >>> found.text, found.passage, passages[1][found.start : found.end] == found.text
    ('Ada Byron', 1, True)
    """
    result: Answer = _cached(pipeline, "question_answering", load_options)(
        (question, passages),
        top_k=top_k,
        threshold=threshold,
        max_answer_tokens=max_answer_tokens,
    )
    return result


def classify(
    text: str | tuple[str, str],
    *,
    pipeline: str | os.PathLike[str] = "sst2",
    **load_options: Any,
) -> Label:
    """The label of a text, or of a pair of texts where the pipeline reads pairs.

    Args:
        text: a text, or a tuple of two.
        pipeline: a shipped pipeline's name or a folder.
        **load_options: `device`, `dtype`, `runtime`, `batch_tokens` of `load`.

    Raises:
        InputTypeError: not a string, or not a pair where the pipeline reads pairs.
        InputError: the text is empty.

    >>> classify("A warm, funny and moving film.").label
    'positive'
    """
    result: Label = _cached(pipeline, "classification", load_options)(text)
    return result


def pipelines() -> list[str]:
    """The names of the shipped pipelines.

    >>> "summarization" in pipelines()
    True
    """
    from nlpkit.shipped import available

    return available()


def _cached(name_or_path: str | os.PathLike[str], task: Task, options: dict[str, Any]) -> Any:
    try:
        name = os.fspath(name_or_path)
    except TypeError:
        kind = type(name_or_path).__name__
        raise InputTypeError(
            f"the pipeline is of type {kind}; it must be a name or a path"
        ) from None
    with _loading:
        return _load_once(name, _version_of(name), **{"task": task, "many": False, **options})


@lru_cache(maxsize=8)
def _load_once(name: str, version: tuple[Any, ...], **options: Any) -> Pipeline[Any, Any, Any]:
    from nlpkit.tasks.loading import load

    return load(name, **options)


def _version_of(name: str) -> tuple[Any, ...]:
    """Changes when a pipeline's folder is trained anew, so that no stale one is used."""
    files = (path for path in Path(name).glob("*") if path.suffix in (".toml", ".safetensors"))
    return tuple(sorted((path.name, path.stat().st_mtime_ns) for path in files))
