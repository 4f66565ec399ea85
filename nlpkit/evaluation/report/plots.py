"""Which plots a data set gets, from its evaluations: figures drawn, named and explained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from nlpkit.evaluation import calibration
from nlpkit.evaluation.report import bars, breakdowns, figures
from nlpkit.evaluation.report.blocks import Plot
from nlpkit.evaluation.report.columns import (
    ROUGE,
    confidences,
    has,
    is_regression,
    listed,
    numbers,
    shown,
    strings,
)
from nlpkit.evaluation.report.published import as_printed, by_split
from nlpkit.evaluation.report.svg import style, svg
from nlpkit.evaluation.report.tables import DataSet

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from nlpkit.evaluation.published import Published
    from nlpkit.evaluation.result import Evaluation

BINS = 15
Draw = Callable[[], "Figure"]


def drawn(name: str, caption: str, draw: Draw) -> Plot:
    """A figure as a plot of the report."""
    with style():
        return Plot(name, caption, svg(draw(), name))


def bar_plot(data: DataSet, published: Sequence[Published], name: str) -> Plot | None:
    """The headline metrics of all systems, and published ones in a panel for each split."""
    metrics = data.headlines
    rows = [
        bars.Row(system.system, kind, tuple(_bar(system, metric) for metric in metrics))
        for system, kind in zip(data.systems, data.kinds, strict=True)
    ]
    groups = [bars.Group(f"measured: {data.split or data.dataset}", _filled(rows))]
    for split, numbers_ in by_split(published).items():
        systems = dict.fromkeys((row.system, row.source) for row in numbers_)
        rows = [
            bars.Row(
                system,
                "published",
                tuple(_published_bar(numbers_, system, source, metric) for metric in metrics),
            )
            for system, source in systems
        ]
        groups.append(bars.Group(f"published: {split}", _filled(rows)))
    groups = [group for group in groups if group.rows]
    if not groups:
        return None
    beside = " Published numbers are in a panel for each split." if len(groups) > 1 else ""
    hatched = " Hatched: sees the references." if data.of("bound") else ""
    caption = f"{data.title}: points, with 95% intervals where measured.{beside}{hatched}"
    titles = [shown(metric) for metric in metrics]
    return drawn(f"{name}-scores", caption, partial(bars.bars, titles, groups))


def _filled(rows: Sequence[bars.Row]) -> tuple[bars.Row, ...]:
    return tuple(row for row in rows if any(row.bars))


def _bar(system: Evaluation, metric: str) -> bars.Bar | None:
    if metric not in list(system):
        return None
    score = system[metric]
    low, high = (100 * value / score.scale for value in score.interval)
    return bars.Bar(score.points, (low, high))


def _published_bar(
    rows: Sequence[Published], system: str, source: str, metric: str
) -> bars.Bar | None:
    """The first such number: the table beside the plot has all of them."""
    found = [
        row.value
        for row in rows
        if (row.system, row.source) == (system, source)
        if row.metric == metric
    ]
    return bars.Bar(found[0], label=as_printed(found[0])) if found else None


def breakdown_plots(data: DataSet, name: str) -> list[Plot]:
    """F1 by question type and passage length, or ROUGE by document length and by place."""
    if data.task == "question_answering":
        return [
            *_grouped(data, f"{name}-question-type", ("f1",), "question", "question type", _types),
            *_grouped(
                data, f"{name}-passage-length", ("f1",), "context", "words in the passage", _lengths
            ),
        ]
    if data.task == "summarization":
        return [
            *_grouped(
                data,
                f"{name}-document-length",
                ROUGE,
                "document",
                "words in the document",
                _lengths,
            ),
            *_positions(data, f"{name}-positions"),
        ]
    return []


def _types(questions: Sequence[str]) -> tuple[list[str], list[str]]:
    return [breakdowns.question_type(text) for text in questions], list(breakdowns.QUESTION_TYPES)


def _lengths(texts: Sequence[str]) -> tuple[list[str], list[str]]:
    lengths = [breakdowns.words(text) for text in texts]
    edges = breakdowns.length_edges(lengths)
    return breakdowns.length_bins(lengths, edges), breakdowns.length_labels(edges)


def _grouped(
    data: DataSet,
    name: str,
    metrics: Sequence[str],
    column: str,
    label: str,
    group: Callable[[Sequence[str]], tuple[list[str], list[str]]],
) -> list[Plot]:
    there = [system for system in data.systems if has(system, column, *metrics)]
    left_out, there = there[figures.MOST_SERIES :], there[: figures.MOST_SERIES]
    if not there:
        return []
    panels: dict[str, dict[str, pd.DataFrame]] = {shown(metric): {} for metric in metrics}
    counts: dict[str, int] = {}
    for system in there:
        groups, order = group(strings(system.examples, column))
        for metric in metrics:
            frame = breakdowns.grouped(100 * numbers(system.examples, metric), groups, order)
            panels[shown(metric)][system.system] = frame
        counts = counts or {item: groups.count(item) for item in order if item in groups}
        # Other systems may have other examples; groups that only they have come last.
        counts |= {item: 0 for item in frame.index if item not in counts}
    caption = (
        f"{data.title}: {' and '.join(panels)} in points by {label}, with 95% bootstrap intervals."
        + _without(left_out)
    )
    return [drawn(name, caption, partial(figures.by_group, panels, label, counts))]


def _positions(data: DataSet, name: str) -> list[Plot]:
    shares = {}
    for system in data.systems:
        if has(system, "positions", "total"):
            places = [listed(value) for value in system.examples["positions"].tolist()]
            totals = numbers(system.examples, "total").tolist()
            known = [None if np.isnan(total) else int(total) for total in totals]
            relative = breakdowns.relative_positions(places, known)
            if relative:
                shares[system.system] = breakdowns.position_shares(relative)
    kept = dict(list(shares.items())[: figures.MOST_SERIES])
    if not kept:
        return []
    left_out = [system for system in data.systems if system.system in shares.keys() - kept.keys()]
    caption = (
        f"{data.title}: where in the document the chosen sentences stand, in tenths of its"
        f" sentences.{_without(left_out)}"
    )
    return [drawn(name, caption, partial(figures.positions, kept))]


def _without(systems: Sequence[Evaluation]) -> str:
    names = ", ".join(system.system for system in systems)
    return f" Not drawn, for legibility: {names}." if names else ""


def reliability_plots(data: DataSet, name: str, label: Callable[[str], str]) -> list[Plot]:
    """For each system looked at that gives probabilities: how often each is right."""
    plots = []
    for system in data.focus:
        found = confidences(system)
        if found is None:
            continue
        sure, right = found
        error = calibration.expected_calibration_error(sure, right, bins=BINS)
        parts = calibration.reliability(sure, right, bins=BINS)
        means = "an exact match" if data.task == "question_answering" else "the right label"
        caption = (
            f"{data.title}, {system.system}: how often predictions of each probability are right"
            f" ({means}); ECE {error.points:.2f} points in {BINS} bins, n = {len(sure):,}."
        )
        title = f"{bars.cut_name(system.system)}, ECE {error.points:.2f}"
        plots.append(
            drawn(
                f"{name}-{label(system.system)}-calibration",
                caption,
                partial(figures.reliability, parts, title),
            )
        )
    return plots


def label_plots(data: DataSet, name: str, label: Callable[[str], str]) -> list[Plot]:
    """For each classifier looked at a confusion matrix, for each regression a scatter plot."""
    if data.task != "classification":
        return []
    plots = []
    for system in data.focus:
        if not has(system, "prediction", "reference") or _is_multi_label(system):
            continue
        title, stem = bars.cut_name(system.system), f"{name}-{label(system.system)}"
        frame = system.examples
        if is_regression(system):
            said, right = numbers(frame, "prediction"), numbers(frame, "reference")
            there = np.isfinite(said) & np.isfinite(right)
            if there.any():
                caption = f"{data.title}, {system.system}: predicted over right numbers."
                plots.append(
                    drawn(
                        f"{stem}-scatter",
                        caption,
                        partial(figures.scatter, said[there], right[there], title),
                    )
                )
            continue
        table = breakdowns.confusion(frame["prediction"].tolist(), frame["reference"].tolist())
        caption = (
            f"{data.title}, {system.system}: how often each label was given (columns) where each"
            " was right (rows); per cent are of the row."
        )
        plots.append(
            drawn(
                f"{stem}-confusion",
                caption,
                partial(figures.confusion, table, title),
            )
        )
    return plots


def _is_multi_label(system: Evaluation) -> bool:
    # Sets of labels have no matrix of single ones.
    return any(score.signature.fields.get("variant") == "exact-sets" for score in system.values())
