"""Whether one system is better than another, or only luckier on these examples.

Both tests are paired: they need the two systems' scores of the very same examples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from nlpkit.errors import InputError
from nlpkit.evaluation.score import CONFIDENCE, Score, draws

Method = Literal["bootstrap", "randomization"]

_CELLS = 4_000_000


@dataclass(frozen=True, slots=True)
class Comparison:
    """How much better the first system is, and how likely that is by chance.

    Attributes:
        metric: what was compared.
        difference: first minus second, on the metric's own scale.
        low, high: the 95% interval of the difference over paired resamples.
        p_value: the chance of so large a difference, either way, if the two were equally good.
        method: `bootstrap` or `randomization`.
        samples: how many resamples or shuffles.
        seed: of their generator.
    """

    metric: str
    difference: float
    low: float
    high: float
    p_value: float
    method: str
    samples: int
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {name: getattr(self, name) for name in self.__slots__}

    def __str__(self) -> str:
        return (
            f"{self.metric}: {self.difference:+.4g} [{self.low:+.4g}, {self.high:+.4g}],"
            f" p = {self.p_value:.2g} ({self.method}, {self.samples:,} samples)"
        )


def compare(
    first: Score,
    second: Score,
    *,
    method: Method = "bootstrap",
    samples: int = 10_000,
    seed: int = 0,
) -> Comparison:
    """Compares two systems on the same examples, in the same order.

    `bootstrap` draws the examples anew for both systems together and counts how often the
    difference lies further than itself from what was observed (Berg-Kirkpatrick et al., "An
    Empirical Investigation of Statistical Significance in NLP", 2012; both sides).
    `randomization` swaps the two systems' outputs on a random half of the examples and counts
    how often the difference is as large as observed (Noreen, 1989; Yeh, 2000). Each p-value is
    (count + 1) / (samples + 1), and so never 0.

    Raises:
        InputError: other metrics, other numbers of examples, an unknown method, or fewer than one
            sample.

    >>> ours = Score.of("accuracy", [1, 1, 1, 1, 1, 1, 1, 0])
    >>> theirs = Score.of("accuracy", [1, 0, 0, 0, 1, 0, 0, 0])
    >>> result = compare(ours, theirs, method="randomization")
    >>> result.difference, round(result.p_value, 2)
    (0.625, 0.06)
    """
    if method not in ("bootstrap", "randomization"):
        raise InputError(f"method = {method!r} is not known; allowed: bootstrap, randomization")
    if samples < 1:
        raise InputError(f"samples = {samples} is not allowed; it must be at least 1")
    if first.name != second.name or first.n != second.n:
        raise InputError(
            f"{first.name} on {first.n} examples and {second.name} on {second.n} cannot be"
            " compared: one metric and the same examples are needed"
        )
    for key in ("content", "data", "split"):
        mine, other = first.signature.fields.get(key), second.signature.fields.get(key)
        if mine is not None and other is not None and mine != other:
            raise InputError(
                f"the two scores are of different examples: {key} is {mine!r} and {other!r}"
            )
    observed = first.value - second.value
    differences = _bootstrap(first, second, samples, seed)
    finite = differences[np.isfinite(differences)]
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(finite, [tail, 1 - tail]) if len(finite) else (observed, observed)
    # Rounding must not decide whether a difference is as large as the one observed.
    least = abs(observed) - 1e-12 * first.scale
    if method == "bootstrap":
        extreme = np.abs(finite - observed) >= least
    else:
        extreme = np.abs(_randomization(first, second, samples, seed)) >= least
    p_value = (int(extreme.sum()) + 1) / (len(extreme) + 1)
    return Comparison(first.name, observed, float(low), float(high), p_value, method, samples, seed)


def _bootstrap(first: Score, second: Score, samples: int, seed: int) -> np.ndarray[Any, Any]:
    generator = np.random.default_rng(seed)
    part = max(1, _CELLS // first.n)
    found = []
    with np.errstate(all="ignore"):
        for start in range(0, samples, part):
            weights = draws(generator, min(part, samples - start), first.n)
            found.append(
                first.estimator(first.statistics, weights)
                - second.estimator(second.statistics, weights)
            )
    return first.scale * np.concatenate(found)


def _randomization(first: Score, second: Score, samples: int, seed: int) -> np.ndarray[Any, Any]:
    """The difference after swapping: both systems' tables as one, each example taken once."""
    generator = np.random.default_rng(seed)
    table = np.concatenate([first.statistics, second.statistics])
    part = max(1, _CELLS // len(table))
    found = []
    with np.errstate(all="ignore"):
        for start in range(0, samples, part):
            kept = generator.integers(0, 2, size=(min(part, samples - start), first.n)).astype(
                np.float64
            )
            ours, theirs = np.hstack([kept, 1 - kept]), np.hstack([1 - kept, kept])
            difference = first.estimator(table, ours) - first.estimator(table, theirs)
            found.append(difference[np.isfinite(difference)])
    return first.scale * np.concatenate(found)
