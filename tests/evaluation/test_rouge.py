from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer
from rouge_score.tokenizers import DefaultTokenizer

from nlpkit.errors import InputError, InputTypeError
from nlpkit.evaluation.rouge import TYPES, rouge, rouge_examples, tokenize

REFERENCE = ["The bridge over the Senn collapsed.", "Nobody was hurt; engineers had warned."]
PREDICTION = ["Engineers warned of it.", "The old bridge collapsed and nobody was hurt."]

texts = st.text(st.sampled_from("abcdeABE \u00e9\u00df\u0130\u212a\u6a4b'-.9\t\u200b")) | st.text()
words = st.sampled_from(["a", "cat", "cats", "sat", "running", "9", "été"])
summaries = st.lists(st.lists(words, max_size=6).map(" ".join), max_size=4)


@given(texts, st.booleans())
def test_words_are_those_of_rouge_score(text: str, stem: bool) -> None:
    assert tokenize(text, stem=stem) == DefaultTokenizer(stem).tokenize(text)


@settings(max_examples=60, deadline=None)
@given(summaries, summaries.filter(lambda lines: tokenize(" ".join(lines))), st.booleans())
def test_same_numbers_as_rouge_score(
    prediction: list[str], reference: list[str], stem: bool
) -> None:
    scorer = RougeScorer(list(TYPES), use_stemmer=stem)
    expected = scorer.score("\n".join(reference), "\n".join(prediction))
    (example,) = rouge_examples([prediction], [reference], stem=stem)
    assert example == {kind: expected[kind].fmeasure for kind in TYPES}


def test_rouge_lsum_is_by_sentence_and_the_mean_is_exact() -> None:
    examples = rouge_examples([PREDICTION, ["No."]], [REFERENCE, REFERENCE])
    whole = rouge_examples([[" ".join(PREDICTION)]], [[" ".join(REFERENCE)]])
    assert examples[0]["rougeLsum"] > whole[0]["rougeLsum"]
    assert examples[0]["rouge1"] == whole[0]["rouge1"]
    assert examples[1] == dict.fromkeys(TYPES, 0.0)
    mean = rouge([PREDICTION, ["No."]], [REFERENCE, REFERENCE])
    assert mean == {kind: examples[0][kind] / 2 for kind in TYPES}


def test_a_line_break_within_a_sentence_is_a_space() -> None:
    broken = [sentence.replace(" ", "\n") for sentence in PREDICTION]
    assert rouge([broken], [REFERENCE]) == rouge([PREDICTION], [REFERENCE])


def test_an_empty_summary_scores_nothing() -> None:
    assert rouge([[]], [REFERENCE]) == dict.fromkeys(TYPES, 0.0)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([], []), InputError, "no predictions"),
        (([["a"]], []), InputError, "1 predictions and 0 references"),
        ((["a cat"], [["a cat"]]), InputTypeError, "Prediction 0 is a string"),
        (([["a"], ["b"]], [["a"], "b"]), InputTypeError, "Reference 1 is a string"),
        (([["\u6a4b"]], [["\u6a4b"]]), InputError, "Reference 0 has no word of a-z or 0-9"),
    ],
)
def test_wrong_arguments(arguments: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        rouge(*arguments)


def test_unknown_type() -> None:
    with pytest.raises(InputError, match="'rougeW'"):
        rouge([["a"]], [["a"]], types=["rougeW"])
