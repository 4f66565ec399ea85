"""Labels and numbers of the baselines, fitted on small sets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from nlpkit.errors import DataError, InputError
from nlpkit.evaluation.baselines import (
    MajorityClass,
    MeanValue,
    TfidfLogistic,
    TfidfRidge,
    baselines_for,
)
from nlpkit.evaluation.dataset import open_set
from nlpkit.evaluation.goal import Goal

LABELS = ["negative", "positive"]
GOOD = ["a warm and funny film", "funny, clever and warm", "a clever film", "warm and kind"]
BAD = ["a dull and slow film", "slow, dull and long", "a long mess", "dull and noisy"]
TRAIN = pd.DataFrame({"text": GOOD + BAD + ["a dull, dull evening"], "label": [1] * 4 + [0] * 5})
NEW = pd.DataFrame({"text": ["such a warm, clever story", "slow and noisy", "zzz", ""]})
PAIRS = pd.DataFrame(
    {
        "text": ["the cat sat", "a dog ran fast", "birds sing early", "the boat sank", "rain fell"],
        "pair": ["the cat sat", "the dog ran", "fish swim", "a boat sank here", "nobody came"],
        "label": [5.0, 3.5, 0.0, 4.0, 0.2],
    }
)


def test_majority() -> None:
    system = MajorityClass.fit(TRAIN, labels=LABELS)
    found = list(system.predict(NEW))
    scores = {"negative": 5 / 9, "positive": 4 / 9}
    assert found == [{"label": "negative", "score": 5 / 9, "scores": scores}] * len(NEW)


def test_majority_takes_the_earlier_label_on_a_tie_and_knows_all() -> None:
    rows = pd.DataFrame({"text": ["a", "b"], "label": ["green", "blue"]})
    system = MajorityClass.fit(rows, labels=["red", "green", "blue"])
    [choice] = system.predict(rows[:1])
    assert choice["label"] == "green"
    assert choice["scores"] == {"red": 0.0, "green": 0.5, "blue": 0.5}


def test_logistic_learns_the_words() -> None:
    found = list(TfidfLogistic.fit(TRAIN, labels=LABELS).predict(NEW))
    assert [choice["label"] for choice in found[:2]] == ["positive", "negative"]
    for choice in found:
        assert list(choice["scores"]) == LABELS
        assert sum(choice["scores"].values()) == pytest.approx(1)
        assert choice["score"] == max(choice["scores"].values())
        assert choice["scores"][choice["label"]] == choice["score"]
        assert all(type(value) is float for value in choice["scores"].values())
    # Nothing is known of these two, so they get the same.
    assert found[2] == found[3]


def test_logistic_equals_scikit_learn() -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    theirs = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression()
    ).fit(TRAIN["text"], TRAIN["label"])
    ours = TfidfLogistic.fit(TRAIN, labels=LABELS).predict(NEW)
    expected = theirs.predict_proba(NEW["text"])
    assert [list(c["scores"].values()) for c in ours] == pytest.approx(expected, abs=1e-4)


def test_names_and_numbers_are_the_same_labels() -> None:
    named = TRAIN.assign(label=[LABELS[number] for number in TRAIN["label"]])
    for kind in (MajorityClass, TfidfLogistic):
        one, other = (kind.fit(rows, labels=LABELS) for rows in (TRAIN, named))
        assert list(one.predict(NEW)) == list(other.predict(NEW))


def test_labels_that_look_like_numbers() -> None:
    rows = pd.DataFrame({"text": ["bad", "fair", "good"], "label": [1, 2, 2]})
    assert MajorityClass.fit(rows, labels=["1", "2", "3"]).scores["2"] == pytest.approx(2 / 3)


def test_rows_without_a_label_do_not_count() -> None:
    more = pd.concat([TRAIN, pd.DataFrame({"text": ["warm warm"] * 9, "label": -1})])
    for kind in (MajorityClass, TfidfLogistic):
        one, other = (kind.fit(rows, labels=LABELS) for rows in (TRAIN, more))
        assert list(one.predict(NEW)) == list(other.predict(NEW))
        assert one.fields == other.fields


def test_a_label_not_in_the_train_split_has_probability_0() -> None:
    labels = ["negative", "neutral", "positive"]
    rows = TRAIN.assign(label=TRAIN["label"] * 2)
    for choice in TfidfLogistic.fit(rows, labels=labels).predict(NEW):
        assert list(choice["scores"]) == labels
        assert choice["scores"]["neutral"] == 0


def test_pairs_are_read_as_pairs() -> None:
    # One text alone says nothing here: only whether both are the same does.
    words = ["cat", "dog", "bird", "boat", "rain", "tree"]
    pairs = [(a, b) for a in words for b in words]
    pairs += [(a, a) for a in words] * 4
    rows = pd.DataFrame(pairs, columns=["text", "pair"])
    rows["label"] = [int(a == b) for a, b in pairs]
    system = TfidfLogistic.fit(rows, labels=["different", "same"])
    new = pd.DataFrame({"text": ["a sun", "a sun"], "pair": ["a moon", "a sun"]})
    said = [c["label"] for c in system.predict(pd.concat([rows[["text", "pair"]], new]))]
    assert said[: len(rows)] == [["different", "same"][a == b] for a, b in pairs]
    assert said[len(rows) :] == ["different", "same"]


def test_ridge() -> None:
    found = [c["score"] for c in TfidfRidge.fit(PAIRS).predict(PAIRS)]
    assert np.corrcoef(found, PAIRS["label"])[0, 1] > 0.9
    assert min(found) >= 0
    assert max(found) <= 5
    assert all(c["label"] is None for c in TfidfRidge.fit(PAIRS).predict(PAIRS))


def test_the_mean() -> None:
    assert list(MeanValue.fit(PAIRS).predict(NEW)) == [{"label": None, "score": 2.54}] * 4


@pytest.mark.parametrize("kind", ["labels", "numbers"])
def test_the_same_again_and_in_any_order(kind: str) -> None:
    rows = TRAIN if kind == "labels" else PAIRS
    goal = Goal("labels", tuple(LABELS)) if kind == "labels" else Goal("regression", pair=True)
    new = pd.concat([rows] * 300)  # more than is read at once
    one = baselines_for(goal, lambda: open_set(rows, goal), seed=3)
    two = baselines_for(goal, lambda: open_set(rows, goal), seed=3)
    for system, again in zip(one, two, strict=True):
        found = list(system.predict(new))
        assert found == list(again.predict(new))
        assert found[::-1] == list(system.predict(new[::-1]))
        assert found[: len(rows)] == list(system.predict(rows))
        assert system.fields == again.fields
        assert system.task == "classification"


def test_fields_say_what_it_was_fitted_on() -> None:
    one = TfidfLogistic.fit(TRAIN, labels=LABELS).fields
    other = TfidfLogistic.fit(TRAIN[1:], labels=LABELS).fields
    assert one["train"] == 9
    assert other["train"] == 8
    assert one["train_content"] != other["train_content"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": "positive!"}, r"row 0 is 'positive!'; .* 'negative', 'positive'"),
        ({"label": 2}, "row 0 is 2"),
        ({"label": 0.5}, "row 0 is 0.5"),
        ({"label": float("nan")}, "row 0 is nan"),
        ({"label": -1}, "no train row has a label"),
        ({"label": 1}, "all 9 train rows are labelled 'positive'"),
        ({"text": "?"}, "cannot be fitted: empty vocabulary"),
        ({"text": None}, "'text' of row 0"),
    ],
)
def test_what_cannot_be_fitted(change: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        TfidfLogistic.fit(TRAIN.assign(**change), labels=LABELS)


def test_what_else_is_not_allowed() -> None:
    with pytest.raises(DataError, match="no column 'label'; they have text"):
        MajorityClass.fit(TRAIN[["text"]], labels=LABELS)
    for labels in ([], ["a", "a"]):
        with pytest.raises(InputError, match="each only once"):
            MajorityClass.fit(TRAIN, labels=labels)
    for bad in (None, "good", float("inf")):
        with pytest.raises(DataError, match="needs a finite number"):
            TfidfRidge.fit(PAIRS.assign(label=[1.0, 2.0, bad, 1.0, 1.0]))
    with pytest.raises(DataError, match="no train rows"):
        MeanValue.fit(PAIRS[:0])
    with pytest.raises(DataError, match="no column 'pair'"):
        TfidfRidge.fit(PAIRS).predict(NEW)


def test_the_factory() -> None:
    numbers, labels = Goal("regression", pair=True), Goal("labels", tuple(LABELS))
    assert [s.name for s in baselines_for(numbers, lambda: open_set(PAIRS, numbers))] == [
        "mean value",
        "TF-IDF + ridge regression",
    ]
    assert [s.name for s in baselines_for(labels, lambda: open_set(TRAIN, labels))] == [
        "majority class",
        "TF-IDF + logistic regression",
    ]
    assert baselines_for(Goal("multi_label", ("a", "b"))) == []
    with pytest.raises(InputError, match="need rows to be fitted on"):
        baselines_for(labels)


def test_the_factory_goes_by_the_labels_names() -> None:
    # The data set's own order of names is the other way round here.
    reversed_ = Goal("labels", tuple(LABELS[::-1]))
    named = TRAIN.assign(label=[LABELS[number] for number in TRAIN["label"]])
    majority, logistic = baselines_for(reversed_, lambda: open_set(named, reversed_))
    assert next(majority.predict(NEW))["label"] == "negative"
    assert [c["label"] for c in logistic.predict(NEW[:2])] == ["positive", "negative"]


@pytest.mark.parametrize("kind", ["summarization", "question_answering"])
def test_the_factory_needs_no_train_rows_elsewhere(kind: Any) -> None:
    systems = baselines_for(Goal(kind))
    assert len(systems) >= 2
    assert {system.task for system in systems} == {kind}
