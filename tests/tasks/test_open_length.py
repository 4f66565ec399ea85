"""Summaries whose length is left open."""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpkit.recipe import read, write
from nlpkit.recipe_sections import OpenLengthRecipe
from nlpkit.tasks.concepts import Concepts
from nlpkit.tasks.loading import load
from nlpkit.tasks.open_length import select_open
from nlpkit.tasks.selection import select, words_of
from nlpkit.tasks.summarization import Summarization
from nlpkit.tasks.summary_length import Length
from nlpkit.text import split_sentences
from tests.tasks.test_summarization import NASTY, check

WORDS = (
    *("bank", "bridge", "crew", "dam", "fell", "fire", "flood", "held", "mayor"),
    *("police", "rain", "river", "road", "said", "storm", "town"),
)
SENTENCES = st.lists(st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join), max_size=9)
LONG = (
    "The transport board of the islands decided late on Thursday that the old bridge over the "
    "harbour will close to every kind of motor traffic on the first Monday of the next month. "
    "Inspectors whom the board had sent there in the spring found that eleven of the steel rods "
    "from which the deck hangs have cracks that nobody could have seen from the road or a boat. "
    "Ferries that were meant for the summer months will carry the cars and the lorries of both "
    "shores until the work is done, which the board expects to be the case in fourteen months. "
    "Fishermen, who have asked for a deeper channel under the middle of the bridge for thirty "
    "years, hope that the crews who mend it will dig one while nothing passes over their heads."
)
SHORT = (
    "The bridge will close on Monday. Steel rods have cracks. Ferries will carry cars. "
    "The work takes fourteen months. Fishermen want a deeper channel. Nobody was hurt."
)


@pytest.fixture(scope="module")
def summarize(tiny_pipelines: dict[str, Path], tmp_path_factory: Any) -> Summarization:
    folder = tmp_path_factory.mktemp("open")
    shutil.copytree(tiny_pipelines["summarization"], folder, dirs_exist_ok=True)
    recipe = read(folder)
    changed = {"open_length": OpenLengthRecipe(words=30), "redundancy": "coverage"}
    decoding = recipe.decoding.model_copy(update=changed)
    write(recipe.model_copy(update={"decoding": decoding}), folder)
    pipeline = load(folder, device="cpu")
    assert isinstance(pipeline, Summarization)
    return pipeline


def f1(chosen: list[int], sentences: list[str], chances: list[float], words: int) -> float:
    """What the summary is worth for its length, as the module's docstring has it."""
    own = [words_of(sentence) for sentence in sentences]
    concepts = Concepts.of(own)
    worth = dict(zip(concepts.names(), concepts.chances(np.array(chances)), strict=True))
    held: set[Any] = set()
    for place in chosen:
        held |= {*own[place], *pairwise(own[place])}
    return sum(worth[c] for c in held) / (words + sum(len(own[place]) for place in chosen))


@given(sentences=SENTENCES, data=st.data(), least=st.integers(1, 4), more=st.integers(0, 4))
def test_the_number_is_within_the_bounds(
    sentences: list[str], data: st.DataObject, least: int, more: int
) -> None:
    chances = st.floats(0, 1)
    scores = data.draw(st.lists(chances, min_size=len(sentences), max_size=len(sentences)))
    bounds = OpenLengthRecipe(least=least, most=least + more, words=20)
    chosen = select_open(scores, sentences=sentences, bounds=bounds, usual=3)
    assert chosen == sorted(set(chosen))
    assert min(least, len(sentences)) <= len(chosen) <= least + more
    assert all(0 <= place < len(sentences) for place in chosen)


@given(sentences=SENTENCES.filter(len), data=st.data())
def test_one_number_alone_is_a_summary_of_that_length(
    sentences: list[str], data: st.DataObject
) -> None:
    chances = st.floats(0, 1)
    scores = data.draw(st.lists(chances, min_size=len(sentences), max_size=len(sentences)))
    bounds = OpenLengthRecipe(least=2, most=2, words=20)
    assert select_open(scores, sentences=sentences, bounds=bounds, usual=2) == select(
        scores, sentences=sentences, length=Length(sentences=2), redundancy="coverage"
    )


def test_no_other_number_is_worth_more() -> None:
    random = np.random.default_rng(5)
    numbers = set()
    for _ in range(60):
        sentences = [" ".join(random.choice(WORDS, size=random.integers(2, 14))) for _ in range(8)]
        scores = random.uniform(0.3, 0.5, 8).tolist()  # near enough that all are candidates
        words = int(random.integers(5, 60))
        bounds = OpenLengthRecipe(least=1, most=5, words=words)
        chosen = select_open(scores, sentences=sentences, bounds=bounds, usual=3)
        numbers.add(len(chosen))
        best = f1(chosen, sentences, scores, words)
        for count in range(1, 6):
            one = OpenLengthRecipe(least=count, most=count, words=words)
            other = select_open(scores, sentences=sentences, bounds=one, usual=3)
            assert f1(other, sentences, scores, words) <= best + 1e-6
    assert numbers > {1, 3}


def test_more_words_make_longer_summaries() -> None:
    sentences = ["The dam broke.", "Nobody was hurt there.", "It rained all night.", "Crews came."]
    scores = [0.9, 0.6, 0.5, 0.4]

    def count(words: int) -> int:
        bounds = OpenLengthRecipe(least=1, most=4, words=words)
        return len(select_open(scores, sentences=sentences, bounds=bounds, usual=3))

    counts = [count(words) for words in (1, 3, 10, 100)]
    assert counts == sorted(counts)
    assert (counts[0], counts[-1]) == (1, 4)


def test_of_the_same_worth_the_smaller_number() -> None:
    bounds = OpenLengthRecipe(least=1, most=3, words=10)
    scores = [0.0, 0.0, 0.0]
    sentences = ["One fell.", "Two rose.", "Three stood."]
    assert select_open(scores, sentences=sentences, bounds=bounds, usual=3) == [0]


def test_long_sentences_are_fewer() -> None:
    def count(document: str) -> int:
        sentences = [document[a:b] for a, b in split_sentences(document)]
        scores = [0.9, 0.6, *([0.4] * (len(sentences) - 2))]
        bounds = OpenLengthRecipe(words=20)
        return len(select_open(scores, sentences=sentences, bounds=bounds, usual=3))

    assert count(LONG) < count(SHORT)


def test_a_length_that_is_given_holds(summarize: Summarization) -> None:
    assert [len(summarize(SHORT, sentences=n).sentences) for n in (1, 3, 6)] == [1, 3, 6]
    assert len(summarize(SHORT, ratio=0.5).sentences) == 3
    assert len(summarize(SHORT, words=7).text.split()) <= 7
    assert len(summarize(LONG, redundancy="trigram").sentences) == 3  # the recipe's `sentences`


def test_short_documents_and_headings(summarize: Summarization) -> None:
    assert not summarize("").sentences
    assert summarize("It rained.").text == "It rained."
    assert len(summarize("It rained. The dam held.").sentences) == 2
    text = "The Heading\n\nOne fell.\n\nAnother Heading\n\nThree stood."
    assert [s.text for s in summarize(text).sentences] == ["One fell.", "Three stood."]
    # Headings fill up what the fewest sentences lack.
    assert len(summarize("The Heading\n\nOne fell.").sentences) == 2


@settings(max_examples=60)
@given(documents=st.lists(NASTY, max_size=3))
def test_sentences_are_the_callers_characters(
    summarize: Summarization, documents: list[str]
) -> None:
    for document, summary in zip(documents, summarize(documents), strict=True):
        check(document, summary)
        assert min(2, len(summary.scores)) <= len(summary.sentences) <= 5


def test_documents_are_independent(summarize: Summarization) -> None:
    together = summarize([LONG, "", SHORT, LONG])
    alone = [summarize(document) for document in (LONG, "", SHORT, LONG)]
    assert [one.text for one in together] == [one.text for one in alone]


def test_the_reference_goes_by_the_usual_number() -> None:
    """A short sentence is chosen against a short reference, a long one against a long one."""
    sentences = ["Rain fell.", "The flood took the road, the bridge and half of the river town."]
    bounds = OpenLengthRecipe(least=1, most=1, words=10)

    def chosen(usual: int) -> list[int]:
        return select_open([0.9, 0.4], sentences=sentences, bounds=bounds, usual=usual)

    assert (chosen(1), chosen(40)) == ([0], [1])


def test_evaluation_says_which_numbers(summarize: Summarization) -> None:
    from nlpkit.evaluation.pipeline_system import PipelineSystem

    assert PipelineSystem(summarize).fields["sentences_chosen"] == "2 to 5"
