from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlpkit.errors import InputError, InputTypeError, UndefinedScoreError
from nlpkit.evaluation.summaries import (
    compression,
    compression_examples,
    locate,
    order,
    order_examples,
    redundancy,
    redundancy_examples,
)

SENTENCES = ["It rained for days.", "The dam broke at noon.", "Nobody was hurt."]


def test_compression_is_words_over_words() -> None:
    documents = [" ".join(SENTENCES), "\u6a4b \u5d29\u308c\u305f"]
    values = compression_examples([SENTENCES[1:2], ["\u6a4b"]], documents)
    assert values == [5 / 12, 1 / 2]
    score = compression([SENTENCES[1:2], ["\u6a4b"]], documents, seed=5)
    assert score.value == pytest.approx(sum(values) / 2)
    assert score.seed == 5
    assert score.signature["variant"] == "summary-words/document-words"


@given(st.lists(st.sampled_from(SENTENCES), unique=True))
def test_a_part_of_the_document_is_at_most_all_of_it(summary: list[str]) -> None:
    (value,) = compression_examples([summary], [" ".join(SENTENCES)])
    assert 0 <= value <= 1
    assert (value == 1) == (len(summary) == len(SENTENCES))


@pytest.mark.parametrize(
    ("positions", "total", "value"),
    [([0], 1, 0.0), ([0], 9, 0.0), ([8], 9, 1.0), ([0, 8], 9, 0.5), ([3, 1], 5, 0.5)],
)
def test_order_is_the_mean_relative_position(
    positions: list[int], total: int, value: float
) -> None:
    assert order_examples([positions], [total]) == [value]
    assert order([positions], [total]).value == value


def test_summaries_without_a_sentence_have_no_order() -> None:
    assert order_examples([[], [4]], [5, 5]) == [None, 1.0]
    score = order([[], [4]], [5, 5])
    assert score.value == 1.0
    assert score.n == 2
    assert score.signature["without"] == "1"
    assert "without" not in order([[4]], [5]).signature
    with pytest.raises(UndefinedScoreError, match="no summary has a sentence"):
        order([[]], [5])


def test_redundancy_is_the_part_of_repeated_trigrams() -> None:
    summaries = [
        ["a b c d", "A, b c!"],  # abc, bcd, and abc again
        ["a b", "c d"],  # none within a sentence
        [],
        ["no no no no no"],
    ]
    assert redundancy_examples(summaries) == pytest.approx([1 / 3, 0, 0, 2 / 3])
    assert redundancy(summaries).value == pytest.approx(0.25)


@given(st.lists(st.sampled_from(SENTENCES), unique=True, min_size=1), st.integers(2, 5))
def test_saying_it_again_and_again(summary: list[str], times: int) -> None:
    assert redundancy_examples([summary]) == [0.0]
    assert redundancy_examples([summary * times])[0] == pytest.approx(1 - 1 / times)


@given(st.lists(st.sampled_from(range(3)), unique=True))
def test_extracted_sentences_are_found_where_they_were(chosen: list[int]) -> None:
    assert locate([SENTENCES[i] for i in chosen], SENTENCES) == chosen


def test_sentences_written_anew_are_found_by_their_words() -> None:
    assert locate(["A dam broke.", "Some were not hurt.", "Applause!"], SENTENCES) == [1, 2]
    assert locate(["again"], ["again", "again"]) == [0]
    assert locate([], SENTENCES) == locate(SENTENCES, []) == locate(["!"], ["?"]) == []


@pytest.mark.parametrize(
    ("function", "arguments", "error", "message"),
    [
        (compression, ([], []), InputError, "no summaries"),
        (compression, ([["a"]], []), InputError, "1 summaries"),
        (compression, ([["a"]], "a"), InputError, "1 summaries"),
        (compression, (["a"], ["a"]), InputTypeError, "summary 0 is of type str"),
        (compression, ([["a"]], [3]), InputTypeError, "document 0 is of type int"),
        (compression, ([["a"]], ["..."]), InputError, "document 0 has no word"),
        (redundancy, ([],), InputError, "no summaries"),
        (redundancy, ("a b c",), InputTypeError, "the summaries are of type str"),
        (redundancy, (3,), InputTypeError, "the summaries are of type int"),
        (redundancy, ([[1]],), InputTypeError, "summary 0 has a sentence of type int"),
        (redundancy, ([None],), InputTypeError, "summary 0 is of type NoneType"),
        (order, ([], []), InputError, "no summaries"),
        (order, ([[0]], [1, 2]), InputError, "1 summaries and totals of 2"),
        (order, ([[5]], [5]), InputError, "position 5 of a document of 5"),
        (order, ([[-1]], [5]), InputError, "position -1"),
        (order, ([[0.5]], [5]), InputTypeError, "a position of summary 0 is 0.5"),
        (order, ([None], [5]), InputTypeError, "positions of summary 0 are of type NoneType"),
        (order, ([[0]], ["5"]), InputTypeError, "total of document 0 is '5'"),
        (locate, ("a", ["a"]), InputTypeError, "the summary is of type str"),
        (locate, (["a"], "a"), InputTypeError, "the document is of type str"),
    ],
)
def test_wrong_arguments(
    function: Callable[..., Any], arguments: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        function(*arguments)
