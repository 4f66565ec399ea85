"""The sets for training that are made out of the reference sets."""

from __future__ import annotations

import doctest

import pandas as pd

from benchmarks.sets import squad_sentences


def test_the_examples_hold() -> None:
    found = doctest.testmod(squad_sentences)
    assert found.attempted
    assert not found.failed


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
