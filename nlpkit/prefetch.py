"""Work before and after the main work, in other threads: the next item is made while one is in use,
and what becomes of the last one as well."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def prefetch(items: Iterator[Item]) -> Iterator[Item]:
    """The same items in the same order, each made in another thread, one ahead.

    An error that making one raises is raised where that one would have come.

    >>> list(prefetch(iter("abc")))
    ['a', 'b', 'c']
    """
    end = object()
    with ThreadPoolExecutor(1, thread_name_prefix="nlpkit-prefetch") as pool:
        upcoming = pool.submit(next, items, end)
        while (item := upcoming.result()) is not end:
            upcoming = pool.submit(next, items, end)
            yield item  # type: ignore[misc]  # not the end


def afterwards(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """What a function makes of each item, in order, in another thread while the next one is made.

    An error of the function is raised where its result would have come.

    >>> list(afterwards(str.upper, iter("abc")))
    ['A', 'B', 'C']
    """
    with ThreadPoolExecutor(1, thread_name_prefix="nlpkit-afterwards") as pool:
        last = None
        for item in items:
            made = pool.submit(function, item)
            if last is not None:
                yield last.result()
            last = made
        if last is not None:
            yield last.result()
