"""Numbers out of times: ratios with their spread, growth, operations. Pure functions."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Spread(NamedTuple):
    """The median of some rounds, the least and the most."""

    median: float
    low: float
    high: float


def spread_of(values: Sequence[float]) -> Spread:
    """Median, least and most.

    >>> spread_of([3.0, 1.0, 2.0])
    Spread(median=2.0, low=1.0, high=3.0)
    """
    return Spread(statistics.median(values), min(values), max(values))


def speed(amount: float, seconds: Sequence[float]) -> Spread:
    """So much in the median of the seconds, and in the longest and the shortest.

    >>> speed(6, [2.0, 3.0, 6.0])
    Spread(median=2.0, low=1.0, high=3.0)
    """
    return Spread(amount / statistics.median(seconds), amount / max(seconds), amount / min(seconds))


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """How many times as fast, from the seconds of the same work in the same rounds.

    Each round gives one ratio: what slows the machine down for a while slows both.

    >>> ratios([1.0, 2.0, 1.0], [3.0, 8.0, 2.0])
    Spread(median=3.0, low=2.0, high=4.0)
    """
    return spread_of([theirs_ / ours_ for ours_, theirs_ in zip(ours, theirs, strict=False)])


def growth(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """The exponent with which time grows with size: the slope of the line through the logarithms.

    >>> round(growth([10, 100, 1000], [2.0, 20.0, 200.0]), 6)
    1.0
    >>> round(growth([1, 10], [1.0, 100.0]), 6)
    2.0
    """
    x, y = [math.log(size) for size in sizes], [math.log(value) for value in seconds]
    return statistics.linear_regression(x, y).slope


def operations(windows: Iterable[int], *, layers: int, hidden: int, intermediate: int) -> int:
    """The multiplications and additions that an encoder needs for windows of so many tokens.

    Of each layer: four products of `hidden` by `hidden` and two of `hidden` by `intermediate` for
    each token, and two of `hidden` for each pair of tokens of a window (attention's scores and
    its sums). Layer norms, activations, softmax, embeddings and the head are left out: they are
    no matrix products, or too few to count.

    >>> operations([1], layers=1, hidden=2, intermediate=3)
    64
    >>> operations([10, 10], layers=6, hidden=384, intermediate=1536)
    426516480
    """
    total = 0
    for tokens in windows:
        total += tokens * (4 * hidden * hidden + 2 * hidden * intermediate)
        total += 2 * tokens * tokens * hidden
    return 2 * layers * total
