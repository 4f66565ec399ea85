"""Work in another thread, before or after the main work, changes no item, order or error."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlpkit.prefetch import afterwards, prefetch


@given(st.lists(st.none() | st.integers()))
def test_the_same_items_in_the_same_order(items: list[int | None]) -> None:
    assert list(prefetch(iter(items))) == items


def test_an_error_comes_in_its_place() -> None:
    def items() -> Iterator[int]:
        yield 1
        yield 2
        raise KeyError("third")

    made = prefetch(items())
    assert [next(made), next(made)] == [1, 2]
    with pytest.raises(KeyError, match="third"):
        next(made)


def test_one_item_ahead_and_no_more() -> None:
    begun: list[int] = []
    waiting = threading.Event()

    def items() -> Iterator[int]:
        for number in range(5):
            begun.append(number)
            if number == 1:
                waiting.set()
            yield number

    made = prefetch(items())
    assert next(made) == 0
    assert waiting.wait(10)  # the second is made though nobody has asked for it
    made.close()  # type: ignore[attr-defined]
    assert begun == [0, 1]
    assert not [t for t in threading.enumerate() if t.name.startswith("nlpkit-prefetch")]


@given(st.lists(st.integers()))
def test_what_is_made_afterwards_is_what_a_map_makes(items: list[int]) -> None:
    assert list(afterwards(str, iter(items))) == list(map(str, items))


def test_an_error_afterwards_comes_in_its_place() -> None:
    made = afterwards(lambda number: 6 // number, iter([3, 0, 2]))
    assert next(made) == 2
    with pytest.raises(ZeroDivisionError):
        next(made)


def test_the_next_item_is_made_while_a_result_is() -> None:
    next_begun = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        next_begun.set()
        yield 2

    made = afterwards(lambda number: number if next_begun.wait(10) else None, items())
    assert list(made) == [1, 2]
    assert not [t for t in threading.enumerate() if t.name.startswith("nlpkit-afterwards")]
