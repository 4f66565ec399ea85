"""From rows to targets: where answers, labels and oracle sentences land."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpkit.errors import DataError
from nlpkit.evaluation.oracle import rouge_targets
from nlpkit.labels import label_target
from nlpkit.recipe import Recipe, parse
from nlpkit.recipe_sections import DataRecipe
from nlpkit.tokenizer import Tokenizer, Tokens
from nlpkit.training.examples import answer_tokens, examples, sentence_labels
from nlpkit.training.features import Example

HEADS = {
    "labels": 'labels = ["bad", "good"]',
    "multi_label": 'labels = ["red", "green", "blue"]',
    "regression": "range = [1, 5]",
    "span": "",
    "sentences": "",
    "pair": "",
}


def recipe(kind: str, *, pair: bool = False, training: str = "") -> Recipe:
    task = {"span": "question_answering", "sentences": "summarization", "pair": "summarization"}
    pooling = {"span": "tokens", "sentences": "sentences"}
    return parse(
        f"""
        name = "test"
        task = "{task.get(kind, "classification")}"
        pair = {str(pair).lower()}
        [backbone]
        name = "not opened here"
        [pooling]
        kind = "{pooling.get(kind, "mean")}"
        [head]
        kind = "{kind}"
        {HEADS[kind]}
        [training]
        {training}
        [data]
        train = ["rows.csv"]
        """
    )


@pytest.fixture(scope="module")
def tokenizer(tiny_encoder: Path) -> Tokenizer:
    return Tokenizer.from_file(tiny_encoder / "tokenizer.json")


def made(
    rows: list[dict[str, Any]], own: Recipe, tokenizer: Tokenizer, max_tokens: int = 64
) -> list[Example]:
    return list(examples(pd.DataFrame(rows, dtype=object), own, tokenizer, max_tokens=max_tokens))


def answered(context: str, start: int, text: str) -> dict[str, Any]:
    answers = {"text": [text], "answer_start": [start]}
    return {"question": "who?", "context": context, "answers": answers}


def characters(example: Example, passage: Tokens) -> tuple[int, int]:
    """The characters that an example's targets point at."""
    shift = example.window.start - example.window.body
    first, last = (int(position) + shift for position in example.targets)
    return int(passage.offsets[first, 0]), int(passage.offsets[last, 1])


@settings(max_examples=150)
@given(data=st.data())
def test_every_answer_lies_in_the_tokens_that_stand_for_it(
    tokenizer: Tokenizer, data: st.DataObject
) -> None:
    signs = [*"ab.,é \t\n", "🙂", "\u0301", "ש", "字", "\ud83d", "In 1990", "\r\n"]
    context = data.draw(st.lists(st.sampled_from(signs), min_size=1, max_size=120).map("".join))
    start = data.draw(st.integers(0, len(context) - 1))
    end = data.draw(st.integers(start + 1, min(len(context), start + 25)))
    text = context[start:end]
    passage = tokenizer(context)
    span = answer_tokens(context, passage, {"text": [text], "answer_start": [start]}, 0)
    # Characters that no token has (spaces, marks that are dropped) cannot be pointed at.
    covered = {
        i
        for i in range(start, end)
        if any(a <= i < b for a, b in passage.offsets.tolist())
    }  # fmt: skip
    if span is None:
        assert not covered
        return
    first, last = span
    inside = {i for t in range(first, last + 1) for i in range(*passage.offsets[t].tolist())}
    assert covered <= inside
    for token in (first, last):  # and no token more than it takes
        assert passage.offsets[token, 0] < end
        assert passage.offsets[token, 1] > start

    found = 0
    for example in made([answered(context, start, text)], recipe("span"), tokenizer, 32):
        if tuple(example.targets) != (0, 0):
            found += 1
            begin, stop = characters(example, passage)
            assert covered <= set(range(begin, stop))
            assert example.window.body <= example.targets[0] <= example.targets[1]
            assert example.targets[1] < len(example.window)
        else:
            window = example.window
            assert not (window.start <= first and last < window.stop)
    # Neighbours share half a window: a short answer is whole in one of them at least.
    assert found or last - first > 8


def test_windows_without_the_answer_point_at_the_first_token(tokenizer: Tokenizer) -> None:
    context = "It was cold. " * 20 + "Anna came. " + "It was warm. " * 20
    start = context.index("Anna")
    rows = [answered(context, start, "Anna")]
    got = made(rows, recipe("span"), tokenizer)
    passage = tokenizer(context)
    hits = [example for example in got if tuple(example.targets) != (0, 0)]
    assert len(got) > 5
    assert 1 <= len(hits) <= 3
    assert {characters(example, passage) for example in hits} == {(start, start + 4)}
    assert all(example.row == 0 for example in got)


def test_the_right_one_of_several_equal_texts(tokenizer: Tokenizer) -> None:
    context = "May came, then May went."
    (example,) = made([answered(context, 15, "May")], recipe("span"), tokenizer)
    assert characters(example, tokenizer(context)) == (15, 18)


def test_unanswerable_questions_point_at_the_first_token(tokenizer: Tokenizer) -> None:
    empty: dict[str, list[Any]] = {"text": [], "answer_start": []}
    row = {"question": "who?", "context": "Nobody came.", "answers": empty}
    (example,) = made([row], recipe("span"), tokenizer)
    assert tuple(example.targets) == (0, 0)


@pytest.mark.parametrize("start", [1, 6, 400])
def test_an_answer_that_does_not_stand_there(tokenizer: Tokenizer, start: int) -> None:
    rows = [answered("Anna fell.", 0, "Anna"), answered("Anna fell.", start, "Anna")]
    with pytest.raises(DataError, match=f"'Anna' of row 1 does not stand at character {start}"):
        made(rows, recipe("span"), tokenizer)


def test_a_question_that_is_too_long(tokenizer: Tokenizer) -> None:
    row = answered("Anna fell.", 0, "Anna")
    with pytest.raises(DataError, match="row 1: the question has 90 tokens"):
        made([row, {**row, "question": "why " * 30}], recipe("span"), tokenizer)


@pytest.mark.parametrize("starts", [None, [], ["x"], [None], [float("nan")], [float("inf")]])
def test_an_answer_without_a_place(tokenizer: Tokenizer, starts: Any) -> None:
    answers = {"text": ["Anna"]} | ({} if starts is None else {"answer_start": starts})
    row = {"question": "who?", "context": "Anna fell.", "answers": answers}
    with pytest.raises(DataError, match="the answer 'Anna' of row 0 has no 'answer_start'"):
        made([row], recipe("span"), tokenizer)


def test_answers_as_arrays(tokenizer: Tokenizer) -> None:
    answers = {"text": np.array(["fell"]), "answer_start": np.array([5])}
    row = {"question": "what?", "context": "Anna fell.", "answers": answers}
    (example,) = made([row], recipe("span"), tokenizer)
    assert characters(example, tokenizer("Anna fell.")) == (5, 9)


@pytest.mark.parametrize(
    ("label", "target"),
    [("bad", [0]), ("good", [1]), (0, [0]), (1, [1]), (1.0, [1]), (np.int64(1), [1]), (-1, None)],
)
def test_labels_by_name_and_number(label: Any, target: list[float] | None) -> None:
    assert label_target(label, recipe("labels"), 0) == target


@pytest.mark.parametrize("label", ["ugly", 2, -2, 0.5, float("nan"), None, "", ["bad"]])
def test_unknown_labels(label: Any) -> None:
    with pytest.raises(DataError, match=r"row 7 is .*'bad', 'good'"):
        label_target(label, recipe("labels"), 7)


@pytest.mark.parametrize(
    ("label", "target"),
    [
        (["red", "blue"], [1, 0, 1]),
        ([], [0, 0, 0]),
        ("green", [0, 1, 0]),
        (np.array([0, 2]), [1, 0, 1]),
    ],
)
def test_several_labels(label: Any, target: list[float]) -> None:
    assert label_target(label, recipe("multi_label"), 0) == target


@pytest.mark.parametrize("label", [["red", "pink"], [3], None, 1.5])
def test_several_labels_that_are_unknown(label: Any) -> None:
    with pytest.raises(DataError, match="row 7"):
        label_target(label, recipe("multi_label"), 7)


@pytest.mark.parametrize(("label", "target"), [(1, 0), (5, 1), (3, 0.5), ("2", 0.25)])
def test_regression_is_scaled_to_its_range(label: Any, target: float) -> None:
    assert label_target(label, recipe("regression"), 0) == [target]


@pytest.mark.parametrize("label", ["high", None, float("nan"), float("inf"), [1]])
def test_regression_needs_a_number(label: Any) -> None:
    with pytest.raises(DataError, match=r"row 7.*finite number"):
        label_target(label, recipe("regression"), 7)


def test_rows_without_a_label_are_left_out(tokenizer: Tokenizer) -> None:
    rows = [{"text": "a", "label": -1}, {"text": "b", "label": 1}, {"text": "c", "label": 0}]
    got = made(rows, recipe("labels"), tokenizer)
    assert [(example.row, list(example.targets)) for example in got] == [(1, [1]), (2, [0])]


def test_long_texts_give_several_windows_of_one_label(tokenizer: Tokenizer) -> None:
    rows = [{"text": "ab " * 100, "pair": "cd " * 100, "label": "good"}]
    for own in (recipe("labels"), recipe("labels", pair=True)):
        got = made(rows, own, tokenizer)
        assert len(got) > 3
        assert {(example.row, *example.targets) for example in got} == {(0, 1)}
        assert max(len(example.window) for example in got) <= 64


DOCUMENT = "It rained all day. The old bridge fell. Nobody was hurt. He waved."
SUMMARY = "The old bridge fell and nobody was hurt."


def test_oracle_labels_land_on_their_sentences(tokenizer: Tokenizer) -> None:
    rows = [{"document": DOCUMENT, "summary": SUMMARY}]
    own = recipe("sentences", training="windows_per_document = 100")
    seen: dict[int, set[float]] = {}
    for example in made(rows, own, tokenizer):
        assert example.window.places is not None
        for place, target in zip(example.window.places, example.targets, strict=True):
            seen.setdefault(int(place), set()).add(float(target))
    assert seen == {0: {0.0}, 1: {1.0}, 2: {1.0}, 3: {0.0}}


def test_soft_labels_lie_between_the_oracle_and_each_sentence_alone() -> None:
    sentences = DOCUMENT.split(". ")
    hard, mixed, soft = (
        sentence_labels(sentences, SUMMARY, DataRecipe(train=("a.csv",), soft_labels=share))
        for share in (0.0, 0.25, 1.0)
    )
    own = np.array(rouge_targets(sentences, SUMMARY))
    assert hard.tolist() == [0, 1, 1, 0]
    assert soft == pytest.approx(own / own.max(), abs=1e-6)
    assert mixed == pytest.approx(0.75 * hard + 0.25 * soft, abs=1e-6)


def test_soft_labels_where_no_sentence_has_a_word_of_the_summary() -> None:
    recipe = DataRecipe(train=("a.csv",), soft_labels=0.5)
    assert sentence_labels(["Rain.", "Wind."], "Snow.", recipe).tolist() == [0, 0]


def test_pairs_are_the_chosen_sentences_and_some_others(tokenizer: Tokenizer) -> None:
    rows = [{"document": DOCUMENT, "summary": SUMMARY}] * 5
    own = recipe("pair", training="pairs_per_document = 3")
    got = made(rows, own, tokenizer)
    assert [example.row for example in got] == [r for r in range(5) for _ in range(3)]
    for row in range(5):
        labels = {e.window.start: float(e.targets[0]) for e in got if e.row == row}
        assert labels.pop(1) == labels.pop(2) == 1
        assert list(labels.values()) == [0]
    again = made(rows, own, tokenizer)
    assert [e.window.start for e in got] == [e.window.start for e in again]


def test_documents_without_sentences_are_left_out(tokenizer: Tokenizer) -> None:
    rows = [
        {"document": " \n", "summary": "Nothing."},
        {"document": "It fell.", "summary": "Fell."},
    ]
    assert [example.row for example in made(rows, recipe("sentences"), tokenizer)] == [1]
