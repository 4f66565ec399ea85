"""The drawings of a report but the bars: each takes plain numbers and gives a matplotlib figure.

All are called within `svg.style`, all axes have titles, and every series has a marker, line and
place of its own besides its colour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nlpkit.evaluation.estimators import Floats
from nlpkit.evaluation.report.bars import cut_name
from nlpkit.evaluation.report.svg import INK

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nlpkit.evaluation.calibration import Bin

# Okabe and Ito's, without the yellow that a white ground swallows and without black.
SERIES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P")
LINES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 2)))
MOST_SERIES = len(SERIES)
# More points than these become an image within the plot: thousands of SVG elements are slow.
_MANY = 500


def by_group(
    panels: Mapping[str, Mapping[str, pd.DataFrame]], xlabel: str, counts: Mapping[str, int]
) -> Figure:
    """Means with 95% intervals by group, a panel a metric, a series a system.

    Args:
        panels: by what the y axis says, by system: frames as `breakdowns.grouped` gives them, in
            points; at most `MOST_SERIES` systems.
        xlabel: what the groups are.
        counts: the groups in order, with the number of examples in each.
    """
    from matplotlib.figure import Figure

    groups = list(counts)
    systems = list(dict.fromkeys(system for panel in panels.values() for system in panel))
    height = 0.85 + 0.2 * -(-len(systems) // 2) + 2.1 * len(panels)
    figure = Figure(figsize=(max(5.2, 1.1 + 0.72 * len(groups)), height), layout="constrained")
    grid = figure.subplots(len(panels), 1, squeeze=False, sharex=True)[:, 0]
    for axes, (ylabel, panel) in zip(grid, panels.items(), strict=True):
        for number, system in enumerate(systems):
            if system in panel:
                shift = 0.6 * ((number + 0.5) / len(systems) - 0.5)
                _means(axes, panel[system], groups, shift, number, system)
        axes.set_ylabel(ylabel)
        axes.set_ylim(bottom=0)
        axes.grid(axis="y")
        axes.set_xlim(-0.5, len(groups) - 0.5)
        for between in range(1, len(groups)):
            axes.axvline(between - 0.5, color=INK, alpha=0.12, linewidth=0.8)
    labels = [f"{group}\nn = {counts[group]:,}" for group in groups]
    grid[-1].set_xticks(range(len(groups)), labels)
    grid[-1].tick_params(axis="x", length=0)
    grid[-1].set_xlabel(xlabel)
    _legend(figure, grid[0], len(systems))
    return figure


def _means(
    axes: Axes, frame: pd.DataFrame, groups: Sequence[str], shift: float, number: int, label: str
) -> None:
    there = [group for group in groups if group in frame.index]
    frame = frame.loc[there]
    mean = frame["mean"].to_numpy()
    error = np.maximum(0, [mean - frame["low"].to_numpy(), frame["high"].to_numpy() - mean])
    axes.errorbar(
        [groups.index(group) + shift for group in there],
        mean,
        yerr=error,
        fmt=MARKERS[number],
        color=SERIES[number],
        markersize=5.5,
        elinewidth=1.3,
        capsize=0,
        label=cut_name(label),
    )


def positions(shares: Mapping[str, Sequence[float]]) -> Figure:
    """Where in the document the chosen sentences stand, a line a system.

    Args:
        shares: by system the share of its sentences in each equal part of the document.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.0, 3.2 + 0.2 * -(-len(shares) // 2)), layout="constrained")
    axes = figure.subplots()
    for number, (system, share) in enumerate(shares.items()):
        middles = (np.arange(len(share)) + 0.5) / len(share)
        axes.plot(
            100 * middles,
            100 * np.asarray(share),
            linestyle=LINES[number],
            marker=MARKERS[number],
            color=SERIES[number],
            markersize=5,
            linewidth=1.6,
            label=cut_name(system),
        )
    axes.set_xlim(0, 100)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("place in the document (% of its sentences before)")
    axes.set_ylabel("chosen sentences (%)")
    axes.grid(axis="y")
    _legend(figure, axes, len(shares))
    return figure


def _legend(figure: Figure, axes: Axes, entries: int) -> None:
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=min(2, entries))


def reliability(bins: Sequence[Bin], title: str) -> Figure:
    """How often predictions of each probability are right, over how many there are.

    Args:
        bins: as `calibration.reliability` gives them; at least one.
        title: above it.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.0, 4.6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    above.plot([0, 1], [0, 1], color=INK, linestyle=":", linewidth=1.2, label="calibrated")
    above.plot(
        [part.probability for part in bins],
        [part.accuracy for part in bins],
        marker="o",
        color=SERIES[0],
        linewidth=1.4,
        markersize=5,
        label="measured",
    )
    above.set_xlim(0, 1)
    above.set_ylim(-0.02, 1.02)
    above.set_ylabel("part that is right")
    above.set_title(title, wrap=True)
    above.grid()
    above.legend(loc="upper left")
    below.bar(
        [part.lower for part in bins],
        [part.size for part in bins],
        width=[part.upper - part.lower for part in bins],
        align="edge",
        color=SERIES[0],
        edgecolor=INK,
        linewidth=0.4,
    )
    below.yaxis.get_major_locator().set_params(integer=True, nbins=3)
    below.set_ylabel("predictions")
    below.set_xlabel("probability")
    return figure


def confusion(table: pd.DataFrame, title: str) -> Figure:
    """Counts by right label (rows) and given label (columns), shaded by the part of the row.

    Args:
        table: as `breakdowns.confusion` gives it.
        title: above it.
    """
    from matplotlib.figure import Figure

    labels, counts = list(table.index), table.to_numpy()
    sums = counts.sum(axis=1, keepdims=True)
    parts = np.divide(counts, sums, out=np.zeros(counts.shape), where=sums > 0)
    side = max(2.2, 0.62 * len(labels))
    figure = Figure(figsize=(side + 1.8, side + 1.4), layout="constrained")
    axes = figure.subplots()
    axes.imshow(parts, cmap="Blues", vmin=0, vmax=1.25)
    for (row, column), part in np.ndenumerate(parts):
        # On the shaded ground, which a dark page does not change, the ink must not change either.
        colour = "white" if part > 0.75 else "black"
        said = f"{counts[row, column]:,}\n{part:.0%}"
        axes.text(column, row, said, ha="center", va="center", color=colour, fontsize=8.5)
    short = [cut_name(label, 18) for label in labels]
    turned = len(labels) > 3 or max(map(len, short)) > 10
    axes.set_xticks(range(len(labels)), short, rotation=40 if turned else 0)
    if turned:
        for tick in axes.get_xticklabels():
            tick.set(ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(labels)), short)
    axes.tick_params(length=0)
    axes.set_xlabel("given")
    axes.set_ylabel("right")
    axes.set_title(title, wrap=True)
    return figure


def scatter(predictions: Floats, references: Floats, title: str) -> Figure:
    """Predicted over right numbers, with the line on which they are equal.

    Args:
        predictions, references: finite, at least one.
        title: above it.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.4, 4.4), layout="constrained")
    axes = figure.subplots()
    ends = np.concatenate([predictions, references])
    low, high = float(ends.min()), float(ends.max())
    room = 0.04 * (high - low) or 0.5
    limits = (low - room, high + room)
    axes.plot(limits, limits, color=INK, linestyle=":", linewidth=1.2)
    axes.scatter(
        references,
        predictions,
        s=14,
        color=SERIES[0],
        alpha=0.45,
        linewidths=0,
        rasterized=len(references) > _MANY,
    )
    axes.set_xlim(limits)
    axes.set_ylim(limits)
    axes.set_aspect("equal")
    axes.set_xlabel("right")
    axes.set_ylabel("predicted")
    axes.set_title(title, wrap=True)
    axes.grid()
    return figure
