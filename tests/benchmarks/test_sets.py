"""The sets that some shipped pipelines learn first, made out of the reference sets."""

from __future__ import annotations

import doctest
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.sets import changed_sentences, squad_sentences

WORDS = st.sampled_from(
    ["the", "cats", "is", "walking", "slowly", "who", "He", "of", "12", "naïve", "Straße"]
)


@pytest.mark.parametrize("module", [changed_sentences, squad_sentences])
def test_the_examples_hold(module: Any) -> None:
    found = doctest.testmod(module)
    assert found.attempted
    assert not found.failed


@given(words=st.lists(WORDS, min_size=4, max_size=9), seed=st.integers(0, 10_000))
def test_a_fault_leaves_most_words(words: list[str], seed: int) -> None:
    before = list(words)
    faulty = changed_sentences.fault(words, np.random.default_rng(seed))
    assert words == before
    assert abs(len(faulty) - len(words)) <= 1
    assert all(faulty)
    lost = [word for word in words if words.count(word) > faulty.count(word)]
    assert len(set(lost)) <= 1


@given(
    sentences=st.lists(st.lists(WORDS, min_size=4, max_size=9), min_size=1, max_size=5),
    seed=st.integers(0, 10_000),
)
def test_every_sentence_stands_beside_its_faulty_copy(
    sentences: list[list[str]], seed: int
) -> None:
    every = [" ".join(words) + "?" for words in sentences]
    rows = list(changed_sentences.pairs(every, np.random.default_rng(seed)))
    assert rows == list(changed_sentences.pairs(every, np.random.default_rng(seed)))
    right, wrong = rows[::2], rows[1::2]
    assert [label for _, label in right] == [1] * len(right)
    assert [label for _, label in wrong] == [0] * len(wrong)
    assert all(a != b and b.endswith("?") for (a, _), (b, _) in zip(right, wrong, strict=True))
    assert {text for text, _ in right} <= set(every)


CONTEXT = "Ada built a bridge in Kiel. The bridge fell in 1931. Kiel is wet. Ada left Kiel in 1931."


def questions(*rows: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "question": [question for question, _ in rows],
            "context": CONTEXT,
            "answers": [
                {"text": [answer], "answer_start": [CONTEXT.index(answer)]} for _, answer in rows
            ],
        }
    )


def test_a_question_gets_the_answers_sentence_and_the_likest_other() -> None:
    asked = "When did the bridge in Kiel fall?"
    assert list(squad_sentences.pairs(questions((asked, "1931")))) == [
        (asked, "The bridge fell in 1931.", 0),
        # The last sentence says the answer too.
        (asked, "Ada built a bridge in Kiel.", 1),
    ]


def test_an_answer_over_two_sentences_gives_no_pair() -> None:
    assert list(squad_sentences.pairs(questions(("What?", "Kiel. The bridge")))) == []


def test_what_qnli_has_is_left_out() -> None:
    squad = questions(("Who built it?", "Ada"), ("When did it fall?", "1931"))
    qnli = pd.DataFrame({"question": ["Who built it?"], "sentence": ["Kiel is wet."], "label": [1]})
    made = squad_sentences.lacking(squad, qnli)
    assert list(zip(made["question"], made["label"], strict=True)) == [
        ("Who built it?", 0),
        ("When did it fall?", 0),
        ("When did it fall?", 1),
    ]
