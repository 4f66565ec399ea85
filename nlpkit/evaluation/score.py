"""A number with everything needed to trust it: examples, interval, and how it was computed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from nlpkit.errors import InputError, UndefinedScoreError
from nlpkit.evaluation.estimators import Estimator, Floats, mean
from nlpkit.evaluation.signature import Signature

if TYPE_CHECKING:
    import pandas as pd

RESAMPLES = 1_000
CONFIDENCE = 0.95
# Resamples are drawn in parts of so many counts, which bounds the memory.
_CELLS = 4_000_000


def version() -> str:
    """nlpkit's version, as signatures say it."""
    from nlpkit import __version__

    return f"nlpkit-{__version__}"


@dataclass(frozen=True, eq=False)
class Score:
    """One metric on one set of examples.

    Attributes:
        name: the metric: `rougeLsum`, `exact_match`, `matthews`.
        value: on the official implementation's own scale: SQuAD's is 0 to 100, ROUGE's, METEOR's
            and GLUE's 0 to 1 (correlations from -1).
        statistics: what the value is computed from, a row an example, `(n, columns)`.
        estimator: how (see `nlpkit.evaluation.estimators`).
        signature: how, in words, with the number of examples.
        scale: the value of a perfect score, 1 or 100.
        seed: of the interval's resamples.

    A score counts as its value: `float(score)`, `score > 0.5`, `f"{score:.2f}"`. What it shows in
    a table is in points, as papers print it:

    >>> score = Score.of("accuracy", [1, 1, 1, 0])
    >>> score.value, score.n, str(score)
    (0.75, 4, '75.00')
    >>> score.interval
    (0.25, 1.0)
    >>> print(score.signature)
    accuracy|n:4|seed:0|version:nlpkit-0.1.0
    """

    name: str
    statistics: Floats = field(repr=False)
    estimator: Estimator = field(repr=False)
    signature: Signature
    scale: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        table = np.asarray(self.statistics, dtype=np.float64)
        if table.ndim == 1:
            table = table[:, None]
        if len(table) == 0:
            raise InputError(f"there are no examples to compute {self.name} on")
        object.__setattr__(self, "statistics", table)
        if not np.isfinite(self.value):
            raise UndefinedScoreError(f"{self.name} is not defined on these {self.n} examples")

    @classmethod
    def of(
        cls,
        name: str,
        statistics: Sequence[Any] | Floats,
        *,
        estimator: Estimator = mean,
        scale: float = 1.0,
        seed: int = 0,
        **fields: Any,
    ) -> Score:
        """A score with a signature from `fields`, the number of examples and the version.

        Raises:
            InputError: there are no examples, or a seed that is no whole number from 0 on.
            UndefinedScoreError: the metric has no value on these examples.
        """
        signature = Signature(
            name, {**fields, "n": len(statistics), "seed": seed, "version": version()}
        )
        table = np.asarray(statistics, dtype=np.float64)
        given: Any = seed
        if isinstance(given, bool) or not isinstance(given, int | np.integer) or given < 0:
            raise InputError(f"seed = {seed!r} is not allowed; it must be a whole number from 0 on")
        return cls(name, table, estimator, signature, scale, seed)

    @cached_property
    def value(self) -> float:
        """The metric on all examples, on the official scale."""
        with np.errstate(all="ignore"):
            return self.scale * float(self.estimator(self.statistics, np.ones((1, self.n)))[0])

    @property
    def n(self) -> int:
        """How many examples."""
        return len(self.statistics)

    @property
    def examples(self) -> Floats:
        """The first statistic of each example, `(n,)`: for a metric that is a mean, its value."""
        return self.statistics[:, 0]

    @property
    def points(self) -> float:
        """The value as papers print it: a perfect score is 100."""
        return 100 * self.value / self.scale

    @cached_property
    def interval(self) -> tuple[float, float]:
        """The 95% bootstrap interval, on the official scale.

        Percentiles of the metric on 1,000 resamples of the examples (Efron and Tibshirani, 1993),
        with a seeded generator: the same on every run. Resamples on which the metric is not
        defined are left out.
        """
        values = resampled(self, resamples=RESAMPLES, seed=self.seed)
        values = values[np.isfinite(values)]
        if not len(values):
            return self.value, self.value
        tail = (1 - CONFIDENCE) / 2
        low, high = np.quantile(values, [tail, 1 - tail])
        return float(low), float(high)

    def extended(self, **fields: Any) -> Score:
        """The same score with more in its signature."""
        return replace(self, signature=self.signature.extended(**fields))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        low, high = self.interval
        return {
            "value": self.value,
            "points": self.points,
            "interval": [low, high],
            "n": self.n,
            "signature": f"{self.signature}|interval:{self.resampling}",
        }

    @property
    def resampling(self) -> str:
        """How the interval is made, for a signature.

        >>> Score.of("accuracy", [1, 0]).resampling
        'bootstrap-95%-1000'
        """
        return f"bootstrap-{CONFIDENCE:.0%}-{RESAMPLES}"

    def __float__(self) -> float:
        return self.value

    def __format__(self, spec: str) -> str:
        return format(self.value, spec) if spec else str(self)

    def __str__(self) -> str:
        return f"{self.points:.2f}"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Score):
            return (
                self.value == other.value
                and self.signature == other.signature
                and np.array_equal(self.statistics, other.statistics)
            )
        return self.value == other if isinstance(other, int | float) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.value)

    def __lt__(self, other: Score | float) -> bool:
        return self.value < float(other)

    def __le__(self, other: Score | float) -> bool:
        return self.value <= float(other)

    def __gt__(self, other: Score | float) -> bool:
        return self.value > float(other)

    def __ge__(self, other: Score | float) -> bool:
        return self.value >= float(other)


class Scores(Mapping[str, Score]):
    """Several metrics of one set of examples by name, the main one first.

    >>> scores = Scores([Score.of("accuracy", [1, 0])], undefined={"pearson": "all are 2.5"})
    >>> scores["accuracy"].value, scores.undefined["pearson"]
    (0.5, 'all are 2.5')
    >>> print(scores)
    accuracy: 50.00
    pearson: not defined (all are 2.5)
    """

    def __init__(
        self, scores: Sequence[Score], *, undefined: Mapping[str, str] | None = None
    ) -> None:
        self._scores = {score.name: score for score in scores}
        self.undefined = dict(undefined or {})
        """Metrics without a value on these examples, with the reason."""

    def __getitem__(self, name: str) -> Score:
        if name in self.undefined:
            raise UndefinedScoreError(f"{name} is not defined: {self.undefined[name]}")
        return self._scores[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._scores)

    def __len__(self) -> int:
        return len(self._scores)

    def __repr__(self) -> str:
        return f"<Scores {', '.join(f'{k} {v}' for k, v in self._scores.items())}>"

    def __str__(self) -> str:
        said = [f"{name}: {score}" for name, score in self._scores.items()]
        return "\n".join(
            said + [f"{name}: not defined ({why})" for name, why in self.undefined.items()]
        )

    def extended(self, **fields: Any) -> Scores:
        """The same scores with more in their signatures."""
        return Scores(
            [score.extended(**fields) for score in self._scores.values()], undefined=self.undefined
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON: by metric; one without a value has null and the reason."""
        return {name: score.to_dict() for name, score in self._scores.items()} | {
            name: {"value": None, "why": why} for name, why in self.undefined.items()
        }

    def to_frame(self) -> pd.DataFrame:
        """A data frame with a row a metric: value, points, low, high, n, signature.

        Metrics without a value on these examples have no row; `undefined` says why.
        """
        import pandas as pd

        rows = [
            {
                "metric": name,
                "value": score.value,
                "points": score.points,
                "low": score.interval[0],
                "high": score.interval[1],
                "n": score.n,
                "signature": str(score.signature),
            }
            for name, score in self._scores.items()
        ]
        columns = ["metric", "value", "points", "low", "high", "n", "signature"]
        return pd.DataFrame(rows, columns=columns).set_index("metric")


def resampled(score: Score, *, resamples: int, seed: int) -> Floats:
    """The score's value on resamples of its examples, `(resamples,)`; NaN where not defined."""
    generator = np.random.default_rng(seed)
    part = max(1, _CELLS // score.n)
    values = []
    with np.errstate(all="ignore"):
        for start in range(0, resamples, part):
            size = min(part, resamples - start)
            values.append(score.estimator(score.statistics, draws(generator, size, score.n)))
    return np.asarray(score.scale * np.concatenate(values))


def draws(generator: np.random.Generator, resamples: int, n: int) -> Floats:
    """How often each of n examples is drawn in n draws with replacement, `(resamples, n)`.

    >>> counts = draws(np.random.default_rng(0), 2, 5)
    >>> counts.shape, counts.sum(axis=1).tolist()
    ((2, 5), [5.0, 5.0])
    """
    drawn = generator.integers(0, n, size=(resamples, n))
    drawn += np.arange(resamples)[:, None] * n
    counts = np.bincount(drawn.ravel(), minlength=resamples * n)
    return counts.reshape(resamples, n).astype(np.float64)
