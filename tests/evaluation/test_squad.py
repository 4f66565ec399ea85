from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlpkit.errors import InputError, InputTypeError
from nlpkit.evaluation.squad import evaluate_v1, evaluate_v2, exact_match, f1, normalize_answer

GOLDS = {
    "rome": ["Rome", "in Rome"],
    "year": ["1066", "the year 1066"],
    "none": [],
    "also none": [],
}
PREDICTIONS = {"rome": "rome.", "year": "year 1066 AD", "none": "", "also none": "Paris"}
PROBABILITIES = {"rome": 0.1, "year": 0.6, "none": 0.9, "also none": 0.3}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The  Cat's\ttail!", "cats tail"),
        ("an apple a day", "apple day"),
        ("theatre another", "theatre another"),
        ("A", ""),
        ("a-b the.n", "ab then"),
        ("\u201cRome\u201d \u2013 \u00c9t\u00e9", "\u201crome\u201d \u2013 \u00e9t\u00e9"),
    ],
)
def test_normalising_is_the_official_one(text: str, expected: str) -> None:
    assert normalize_answer(text) == expected


@given(st.text())
def test_normalised_answers_have_no_punctuation_articles_or_double_spaces(text: str) -> None:
    normal = normalize_answer(text)
    assert normal == " ".join(normal.split())
    assert not set(normal.split()) & {"a", "an", "the"}
    assert not set(normal) & set("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


def test_one_answer() -> None:
    assert exact_match("The Rome", GOLDS["rome"]) == 1.0
    assert f1("year 1066 AD", ["1066", "the year 1066"]) == pytest.approx(0.8)
    assert f1("one one two", ["one two two"]) == pytest.approx(2 / 3)
    assert (exact_match("", []), f1("the", []), f1("Rome", [])) == (1.0, 1.0, 0.0)
    # A gold answer of nothing but articles is left out, as in the official script.
    assert exact_match("", ["The", "Rome"]) == 0.0


def test_v1() -> None:
    golds = {"rome": GOLDS["rome"], "year": GOLDS["year"], "missing": ["x"], "article": ["the"]}
    scores = evaluate_v1({**PREDICTIONS, "article": "a"}, golds)
    # Version 1.1 has exact match 1 and F1 0 where nothing is left of either.
    assert scores == {"exact_match": 50.0, "f1": pytest.approx(100 * 1.8 / 4)}


def test_v2_without_probabilities() -> None:
    assert evaluate_v2(PREDICTIONS, GOLDS) == {
        "exact": 50.0,
        "f1": pytest.approx(70.0),
        "total": 4,
        "HasAns_exact": 50.0,
        "HasAns_f1": pytest.approx(90.0),
        "HasAns_total": 2,
        "NoAns_exact": 50.0,
        "NoAns_f1": 50.0,
        "NoAns_total": 2,
    }


def test_v2_threshold_is_strict() -> None:
    at = evaluate_v2(PREDICTIONS, GOLDS, PROBABILITIES, threshold=0.6)
    assert at["f1"] == pytest.approx(70.0)
    below = evaluate_v2(PREDICTIONS, GOLDS, PROBABILITIES, threshold=0.2)
    assert (below["HasAns_f1"], below["NoAns_f1"]) == (50.0, 100.0)
    official = evaluate_v2(PREDICTIONS, GOLDS, PROBABILITIES)
    assert official | evaluate_v2(PREDICTIONS, GOLDS) == official


def test_v2_best_thresholds() -> None:
    # From silence (2 right): Rome +1, then "also none" -1, then the year +0 exact or +0.8 F1.
    scores = evaluate_v2(PREDICTIONS, GOLDS, PROBABILITIES)
    assert (scores["best_exact"], scores["best_exact_thresh"]) == (75.0, 0.1)
    assert (scores["best_f1"], scores["best_f1_thresh"]) == (75.0, 0.1)
    probabilities = {**PROBABILITIES, "also none": 0.7}
    scores = evaluate_v2(PREDICTIONS, GOLDS, probabilities)
    assert scores["best_f1"] == pytest.approx(95.0)
    assert scores["best_f1_thresh"] == 0.6
    silent = evaluate_v2({"none": "x"}, GOLDS, PROBABILITIES)
    assert (silent["best_exact"], silent["best_exact_thresh"]) == (100.0, 0.0)


@given(
    st.dictionaries(
        st.sampled_from("abcdefgh"),
        st.tuples(
            st.sampled_from(["", "x", "x y", "y"]),
            st.lists(st.sampled_from(["x", "y z"]), max_size=2),
            st.integers(0, 1000).map(lambda p: p / 1000),
        ),
        min_size=1,
    ).filter(lambda rows: len({row[2] for row in rows.values()}) == len(rows))
)
def test_v2_best_is_the_best_of_all_thresholds(rows: dict[str, Any]) -> None:
    predictions = {question: row[0] for question, row in rows.items()}
    golds = {question: row[1] for question, row in rows.items()}
    probabilities = {question: row[2] for question, row in rows.items()}
    found = evaluate_v2(predictions, golds, probabilities)
    every = [
        evaluate_v2(predictions, golds, probabilities, threshold)
        for threshold in [-1.0, *probabilities.values()]
    ]
    for name in ("exact", "f1"):
        assert found[f"best_{name}"] == pytest.approx(max(scores[name] for scores in every))


def test_v2_counts_only_questions_with_a_prediction() -> None:
    scores = evaluate_v2({"rome": "Rome", "other": "x"}, GOLDS)
    assert scores["exact"] == 100.0
    assert scores["total"] == scores["HasAns_total"] == 1
    assert "NoAns_total" not in scores


@pytest.mark.parametrize(
    ("function", "arguments", "error", "message"),
    [
        (evaluate_v1, ({}, {}), InputError, "no questions"),
        (evaluate_v2, ({}, {}), InputError, "no questions"),
        (evaluate_v1, ({}, {"q": []}), InputError, "'q' has no gold answer"),
        (evaluate_v2, ({"p": "x"}, {"q": ["x"]}), InputError, "None of the predictions"),
        (evaluate_v1, ({"q": "x"}, {"q": "x"}), InputTypeError, "gold answers of 'q'"),
        (evaluate_v2, ({"q": None}, {"q": ["x"]}), InputTypeError, "prediction for 'q' is None"),
        (evaluate_v2, ({"q": "x"}, {"q": ["x"]}, {}), InputError, "'q' has no no-answer"),
        (
            evaluate_v2,
            ({"q": "x"}, {"q": ["x"]}, {"q": float("nan")}),
            InputError,
            "'q' is not a number",
        ),
    ],
)
def test_wrong_arguments(
    function: Any, arguments: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        function(*arguments)
