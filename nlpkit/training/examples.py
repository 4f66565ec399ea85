"""Rows of a data set to training examples, for each task.

Alignment of labels with tokens happens here: answers in characters become start and end tokens,
reference summaries become oracle labels of sentences.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nlpkit.errors import DataError, InputError
from nlpkit.evaluation.oracle import greedy_oracle, rouge_targets
from nlpkit.labels import NO_LABEL, label_target
from nlpkit.recipe import Recipe
from nlpkit.recipe_sections import DataRecipe
from nlpkit.sentence_windows import document_windows, sentence_pairs
from nlpkit.tasks.classification import classification_windows
from nlpkit.tasks.question_answering import question_windows
from nlpkit.text import split_sentences
from nlpkit.tokenizer import Tokenizer, Tokens
from nlpkit.training.features import NO_STATES, Example
from nlpkit.training.rationale import COLUMN, NO_MARKS, marked, of_window
from nlpkit.windows import Window

if TYPE_CHECKING:
    import pandas as pd

# Rows are tokenised in groups of this many.
_GROUP = 512


def examples(
    frame: pd.DataFrame,
    recipe: Recipe,
    tokenizer: Tokenizer,
    *,
    max_tokens: int,
    taught: NDArray[np.float32] | None = None,
    states: Sequence[NDArray[np.float16]] | None = None,
    spans: Sequence[Sequence[NDArray[np.float16]]] | None = None,
    sentences: Sequence[NDArray[np.float32]] | None = None,
) -> Iterator[Example]:
    """The training examples of a data frame whose columns are named as in `nlpkit.rows`.

    Args:
        frame: the rows.
        recipe: says the task and the labels.
        tokenizer: the backbone's.
        max_tokens: the length of a window.
        taught: a teacher's logits of all rows, `(rows, labels)`; they follow the label.
        states: a teacher's states of each row, `(tokens, components)`, or none of a row.
        spans: a teacher's logits of each row, of each of its windows `(tokens, 2)`; they follow
            the answer.
        sentences: a teacher's logits of each document's sentences; those of a window's sentences
            follow their labels.

    Raises:
        DataError: when a label is not one of the recipe's, an answer or a rationale does not
            stand where the data says, the recipe wants rationales and there are none, or a
            question is too long for the encoder.
    """
    if recipe.training.rationale > 0 and COLUMN not in frame:
        raise DataError(
            f"training.rationale = {recipe.training.rationale} needs rows that say where: the data "
            f"has no column {COLUMN!r}; allowed without one: 0"
        )
    for start in range(0, len(frame), _GROUP):
        rows = frame.iloc[start : start + _GROUP].to_dict("list")
        match recipe.task:
            case "classification":
                yield from _classification(
                    rows, start, recipe, tokenizer, max_tokens, taught, states
                )
            case "question_answering":
                yield from _question_answering(rows, start, recipe, tokenizer, max_tokens, spans)
            case "summarization":
                yield from _summarization(rows, start, recipe, tokenizer, max_tokens, sentences)


Rows = dict[Any, list[Any]]


def _classification(
    rows: Rows,
    first: int,
    recipe: Recipe,
    tokenizer: Tokenizer,
    max_tokens: int,
    taught: NDArray[np.float32] | None,
    states: Sequence[NDArray[np.float16]] | None,
) -> Iterator[Example]:
    texts = tokenizer.encode(rows["text"])
    places = rows[COLUMN] if recipe.training.rationale > 0 else None
    pairs = tokenizer.encode(rows["pair"]) if recipe.pair else [None] * len(texts)
    for index, (text, pair, label) in enumerate(zip(texts, pairs, rows["label"], strict=True)):
        target = label_target(label, recipe, first + index)
        if taught is not None:
            target = [*(target or [np.nan]), *taught[first + index]]
        if target is None:
            continue
        state = NO_STATES if states is None else states[first + index]
        marks = None
        if places is not None:
            marks = marked(places[index], rows["text"][index], text, first + index)
        for window in classification_windows(
            tokenizer.template, text, pair, size=max_tokens, stride=recipe.backbone.stride
        ):
            own = NO_MARKS if places is None else of_window(marks, window)
            yield Example(window, target, first + index, state, own)


def _question_answering(
    rows: Rows,
    first: int,
    recipe: Recipe,
    tokenizer: Tokenizer,
    max_tokens: int,
    spans: Sequence[Sequence[NDArray[np.float16]]] | None,
) -> Iterator[Example]:
    passages = list(dict.fromkeys(rows["context"]))
    tokens = dict(zip(passages, tokenizer.encode(passages), strict=True))
    questions = tokenizer.encode(rows["question"])
    for index, (question, context, answers) in enumerate(
        zip(questions, rows["context"], rows["answers"], strict=True)
    ):
        passage = tokens[context]
        row = first + index
        unlabelled = spans is not None and answers == NO_LABEL
        span = None if unlabelled else answer_tokens(context, passage, answers, row)
        try:
            windows = question_windows(
                tokenizer.template,
                question,
                passage,
                size=max_tokens,
                stride=recipe.backbone.stride,
            )
        except InputError as error:
            raise DataError(f"row {row}: {error}") from None
        for number, window in enumerate(windows):
            inside = span and window.start <= span[0] and span[1] < window.stop
            shift = window.body - window.start
            ends = (span[0] + shift, span[1] + shift) if span and inside else (0, 0)
            target = np.array((np.nan, np.nan) if unlabelled else ends, np.float32)
            if spans is not None:
                target = np.concatenate([target, spans[row][number].reshape(-1)])
            yield Example(window, target, row)


def answer_tokens(
    context: str, passage: Tokens, answers: Mapping[str, Sequence[Any]], row: int
) -> tuple[int, int] | None:
    """The first and the last token of the first gold answer; None where there is none.

    An answer that begins or ends inside a token takes the whole token.

    Raises:
        DataError: when the answer does not stand at its `answer_start`, or has none.
    """
    texts, starts = list(answers["text"]), list(answers.get("answer_start", ()))
    if not texts or not texts[0]:
        return None
    number = bool(starts) and isinstance(starts[0], int | float | np.number)
    if not number or not np.isfinite(starts[0]):
        raise DataError(
            f"the answer {texts[0]!r:.60} of row {row} has no 'answer_start', the number of the "
            "character in its context at which it stands"
        )
    text, start = texts[0], int(starts[0])
    if context[start : start + len(text)] != text:
        raise DataError(
            f"the answer {text!r} of row {row} does not stand at character {start} of its context"
        )
    last = int(np.searchsorted(passage.offsets[:, 0], start + len(text), side="left")) - 1
    first = int(np.searchsorted(passage.offsets[:, 1], start, side="right"))
    return (first, last) if first <= last else None


def _summarization(
    rows: Rows,
    first: int,
    recipe: Recipe,
    tokenizer: Tokenizer,
    max_tokens: int,
    said: Sequence[NDArray[np.float32]] | None,
) -> Iterator[Example]:
    assert recipe.data is not None
    rng = np.random.default_rng((recipe.training.seed, first))
    make = document_windows if recipe.head.kind == "sentences" else sentence_pairs
    for index, (document, summary) in enumerate(
        zip(rows["document"], rows["summary"], strict=True)
    ):
        sentences = [document[start:end] for start, end in split_sentences(document)]
        if not sentences:
            continue
        if said is not None and summary == NO_LABEL:
            labels = np.full(len(sentences), np.nan, np.float32)
        else:
            labels = sentence_labels(sentences, summary, recipe.data)
        windows: Sequence[Window] = make(
            tokenizer.template,
            tokenizer.encode(sentences),
            size=max_tokens,
            stride=recipe.backbone.stride,
        )
        if recipe.head.kind == "pair":
            windows = _sample_pairs(windows, labels, recipe.training.pairs_per_document, rng)
        else:
            windows = windows[: recipe.training.windows_per_document]
        for window in windows:
            assert window.places is not None
            target = labels[window.places]
            if said is not None:
                target = np.concatenate([target, said[first + index][window.places]])
            yield Example(window, target, first + index)


def sentence_labels(
    sentences: Sequence[str], summary: str, recipe: DataRecipe
) -> NDArray[np.float32]:
    """What each sentence of a document should score, 0 to 1, `(sentences,)`.

    1 for the greedy oracle's choice; with `data.soft_labels` mixed with what share of the best
    sentence's own ROUGE a sentence has, as the oracle's choice is often one of several alike.

    >>> from nlpkit.recipe_sections import DataRecipe
    >>> recipe = DataRecipe(train=("a.csv",), soft_labels=0.5)
    >>> sentence_labels(["It rained.", "The bridge fell."], "The bridge fell.", recipe).tolist()
    [0.0, 1.0]
    """
    labels = np.zeros(len(sentences), np.float32)
    labels[greedy_oracle(sentences, summary, max_sentences=recipe.oracle_sentences)] = 1
    if recipe.soft_labels > 0:
        own = np.array(rouge_targets(sentences, summary), np.float32)
        if own.any():
            labels = (1 - recipe.soft_labels) * labels + recipe.soft_labels * own / own.max()
    return labels


def _sample_pairs(
    windows: Sequence[Window], labels: Any, count: int, rng: np.random.Generator
) -> list[Window]:
    """All chosen sentences of a document and, as far as `count` goes, others at random."""
    kinds = np.array([labels[window.start] >= 0.5 for window in windows])
    chosen, others = np.flatnonzero(kinds), np.flatnonzero(~kinds)
    rest = rng.permutation(others)[: max(0, count - len(chosen))]
    return [windows[i] for i in sorted([*chosen[:count], *rest])]
