"""The Markdown report: the ratios, every system's speed, growth, and the share of the limit."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from .figures import Spread, growth, ratios, speed, spread_of
from .jobs import EXPONENT_AT_MOST, FLOAT32, GEMM, SHARE_AT_LEAST, Ratio
from .measure import Measured, Runs
from .quality import quality


def page(
    jobs: Sequence[Measured],
    machine: Mapping[str, Any],
    *,
    rounds: int,
    date: str,
    useful: int | None,
    plots: Sequence[str],
) -> str:
    """The whole report.

    Args:
        jobs: in order.
        machine: see `machine.machine`.
        rounds: how often everything ran.
        date: of the run.
        useful: operations for the useful tokens of the job "bulk".
        plots: files beside the report.
    """
    parts = ["# Speed beside peers", _conditions(machine, rounds, date), "## Ratios", _RATIOS]
    parts.append(ratio_table(jobs))
    for job in jobs:
        parts += [f"## {job.job.title}", _inputs(job)]
        parts.append(_lengths(job) if job.job.each else _speeds(job))
        if job.job.name == "bulk" and useful:
            parts.append(_share(job, useful))
        if job.job.note:
            parts.append(job.job.note)
    parts += [f"![{name.removesuffix('.svg').replace('-', ' ')}]({name})" for name in plots]
    parts += ["## Versions", _versions(jobs)]
    return "\n\n".join(parts) + "\n"


_RATIOS = (
    "How many times as fast nlpkit is, in the same rounds on the same inputs: the median over the "
    "rounds, the least and the most. nlpkit gets all inputs as one list; of a peer the batch size "
    "counts at which it was fastest."
)


def ratio_table(jobs: Sequence[Measured]) -> str:
    """The table of ratios; a system that failed has its reason there."""
    lines = [
        "| job | system | compared with | its batch | a second | ratio | asked | reached |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for job in jobs:
        lines += [row for row in (_ratio_row(job, ratio) for ratio in job.job.ratios) if row]
    return "\n".join(lines)


def _ratio_row(job: Measured, ratio: Ratio) -> str | None:
    ours, peer = job.state(ratio.ours), job.state(ratio.peer)
    if ours is None or peer is None:
        return None  # left out by the caller
    asked = "" if ratio.at_least is None else f"{ratio.at_least:g}×"
    asked += "" if ratio.goal is None else f", goal {ratio.goal:g}×"
    head = f"| {job.job.name} | {ratio.ours}"
    failed = ours.failed or peer.failed
    mine, theirs = job.of(ratio.ours), job.of(ratio.peer)
    if failed or not mine or not theirs:
        return f"{head} | {ratio.peer} | | | failed: {cell(failed or 'no run')} | {asked} | |"
    best = fastest(theirs)
    found = ratios(mine[0].seconds, best.seconds)
    speeds = f"{_speed(mine[0])} against {_speed(best)}"
    reached = ""
    if ratio.at_least is not None:
        reached = "yes" if found.median >= ratio.at_least else "**no**"
        if ratio.goal is not None and found.median >= ratio.goal:
            reached = "goal"
    batch = "" if best.batch is None else str(best.batch)
    return (
        f"{head} | {ratio.peer} | {batch} | {speeds} {job.job.unit} | {_times(found)} | {asked} "
        f"| {reached} |"
    )


def fastest(runs: Sequence[Runs]) -> Runs:
    """The batch size with the least median of seconds."""
    return min(runs, key=lambda one: statistics.median(one.seconds))


def cell(text: str) -> str:
    r"""A text that breaks no table.

    >>> cell("a | b\nc")
    'a / b c'
    """
    return " ".join(text.replace("|", "/").split())


def _conditions(machine: Mapping[str, Any], rounds: int, date: str) -> str:
    instructions = ", ".join(machine.get("instructions", ())) or "unknown"
    lines = [
        f"{machine['processor']}, {machine['cores']} cores, {machine['threads']} threads for each "
        f"system; instructions {instructions}; {machine.get('memory_gib', '?')} GiB; "
        f"{machine['system']}, Python {machine['python']}; device {machine['device']}"
        + (f" ({machine['gpu']})" if "gpu" in machine else "")
        + f". {date}, rounds: {rounds}, and in each every system in turn."
    ]
    load = machine.get("load_before")
    if load is not None and load > 0.5 * machine["cores"]:
        lines.append(f"Other work ran beside (load {load} before): only the ratios mean something.")
    return " ".join(lines)


def _inputs(job: Measured) -> str:
    sizes = [sum(len(v) for k, v in row.items() if k != "reference") for row in job.rows]
    if job.job.each:
        return f"Inputs: {job.source}."
    return (
        f"Inputs: {len(sizes):,} {job.job.unit} ({job.source}), "
        f"{statistics.mean(sizes):,.0f} characters each on average."
    )


def _speeds(job: Measured) -> str:
    scores = quality(job)
    lines = [
        f"| system | batch | {job.job.unit} a second | first result after | |",
        "|---|---|---|---|---|",
    ]
    for state in job.states:
        said = _said(state.info)
        if state.failed:
            lines.append(f"| {state.label} | | | | failed: {cell(state.failed)} |")
            continue
        if state.label == GEMM:
            continue
        for number, runs in enumerate(job.of(state.label)):
            batch = "all" if runs.batch is None and len(job.of(state.label)) > 1 else runs.batch
            after = f"{state.ready_seconds:.1f} s" if number == 0 and state.ready_seconds else ""
            notes = "; ".join(filter(None, [scores.get(state.label, ""), said])) * (number == 0)
            lines.append(
                f"| {state.label} | {'' if batch is None else batch} "
                f"| {_spread(speed(runs.amount, runs.seconds))} | {after} "
                f"| {cell(notes)} |"
            )
    if "LEAD-3" in scores:
        lines.append(f"| LEAD-3 | | | | {scores['LEAD-3']} |")
    return "\n".join(lines)


def _said(info: Mapping[str, Any]) -> str:
    """What matters of what a system says of itself."""
    parts = [str(info[key]) for key in ("runtime", "device", "dtype") if info.get(key)]
    if info.get("failed"):
        parts.append("it raised an error on some of the questions")
    return ", ".join(parts)


def _lengths(job: Measured) -> str:
    lines = [
        "| system | characters | seconds | characters a second | peak memory |",
        "|---|---|---|---|---|",
    ]
    grown = []
    for state in job.states:
        if state.failed:
            lines.append(f"| {state.label} | | failed: {cell(state.failed)} | | |")
        runs = job.of(state.label)
        for one in runs:
            found = speed(one.amount, one.seconds)
            memory = "" if one.peak_bytes is None else f"{one.peak_bytes / 2**20:,.0f} MiB"
            lines.append(
                f"| {state.label} | {one.amount:,} | {statistics.median(one.seconds):,.2f} "
                f"| {_spread(found)} | {memory} |"
            )
        if len(runs) > 1:
            exponent = growth(
                [r.amount for r in runs], [statistics.median(r.seconds) for r in runs]
            )
            grown.append(f"Time of {state.label} grows with length to the power of {exponent:.2f}.")
            if state.label == job.states[0].label:
                verdict = "yes" if exponent <= EXPONENT_AT_MOST else "**no**"
                grown[-1] += f" Asked: at most {EXPONENT_AT_MOST}; reached: {verdict}."
    memory = "Peak memory is the process's, with Python, the libraries and the weights."
    return "\n".join(lines) + "\n\n" + " ".join([*grown, memory])


def _share(job: Measured, useful: int) -> str:
    state, limit, ours = job.state(GEMM), job.of(GEMM), job.of(FLOAT32)
    if state is None or not limit or not ours:
        return "The share of the matrix product's speed was not measured."
    products = [state.info["operations"] / seconds for seconds in limit[0].seconds]
    share = shares(useful, ours[0].seconds, products)
    verdict = "yes" if share.median >= SHARE_AT_LEAST else "**no**"
    return (
        f"torch's fastest float32 matrix product here ({state.info['shape']}) makes "
        f"{_spread(spread_of([p / 1e9 for p in products]))} billion operations a second. The "
        f"documents' windows need {useful / 1e9:,.0f} billion in matrix products (without padding; "
        f"where windows overlap, tokens count twice). Share of that speed that `{FLOAT32}` "
        f"reaches, splitting, tokenising and choosing included: {share.median:.2f} "
        f"({share.low:.2f}–{share.high:.2f}). Asked: {SHARE_AT_LEAST}; reached: {verdict}."
    )


def shares(useful: int, seconds: Sequence[float], products: Sequence[float]) -> Spread:
    """Useful operations a second over the limit of the same round.

    >>> shares(30, [1.0, 2.0], [60.0, 30.0])
    Spread(median=0.5, low=0.5, high=0.5)
    """
    return spread_of([useful / s / limit for s, limit in zip(seconds, products, strict=False)])


def _versions(jobs: Sequence[Measured]) -> str:
    found: dict[str, dict[str, str]] = {}
    for job in jobs:
        for state in job.states:
            if state.versions:
                found.setdefault(state.label, state.versions)
    return "\n".join(
        f"- {label}: {', '.join(f'{name} {number}' for name, number in versions.items())}"
        for label, versions in found.items()
    )


def _speed(runs: Runs) -> str:
    return number_of(speed(runs.amount, runs.seconds).median)


def _spread(found: Spread) -> str:
    return f"{number_of(found.median)} ({number_of(found.low)}–{number_of(found.high)})"


def _times(found: Spread) -> str:
    return f"**{found.median:.1f}×** ({found.low:.1f}–{found.high:.1f})"


def number_of(value: float) -> str:
    """Three digits that count, or all before the point.

    >>> number_of(2.4567), number_of(28.61), number_of(1234.5), number_of(0.0123)
    ('2.46', '28.6', '1,234', '0.0123')
    """
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
