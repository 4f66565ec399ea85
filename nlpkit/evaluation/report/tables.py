"""The tables of measured numbers: systems by metrics, the overview, significance, signatures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nlpkit.errors import InputError
from nlpkit.evaluation.report.bars import Kind
from nlpkit.evaluation.report.blocks import Cell, Table
from nlpkit.evaluation.report.columns import headlines, shown
from nlpkit.evaluation.report.published import MISSING
from nlpkit.evaluation.significance import Comparison, compare

if TYPE_CHECKING:
    from nlpkit.evaluation.result import Evaluation
    from nlpkit.evaluation.score import Score

UNDEFINED = "not defined"
LOWER_IS_BETTER = ("ece", "redundancy")


@dataclass(frozen=True)
class DataSet:
    """All systems on one data set and split: the pipelines, then baselines, then bounds.

    Attributes:
        dataset: its name or file.
        split: the part; None for a file.
        systems: the evaluations, in the order of the tables.
        kinds: what each is: a pipeline, a baseline, or a bound that no system can be held
            against, such as the oracle that sees the references.
    """

    dataset: str
    split: str | None
    systems: tuple[Evaluation, ...]
    kinds: tuple[Kind, ...]

    @property
    def title(self) -> str:
        """What headings call it."""
        return f"{self.dataset}, {self.split}" if self.split else self.dataset

    @property
    def task(self) -> str:
        """The systems' task."""
        return self.systems[0].task

    @property
    def main(self) -> str | None:
        """The metric that systems are ordered by: the first of the first system that has any."""
        return next((next(iter(system)) for system in self.systems if len(system)), None)

    @property
    def headlines(self) -> list[str]:
        """The metrics to plot and test."""
        return headlines(self.systems)

    def of(self, kind: Kind) -> list[Evaluation]:
        """The systems of this kind."""
        return [s for s, its in zip(self.systems, self.kinds, strict=True) if its == kind]

    @property
    def focus(self) -> list[Evaluation]:
        """The systems to look at closely: the pipelines, or all where there is none."""
        return self.of("pipeline") or list(self.systems)

    def best(self, kind: Kind) -> Evaluation | None:
        """The best of this kind by the main metric, the first of equals."""
        main = self.main
        there = [system for system in self.of(kind) if main in list(system)]
        return max(there, key=lambda system: system[main].value) if main and there else None


def score_cell(score: Score, n: int | None = None) -> Cell:
    """Points with their interval; the number of examples where it is not `n`.

    >>> from nlpkit.evaluation.score import Score
    >>> score_cell(Score.of("accuracy", [1, 1, 1, 0]), 4)
    Cell(text='75.00', detail='25.00 to 100.00')
    """
    low, high = (100 * value / score.scale for value in score.interval)
    other = f", n = {score.n:,}" if n is not None and score.n != n else ""
    return Cell(str(score), f"{low:.2f} to {high:.2f}{other}")


def results_table(data: DataSet) -> Table:
    """Systems by metrics, in points with 95% intervals, and the number of examples."""
    metrics = list(dict.fromkeys(name for system in data.systems for name in system))
    metrics += [name for system in data.systems for name in system.undefined if name not in metrics]
    metrics = list(dict.fromkeys(metrics))
    rows = []
    for system, kind in zip(data.systems, data.kinds, strict=True):
        n = len(system.examples)
        cells = [Cell(system.system, "" if kind == "baseline" else _KINDS[kind]), Cell(f"{n:,}")]
        for name in metrics:
            if name in list(system):
                cells.append(score_cell(system[name], n))
            else:
                cells.append(Cell(UNDEFINED if name in system.undefined else MISSING))
        rows.append(tuple(cells))
    head = ("system", "n", *map(shown, metrics))
    lower = [shown(name) for name in LOWER_IS_BETTER if name in metrics]
    better = f"; lower is better for {' and '.join(lower)}" if lower else ""
    caption = f"{data.title}: points with 95% bootstrap interval{better}"
    return Table(head, tuple(rows), caption)


_KINDS = {"pipeline": "pipeline", "bound": "sees the references"}


@dataclass(frozen=True, slots=True)
class Tested:
    """A pipeline against the best baseline on one metric; `why` there is no test, else None."""

    pipeline: str
    baseline: str
    metric: str
    scale: float
    comparison: Comparison | None
    why: str = ""


def significance(data: DataSet, *, samples: int, seed: int) -> list[Tested]:
    """Each pipeline against the best baseline on the headline metrics, by paired bootstrap.

    The best is that with the highest main metric. Without the same examples in the same order
    there is no test, and the reason is said.
    """
    baseline = data.best("baseline")
    if baseline is None:
        return []
    found = []
    for pipeline in data.of("pipeline"):
        for name in data.headlines:
            if name not in list(pipeline) or name not in list(baseline):
                continue
            ours, theirs = pipeline[name], baseline[name]
            result, why = None, ""
            if not _same_examples(pipeline, baseline):
                why = "other examples"
            else:
                try:
                    result = compare(ours, theirs, samples=samples, seed=seed)
                except InputError as error:
                    why = str(error)
            found.append(Tested(pipeline.system, baseline.system, name, ours.scale, result, why))
    return found


def _same_examples(first: Evaluation, second: Evaluation) -> bool:
    a, b = first.examples, second.examples
    if len(a) != len(b):
        return False
    return "id" not in a.columns or "id" not in b.columns or a["id"].tolist() == b["id"].tolist()


def significance_table(tests: Sequence[Tested], *, samples: int, seed: int) -> Table:
    """The differences with their intervals and p-values."""
    rows = []
    for test in tests:
        cells = [Cell(test.pipeline), Cell(test.baseline), Cell(shown(test.metric))]
        if test.comparison is None:
            cells += [Cell(MISSING), Cell(f"not tested: {test.why}")]
        else:
            to_points = 100 / test.scale
            low, high = test.comparison.low * to_points, test.comparison.high * to_points
            difference = Cell(
                f"{test.comparison.difference * to_points:+.2f}", f"{low:+.2f} to {high:+.2f}"
            )
            cells += [difference, Cell(p_value(test.comparison.p_value))]
        rows.append(tuple(cells))
    return Table(
        ("pipeline", "best baseline", "metric", "difference", "p"),
        tuple(rows),
        f"Pipelines against the best baseline: paired bootstrap, {samples:,} samples, seed {seed};"
        " p-values are not corrected for the number of tests",
        frozenset({0, 1, 2}),
    )


def p_value(p: float) -> str:
    """A p-value to two digits.

    >>> p_value(0.0001), p_value(0.0123), p_value(0.7)
    ('< 0.001', '0.012', '0.70')
    """
    if p < 0.001:
        return "< 0.001"
    return f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def overview_table(sets: Sequence[tuple[DataSet, Sequence[Tested]]]) -> Table:
    """One row a data set: the best pipeline beside the best baseline, by the main metric."""
    rows = []
    for data, tests in sets:
        main = data.main
        cells = [Cell(data.dataset), Cell(data.split or MISSING)]
        if main is None:
            rows.append((*cells, *[Cell(MISSING)] * 6))
            continue
        pipeline, baseline = data.best("pipeline"), data.best("baseline")
        n = len((pipeline or data.systems[0]).examples)
        cells += [Cell(f"{n:,}"), Cell(shown(main))]
        for best in (pipeline, baseline, data.best("bound")):
            if best is None:
                cells.append(Cell(MISSING))
            else:
                cells.append(Cell(str(best[main]), best.system))
        p = [
            test.comparison.p_value
            for test in tests
            if pipeline and (test.pipeline, test.metric) == (pipeline.system, main)
            if test.comparison
        ]
        rows.append((*cells, Cell(p_value(p[0]) if p else MISSING)))
    head = ("data set", "split", "n", "metric", "best pipeline", "best baseline", "bound", "p")
    table = Table(
        head,
        tuple(rows),
        "The best pipeline and the best baseline of each data set, in points, and the p-value of"
        " their difference",
        frozenset({0, 1, 3}),
    )
    return table if any(row[6].text != MISSING for row in rows) else _without(table, 6)


def _without(table: Table, column: int) -> Table:
    def less(row: tuple[Cell, ...]) -> tuple[Cell, ...]:
        return row[:column] + row[column + 1 :]

    head = table.columns[:column] + table.columns[column + 1 :]
    return Table(head, tuple(map(less, table.rows)), table.caption, table.texts)


def signatures(data: DataSet) -> tuple[tuple[str, str], ...]:
    """How each number was computed: system and signature, with how the interval was made."""
    return tuple(
        (system.system, f"{score.signature}|interval:{score.resampling}")
        for system in data.systems
        for score in system.values()
    )
