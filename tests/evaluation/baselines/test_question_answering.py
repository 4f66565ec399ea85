"""Answers of the baselines: spans of the passage, the same every time."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpkit.errors import DataError, InputError, InputTypeError
from nlpkit.evaluation.baselines import RandomSpan, SlidingWindow

PASSAGE = (
    "The lighthouse was built in 1874 by Maria Lund. It stands on Gull Rock. "
    "In winter the keepers ate dried cod and potatoes. A storm broke the lamp in 1921, "
    "and ferries from Port Alder brought a new one."
)
QUESTIONS = {
    "Who built the lighthouse in 1874?": "Maria Lund",
    "What did the keepers eat in winter?": "ate dried cod",
    "In what year was it that a storm broke the lamp?": "1921",
}
ROWS = pd.DataFrame({"question": list(QUESTIONS), "context": PASSAGE})
SYSTEMS = [SlidingWindow(), SlidingWindow(2), RandomSpan(), RandomSpan(seed=5, max_words=2)]


def check(span: dict[str, Any], context: str) -> None:
    assert context[span["start"] : span["end"]] == span["text"]
    assert 0 <= span["score"] <= 1
    assert span["score"] + span["no_answer"] == pytest.approx(1)


@pytest.mark.parametrize("system", SYSTEMS)
def test_spans_are_of_the_passage(system: Any) -> None:
    found = list(system.predict(ROWS))
    assert len(found) == len(ROWS)
    for span in found:
        check(span, PASSAGE)
        assert 1 <= len(span["text"].split()) <= system.max_words


@pytest.mark.parametrize("system", SYSTEMS)
def test_an_answer_does_not_depend_on_the_other_rows(system: Any) -> None:
    together = list(system.predict(ROWS))
    assert list(system.predict(ROWS)) == together
    assert list(system.predict(ROWS[::-1]))[::-1] == together


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_passage_without_a_word(system: Any) -> None:
    rows = pd.DataFrame({"question": ["Who?", "", "Who?"], "context": ["", " \n", "?! …"]})
    for span in system.predict(rows):
        assert span == {"text": "", "start": 0, "end": 0, "score": 0.0, "no_answer": 1.0}


def test_the_window_finds_what_stands_near_the_question() -> None:
    for span, answer in zip(SlidingWindow().predict(ROWS), QUESTIONS.values(), strict=True):
        assert span["text"] == answer


def test_the_window_does_not_answer_with_the_questions_words() -> None:
    for question, span in zip(QUESTIONS, SlidingWindow().predict(ROWS), strict=True):
        asked = set(question.lower().rstrip("?").split())
        assert not asked & set(span["text"].lower().split())


def test_the_best_sentence_comes_first() -> None:
    # "Bell" stands next to a word of the question, but its sentence has one and the other two.
    context = "Bell sold boats. In the spring red boats went to Ireland."
    rows = pd.DataFrame({"question": ["Where did the red boats go?"], "context": [context]})
    assert next(SlidingWindow().predict(rows))["text"] in {"spring", "went", "Ireland"}


def test_the_nearer_candidate_wins() -> None:
    context = "Olav, as all of us had been told by the very many of them, met the queen, Ada."
    rows = pd.DataFrame({"question": ["Who was the queen?"], "context": [context]})
    assert next(SlidingWindow().predict(rows))["text"] in {"met", "Ada"}


def test_the_score_says_how_much_of_the_question_is_there() -> None:
    questions = ["Who built the lighthouse?", "Who built the submarine?", "Who sold submarines?"]
    rows = pd.DataFrame({"question": questions, "context": PASSAGE})
    all_of_it, half, nothing = (span["score"] for span in SlidingWindow().predict(rows))
    assert all_of_it == pytest.approx(1)
    assert 0 < half < 1
    assert nothing == 0


def test_a_passage_of_nothing_but_stop_words_or_the_question() -> None:
    rows = pd.DataFrame({"question": ["Was it red?"], "context": ["It was. Red it was."]})
    [span] = SlidingWindow().predict(rows)
    assert span["text"] == "It was."


def test_the_random_span_is_drawn_evenly() -> None:
    rows = pd.DataFrame({"question": [f"Question {i}?" for i in range(600)], "context": "a b c d."})
    spans = list(RandomSpan(max_words=2).predict(rows))
    counts = pd.Series([span["text"] for span in spans]).value_counts()
    assert set(counts.index) == {"a", "a b", "b", "b c", "c", "c d", "d"}
    assert counts["d"] == pytest.approx(150, abs=40)
    assert counts["a"] == pytest.approx(75, abs=35)
    scores = pd.Series([span["score"] for span in spans])
    assert scores.mean() == pytest.approx(0.5, abs=0.06)
    other = [span["text"] for span in RandomSpan(seed=1, max_words=2).predict(rows)]
    assert other != [span["text"] for span in spans]


def test_the_random_span_stays_in_its_sentence() -> None:
    context = "One two. Three four. Five six."
    rows = pd.DataFrame({"question": [f"{i}?" for i in range(100)], "context": context})
    assert all("." not in span["text"] for span in RandomSpan().predict(rows))


def test_what_is_not_allowed() -> None:
    for system in (SlidingWindow(), RandomSpan()):
        with pytest.raises(DataError, match="no column 'context'; they have question"):
            system.predict(ROWS[["question"]])
        with pytest.raises(DataError, match="'question' of row 0 is None"):
            system.predict(pd.DataFrame({"question": [None], "context": ["a"]}, dtype=object))
    with pytest.raises(InputError, match="max_words is 0"):
        SlidingWindow(0)
    with pytest.raises(InputTypeError, match="max_words is 2"):
        RandomSpan(max_words=2.5)  # type: ignore[arg-type]


@settings(max_examples=80)
@given(st.text(max_size=40), st.text(max_size=120))
def test_any_text(question: str, context: str) -> None:
    rows = pd.DataFrame({"question": [question], "context": [context]})
    for system in SYSTEMS:
        [span] = system.predict(rows)
        check(span, context)
