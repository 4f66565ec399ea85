"""`nlpkit calibrate`."""

from __future__ import annotations

import click

from nlpkit.interfaces.options import (
    data_option,
    device_option,
    json_option,
    talk_options,
)
from nlpkit.interfaces.output import calibration_errors, print_json, print_line


@click.command(short_help="Fit a pipeline's probabilities and thresholds to other rows.")
@click.argument("pipeline", metavar="NAME_OR_FOLDER")
@click.argument("rows", required=False)
@click.option("--split", metavar="NAME", help="Of a named set. [default: validation]")
@click.option(
    "-o",
    "--output",
    metavar="FOLDER",
    help="Where the pipeline goes. [default: its own folder; a shipped one needs another]",
)
@data_option
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="At most N rows, drawn with the recipe's seed.",
)
@device_option
@json_option
@talk_options
def calibrate(
    pipeline: str,
    rows: str | None,
    split: str | None,
    output: str | None,
    data: str | None,
    limit: int | None,
    device: str,
    as_json: bool,
    quiet: bool,
) -> None:
    """Fit what turns a pipeline's logits into probabilities and answers; weights stay.

    ROWS is a file (CSV, JSON lines, SQuAD's JSON, parquet), a reference set or one of the Hugging
    Face hub as owner/name; without it the rows are taken that the recipe sets aside from training.
    At least 100 are needed.
    """
    from nlpkit.training.recalibrate import calibrate as run

    done = run(pipeline, rows, split=split, data=data, limit=limit, output=output, device=device)
    if as_json:
        measured = {"fitted": done.fitted, "calibration": done.calibration}
        print_json({"folder": str(done.folder), "rows": done.rows}, measured)
    elif not quiet:
        errors = calibration_errors(done.calibration)
        print_line(f"{done.folder}: calibrated on {done.rows:,} rows, {errors}")
        for name, value in done.fitted.items():
            print_line(f"{name}: {value['before']} to {value['after']}")
