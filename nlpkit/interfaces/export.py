"""`nlpkit export`."""

from __future__ import annotations

import click

from nlpkit.interfaces.options import json_option, talk_options
from nlpkit.interfaces.output import print_json, print_line


@click.command(short_help="Export a pipeline for ONNX Runtime.")
@click.argument("pipeline", metavar="NAME_OR_FOLDER")
@click.option(
    "-o",
    "--output",
    metavar="FOLDER",
    help="Make FOLDER the whole pipeline with its export in it. [default: the cache folder]",
)
@click.option(
    "--dtype",
    type=click.Choice(["float32", "int8"]),
    default="float32",
    show_default=True,
    help="The number type of the encoder's products.",
)
@click.option(
    "--check",
    is_flag=True,
    help="Measure all runtimes and number types, and keep that as runtimes.json.",
)
@json_option
@talk_options
def export(
    pipeline: str, output: str | None, dtype: str, check: bool, as_json: bool, quiet: bool
) -> None:
    """Export a pipeline ahead of time, for `--runtime onnx`.

    Without this it is exported on first use. Says by how much a score changes at most, on a set of
    inputs that comes with nlpkit.
    """
    from nlpkit.tasks.ahead import export_pipeline

    done = export_pipeline(pipeline, output, dtype=dtype, check=check)
    if as_json:
        print_json(done.to_dict())
    elif not quiet:
        print_line(f"{done.folder}: {done.dtype}, {done.bytes / 1e6:.1f} MB")
        for name, change in done.changes.items():
            print_line(f"{name}: no score changes by more than {change:.4f}")
