"""Labels: probabilities, pairs, long texts, regression, multi-label."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nlpkit.errors import InputError, InputTypeError
from nlpkit.results import Label
from nlpkit.tasks.classification import Classification
from nlpkit.tasks.loading import load

NASTY = st.lists(
    st.sampled_from(
        [*"abz.! \t\r\n\x00", "\ud83d", "\udc00", "🙂", "👩\u200d👧", "ש", "\u0301", "\u200b", "İ"]
    ),
    min_size=1,
    max_size=90,
).map("".join)
LONG = "a long text that goes on and on, " * 12


def opened(folder: Path) -> Classification:
    pipeline = load(folder, device="cpu")
    assert isinstance(pipeline, Classification)
    return pipeline


@pytest.fixture(scope="module")
def classify(tiny_pipelines: dict[str, Path]) -> Classification:
    return opened(tiny_pipelines["classification"])


@pytest.fixture(scope="module")
def compare(tiny_pipelines: dict[str, Path]) -> Classification:
    return opened(tiny_pipelines["pair"])


@pytest.fixture(scope="module")
def rate(tiny_pipelines: dict[str, Path]) -> Classification:
    return opened(tiny_pipelines["regression"])


@pytest.fixture(scope="module")
def tag(tiny_pipelines: dict[str, Path]) -> Classification:
    return opened(tiny_pipelines["multi_label"])


def check(label: Label, names: tuple[str, ...]) -> None:
    assert tuple(label.scores) == names
    assert sum(label.scores.values()) == pytest.approx(1, abs=1e-9)
    assert all(0 <= score <= 1 for score in label.scores.values())
    assert label.label == max(label.scores, key=lambda name: label.scores[name])
    assert label.score == label.scores[label.label]
    assert label.labels == ()
    json.dumps(label.to_dict())


@settings(max_examples=60)
@given(text=NASTY, other=NASTY)
def test_any_text_gets_probabilities(
    classify: Classification, compare: Classification, text: str, other: str
) -> None:
    assume(text.strip() and other.strip())
    check(classify(text), ("bad", "good"))
    check(compare((text, other)), ("other", "same"))


def test_labels_are_the_recipes(classify: Classification, rate: Classification) -> None:
    assert classify.labels == ("bad", "good")
    assert rate.labels == ()


def test_every_window_of_a_long_text_counts(classify: Classification) -> None:
    base = classify(LONG)
    check(base, ("bad", "good"))
    assert classify("zzz! " + LONG).scores != base.scores
    assert classify(LONG + " zzz!").scores != base.scores


def test_a_long_text_is_the_mean_of_its_windows(classify: Classification) -> None:
    # Two windows of the same 62 tokens that share none say what one of them says.
    word = "ab" * 31
    stride = classify.recipe.backbone.model_copy(update={"stride": 62})
    own = classify.recipe
    try:
        classify.recipe = own.model_copy(update={"backbone": stride})
        once, twice = classify(f"{word}"), classify(f"{word} {word}")
    finally:
        classify.recipe = own
    assert len(classify.tokenizer(f"{word} {word}")) == 124
    assert twice.score == pytest.approx(once.score, abs=1e-5)


@pytest.mark.parametrize(
    "pair", [("a", LONG), (LONG, "a"), (LONG, LONG), ("a", "b"), ("\u200b", "b")]
)
def test_pairs_of_any_length(compare: Classification, pair: tuple[str, str]) -> None:
    label = compare(pair)
    check(label, ("other", "same"))
    if len(pair[0]) > 1 and len(pair[1]) > 1:
        assert compare((pair[0] + "zz!", pair[1])).score != label.score
        assert compare((pair[0], pair[1] + "zz!")).score != label.score


def test_the_sides_of_a_pair_are_not_the_same(compare: Classification) -> None:
    assert compare(("one", "two")).score != compare(("two", "one")).score


@settings(max_examples=40)
@given(text=NASTY)
def test_regression_stays_in_range(rate: Classification, text: str) -> None:
    assume(text.strip())
    label = rate(text)
    assert label.label is None
    assert 0 <= label.score <= 5
    assert label.scores == {}
    assert label.labels == ()


def test_regression_is_clipped_to_its_range(rate: Classification) -> None:
    class Far:
        def __init__(self, logit: float) -> None:
            self.logit = logit

        def __call__(self, windows: list[Any]) -> list[Any]:
            return [np.array([self.logit], np.float32) for _ in windows]

    own = rate.runtime
    try:
        for logit, wanted in ((9.0, 5.0), (-3.0, 0.0), (0.5, 2.5)):
            rate.runtime = Far(logit)  # type: ignore[assignment]
            assert rate("text").score == wanted
    finally:
        rate.runtime = own


def test_multi_label_threshold(tag: Classification) -> None:
    label = tag("some text")
    assert tuple(label.scores) == tag.labels
    assert len(tag.labels) == 3
    assert label.label == max(label.scores, key=lambda name: label.scores[name])
    assert set(label.labels) == {name for name, score in label.scores.items() if score >= 0.5}
    assert tag("some text", threshold=0).labels == tag.labels
    assert tag("some text", threshold=1).labels == ()
    middle = sorted(label.scores.values())[1]
    assert len(tag("some text", threshold=middle - 1e-6).labels) == 2
    assert len(tag("some text", threshold=middle + 1e-6).labels) == 1


def test_temperature_flattens_but_keeps_the_label(tiny_pipelines: dict[str, Path]) -> None:
    pipeline = opened(tiny_pipelines["classification"])
    before = pipeline("text")
    decoding = pipeline.recipe.decoding.model_copy(update={"temperature": 50.0})
    pipeline.recipe = pipeline.recipe.model_copy(update={"decoding": decoding})
    after = pipeline("text")
    assert after.label == before.label
    assert 0.5 < after.score < before.score


@pytest.mark.parametrize("threshold", [-0.5, 1.01, float("nan")])
def test_thresholds_that_are_not_allowed(tag: Classification, threshold: float) -> None:
    with pytest.raises(InputError, match="threshold"):
        tag("text", threshold=threshold)


def test_a_pair_for_single_texts_and_the_other_way_round(
    classify: Classification, compare: Classification
) -> None:
    with pytest.raises(InputError, match=r"text 1 of the list is a tuple.*reads single texts"):
        classify(["a", ("a", "b")])
    with pytest.raises(InputError, match=r"text 1 of the list is a single text.*reads pairs"):
        compare([("a", "b"), "a"])
    with pytest.raises(InputTypeError, match="part 1 of the text is of type int"):
        compare(("a", 2))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="the text is empty"):
        classify(" \n")
    with pytest.raises(InputError, match="text 2 of the list is empty"):
        compare([("a", "b"), ("a", "b"), ("a", "\t")])


def test_labels_are_immutable(classify: Classification) -> None:
    label = classify("text")
    with pytest.raises(AttributeError):
        label.score = 1.0  # type: ignore[misc]
    assert replace(label, score=1.0).score == 1.0
