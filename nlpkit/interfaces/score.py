"""`nlpkit score`: the official metrics of any system's predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from nlpkit.interfaces.options import (
    data_option,
    json_option,
    limit_option,
    seed_option,
    talk_options,
)

if TYPE_CHECKING:
    from nlpkit.evaluation.score import Scores


@click.group()
def score() -> None:
    """Score the predictions of any system by the official metrics."""


def _shared(function: Any) -> Any:
    return json_option(seed_option(talk_options(function)))


def _show(scores: Scores, *, as_json: bool, quiet: bool, notes: tuple[str, ...] = ()) -> None:
    from nlpkit.interfaces.scores import show

    show(scores, as_json=as_json, quiet=quiet)
    if not quiet:
        for note in notes:
            click.echo(f"nlpkit: {note}", err=True)


@score.command()
@click.argument("predictions")
@click.argument("dataset", default="squad")
@click.option("--split", metavar="NAME", help="Of a named set. [default: validation]")
@click.option("--no-answer", metavar="FILE", help="No-answer probabilities, id to number (2.0).")
@click.option(
    "--threshold",
    type=float,
    default=1.0,
    show_default=True,
    metavar="P",
    help="Above this no-answer probability a question counts as unanswered.",
)
@data_option
@_shared
def squad(
    predictions: str,
    dataset: str,
    split: str | None,
    no_answer: str | None,
    threshold: float,
    data: str | None,
    as_json: bool,
    quiet: bool,
    seed: int,
) -> None:
    """Score answers: PREDICTIONS is the official JSON object, question id to answer.

    DATASET is squad, squad_v2, or a file of questions (SQuAD's JSON, JSON lines, parquet); --data
    may name that file as well. A set with unanswerable questions is scored by SQuAD 2.0's
    rules, any other by 1.1's.
    """
    from nlpkit.evaluation.score_files import score_squad_file

    scores, notes = score_squad_file(
        predictions,
        dataset,
        split=split,
        data=data,
        no_answer=no_answer,
        threshold=threshold,
        seed=seed,
    )
    _show(scores, as_json=as_json, quiet=quiet, notes=notes)


_SENTENCES = click.option(
    "--sentences",
    default="split",
    show_default=True,
    metavar="HOW",
    help="What separates the sentences of a summary: split (nlpkit's sentence splitter), or a "
    "separator such as '<q>' or '\\n'.",
)
_CANDIDATES = click.option("--candidates", required=True, metavar="FILE", help="One a line.")
_REFERENCES = click.option("--references", required=True, metavar="FILE", help="One a line.")


@score.command()
@_CANDIDATES
@_REFERENCES
@_SENTENCES
@click.option("--no-stem", is_flag=True, help="Without the Porter stemmer.")
@_shared
def rouge(
    candidates: str,
    references: str,
    sentences: str,
    no_stem: bool,
    as_json: bool,
    quiet: bool,
    seed: int,
) -> None:
    """Score summaries by ROUGE-1, 2, L and Lsum (F1).

    Files hold a summary a line; .jsonl files an object a line with "summary", a text or a list
    of sentences.
    """
    from nlpkit.evaluation.score_files import score_rouge_files

    scores = score_rouge_files(
        candidates, references, sentences=sentences, stem=not no_stem, seed=seed
    )
    _show(scores, as_json=as_json, quiet=quiet)


@score.command()
@_CANDIDATES
@_REFERENCES
@_shared
def meteor(candidates: str, references: str, as_json: bool, quiet: bool, seed: int) -> None:
    """Score texts by METEOR as NLTK computes it, with WordNet 3.0's synonyms.

    Files hold a text a line; .jsonl files an object a line with "summary" or "text".
    """
    from nlpkit.evaluation.score_files import score_meteor_files

    _show(
        score_meteor_files(candidates, references, seed=seed),
        as_json=as_json,
        quiet=quiet,
    )


@score.command()
@click.argument("predictions")
@click.argument("dataset")
@click.option("--split", metavar="NAME", help="Of a named set. [default: validation]")
@data_option
@limit_option
@_shared
def labels(
    predictions: str,
    dataset: str,
    split: str | None,
    data: str | None,
    limit: int | None,
    as_json: bool,
    quiet: bool,
    seed: int,
) -> None:
    """Score labels or numbers: PREDICTIONS has one a line, or is GLUE's index and prediction.

    DATASET is glue/cola, ..., or a file with a column "label". Predictions are .txt (one a
    line), or .tsv, .csv, .jsonl with a column "prediction" or "label"; labels are names, or
    numbers where the data set has numbers.
    """
    from nlpkit.evaluation.score_files import score_label_file

    scores = score_label_file(predictions, dataset, split=split, data=data, limit=limit, seed=seed)
    _show(scores, as_json=as_json, quiet=quiet)
