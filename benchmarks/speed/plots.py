"""The plots: throughput against the batch size, and against the document's length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nlpkit.evaluation.report.figures import LINES, MARKERS, SERIES
from nlpkit.evaluation.report.svg import style, svg

from .figures import speed
from .measure import Measured, Runs

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def write(jobs: Sequence[Measured], folder: Path) -> list[str]:
    """Writes the plots that the jobs have numbers for; gives their file names."""
    batches = [job for job in jobs if len(_sizes(job)) > 1]
    lengths = [job for job in jobs if job.job.each and any(job.of(s.label) for s in job.states)]
    drawings: dict[str, Callable[[], Figure]] = {}
    if batches:
        drawings["throughput-by-batch"] = lambda: _by_batch(batches)
    if lengths:
        drawings["throughput-by-length"] = lambda: _by_length(lengths[0])
    for name, draw in drawings.items():
        with style():
            (folder / f"{name}.svg").write_text(svg(draw(), name), encoding="utf-8")
    return [f"{name}.svg" for name in drawings]


def _sizes(job: Measured) -> list[int]:
    runs = [one for state in job.states for one in job.of(state.label)]
    return sorted({one.batch for one in runs if one.batch is not None})


def _by_batch(jobs: Sequence[Measured]) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 0.4 + 3.0 * len(jobs)), layout="constrained")
    grid = figure.subplots(len(jobs), 1, squeeze=False)[:, 0]
    for axes, job in zip(grid, jobs, strict=True):
        number = 0
        for state in job.states:
            runs = job.of(state.label)
            own = [one for one in runs if one.batch is None]
            sized = [one for one in runs if one.batch is not None]
            if sized:
                _line(axes, [one.batch or 0 for one in sized], sized, number, state.label)
            if own:
                # No batch size of the caller's: one list of all inputs, batched by the system.
                height = speed(own[0].amount, own[0].seconds).median
                label = f"{state.label}, all at once" if sized else state.label
                axes.axhline(
                    height, color=SERIES[number], linestyle=":", linewidth=1.2, label=label
                )
            number += bool(runs)
        axes.set_xscale("log", base=2)
        axes.set_xticks(_sizes(job), [str(size) for size in _sizes(job)])
        axes.minorticks_off()
        axes.set_ylim(0, 1.06 * axes.dataLim.ymax)
        axes.set_title(job.job.title)
        axes.set_ylabel(f"{job.job.unit} a second")
        axes.grid(axis="y")
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    grid[-1].set_xlabel("batch size (nlpkit: inputs a call)")
    figure.set_figwidth(8.6)
    return figure


def _by_length(job: Measured) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    axes = figure.subplots()
    systems = [state.label for state in job.states if job.of(state.label)]
    for number, label in enumerate(systems):
        runs = job.of(label)
        _line(axes, [one.amount for one in runs], runs, number, label)
    axes.set_xscale("log")
    sizes = sorted({runs.amount for label in systems for runs in job.of(label)})
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.minorticks_off()
    axes.set_ylim(0, 1.06 * axes.dataLim.ymax)
    axes.set_xlabel("characters of the document")
    axes.set_ylabel("characters a second")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.grid(axis="y")
    figure.legend(loc="outside upper left", ncols=2)
    return figure


def _line(axes: Axes, x: Sequence[float], runs: Sequence[Runs], number: int, label: str) -> None:
    """Medians with the span from the least to the most."""
    speeds = [speed(one.amount, one.seconds) for one in runs]
    axes.errorbar(
        x,
        [one.median for one in speeds],
        yerr=[[one.median - one.low for one in speeds], [one.high - one.median for one in speeds]],
        color=SERIES[number],
        marker=MARKERS[number],
        linestyle=LINES[number],
        markersize=5.5,
        linewidth=1.4,
        elinewidth=1.1,
        label=label,
    )
