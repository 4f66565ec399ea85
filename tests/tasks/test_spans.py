"""Decoding of spans against a search of all pairs."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nlpkit.tasks.spans import Candidate, best_spans, distinct, probabilities
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
    logits: NDArray[np.float32], window: Window, longest: int
) -> list[tuple[int, int, float]]:
    null = float(logits[0, 0]) + float(logits[0, 1])
    spans = []
    for first in range(window.start, window.stop):
        for last in range(first, min(window.stop, first + longest)):
            shift = window.body - window.start
            score = float(logits[first + shift, 0]) + float(logits[last + shift, 1]) - null
            spans.append((first, last, score))
    # Of equal scores the shorter span first, then the earlier.
    return sorted(spans, key=lambda s: (-s[2], s[1] - s[0], s[0]))


@settings(max_examples=300, deadline=None)
@given(case=cases(), longest=st.integers(1, 15), count=st.integers(1, 30))
def test_best_spans_are_those_of_a_search_of_all_pairs(
    case: tuple[NDArray[np.float32], Window], longest: int, count: int
) -> None:
    logits, window = case
    found = best_spans(logits, window, longest=longest, count=count)
    every = all_spans(logits, window, longest)
    wanted = every[:count]
    assert len(found) == len(wanted)
    np.testing.assert_allclose([s for *_, s in found], [s for *_, s in wanted], atol=1e-4)
    assert {(first, last) for first, last, _ in found} <= {(f, e) for f, e, _ in every}
    for first, last, _ in found:
        assert window.start <= first <= last < min(window.stop, first + longest)
    assert found == best_spans(logits.copy(), window, longest=longest, count=count)


@settings(max_examples=200, deadline=None)
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
        lambda passage, start, length, score: Candidate(passage, start, start + length, score),
        st.integers(0, 2),
        st.integers(0, 12),
        st.integers(1, 5),
        st.floats(-30, 30),
    ),
    max_size=25,
)


@settings(max_examples=200, deadline=None)
@given(
    found=candidates,
    temperature=st.floats(0.1, 10),
    bias=st.floats(-10, 10),
    count=st.integers(1, 30),
)
def test_probabilities_add_up(
    found: list[Candidate], temperature: float, bias: float, count: int
) -> None:
    none, ranked = probabilities(found, temperature=temperature, null_bias=bias)
    assert abs(none + sum(c.score for c in ranked) - 1) < 1e-9
    assert len({c[:3] for c in ranked}) == len(ranked) == len({c[:3] for c in found})
    kept = distinct(ranked, count)
    assert none + sum(c.score for c in kept) <= 1 + 1e-9
    assert len(kept) <= count
    assert [c.score for c in kept] == sorted((c.score for c in kept), reverse=True)
    for index, one in enumerate(kept):
        for other in kept[:index]:
            apart = one.end <= other.start or other.end <= one.start
            assert one.passage != other.passage or apart
    # The order in which windows were read does not matter.
    again_none, again = probabilities(found[::-1], temperature=temperature, null_bias=bias)
    assert abs(none - again_none) < 1e-12
    assert {c[:3] for c in again} == {c[:3] for c in ranked}


def test_a_span_of_two_windows_counts_once_with_its_better_score() -> None:
    once, _ = probabilities([Candidate(0, 1, 2, 3.0)], temperature=1.0, null_bias=0.0)
    twice, ranked = probabilities(
        [Candidate(0, 1, 2, 1.0), Candidate(0, 1, 2, 3.0)], temperature=1.0, null_bias=0.0
    )
    assert once == twice
    assert len(ranked) == 1


def test_no_candidates_is_no_answer() -> None:
    assert probabilities([], temperature=2.0, null_bias=-3.0) == (1.0, [])
    assert distinct([], 3) == []


def test_a_bias_moves_no_answer_and_temperature_flattens() -> None:
    found = [Candidate(0, 0, 1, 2.0)]
    plain, _ = probabilities(found, temperature=1.0, null_bias=0.0)
    biased, _ = probabilities(found, temperature=1.0, null_bias=2.0)
    flat, _ = probabilities(found, temperature=100.0, null_bias=0.0)
    assert plain < flat < biased + 1e-9
    assert abs(biased - 0.5) < 1e-12
