"""Decoding of spans against a search of all pairs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nlpkit.tasks.spans import Candidate, best_spans, distinct, probabilities, wording
from nlpkit.windows import Window


@st.composite
def cases(draw: st.DrawFn) -> tuple[NDArray[np.float32], Window]:
    before, length, after = (
        draw(st.integers(1, 4)), draw(st.integers(0, 12)), draw(st.integers(0, 2))
    )  # fmt: skip
    # Few different values, so that ties are common.
    values = st.integers(-3, 3) | st.floats(-20, 20, width=16)
    size = before + length + after
    flat = draw(st.lists(values, min_size=2 * size, max_size=2 * size))
    start = draw(st.integers(0, 100))
    none = np.zeros(size, np.int32)
    logits = np.array(flat, np.float32).reshape(size, 2)
    return logits, Window(none, none, before, start, start + length)


def all_spans(
    logits: NDArray[np.float32], window: Window, longest: int, penalty: float = 0.0
) -> list[tuple[int, int, float]]:
    null = float(logits[0, 0]) + float(logits[0, 1])
    spans = []
    for first in range(window.start, window.stop):
        for last in range(first, min(window.stop, first + longest)):
            shift = window.body - window.start
            score = float(logits[first + shift, 0]) + float(logits[last + shift, 1]) - null
            spans.append((first, last, score - penalty * (last - first)))
    # Of equal scores the shorter span first, then the earlier.
    return sorted(spans, key=lambda s: (-s[2], s[1] - s[0], s[0]))


@settings(max_examples=300)
@given(
    case=cases(),
    longest=st.integers(1, 15),
    count=st.integers(1, 30),
    penalty=st.sampled_from([0.0, 0.25, 3.0]),
)
def test_best_spans_are_those_of_a_search_of_all_pairs(
    case: tuple[NDArray[np.float32], Window], longest: int, count: int, penalty: float
) -> None:
    logits, window = case
    found = best_spans(logits, window, longest=longest, count=count, penalty=penalty)
    every = all_spans(logits, window, longest, penalty)
    wanted = every[:count]
    assert len(found) == len(wanted)
    np.testing.assert_allclose([s for *_, s in found], [s for *_, s in wanted], atol=1e-4)
    assert {(first, last) for first, last, _ in found} <= {(f, e) for f, e, _ in every}
    for first, last, _ in found:
        assert window.start <= first <= last < min(window.stop, first + longest)
    again = best_spans(logits.copy(), window, longest=longest, count=count, penalty=penalty)
    assert found == again


@settings(max_examples=200)
@given(case=cases(), longest=st.integers(1, 15), apart=st.integers(0, 12))
def test_spans_apart_are_found_as_well(
    case: tuple[NDArray[np.float32], Window], longest: int, apart: int
) -> None:
    logits, window = case
    greedy: list[tuple[int, int, float]] = []
    for span in all_spans(logits, window, longest):
        if all(span[1] < other[0] or other[1] < span[0] for other in greedy):
            greedy.append(span)
    found = best_spans(logits, window, longest=longest, count=1, apart=apart)
    assert {span[:2] for span in greedy[:apart]} <= {span[:2] for span in found}
    assert len(found) <= apart + 1
    scores = [score for *_, score in found]
    assert scores == sorted(scores, reverse=True)


def test_the_first_of_equal_spans_is_the_shortest_and_earliest() -> None:
    none = np.zeros(6, np.int32)
    window = Window(none, none, 1, 0, 5)
    found = best_spans(np.zeros((6, 2), np.float32), window, longest=3, count=1)
    assert found == [(0, 0, 0.0)]


candidates = st.lists(
    st.builds(
        # Of one place there is one wording, which others may have as well.
        lambda passage, start, length, score: Candidate(
            passage, start, start + length, score, str((start + length) // 3)
        ),
        st.integers(0, 2),
        st.integers(0, 12),
        st.integers(1, 5),
        st.floats(-30, 30),
    ),
    max_size=25,
)


@settings(max_examples=200)
@given(found=candidates, temperature=st.floats(0.1, 10), bias=st.floats(-10, 10))
def test_probabilities_add_up(found: list[Candidate], temperature: float, bias: float) -> None:
    answers = distinct(found)
    none, ranked = probabilities(answers, temperature=temperature, null_bias=bias)
    assert abs(none + sum(c.score for c in ranked) - 1) < 1e-9
    assert all(0 <= c.score <= 1 for c in ranked)
    assert [c.score for c in ranked] == sorted((c.score for c in ranked), reverse=True)
    assert sorted(c[:3] for c in ranked) == sorted(c[:3] for c in answers)
    # The order in which windows were read does not matter.
    again_none, again = probabilities(
        distinct(found[::-1]), temperature=temperature, null_bias=bias
    )
    assert abs(none - again_none) < 1e-12
    assert {c[:3] for c in again} == {c[:3] for c in ranked}


@settings(max_examples=200)
@given(found=candidates)
def test_each_span_joins_the_best_answer_that_it_overlaps(found: list[Candidate]) -> None:
    once = {c[:3]: c for c in sorted(found, key=lambda c: c.score)}.values()
    groups: list[list[Candidate]] = []
    for span in sorted(once, key=lambda c: (-c.score, c)):
        for group in groups:  # the best first
            best = group[0]
            if best.passage == span.passage and best.start < span.end and span.start < best.end:
                group.append(span)
                break
        else:
            groups.append([span])
    # Without wordings the best span stands for its group.
    expected = {g[0][:3]: np.logaddexp.reduce([c.score for c in g]) for g in groups}
    without = distinct([c._replace(wording="") for c in found])
    assert {c[:3]: c.score for c in without} == pytest.approx(expected)
    # With them it is one of its spans: the best, or the first of the wording with most weight.
    for answer in distinct(found):
        [group] = [g for g in groups if answer[:3] in {span[:3] for span in g}]
        assert answer.score >= expected[group[0][:3]] - 1e-9
        weights: dict[str, float] = {}
        for span in group:
            weights[span.wording] = weights.get(span.wording, 0.0) + np.exp(span.score)
        if answer[:3] != group[0][:3]:
            assert weights[answer.wording] == max(weights.values())
            first = next(span for span in group if span.wording == answer.wording)
            assert answer[:3] == first[:3]


@settings(max_examples=200)
@given(found=candidates)
def test_answers_hold_all_the_spans_and_none_overlaps_another(found: list[Candidate]) -> None:
    answers = distinct(found)
    assert [c.score for c in answers] == sorted((c.score for c in answers), reverse=True)
    assert {c[:3] for c in answers} <= {c[:3] for c in found}
    for index, one in enumerate(answers):
        for other in answers[:index]:
            apart = one.end <= other.start or other.end <= one.start
            assert one.passage != other.passage or apart
    # Each span is in just one answer: the sum of weights stays what it was.
    best: dict[tuple[int, int, int], float] = {}
    for c in found:
        best[c[:3]] = max(best.get(c[:3], c.score), c.score)
    np.testing.assert_allclose(
        sum(np.exp(c.score) for c in answers), sum(np.exp(score) for score in best.values())
    )
    if found:  # the best span of all stands for its place in the text, or one that overlaps it
        top = min(best, key=lambda key: (-best[key], key))
        assert any(c.passage == top[0] and c.start < top[2] and top[1] < c.end for c in answers)


@settings(max_examples=100)
@given(found=candidates, bias=st.floats(-10, 10))
def test_temperature_does_not_change_what_is_best(found: list[Candidate], bias: float) -> None:
    answers = distinct(found)
    for temperature in (0.5, 3.0):
        _, ranked = probabilities(answers, temperature=temperature, null_bias=bias)
        if ranked and len(answers) > 1 and answers[0].score - answers[1].score > 1e-6:
            assert ranked[0][:3] == answers[0][:3]


def test_a_span_of_two_windows_counts_once_with_its_better_score() -> None:
    once = distinct([Candidate(0, 1, 2, 3.0)])
    assert once == [Candidate(0, 1, 2, 3.0)]
    assert once == distinct([Candidate(0, 1, 2, 1.0), Candidate(0, 1, 2, 3.0)])


def test_one_answer_in_many_words_does_not_lose_to_temperature() -> None:
    # What says the same, in the same place, is one answer, however flat the probabilities.
    said = [Candidate(0, 3, 7 + n, 4.0) for n in range(20)]
    other = Candidate(0, 50, 55, 6.0)
    for temperature in (0.5, 1.0, 5.0):
        _, ranked = probabilities(distinct([*said, other]), temperature=temperature, null_bias=0.0)
        assert (ranked[0].start, len(ranked)) == (3, 2)
    # The last answer has the weight of all twenty at every temperature.
    assert abs(distinct(said)[0].score - np.log(20 * np.exp(4.0))) < 1e-9


def test_passages_without_an_answer_hardly_change_the_best_one() -> None:
    best = Candidate(0, 10, 20, 12.0)
    alone, _ = probabilities(distinct([best]), temperature=2.0, null_bias=2.0)
    # 20 spans each in four more passages, all around the same place of theirs.
    more = [Candidate(p, 5, 6 + n, 1.0 - n / 4) for p in range(1, 5) for n in range(20)]
    none, ranked = probabilities(distinct([best, *more]), temperature=2.0, null_bias=2.0)
    assert ranked[0][:3] == best[:3]
    assert ranked[0].score > 0.95 * (1 - alone)
    assert none < alone


def test_what_overlaps_the_wording_of_a_better_answer_is_a_part_of_it() -> None:
    # "it" is said twice, with more weight between them than the best span.
    said = [
        Candidate(0, 0, 4, 3.0, "one"), Candidate(0, 2, 9, 2.9, "it"), Candidate(0, 3, 9, 2.9, "it")
    ]  # fmt: skip
    [answer] = distinct(said)
    assert answer[:3] == (0, 2, 9)
    [both] = distinct([*said, Candidate(0, 8, 12, 1.0, "other")])
    assert both[:3] == (0, 2, 9)
    assert both.score == pytest.approx(np.logaddexp(answer.score, 1.0))


def test_a_wording_does_not_run_into_a_better_answer() -> None:
    said = [
        Candidate(0, 0, 4, 3.0, "one"),
        Candidate(0, 2, 9, 2.9, "it"),
        Candidate(0, 3, 9, 2.9, "it"),
    ]
    better = Candidate(0, 8, 12, 9.0, "other")
    assert [c[:3] for c in distinct([*said, better])] == [(0, 8, 12), (0, 0, 4)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("The Rhine,", "rhine"), ("rhine", "rhine"), ("a-b", "b"), ("$5 (about)", "5 about"),
        ("—", "—"), ("The", "The"), ("Ünïted 第三", "ünïted 第三"), ("", ""),
    ],
)  # fmt: skip
def test_a_wording_has_neither_case_nor_punctuation_nor_articles(text: str, wanted: str) -> None:
    assert wording(text) == wanted


def test_no_candidates_is_no_answer() -> None:
    assert distinct([]) == []
    assert probabilities([], temperature=2.0, null_bias=-3.0) == (1.0, [])


def test_a_bias_moves_no_answer_and_temperature_flattens() -> None:
    found = [Candidate(0, 0, 1, 2.0)]
    plain, _ = probabilities(found, temperature=1.0, null_bias=0.0)
    biased, _ = probabilities(found, temperature=1.0, null_bias=2.0)
    flat, _ = probabilities(found, temperature=100.0, null_bias=0.0)
    assert plain < flat < biased + 1e-9
    assert abs(biased - 0.5) < 1e-12
