"""How commands show scores: a table for a person, a line a metric for a program, or JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from nlpkit.interfaces.output import on_terminal, print_json, print_line

if TYPE_CHECKING:
    from nlpkit.evaluation.result import Evaluation
    from nlpkit.evaluation.score import Score, Scores


def show(scores: Scores, *, as_json: bool, quiet: bool = False) -> None:
    """Prints scores on standard output, in points, and notes on standard error."""
    from nlpkit.evaluation.result import Evaluation

    if as_json:
        record = scores.to_dict()
        print_json(record if isinstance(scores, Evaluation) else {"scores": record})
        return
    title = _title(scores) if isinstance(scores, Evaluation) else ""
    if on_terminal():
        _table(scores, title)
    else:
        for name, score in scores.items():
            low, high = _interval(score)
            print_line(f"{name}\t{score.points:.2f}\t[{low:.2f}, {high:.2f}]\t{score.signature}")
        for name, why in scores.undefined.items():
            print_line(f"{name}\tnot defined\t{why}")
    notes = scores.notes if isinstance(scores, Evaluation) else ()
    if not quiet:
        for note in notes:
            click.echo(f"nlpkit: {note}", err=True)


def _title(result: Evaluation) -> str:
    where = f"{result.dataset}, {result.split}" if result.split else result.dataset
    return f"{result.system} on {where}"


def _table(scores: Scores, title: str) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if title:
        console.print(title, style="bold", markup=False, highlight=False)
    table = Table(box=None, pad_edge=False)
    table.add_column("metric")
    table.add_column("points", justify="right", style="bold")
    table.add_column("95% interval", justify="right")
    table.add_column("n", justify="right")
    table.add_column("how", style="dim")
    shared, own = _split(scores)
    for name, score in scores.items():
        low, high = _interval(score)
        interval = f"{low:.2f} to {high:.2f}"
        table.add_row(name, f"{score.points:.2f}", interval, f"{score.n:,}", own[name])
    for name, why in scores.undefined.items():
        table.add_row(name, "–", "not defined", "", why)
    console.print(table)
    if shared:
        console.print(shared, style="dim", markup=False, highlight=False)


def _split(scores: Scores) -> tuple[str, dict[str, str]]:
    """What all signatures say, and what each says beside it."""
    fields = {name: dict(score.signature.fields) for name, score in scores.items()}
    first = next(iter(fields.values()), {})
    everywhere = set(first.items()).intersection(*(said.items() for said in fields.values()))
    shared = "|".join(
        f"{key}:{value}" for key, value in first.items() if (key, value) in everywhere
    )
    own = {
        name: "|".join(
            f"{key}:{value}"
            for key, value in said.items()
            if (key, value) not in everywhere and key != "n"
        )
        for name, said in fields.items()
    }
    return shared, own


def _interval(score: Score) -> tuple[float, float]:
    low, high = score.interval
    return 100 * low / score.scale, 100 * high / score.scale
