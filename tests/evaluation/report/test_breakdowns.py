from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlpkit.errors import InputError
from nlpkit.evaluation.report import breakdowns


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("What is it?", "what"),
        ("what's it called", "what"),
        ("To whom was it given?", "who"),
        ("Whose is it?", "who"),
        ("During which war did he die?", "which"),
        ("How  much does it weigh?", "how many"),
        ("HOW MANY?", "how many"),
        ("How old is it?", "how"),
        ("It fell for what reason?", "what"),
        ("The bridge opened when", "when"),
        ("Did he say where it is?", "other"),
        ('"Is that what he said?"', "other"),
        ("However it fell, name the day.", "other"),
        ("Whatever.", "other"),
        ("", "other"),
        ("Пошто?", "other"),
    ],
)
def test_question_type(question: str, kind: str) -> None:
    assert breakdowns.question_type(question) == kind


@given(st.text())
def test_every_question_has_a_known_type(question: str) -> None:
    assert breakdowns.question_type(question) in breakdowns.QUESTION_TYPES


@given(st.lists(st.integers(0, 30_000), max_size=60), st.integers(1, 8))
def test_length_bins_hold_the_lengths_that_they_name(lengths: list[int], bins: int) -> None:
    edges = breakdowns.length_edges(lengths, bins)
    assert edges == sorted(set(edges))
    assert len(edges) < bins or not edges
    labels = breakdowns.length_labels(edges)
    for length, label in zip(lengths, breakdowns.length_bins(lengths, edges), strict=True):
        place = labels.index(label)
        assert place == 0 or length >= edges[place - 1]
        assert place == len(edges) or length < edges[place]


def test_first_and_last_bin_are_not_empty() -> None:
    edges = breakdowns.length_edges([100, 100, 100, 400])
    groups = breakdowns.length_bins([100, 100, 100, 400], edges)
    assert groups[0] == breakdowns.length_labels(edges)[0]
    assert groups[-1] == breakdowns.length_labels(edges)[-1]


def test_grouped_means_leave_out_what_is_not_finite() -> None:
    table = breakdowns.grouped(
        [1, 0, np.nan, 0.5, np.nan], ["b", "b", "b", "a", "c"], ["a", "b", "c"]
    )
    assert list(table.index) == ["a", "b"]
    assert table["n"].tolist() == [1, 2]
    assert table["mean"].tolist() == [0.5, 0.5]
    assert table.loc["a", ["low", "high"]].tolist() == [0.5, 0.5]
    assert table.loc["b", ["low", "high"]].tolist() == [0, 1]


def test_grouped_needs_a_group_for_each_value() -> None:
    with pytest.raises(InputError, match="2 values and 1 groups"):
        breakdowns.grouped([1, 2], ["a"], ["a"])


def test_grouped_of_nothing_is_empty() -> None:
    assert len(breakdowns.grouped([], [], ["a"])) == 0


def test_relative_positions_and_shares() -> None:
    relative = breakdowns.relative_positions([[0, 9], None, [3], []], [10, 4, None, 5])
    assert relative == [0, 0.9]
    shares = breakdowns.position_shares(relative)
    assert shares == [0.5, *[0.0] * 8, 0.5]
    assert breakdowns.position_shares([], bins=3) == [0, 0, 0]


@given(st.integers(1, 200))
def test_one_of_each_tenth_is_in_its_own_bin(tens: int) -> None:
    total = 10 * tens
    relative = breakdowns.relative_positions([list(range(total))], [total])
    assert breakdowns.position_shares(relative) == pytest.approx([0.1] * 10, abs=1e-12)


@pytest.mark.parametrize("place", [-1, 4])
def test_a_place_that_the_document_lacks(place: int) -> None:
    with pytest.raises(InputError, match=rf"row 1 chose the sentence at {place}, but .* has 4"):
        breakdowns.relative_positions([[0], [place]], [4, 4])


@given(st.lists(st.tuples(*[st.sampled_from("abcdefgh")] * 2), max_size=50), st.integers(2, 9))
def test_confusion_counts_every_pair_once(pairs: list[tuple[str, str]], most: int) -> None:
    said, right = [a for a, _ in pairs], [b for _, b in pairs]
    table = breakdowns.confusion(said, right, most=most)
    assert table.to_numpy().sum() == len(pairs)
    assert len(table) <= most
    for label in table.index:
        if label != breakdowns.OTHER_LABELS:
            assert table.loc[label].sum() == right.count(label)
            assert table.loc[label, label] == sum(a == b == label for a, b in pairs)


def test_confusion_names_a_missing_label() -> None:
    table = breakdowns.confusion(["a", None, float("nan")], ["a", "a", "b"])
    assert list(table.index) == [breakdowns.NO_LABEL, "a", "b"]
    assert table[breakdowns.NO_LABEL].tolist() == [0, 1, 1]


def test_confusion_keeps_the_most_common_labels() -> None:
    right = ["rare", "odd", *["x"] * 5, *["y"] * 4]
    table = breakdowns.confusion(right, right, most=3)
    assert list(table.index) == ["x", "y", breakdowns.OTHER_LABELS]
    assert np.diag(table).tolist() == [5, 4, 2]


def test_confusion_needs_a_reference_for_each_prediction() -> None:
    with pytest.raises(InputError, match="1 predictions and 2 references"):
        breakdowns.confusion(["a"], ["a", "b"])
