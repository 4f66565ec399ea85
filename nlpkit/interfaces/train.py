"""`nlpkit train`."""

from __future__ import annotations

import click

from nlpkit.interfaces.options import device_option, json_option, talk_options
from nlpkit.interfaces.output import calibration_errors, print_json, print_line


@click.command(short_help="Train a pipeline from its recipe.")
@click.argument("folder")
@click.option(
    "--data",
    envvar="NLPKIT_DATA",
    metavar="FOLDER",
    show_envvar=True,
    help="Where the recipe's data sets are.",
)
@click.option(
    "-o", "--output", metavar="FOLDER", help="Where the pipeline goes. [default: FOLDER itself]"
)
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", help="Use at most N rows of the data."
)
@click.option("--seed", type=click.IntRange(min=0), metavar="N", help="In place of the recipe's.")
@click.option("--no-resume", is_flag=True, help="Start anew, even where a run was stopped.")
@device_option
@json_option
@talk_options
def train(
    folder: str,
    data: str | None,
    output: str | None,
    limit: int | None,
    seed: int | None,
    no_resume: bool,
    device: str,
    as_json: bool,
    quiet: bool,
) -> None:
    """Train the pipeline that the recipe FOLDER/pipeline.toml describes.

    A run that was stopped goes on where it was. The recipe names its data: reference sets in
    the folder of --data, sets of the Hugging Face hub, or CSV, JSON lines and parquet files.
    """
    from nlpkit.training.train import train as run

    trained = run(
        folder,
        data=data,
        output=output,
        limit=limit,
        seed=seed,
        device=device,
        resume=not no_resume,
        progress=not quiet,
    )
    progress, heldout = trained.progress, trained.heldout or {}
    if as_json:
        record = {"steps": progress.step, "seconds": progress.seconds, "loss": progress.loss}
        measured = {"heldout": heldout, "calibration": trained.calibration}
        print_json({"folder": str(trained.folder)}, record, measured)
    elif not quiet:
        values = "".join(f", {name} {value:.4g}" for name, value in heldout.items())
        errors = calibration_errors(trained.calibration or {})
        print_line(
            f"{trained.folder}: {progress.step} steps in {progress.seconds / 60:.1f} minutes"
            f"{values and ', held out' + values[1:]}{errors and ', calibrated ' + errors}"
        )
