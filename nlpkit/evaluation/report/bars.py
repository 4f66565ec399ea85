"""The bar chart of a data set: measured systems with intervals, published ones beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from nlpkit.evaluation.report.blocks import clean
from nlpkit.evaluation.report.svg import INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Kind = Literal["pipeline", "baseline", "bound", "published"]

# Okabe and Ito's colours, which are told apart with any kind of colour vision ("Color Universal
# Design", 2008); hatching says the same again without colour.
COLOURS = {
    "pipeline": "#0072B2",
    "baseline": "#56B4E9",
    "bound": "#E69F00",
    "published": "#999999",
}
HATCHES = {"pipeline": "", "baseline": "", "bound": "//", "published": "\\\\"}
_NAME = 40


@dataclass(frozen=True, slots=True)
class Bar:
    """One value in points, with its interval if it has one.

    Attributes:
        value: the bar's length.
        interval: its ends.
        label: how the value is written; by default with one decimal.
    """

    value: float
    interval: tuple[float, float] | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One system: a bar a metric, None where it has no such number."""

    system: str
    kind: Kind
    bars: tuple[Bar | None, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that may be compared with each other: one split, measured or published."""

    title: str
    rows: tuple[Row, ...]


def bars(metrics: Sequence[str], groups: Sequence[Group]) -> Figure:
    """A column a metric, a panel a group: what is in different panels has different data.

    Call within `svg.style`.

    Args:
        metrics: what the columns show.
        groups: at least one, with at least one row each.
    """
    from matplotlib.figure import Figure

    sizes = [len(group.rows) for group in groups]
    # A row is 0.27 inches; a panel has a title, the last one also the axis.
    height = sum(0.27 * size + 0.42 for size in sizes) + 0.5
    width = max(6.0, 2.2 + 2.4 * len(metrics)) if len(metrics) > 1 else 6.0
    figure = Figure(figsize=(width, height), layout="constrained")
    grid = figure.subplots(
        len(groups),
        len(metrics),
        squeeze=False,
        sharex="col",
        gridspec_kw={"height_ratios": [size + 0.3 for size in sizes]},
    )
    for line, group in zip(grid, groups, strict=True):
        for column, (axes, metric) in enumerate(zip(line, metrics, strict=True)):
            _panel(axes, group, column)
            if group is groups[-1]:
                axes.set_xlabel(f"{metric} (points)")
            elif column == 0 or len(groups) > 1:
                axes.tick_params(labelbottom=False)
        line[0].set_title(group.title, loc="left", fontweight="bold")
    for column, axes in enumerate(grid[0]):
        low, high = _range(groups, column)
        axes.set_xlim(low, high)
    return figure


def _panel(axes: Axes, group: Group, column: int) -> None:
    places = range(len(group.rows))
    for place, row in zip(places, group.rows, strict=True):
        bar = row.bars[column]
        if bar is None:
            axes.text(0, place, " no value", va="center", fontsize=9, style="italic")
            continue
        axes.barh(
            place,
            bar.value,
            height=0.72,
            color=COLOURS[row.kind],
            hatch=HATCHES[row.kind],
            edgecolor=(0, 0, 0, 0.45),
            linewidth=0.4,
        )
        end = bar.value
        if bar.interval:
            low, high = bar.interval
            # A percentile interval need not hold the value itself.
            error = [[max(0.0, bar.value - low)], [max(0.0, high - bar.value)]]
            axes.errorbar(
                bar.value, place, xerr=error, ecolor=INK, elinewidth=1.2, capsize=2.5, fmt="none"
            )
            end = min(low, end) if bar.value < 0 else max(high, end)
        axes.annotate(
            bar.label or f"{bar.value:.1f}",
            (end, place),
            xytext=(-4 if bar.value < 0 else 4, 0),
            textcoords="offset points",
            va="center",
            ha="right" if bar.value < 0 else "left",
            fontsize=9,
        )
    names = [cut_name(row.system) for row in group.rows] if column == 0 else [""] * len(group.rows)
    axes.set_yticks(list(places), names)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(group.rows) - 0.45, -0.55)
    axes.grid(axis="x")
    axes.set_axisbelow(True)


def _range(groups: Sequence[Group], column: int) -> tuple[float, float]:
    """From 0, so that the bars' lengths can be compared, with room for the numbers."""
    ends = [0.0]
    for group in groups:
        for row in group.rows:
            if bar := row.bars[column]:
                ends += [bar.value, *(bar.interval or ())]
    low, high = min(ends), max(ends)
    span = (high - low) or 1.0
    return (low - 0.25 * span if low < 0 else 0.0), high + 0.25 * span


def cut_name(name: str, most: int = _NAME) -> str:
    """A name that fits beside a plot and that a plot can hold.

    >>> cut_name("a" * 50)[-3:], cut_name("two  words")
    ('aa…', 'two words')
    """
    short = " ".join(clean(name).split())
    return short if len(short) <= most else short[: most - 1] + "…"
