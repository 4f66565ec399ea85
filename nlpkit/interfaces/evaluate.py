"""`nlpkit evaluate`."""

from __future__ import annotations

import click

from nlpkit.interfaces.options import (
    Settings,
    data_option,
    limit_option,
    run_options,
    seed_option,
)


@click.command(short_help="Measure a pipeline on a data set.")
@click.argument("pipeline")
@click.argument("dataset", required=False)
@click.option("--split", metavar="NAME", help="Of a named set. [default: the recipe's own]")
@click.option(
    "--predictions",
    metavar="FILE",
    help="Keep the predictions here (JSON lines). [default: the user's cache folder]",
)
@click.option("--fresh", is_flag=True, help="Predict anew, even where predictions are kept.")
@data_option
@limit_option
@seed_option
@run_options(None, dtype="float32")
def evaluate(
    pipeline: str,
    dataset: str | None,
    split: str | None,
    predictions: str | None,
    fresh: bool,
    data: str | None,
    limit: int | None,
    seed: int,
    settings: Settings,
) -> None:
    """Measure PIPELINE on DATASET by the official metrics, with 95% intervals.

    PIPELINE is a shipped pipeline or the folder of your own. DATASET is a reference set (squad,
    squad_v2, cnn_dailymail, glue/sst2, ...), a set of the Hugging Face hub as owner/name, or a
    file (CSV, JSON lines, SQuAD's JSON, parquet); without it the recipe's own is taken.

    Predictions are kept as they are made, so that a run that was stopped goes on where it was.
    They are computed in float32 unless --dtype says otherwise, so that machines agree.
    """
    from nlpkit.evaluation.evaluate import evaluate as run
    from nlpkit.interfaces.scores import show

    opened = settings.load(pipeline, many=True)
    result = run(
        opened,
        dataset,
        split=split,
        data=data,
        limit=limit,
        predictions=True if predictions is None else predictions,
        resume=not fresh,
        seed=seed,
        progress=not settings.quiet,
    )
    show(result, as_json=settings.as_json, quiet=settings.quiet)
