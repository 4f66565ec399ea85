"""What words and word pairs are worth: their features, and what is chosen by them."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlpkit.recipe_sections import WORTH_FEATURES, WorthRecipe
from nlpkit.tasks import coverage, selection
from nlpkit.tasks.concepts import Concepts
from nlpkit.tasks.selection import select, words_of
from nlpkit.tasks.summary_length import Length

NOTHING = (0.0,) * len(WORTH_FEATURES)
sentences = st.lists(st.text("ab1é 漢\u200b\u202e.", max_size=12), min_size=1, max_size=8)


def logit(chance: float) -> float:
    return math.log(chance / (1 - chance))


def test_features_are_what_they_are_called() -> None:
    words = [["rain", "fell"], ["snow", "fell", "fell"], ["in", "1999", "rain", "fell"]]
    chances = np.array([0.5, 0.25, 0.1])
    # Of one sentence, seen in the whole document.
    concepts = Concepts.of(words, np.array([2]))
    assert concepts.names() == [
        "rain", "fell", "in", "1999", ("rain", "fell"), ("in", "1999"), ("1999", "rain"),
    ]  # fmt: skip
    found = dict(zip(concepts.names(), concepts.features(chances).tolist(), strict=True))
    either = 1 - 0.5 * 0.9
    assert found["rain"] == pytest.approx(
        [logit(either), logit(0.5), math.log(2), 0, math.log(4), math.log(4), 0, 1]
    )
    assert found[("in", "1999")] == pytest.approx(
        [logit(0.1), logit(0.1), 0, 2 / 3, math.log(2), math.log(4), 1, 1]
    )
    assert found["fell"][2] == pytest.approx(math.log(3))  # three sentences, not four times


@given(texts=sentences, data=st.data())
def test_they_are_finite_for_any_text(texts: list[str], data: st.DataObject) -> None:
    chances = np.array([data.draw(st.floats(0, 1)) for _ in texts])
    words = [words_of(text) for text in texts]
    concepts = Concepts.of(words)
    features = concepts.features(chances)
    assert features.shape == (len(concepts), len(WORTH_FEATURES))
    assert np.isfinite(features).all()
    worth = WorthRecipe(word=(9.0,) * len(WORTH_FEATURES), pair=(-9.0,) * len(WORTH_FEATURES))
    learned = concepts.learned(chances, worth)
    assert ((learned >= 0) & (learned <= 1)).all()


@given(texts=sentences, data=st.data())
def test_they_are_the_words_and_pairs_of_the_sentences(
    texts: list[str], data: st.DataObject
) -> None:
    words = [words_of(text) for text in texts]
    pool = data.draw(st.lists(st.sampled_from(range(len(texts))), unique=True))
    concepts = Concepts.of(words, np.array(pool, np.int64))
    names = concepts.names()
    assert len(set(names)) == len(names) == len(concepts)
    assert concepts.sizes.tolist() == [len(words[index]) for index in pool]
    assert concepts.pairs.tolist() == [isinstance(name, tuple) for name in names]

    def found(sentences: Any, numbers: Any) -> set[tuple[int, Any]]:
        listed = [(s, names[c]) for s, c in zip(sentences.tolist(), numbers.tolist(), strict=True)]
        assert len(set(listed)) == len(listed)
        return set(listed)

    each = [{*own, *pairwise(own)} for own in words]
    expected = {(place, name) for place, index in enumerate(pool) for name in each[index]}
    assert found(concepts.sentence, concepts.concept) == expected
    assert {name for _, name in expected} == set(names)
    anywhere = {(index, n) for index, own in enumerate(each) for n in own if n in set(names)}
    assert found(concepts.all_sentences, concepts.all_concepts) == anywhere


@given(texts=sentences, other=st.text("ab1é 漢.", max_size=20))
def test_which_another_text_holds(texts: list[str], other: str) -> None:
    concepts = Concepts.of(map(words_of, texts))
    own = words_of(other)
    held = {*own, *pairwise(own)}
    assert concepts.held_by(own).tolist() == [name in held for name in concepts.names()]


@given(texts=sentences, data=st.data())
def test_a_concept_is_worth_the_chance_of_any_of_its_sentences(
    texts: list[str], data: st.DataObject
) -> None:
    chances = np.array([data.draw(st.floats(0, 1)) for _ in texts])
    words = [words_of(text) for text in texts]
    concepts = Concepts.of(words)
    expected = []
    for concept in concepts.names():
        missed = 1.0
        for chance, own in zip(chances, words, strict=True):
            if concept in own or concept in list(pairwise(own)):
                missed *= 1 - chance
        expected.append(1 - missed)
    assert concepts.chances(chances) == pytest.approx(expected, abs=1e-6)


def test_what_is_learned_decides() -> None:
    texts = ["the bank was robbed", "two men fled at night", "it cost 400 euros in 1999"]

    def chosen(worth: WorthRecipe | None) -> list[int]:
        return select(
            [0.5, 0.4, 0.3],
            sentences=texts,
            length=Length(sentences=1),
            redundancy="coverage",
            worth=worth,
        )

    assert chosen(None) == [0]
    digits = (*NOTHING[:-2], 9.0, -5.0)
    assert chosen(WorthRecipe(word=digits, pair=digits)) == [2]


def test_it_is_the_most_worth_for_the_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "COVERAGE_SHARE", 0.0)  # of all sentences
    random = np.random.default_rng(3)
    names = [f"w{number}" for number in range(30)]
    for _ in range(40):
        weights = random.normal(0, 0.5, (2, len(WORTH_FEATURES)))
        worth = WorthRecipe(word=tuple(weights[0]), pair=tuple(weights[1]))
        scores = random.random(12)
        texts = [" ".join(random.choice(names, size=random.integers(2, 9))) for _ in scores]
        words = [text.split() for text in texts]
        sizes = np.array([len(own) for own in words])
        concepts = Concepts.of(words)
        each = concepts.learned(scores, worth)
        each = each * np.where(concepts.pairs, coverage.PAIR_WEIGHT, 1.0)
        value = dict(zip(concepts.names(), each, strict=True))
        reference = coverage.LEARNED_REFERENCE * 3 * float(sizes @ scores / scores.sum())

        def rate(places: list[int]) -> float:
            held: set[Any] = set()
            for place in places:
                held |= {*words[place], *pairwise(words[place])}  # noqa: B023
            return sum(value[c] for c in held) / (sizes[places].sum() + reference)  # noqa: B023

        chosen = select(
            scores,
            sentences=texts,
            length=Length(sentences=3),
            redundancy="coverage",
            worth=worth,
        )
        best = rate(chosen)
        for place in chosen:
            for other in set(range(12)) - set(chosen):
                assert rate([other, *(i for i in chosen if i != place)]) <= best + 1e-8


def test_weights_of_another_number_are_no_recipe() -> None:
    with pytest.raises(ValueError, match="at least 8"):
        WorthRecipe(word=NOTHING[1:], pair=NOTHING)
