from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer
from rouge_score.tokenizers import DefaultTokenizer

from nlpkit.errors import InputError, InputTypeError, NlpkitWarning
from nlpkit.evaluation.rouge import TYPES, rouge, rouge_examples, rouge_triples, tokenize

REFERENCE = ["The bridge over the Senn collapsed.", "Nobody was hurt; engineers had warned."]
PREDICTION = ["Engineers warned of it.", "The old bridge collapsed and nobody was hurt."]
ALL = [*(f"rouge{n}" for n in range(1, 10)), "rougeL", "rougeLsum"]

texts = st.text(st.sampled_from("abcdeABE \u00e9\u00df\u0130\u212a\u6a4b'-.9\t\u200b")) | st.text()
# Few words, so that sentences repeat them and have several longest common subsequences.
words = st.sampled_from(["a", "b", "cat", "cats", "running", "9"])
summaries = st.lists(st.lists(words, max_size=12).map(" ".join), max_size=5)
worded = summaries.filter(lambda lines: any(lines))


def of_rouge_score(
    prediction: list[str], reference: list[str], types: list[str], stem: bool
) -> dict[str, tuple[float, float, float]]:
    scores = RougeScorer(types, use_stemmer=stem).score("\n".join(reference), "\n".join(prediction))
    return {kind: tuple(scores[kind]) for kind in types}


@given(texts, st.booleans())
def test_words_are_those_of_rouge_score(text: str, stem: bool) -> None:
    assert tokenize(text, stem=stem) == DefaultTokenizer(stem).tokenize(text)


@settings(max_examples=150)
@given(summaries, worded, st.booleans())
def test_same_numbers_as_rouge_score(
    prediction: list[str], reference: list[str], stem: bool
) -> None:
    (example,) = rouge_triples([prediction], [reference], types=ALL, stem=stem)
    assert example == of_rouge_score(prediction, reference, ALL, stem)


@settings(max_examples=300)
@given(summaries, worded)
def test_the_same_one_of_several_longest_subsequences(
    prediction: list[str], reference: list[str]
) -> None:
    (example,) = rouge_triples([prediction], [reference], types=["rougeLsum"])
    assert example == of_rouge_score(prediction, reference, ["rougeLsum"], True)


@settings(max_examples=100)
@given(st.lists(texts, max_size=4), st.lists(texts, min_size=1, max_size=4))
def test_same_numbers_on_any_text(prediction: list[str], reference: list[str]) -> None:
    assume(any(tokenize(sentence) for sentence in reference))
    # A line break within a sentence would be two sentences to rouge-score.
    prediction = [" ".join(sentence.split("\n")) for sentence in prediction]
    reference = [" ".join(sentence.split("\n")) for sentence in reference]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NlpkitWarning)
        (example,) = rouge_triples([prediction], [reference], types=ALL)
    assert example == of_rouge_score(prediction, reference, ALL, True)


def test_longer_than_a_machine_word() -> None:
    numbers = [str(n % 37) for n in range(400)]
    said = [" ".join(numbers[start : start + 90]) for start in range(0, 400, 80)]
    wanted = [" ".join(reversed(numbers[start : start + 70])) for start in range(0, 400, 60)]
    (example,) = rouge_triples([said], [wanted], types=ALL)
    assert example == of_rouge_score(said, wanted, ALL, True)


def test_rouge_lsum_is_by_sentence_and_the_mean_is_exact() -> None:
    examples = rouge_examples([PREDICTION, ["No."]], [REFERENCE, REFERENCE])
    whole = rouge_examples([[" ".join(PREDICTION)]], [[" ".join(REFERENCE)]])
    assert examples[0]["rougeLsum"] > whole[0]["rougeLsum"]
    assert examples[0]["rouge1"] == whole[0]["rouge1"]
    assert examples[1] == dict.fromkeys(TYPES, 0.0)
    scores = rouge([PREDICTION, ["No."]], [REFERENCE, REFERENCE], seed=3)
    assert list(scores) == list(TYPES)
    for kind, score in scores.items():
        assert score.value == examples[0][kind] / 2
        assert score.examples.tolist() == [examples[0][kind], 0.0]
        assert score.seed == 3


def test_the_signature_says_how() -> None:
    scores = rouge([PREDICTION], [REFERENCE], types=["rougeL"], stem=False)
    fields = scores["rougeL"].signature.fields
    assert fields["variant"] == "rouge-score"
    assert (fields["stem"], fields["sentences"], fields["n"]) == ("no", "given", "1")


def test_a_line_break_within_a_sentence_is_a_space() -> None:
    broken = [sentence.replace(" ", "\n") for sentence in PREDICTION]
    assert rouge_examples([broken], [REFERENCE]) == rouge_examples([PREDICTION], [REFERENCE])


def test_an_empty_summary_scores_nothing() -> None:
    assert rouge_examples([[], [""]], [REFERENCE] * 2) == [dict.fromkeys(TYPES, 0.0)] * 2


def test_any_sequences_and_iterators_do() -> None:
    expected = rouge_examples([PREDICTION], [REFERENCE])
    assert rouge_examples((tuple(PREDICTION),), np.array([REFERENCE])) == expected
    assert rouge_examples([iter(PREDICTION)], [iter(REFERENCE)]) == expected  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([], []), InputError, "no predictions"),
        (([["a"]], []), InputError, "1 predictions and 0 references"),
        (("a cat", ["a cat"]), InputTypeError, "predictions are of type str"),
        ((None, ["a cat"]), InputTypeError, "predictions are of type NoneType"),
        ((["a cat"], [["a cat"]]), InputTypeError, "prediction 0 is of type str, not a list"),
        (
            ([["a"], ["b"]], [["a"], "b"]),
            InputTypeError,
            "reference 1 is of type str, not a list",
        ),
        (([["a"], None], [["a"], ["b"]]), InputTypeError, "prediction 1 is of type NoneType"),
        (([["a", 2]], [["a"]]), InputTypeError, "prediction 0 has a sentence of type int"),
        (([["\u6a4b"]], [["\u6a4b"]]), InputError, "reference 0 has no word of a-z or 0-9"),
        (([["a"]], [[]]), InputError, "reference 0 has no word of a-z or 0-9"),
    ],
)
def test_wrong_arguments(arguments: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        rouge(*arguments)


@pytest.mark.parametrize("kind", ["rougeW", "rouge0", "rouge10", "Rouge1"])
def test_unknown_type(kind: str) -> None:
    with pytest.raises(InputError, match=repr(kind)):
        rouge([["a"]], [["a"]], types=[kind])


def test_letters_that_rouge_does_not_see_are_warned_about_once() -> None:
    greek = ["\u0397 \u03b3\u03ad\u03c6\u03c5\u03c1\u03b1 2"]
    with pytest.warns(NlpkitWarning, match="100% of the letters of the predictions") as caught:
        scores = rouge([greek, greek], [["The bridge 2"], ["The bridge 2"]])
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert scores["rouge1"].value > 0  # the number is a word
    with pytest.warns(NlpkitWarning, match="of the references"):
        rouge_examples([["The bridge 2"]], [greek])


def test_a_few_accents_are_not_warned_about() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rouge([["The caf\u00e9 has no bridge."]], [["Na\u00efve caf\u00e9s and other things."]])
