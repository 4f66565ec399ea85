"""Answers: spans, several passages, thresholds, alternatives, windows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nlpkit.errors import InputError, InputTypeError
from nlpkit.results import Answer, Failure
from nlpkit.tasks.loading import load
from nlpkit.tasks.question_answering import QuestionAnswering

NASTY = st.lists(
    st.sampled_from(
        ["\u200b", "\ufeff", "\u2028", "İ", "ß", "\r\n", "字", "In 1990 ", "Anna Karenina"]
    ),
    max_size=50,
).map("".join)
PASSAGE = "Anna fell in 1990. Bert rose in May. Carl stayed where he was."
LONG = " ".join(f"In {year} it was {year * 7 % 31} degrees." for year in range(1900, 1940))


@pytest.fixture(scope="module")
def qa(tiny_pipelines: dict[str, Path]) -> QuestionAnswering:
    pipeline = load(tiny_pipelines["question_answering"], device="cpu")
    assert isinstance(pipeline, QuestionAnswering)
    return pipeline


def check(answer: Answer, passages: list[str]) -> None:
    """What holds of every answer, and of its alternatives together."""
    every = [*([answer] if answer else []), *answer.alternatives]
    for one in every:
        assert one.passage is not None
        assert passages[one.passage][one.start : one.end] == one.text
        assert one.start < one.end
        assert one.text == one.text.strip()
        assert 0 <= one.score <= 1
        assert one.no_answer == answer.no_answer
    for index, one in enumerate(every):
        for better in every[:index]:
            assert one.score <= better.score
            if one.passage == better.passage:
                assert one.end <= better.start or better.end <= one.start
    assert sum(one.score for one in every) + answer.no_answer <= 1 + 1e-9
    if not answer:
        assert (answer.text, answer.start, answer.end, answer.passage) == ("", 0, 0, None)
        assert answer.score == answer.no_answer
    json.dumps(answer.to_dict())


@settings(max_examples=80)
@given(
    question=st.text("ab 🙂\ud83d", min_size=1, max_size=20),
    passages=st.lists(NASTY, max_size=3),
    top_k=st.integers(1, 5),
    threshold=st.sampled_from([0, 0.01, 0.5, 1, None]),
)
def test_answers_are_the_callers_characters(
    qa: QuestionAnswering, question: str, passages: list[str], top_k: int, threshold: float | None
) -> None:
    assume(question.strip())
    answer = qa(question, passages, top_k=top_k, threshold=threshold)
    check(answer, passages)
    assert len(answer.alternatives) <= top_k - 1


@pytest.mark.parametrize("passage", [PASSAGE, LONG, "word", "a b", ("x " * 500) + "."])
def test_threshold_0_always_answers_and_1_never(qa: QuestionAnswering, passage: str) -> None:
    assert qa("who?", passage, threshold=0)
    answer = qa("who?", passage, threshold=1)
    assert not answer
    assert answer.score == answer.no_answer > 0


def test_the_threshold_is_compared_with_the_score(qa: QuestionAnswering) -> None:
    best = qa("who?", PASSAGE, threshold=0)
    assert qa("who?", PASSAGE, threshold=best.score * 0.999).text == best.text
    below = qa("who?", PASSAGE, threshold=best.score * 1.001, top_k=2)
    assert not below
    assert below.alternatives[0].text == best.text


@pytest.mark.parametrize("longest", [1, 2, 5, 30])
def test_the_longest_answer(qa: QuestionAnswering, longest: int) -> None:
    answer = qa("who?", LONG, threshold=0, top_k=5, max_answer_tokens=longest)
    for one in (answer, *answer.alternatives):
        assert 1 <= len(qa.tokenizer(one.text)) <= longest


@pytest.mark.parametrize("top_k", [1, 2, 3, 5, 10, 25])
@pytest.mark.parametrize("passages", [[PASSAGE], [LONG], [PASSAGE, "More here.", LONG]])
def test_as_many_alternatives_as_asked_for(
    qa: QuestionAnswering, passages: list[str], top_k: int
) -> None:
    # With answers of one token there is room for every one of them.
    answer = qa("who?", passages, threshold=0, top_k=top_k, max_answer_tokens=1)
    assert len(answer.alternatives) == top_k - 1
    check(answer, passages)


@pytest.mark.parametrize("longest", [2, 10, 30])
def test_alternatives_beyond_the_neighbourhood_of_the_best(
    qa: QuestionAnswering, longest: int
) -> None:
    # The best spans lie beside and over each other; alternatives must come from elsewhere.
    passages = [PASSAGE, PASSAGE[::-1], "Quite another text, with Dora in it.", LONG]
    for passage in (passages, PASSAGE):
        answer = qa("who?", passage, threshold=0, top_k=3, max_answer_tokens=longest)
        check(answer, [passage] if isinstance(passage, str) else passage)
        assert len(answer.alternatives) == 2


def test_more_alternatives_than_the_text_has(qa: QuestionAnswering) -> None:
    answer = qa("who?", "a b c", threshold=0, top_k=50, max_answer_tokens=1)
    texts = sorted([answer.text, *(one.text for one in answer.alternatives)])
    assert texts == ["a", "b", "c"]


def test_asking_for_more_does_not_change_the_best(qa: QuestionAnswering) -> None:
    one = qa("who?", LONG, threshold=0)
    five = qa("who?", LONG, threshold=0, top_k=5)
    assert (one.text, one.start, one.score) == (five.text, five.start, five.score)


def test_the_passage_of_the_answer_is_named(qa: QuestionAnswering) -> None:
    passages = ["", "  ", PASSAGE, "", "Dora sang all night long."]
    answer = qa("who?", passages, threshold=0, top_k=8)
    check(answer, passages)
    assert {one.passage for one in (answer, *answer.alternatives)} <= {2, 4}


def test_the_order_of_passages_does_not_matter(qa: QuestionAnswering) -> None:
    passages = [PASSAGE, "Dora sang all night long.", LONG, "Nobody was there, in 1950 or ever."]
    one = qa("who?", passages, threshold=0, top_k=4)
    other = qa("who?", passages[::-1], threshold=0, top_k=4)
    assert one.passage is not None
    assert other.passage == 3 - one.passage
    assert (one.text, one.start) == (other.text, other.start)
    assert one.score == pytest.approx(other.score, abs=1e-4)
    assert one.no_answer == pytest.approx(other.no_answer, abs=1e-4)


def test_a_passage_that_is_there_twice(qa: QuestionAnswering) -> None:
    once = qa("who?", PASSAGE, threshold=0)
    passages = [PASSAGE, PASSAGE]
    twice = qa("who?", passages, threshold=0, top_k=2)
    check(twice, passages)
    assert (twice.text, twice.start) == (once.text, once.start)
    assert twice.no_answer < once.no_answer


def test_one_passage_is_a_list_of_one(qa: QuestionAnswering) -> None:
    expected = qa("who?", PASSAGE, threshold=0)
    inputs: list[Any] = [
        ("who?", [PASSAGE]),
        ("who?", (PASSAGE,)),
        {"question": "who?", "passages": PASSAGE},
        {"question": "who?", "passages": [PASSAGE]},
        {"question": "who?", "context": PASSAGE, "id": 17},
    ]
    for answer in (*qa(inputs, threshold=0), *(qa(item, threshold=0) for item in inputs)):
        assert (answer.text, answer.start, answer.passage) == (expected.text, expected.start, 0)
        assert answer.score == pytest.approx(expected.score, abs=1e-4)


def test_a_long_passage_is_read_to_its_end(qa: QuestionAnswering) -> None:
    answer = qa("who?", LONG, threshold=0, top_k=400, max_answer_tokens=3)
    check(answer, [LONG])
    every = (answer, *answer.alternatives)
    assert min(one.start for one in every) < 50
    assert max(one.end for one in every) > len(LONG) - 50


@pytest.mark.parametrize("passages", ["", " \n", [], [""], ["", "\t"]])
def test_nothing_to_read_is_no_answer(qa: QuestionAnswering, passages: Any) -> None:
    assert qa("who?", passages, threshold=0) == Answer(score=1.0, no_answer=1.0)
    assert not qa("who?", passages, threshold=0)


def test_a_question_that_is_too_long(qa: QuestionAnswering) -> None:
    long = "why " * 30
    with pytest.raises(InputError, match="90 tokens"):
        qa(long, PASSAGE)
    results = qa([("who?", PASSAGE), (long, PASSAGE), ("when?", PASSAGE)], errors="return")
    assert [isinstance(result, Failure) for result in results] == [False, True, False]
    assert isinstance(results[1].error, InputError)


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"top_k": 0}, InputError),
        ({"top_k": 1.5}, InputTypeError),
        ({"threshold": -0.1}, InputError),
        ({"threshold": 1.1}, InputError),
        ({"threshold": "high"}, InputTypeError),
        ({"max_answer_tokens": 0}, InputError),
    ],
)
def test_options_that_are_not_allowed(
    qa: QuestionAnswering, options: dict[str, Any], kind: type[Exception]
) -> None:
    with pytest.raises(kind, match=next(iter(options))):
        qa("who?", PASSAGE, **options)


@pytest.mark.parametrize("passages", [3, None, {"a": "b"}, b"bytes", [b"bytes"], [None]])
def test_passages_of_the_wrong_type(qa: QuestionAnswering, passages: Any) -> None:
    with pytest.raises(InputTypeError, match="passage"):
        qa("who?", passages)


def test_errors_say_which_question_and_passage(qa: QuestionAnswering) -> None:
    with pytest.raises(InputTypeError, match=r"passage 1 of question 2 of the list.*int"):
        qa([("a", "b"), ("a", "b"), ("a", ["b", 4])])  # type: ignore[list-item]
    with pytest.raises(InputError, match="question 1 of the list is empty"):
        qa([("a", "b"), ("", "b")])
    with pytest.raises(InputError, match="has no 'question'; it has 'query'"):
        qa({"query": "who?"})
