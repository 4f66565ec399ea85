"""Summaries of the baselines: which sentences, the same every time, whatever the order."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpkit.errors import DataError, InputError, InputTypeError
from nlpkit.evaluation.baselines import (
    GreedyOracle,
    Lead,
    LexRank,
    Random,
    TextRank,
    baselines_for,
)
from nlpkit.evaluation.goal import Goal
from nlpkit.evaluation.rouge import rouge_examples
from nlpkit.text import split_sentences

STORY = (
    "The harbour bridge closed on Monday. Engineers found cracks in the harbour bridge. "
    "Anna fed her cat. The cracks in the bridge were old, the engineers said. "
    "Ferries carry people across the harbour. The bridge may open again in June."
)
OTHER = "Rain fell on the marsh. Frogs came out. A heron waited. The frogs went back in."
ROWS = pd.DataFrame(
    {
        "document": [STORY, OTHER, "One sentence only."],
        "summary": ["Cracks closed the harbour bridge.", "Frogs came out in the rain.", "One."],
    }
)
SYSTEMS = baselines_for(Goal("summarization"), sentences=2)
NAMES = [system.name for system in SYSTEMS]


def sentences_of(document: str) -> list[str]:
    return [document[a:b] for a, b in split_sentences(document)]


@pytest.mark.parametrize("system", SYSTEMS, ids=NAMES)
def test_sentences_are_the_documents_own_in_order(system: Any) -> None:
    found = list(system.predict(ROWS))
    assert len(found) == len(ROWS)
    for extract, document in zip(found, ROWS["document"], strict=True):
        own = sentences_of(document)
        assert extract["total"] == len(own)
        assert extract["positions"] == sorted(set(extract["positions"]))
        assert extract["sentences"] == [own[i] for i in extract["positions"]]
        assert 1 <= len(extract["sentences"]) <= min(2, len(own))
        assert all(type(position) is int for position in extract["positions"])


@pytest.mark.parametrize("system", SYSTEMS, ids=NAMES)
def test_a_document_gets_the_same_whatever_is_beside_it(system: Any) -> None:
    together = list(system.predict(ROWS))
    assert list(system.predict(ROWS)) == together
    assert list(system.predict(ROWS.iloc[::-1]))[::-1] == together
    assert [e for i in range(len(ROWS)) for e in system.predict(ROWS.iloc[[i]])] == together


@pytest.mark.parametrize("system", SYSTEMS, ids=NAMES)
def test_documents_without_sentences_or_words(system: Any) -> None:
    rows = pd.DataFrame({"document": ["", " \n ", "1 2 3. 4 5 6.", "…!"], "summary": ["x"] * 4})
    empty, blank, numbers, marks = system.predict(rows)
    assert empty == blank == {"sentences": [], "positions": [], "total": 0}
    assert set(numbers["sentences"]) <= {"1 2 3.", "4 5 6."}
    assert set(marks["sentences"]) <= {"…!"}


def test_lead_takes_the_first() -> None:
    assert [e["positions"] for e in Lead(2).predict(ROWS)] == [[0, 1], [0, 1], [0]]
    assert next(Lead(9).predict(ROWS))["positions"] == [0, 1, 2, 3, 4, 5]


def test_random_depends_on_text_and_seed() -> None:
    rows = pd.DataFrame({"document": [f"{STORY} Note {i}." for i in range(200)]})
    first = [tuple(e["positions"]) for e in Random(2).predict(rows)]
    again = [tuple(e["positions"]) for e in Random(2, seed=1).predict(rows)]
    assert first != again
    # Every pair of the seven sentences can come up, and none comes up too often.
    counts = pd.Series(first + again).value_counts()
    assert set(counts.index) == set(combinations(range(7), 2))
    assert counts.max() < 60


def test_random_is_nested_as_k_grows() -> None:
    small, large = (next(Random(k).predict(ROWS))["positions"] for k in (2, 4))
    assert set(small) < set(large)


def test_text_rank_leaves_out_what_is_beside_the_point() -> None:
    positions = next(TextRank(3).predict(ROWS))["positions"]
    assert {1, 3} <= set(positions)
    assert 2 not in positions


def test_rankings_are_sumys_own() -> None:
    from sumy.models.dom import ObjectDocumentModel, Paragraph, Sentence
    from sumy.nlp.stemmers import Stemmer
    from sumy.summarizers.lex_rank import LexRankSummarizer
    from sumy.summarizers.text_rank import TextRankSummarizer
    from sumy.utils import get_stop_words

    class Words:
        @staticmethod
        def to_words(sentence: str) -> tuple[str, ...]:
            return tuple(sentence.replace(".", "").replace(",", "").split())

    for ours, theirs in ((TextRank, TextRankSummarizer), (LexRank, LexRankSummarizer)):
        summarizer = theirs(Stemmer("english"))
        summarizer.stop_words = get_stop_words("english")
        nodes = [Sentence(sentence, Words) for sentence in sentences_of(STORY)]
        for k in (1, 2, 3, 4):
            chosen = summarizer(ObjectDocumentModel([Paragraph(nodes)]), k)
            assert next(ours(k).predict(ROWS))["sentences"] == [str(node) for node in chosen]


def test_equal_sentences_keep_their_places() -> None:
    rows = pd.DataFrame({"document": ["The frog sang. The frog sang. The frog sang. It rained."]})
    assert next(TextRank(2).predict(rows))["positions"] == [0, 1]


def test_lex_rank_without_any_likeness_is_lead() -> None:
    rows = pd.DataFrame({"document": ["Frogs sang. Trains waited."]})
    assert next(LexRank(1).predict(rows))["positions"] == [0]


def test_sumy_counts_numbers_not_strings() -> None:
    # Sets of strings come in another order in every process, and floats add up differently.
    seen = []

    class Spy(LexRank):
        def _summarizer(self, stemmer: Any) -> Any:
            seen.append([stemmer(word) for word in ("frogs", "bridge", "frog")])
            return super()._summarizer(stemmer)

    assert list(Spy(2).predict(ROWS)) == list(LexRank(2).predict(ROWS))
    assert seen == [[0, 1, 0]] * 3


def test_the_oracle_beats_all_others() -> None:
    references = [[summary] for summary in ROWS["summary"]]
    values = {}
    for system in SYSTEMS:
        said = [extract["sentences"] for extract in system.predict(ROWS)]
        scores = rouge_examples(said, references)
        values[system.name] = np.array([score["rouge1"] + score["rouge2"] for score in scores])
    best = values.pop("oracle-2")
    assert all((best >= other).all() for other in values.values())


def test_the_oracle_reads_summaries_as_lists() -> None:
    lists = ROWS.assign(summary=[[summary] for summary in ROWS["summary"]])
    assert list(GreedyOracle(2).predict(lists)) == list(GreedyOracle(2).predict(ROWS))
    strange = ROWS.assign(summary="Qu'est-ce?")
    assert next(GreedyOracle().predict(strange))["positions"] == []


def test_what_is_not_allowed() -> None:
    with pytest.raises(DataError, match="no column 'document'; they have summary"):
        Lead().predict(ROWS[["summary"]])
    with pytest.raises(DataError, match="no column 'summary'"):
        GreedyOracle().predict(ROWS[["document"]])
    with pytest.raises(DataError, match="'document' of row 1 is 7"):
        Lead().predict(pd.DataFrame({"document": ["a", 7]}))
    for bad in (None, 3, [1]):
        with pytest.raises(DataError, match="'summary' of row 0"):
            GreedyOracle().predict(pd.DataFrame({"document": ["a"], "summary": [bad]}))
    for bad in (0, -1):
        with pytest.raises(InputError, match="from 1 on"):
            Lead(bad)
    for kind in (1.5, "3", True):
        with pytest.raises(InputTypeError, match="whole number"):
            Random(kind)  # type: ignore[arg-type]


@settings(max_examples=40)
@given(st.text(max_size=120), st.integers(1, 4), st.integers(0, 3))
def test_any_text(text: str, k: int, seed: int) -> None:
    rows = pd.DataFrame({"document": [text], "summary": ["the bridge"]})
    for system in baselines_for(Goal("summarization"), sentences=k, seed=seed):
        [extract] = system.predict(rows)
        own = sentences_of(text)
        assert extract["sentences"] == [own[i] for i in extract["positions"]]
        if system.name.startswith(("LEAD", "random", "TextRank", "LexRank")):
            assert len(extract["positions"]) == min(k, len(own))


def test_fields_leave_the_metrics_own_alone() -> None:
    # ROUGE's signature says with `sentences` how it came by them.
    for system in SYSTEMS:
        assert system.fields["k"] == 2
        assert "sentences" not in system.fields
    assert Random(seed=4).fields["seed"] == 4
