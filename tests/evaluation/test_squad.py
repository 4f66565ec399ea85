from __future__ import annotations

import math
import random
import re
import string
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlpkit.errors import InputError, InputTypeError
from nlpkit.evaluation.squad import (
    best_threshold,
    exact_match,
    f1,
    normalize_answer,
    squad_v1,
    squad_v2,
    unmatched,
)

GOLDS = {
    "rome": ["Rome", "in Rome"],
    "year": ["1066", "the year 1066"],
    "none": [],
    "also none": [],
}
PREDICTIONS = {"rome": "rome.", "year": "year 1066 AD", "none": "", "also none": "Paris"}
PROBABILITIES = {"rome": 0.1, "year": 0.6, "none": 0.9, "also none": 0.3}


def values(scores: Any) -> dict[str, float]:
    return {name: score.value for name, score in scores.items()}


# What the two official scripts compute, step by step.


def plain_words(text: str) -> list[str]:
    kept = "".join(sign for sign in text.lower() if sign not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", kept).split()


def overlap(answer: str, gold: str, *, empty_counts: bool) -> float:
    ours, theirs = plain_words(answer), plain_words(gold)
    if empty_counts and not (ours and theirs):
        return float(ours == theirs)
    same = sum((Counter(ours) & Counter(theirs)).values())
    if not same:
        return 0.0
    precision, recall = same / len(ours), same / len(theirs)
    return 2 * precision * recall / (precision + recall)


def official_v1(predictions: dict[str, str], golds: dict[str, list[str]]) -> dict[str, float]:
    exact = f1 = 0.0
    for question, answers in golds.items():
        if question in predictions:
            said = predictions[question]
            exact += max(plain_words(said) == plain_words(gold) for gold in answers)
            f1 += max(overlap(said, gold, empty_counts=False) for gold in answers)
    return {"exact_match": 100 * exact / len(golds), "f1": 100 * f1 / len(golds)}


def official_v2(
    predictions: dict[str, str],
    golds: dict[str, list[str]],
    chances: dict[str, float] | None,
    threshold: float,
) -> dict[str, float]:
    exact, f1 = {}, {}
    for question, answers in golds.items():
        kept = [gold for gold in answers if plain_words(gold)] or [""]
        said = predictions[question]
        exact[question] = max(float(plain_words(said) == plain_words(gold)) for gold in kept)
        f1[question] = max(overlap(said, gold, empty_counts=True) for gold in kept)
    given = chances or dict.fromkeys(golds, 0.0)
    result = {}
    groups = {
        "": list(golds),
        "HasAns_": [q for q in golds if golds[q]],
        "NoAns_": [q for q in golds if not golds[q]],
    }
    for prefix, group in groups.items():
        for name, scores in (("exact", exact), ("f1", f1)):
            counted = [float(not golds[q]) if given[q] > threshold else scores[q] for q in group]
            if group:
                result[f"{prefix}{name}"] = 100 * sum(counted) / len(group)
    for name, scores in (("exact", exact), ("f1", f1)) if chances else ():
        best = now = len(groups["NoAns_"])
        at = 0.0
        for question in sorted(given, key=lambda q: given[q]):
            if golds[question]:
                now += scores[question]
            else:
                now -= bool(predictions[question])
            if now > best:
                best, at = now, given[question]
        result |= {f"best_{name}": 100 * best / len(golds), f"best_{name}_thresh": at}
    return result


words = st.lists(
    st.sampled_from(["the", "a", "Rome", "rome,", "1066", "in", "\u201cthe\u201d", "-", "x-y"]),
    max_size=5,
).map(" ".join)


@given(
    st.dictionaries(
        st.sampled_from("abcdefgh"),
        st.tuples(st.none() | words, st.lists(words, min_size=1, max_size=3)),
        min_size=1,
    ).filter(lambda rows: any(row[0] is not None for row in rows.values()))
)
def test_v1_is_the_official_script(rows: dict[str, Any]) -> None:
    predictions = {q: row[0] for q, row in rows.items() if row[0] is not None}
    golds = {q: row[1] for q, row in rows.items()}
    assert values(squad_v1(predictions, golds)) == pytest.approx(
        official_v1(predictions, golds), abs=1e-9
    )


@given(
    st.dictionaries(
        st.sampled_from("abcdefgh"),
        st.tuples(
            words, st.lists(words, max_size=3), st.sampled_from([0.0, 0.2, 0.5, 0.7, 1.0, 3.5])
        ),
        min_size=1,
    ),
    st.sampled_from([-1.0, 0.0, 0.5, 1.0]),
    st.booleans(),
)
def test_v2_is_the_official_script(rows: dict[str, Any], threshold: float, sure: bool) -> None:
    predictions = {q: row[0] for q, row in rows.items()}
    golds = {q: row[1] for q, row in rows.items()}
    chances = {q: row[2] for q, row in rows.items()} if sure else None
    threshold = threshold if sure else 1.0
    scores = squad_v2(predictions, golds, chances, threshold)
    expected = official_v2(predictions, golds, chances, threshold)
    for name in ("best_exact", "best_f1"):
        if name in expected:
            assert best_threshold(scores[name]) == expected.pop(f"{name}_thresh")
    assert values(scores) == pytest.approx(expected, abs=1e-9)


def test_many_questions_with_equal_probabilities() -> None:
    pick = random.Random(5)
    texts = ["", "the", "Rome", "the Rome", "old Rome", "1066", "year 1066"]
    golds = {str(i): pick.sample(texts[2:], pick.randint(0, 3)) for i in range(400)}
    predictions = {i: pick.choice(texts) for i in golds}
    ids = pick.sample(list(golds), len(golds))
    chances = {i: pick.choice([0.1, 0.2, 0.3]) for i in ids}
    scores = squad_v2(predictions, golds, chances, 0.2)
    expected = official_v2(predictions, golds, chances, 0.2)
    assert best_threshold(scores["best_f1"]) == expected.pop("best_f1_thresh")
    assert best_threshold(scores["best_exact"]) == expected.pop("best_exact_thresh")
    assert values(scores) == pytest.approx(expected, abs=1e-9)


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
    assert normal.split() == plain_words(text)
    assert normal == " ".join(normal.split())


def test_one_answer() -> None:
    assert exact_match("The Rome", GOLDS["rome"]) == 1.0
    assert f1("year 1066 AD", ["1066", "the year 1066"]) == pytest.approx(0.8)
    assert f1("one one two", ["one two two"]) == pytest.approx(2 / 3)
    assert (exact_match("", []), f1("the", []), f1("Rome", [])) == (1.0, 1.0, 0.0)
    # A gold answer of nothing but articles is left out, as in the official script.
    assert exact_match("", ["The", "Rome"]) == 0.0


def test_v1() -> None:
    golds = {"rome": GOLDS["rome"], "year": GOLDS["year"], "missing": ["x"], "article": ["the"]}
    scores = squad_v1({**PREDICTIONS, "article": "a"}, golds)
    # Version 1.1 has exact match 1 and F1 0 where nothing is left of either.
    assert values(scores) == {"exact_match": 50.0, "f1": pytest.approx(100 * 1.8 / 4)}
    assert scores["f1"].examples.tolist() == pytest.approx([1.0, 0.8, 0.0, 0.0])
    assert scores["f1"].signature.fields["missing"] == "1"
    assert scores["f1"].signature.fields["unknown"] == "2"
    low, high = scores["f1"].interval
    assert 0 <= low < scores["f1"].value < high <= 100


def test_v2_without_probabilities() -> None:
    scores = squad_v2(PREDICTIONS, GOLDS)
    assert values(scores) == {
        "exact": 50.0,
        "f1": pytest.approx(70.0),
        "HasAns_exact": 50.0,
        "HasAns_f1": pytest.approx(90.0),
        "NoAns_exact": 50.0,
        "NoAns_f1": 50.0,
    }
    assert [scores[name].n for name in ("f1", "HasAns_f1", "NoAns_f1")] == [4, 2, 2]
    assert str(scores["f1"].signature).startswith("f1|variant:squad-2.0|missing:0|n:4|")
    with pytest.raises(InputError, match="no threshold"):
        best_threshold(scores["f1"])


def test_v2_threshold_is_strict() -> None:
    at = squad_v2(PREDICTIONS, GOLDS, PROBABILITIES, threshold=0.6)
    assert at["f1"].value == pytest.approx(70.0)
    assert best_threshold(at["f1"]) == 0.6
    below = squad_v2(PREDICTIONS, GOLDS, PROBABILITIES, threshold=0.2)
    assert (below["HasAns_f1"].value, below["NoAns_f1"].value) == (50.0, 100.0)
    official = values(squad_v2(PREDICTIONS, GOLDS, PROBABILITIES))
    assert official | values(squad_v2(PREDICTIONS, GOLDS)) == official


def test_v2_best_thresholds() -> None:
    # From silence (2 right): Rome +1, then "also none" -1, then the year +0 exact or +0.8 F1.
    scores = squad_v2(PREDICTIONS, GOLDS, PROBABILITIES)
    for name in ("best_exact", "best_f1"):
        assert (scores[name].value, best_threshold(scores[name])) == (75.0, 0.1)
        assert scores[name].signature["tuned_on"] == "these examples"
    assert scores["best_f1"].examples.tolist() == [1.0, 0.0, 1.0, 1.0]
    probabilities = {**PROBABILITIES, "also none": 0.7}
    best = squad_v2(PREDICTIONS, GOLDS, probabilities)["best_f1"]
    assert best.value == pytest.approx(95.0)
    assert best_threshold(best) == 0.6
    silent = squad_v2({"none": "x"}, GOLDS, PROBABILITIES)["best_exact"]
    assert (silent.value, best_threshold(silent)) == (100.0, 0.0)


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
    found = squad_v2(predictions, golds, probabilities)
    every = [
        squad_v2(predictions, golds, probabilities, threshold)
        for threshold in [-1.0, *probabilities.values()]
    ]
    for name in ("exact", "f1"):
        most = max(scores[name].value for scores in every)
        assert found[f"best_{name}"].value == pytest.approx(most)


def test_v2_counts_only_questions_with_a_prediction() -> None:
    scores = squad_v2({"rome": "Rome", "other": "x"}, GOLDS)
    assert scores["exact"].value == 100.0
    assert scores["exact"].n == scores["HasAns_exact"].n == 1
    assert "NoAns_exact" not in scores
    assert scores["exact"].signature.fields["missing"] == "3"
    assert scores["exact"].signature.fields["unknown"] == "1"


def test_unmatched_ids() -> None:
    assert unmatched({"rome": "", "other": ""}, GOLDS) == (["year", "none", "also none"], ["other"])
    assert unmatched(PREDICTIONS, GOLDS) == ([], [])


def test_thresholds_keep_all_their_digits() -> None:
    chances = {q: p + 1 / 3e9 for q, p in PROBABILITIES.items()}
    best = squad_v2(PREDICTIONS, GOLDS, chances)["best_f1"]
    assert best_threshold(best) == chances["rome"]
    log_odds = {q: -math.pi * 1e-7 * p for q, p in PROBABILITIES.items()}
    best = squad_v2({"year": "1066"}, GOLDS, log_odds)["best_f1"]
    assert best_threshold(best) == log_odds["year"]


def test_numbers_of_numpy_are_numbers() -> None:
    chances = {q: np.float32(p) for q, p in PROBABILITIES.items()}
    golds = {q: np.array(answers, dtype=object) for q, answers in GOLDS.items()}
    assert values(squad_v2(PREDICTIONS, golds, chances)) == values(
        squad_v2(PREDICTIONS, GOLDS, PROBABILITIES)
    )


@pytest.mark.parametrize(
    ("function", "arguments", "error", "message"),
    [
        (squad_v1, ({}, {}), InputError, "no questions"),
        (squad_v2, ({}, {}), InputError, "no questions"),
        (squad_v1, ({"q": ""}, {"q": []}), InputError, "'q' has no gold answer"),
        (squad_v2, ({"p": "x"}, {"q": ["x"]}), InputError, "None of the 1 .* 'p', is .* 'q'"),
        (squad_v1, ({"p": "x"}, {"q": ["x"]}), InputError, "None of the 1 predictions"),
        (squad_v1, ({}, {"q": ["x"]}), InputError, "None of the 0 predictions is for"),
        (squad_v1, ({"q": "x"}, {"q": "x"}), InputTypeError, "gold answers of 'q'"),
        (squad_v1, ({"q": "x"}, {"q": None}), InputTypeError, "gold answers of 'q'"),
        (squad_v1, ({"q": "x"}, {"q": [1]}), InputTypeError, "gold answer of 'q' is 1"),
        (squad_v2, ({"q": None}, {"q": ["x"]}), InputTypeError, "prediction for 'q' is None"),
        (squad_v2, ({"q": "x"}, {"q": ["x"]}, {}), InputError, "'q' has no no-answer"),
        (squad_v2, ({"q": "x"}, {"q": ["x"]}, {"q": math.nan}), InputError, "'q' is nan"),
        (squad_v2, ({"q": "x"}, {"q": ["x"]}, {"q": math.inf}), InputError, "'q' is inf"),
        (squad_v2, ({"q": "x"}, {"q": ["x"]}, {"q": "0.1"}), InputTypeError, "'q' is '0.1'"),
        (squad_v2, ({"q": "x"}, {"q": []}, None, 0.5), InputError, "threshold = 0.5 needs"),
        (squad_v2, ({"q": "x"}, {"q": []}, {"q": 0.1}, math.nan), InputError, "threshold = nan"),
    ],
)
def test_wrong_arguments(
    function: Any, arguments: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        function(*arguments)
