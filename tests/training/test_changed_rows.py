"""Copies of rows with changed words, and which words are near to each other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpkit import recipe as recipes
from nlpkit.encoder import backbone
from nlpkit.shipped import shipped_folder
from nlpkit.training.changed_rows import NEAREST, change_words, changed_rows, near_words

SENTENCES = ["He walks to the river.", "What did Mary say?", "“Books” — 1984, naïve café ##s"]


@settings(max_examples=200)
@given(words=st.lists(st.sampled_from("abcdef"), max_size=30), seed=st.integers(0, 1000))
def test_changed_words(words: list[str], seed: int) -> None:
    before = list(words)
    changed = change_words(words, np.array(["x", "y"]), np.random.default_rng(seed))
    assert words == before
    assert abs(len(changed) - len(words)) <= 1 + len(words) // 8
    assert set(changed) <= {*words, "x", "y"}
    assert bool(changed) == bool(words)


@settings(max_examples=200)
@given(words=st.lists(st.sampled_from("abcdef"), min_size=1, max_size=30), seed=st.integers(0, 99))
def test_near_words_keep_the_length(words: list[str], seed: int) -> None:
    # A word may be exchanged twice.
    near = {word: [word + "x"] for own in "abcdef" for word in (own, own + "x", own + "xx")}
    near |= {word + "x": [word + "x"] for word in list(near)}
    rng = np.random.default_rng(seed)
    changed = change_words(words, np.array(["y"]), rng, alike=1.0, near=near)
    assert [word.rstrip("x") for word in changed] == words
    assert 1 <= sum(word.endswith("x") for word in changed) <= 1 + len(words) // 8


@pytest.mark.parametrize(
    ("word", "expected"),
    [("he", "him"), ("He", "Him"), ("“he,”", "“him,”"), ("(He)", "(Him)")],
)
def test_case_and_signs_stay(word: str, expected: str) -> None:
    rng = np.random.default_rng(0)
    near = {"he": ["him"]}
    assert change_words([word], np.array(["x"]), rng, alike=1.0, near=near) == [expected]


@pytest.mark.parametrize("word", ["he's", "1984", "—", "x2", "unknown"])
def test_what_has_no_near_word_is_changed_otherwise(word: str) -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        changed = change_words([word], np.array(["x"]), rng, alike=1.0, near={"he": ["him"]})
        assert changed in (["x"], [word, "x"], ["x", word])


def test_without_near_words_copies_are_as_they_were() -> None:
    frame = pd.DataFrame({"text": SENTENCES, "pair": SENTENCES[::-1]})
    plain = changed_rows(frame, ["text", "pair"], 3, seed=5)
    assert plain.equals(changed_rows(frame, ["text", "pair"], 3, seed=5, near={"he": ["him"]}))
    assert len(plain) == 9


def test_forms_of_a_word_are_near_to_it() -> None:
    backbone_recipe = recipes.read(shipped_folder() / "cola").backbone
    shared = backbone(backbone_recipe.name, sha256=backbone_recipe.sha256)
    near = near_words([*SENTENCES, "Walks walks, WALKS!"], shared)
    # Neither digits nor signs; the vocabulary has no accents.
    assert {"he", "walks", "river", "mary", "books"} <= set(near)
    assert {"1984", "café", "naïve", "##s"}.isdisjoint(near)
    assert all(len(others) == NEAREST == len(set(others)) for others in near.values())
    assert all(word not in others for word, others in near.items())
    assert {"walk", "walked", "walking"} <= set(near["walks"])
    assert {"him", "she"} <= set(near["he"])


def test_no_words(tiny_encoder: Path) -> None:
    assert near_words([], backbone(str(tiny_encoder))) == {}
    assert near_words(["1984 — !"], backbone(str(tiny_encoder))) == {}
