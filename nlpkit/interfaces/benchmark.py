"""`nlpkit benchmark`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from nlpkit.interfaces.options import (
    data_option,
    device_option,
    json_option,
    limit_option,
    runtime_options,
    seed_option,
    talk_options,
)
from nlpkit.interfaces.output import one_line, print_json, print_line


@click.command(short_help="Run pipelines and baselines on the reference sets.")
@click.argument("suite", type=click.Choice(["glue", "squad", "summarization", "all"]))
@click.option(
    "-o",
    "--output",
    default="nlpkit-benchmark",
    show_default=True,
    metavar="FOLDER",
    help="Where the report and the predictions go.",
)
@click.option(
    "-p",
    "--pipeline",
    "pipelines",
    multiple=True,
    metavar="NAME_OR_PATH",
    help="Only this one; may be given again. [default: all shipped ones]",
)
@click.option("--no-baselines", is_flag=True, help="Without the baselines.")
@click.option(
    "--worst",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    metavar="N",
    help="Show the N worst examples of each pipeline.",
)
@click.option(
    "--no-texts",
    is_flag=True,
    help="Leave texts of the data sets out of the report (many may not be passed on).",
)
@data_option
@limit_option
@seed_option
@device_option
@runtime_options("float32")
@json_option
@talk_options
def benchmark(
    suite: str,
    output: str,
    pipelines: tuple[str, ...],
    no_baselines: bool,
    worst: int,
    no_texts: bool,
    data: str | None,
    limit: int | None,
    seed: int,
    device: str,
    runtime: str,
    dtype: str,
    as_json: bool,
    quiet: bool,
) -> None:
    """Measure the shipped pipelines and the baselines, and write one report.

    The report is Markdown and a single-file HTML page, with intervals, plots, the published
    numbers beside ours, and how each number was computed. Sets that are not there are named and
    left out. A run that was stopped goes on where it was.
    """
    from nlpkit.evaluation.benchmark import benchmark as run
    from nlpkit.evaluation.benchmark import write

    folder = Path(output)
    found = run(
        suite,
        data=data,
        predictions=folder / "predictions",
        limit=limit,
        baselines=not no_baselines,
        pipelines=pipelines or None,
        device=device,
        runtime=runtime,
        dtype=dtype,
        seed=seed,
        progress=not quiet,
    )
    page = write(
        found,
        folder,
        command=_command(
            suite,
            pipelines,
            no_baselines,
            no_texts,
            limit=limit,
            seed=seed,
            worst=worst,
            runtime=runtime,
            dtype=dtype,
        ),
        worst=worst,
        texts=not no_texts,
    )
    if as_json:
        for result in found.evaluations:
            print_json(result.to_dict())
    elif not quiet:
        print_line(str(page))
    if not quiet:
        for place, why in found.skipped.items():
            click.echo(f"nlpkit: {place} is left out: {one_line(why)}", err=True)


# What a command need not say.
_USUAL = {"limit": None, "seed": 0, "worst": 20, "runtime": "auto", "dtype": "float32"}


def _command(
    suite: str, pipelines: tuple[str, ...], no_baselines: bool, no_texts: bool, **options: Any
) -> str:
    """The command that makes this report again."""
    parts = ["nlpkit", "benchmark", suite]
    for name in pipelines:
        parts += ["--pipeline", name]
    parts += ["--no-baselines"] * no_baselines + ["--no-texts"] * no_texts
    for option, value in options.items():
        if value != _USUAL[option]:
            parts += [f"--{option}", str(value)]
    return shlex.join(parts)
