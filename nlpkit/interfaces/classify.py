"""`nlpkit classify`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from nlpkit.errors import DataError
from nlpkit.files import STANDARD_INPUT
from nlpkit.interfaces.options import Settings, Share, run_options
from nlpkit.interfaces.output import (
    on_terminal,
    one_line,
    print_failure,
    print_json,
    print_line,
)
from nlpkit.interfaces.sources import Source, line_sources, note_waiting, process

if TYPE_CHECKING:
    from nlpkit.results import Label

Text = str | tuple[str, str]


@click.command()
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@click.option(
    "-f",
    "--file",
    "files",
    multiple=True,
    metavar="FILE",
    help="One text a line; may be given several times.",
)
@click.option(
    "--pair",
    is_flag=True,
    help="Inputs are pairs: two arguments each, or the two sides of a tab in a line.",
)
@click.option(
    "--threshold",
    type=Share(),
    metavar="P",
    help="Of a pipeline with several labels a text: the score from which one counts.",
)
@click.option("--all-scores", is_flag=True, help="Show the scores of all labels.")
@run_options("sst2", "classification")
def classify(
    texts: tuple[str, ...],
    files: tuple[str, ...],
    pair: bool,
    threshold: float | None,
    all_scores: bool,
    settings: Settings,
) -> None:
    """Label each TEXT, or each line of files or standard input.

    Prints the label, its score and the text, with tabs between them. Blank lines are passed
    over.
    """
    if texts and files:
        raise click.UsageError("Give texts or --file, not both.")
    if pair and len(texts) % 2:
        raise click.UsageError(f"--pair takes an even number of texts, not {len(texts)}.")
    sources: Iterator[Source[Text]]
    if texts:
        count: int | None = len(texts)
        arguments: list[Text] = (
            list(zip(texts[::2], texts[1::2], strict=True)) if pair else list(texts)
        )
        sources = (Source(None, text) for text in arguments)
    else:
        count = None
        sources = _line_texts(files or (STANDARD_INPUT,), pair=pair, quiet=settings.quiet)

    def load() -> Any:
        pipeline = settings.load()
        if pipeline.recipe.pair and not pair:
            raise click.UsageError(f"{pipeline.recipe.name!r} reads pairs of texts: give --pair.")
        if pair and not pipeline.recipe.pair:
            raise click.UsageError(f"{pipeline.recipe.name!r} reads single texts, not --pair.")
        return pipeline

    options = {} if threshold is None else {"threshold": threshold}
    failed = False
    results = process(load, sources, progress=settings.progress(count), **options)
    for number, (source, result) in enumerate(results, start=1):
        if isinstance(result, Exception):
            failed = True
            name = source.name if source.file else f"{'pair' if pair else 'argument'} {number}"
            print_failure(
                result, {**source.place(), **_fields(source)}, name=name, as_json=settings.as_json
            )
        elif settings.as_json:
            print_json(source.place(), _fields(source), result.to_dict())
        else:
            _show(source, result, all_scores=all_scores)
    if failed:
        raise click.exceptions.Exit(1)


def _line_texts(files: tuple[str, ...], *, pair: bool, quiet: bool) -> Iterator[Source[Text]]:
    for file in files:
        if file == STANDARD_INPUT:
            note_waiting(quiet=quiet)
        for source in line_sources(file):
            if pair and source.value is not None:
                yield _pair(source)
            else:
                yield Source(source.file, source.value, source.line, source.error)


def _pair(source: Source[str]) -> Source[Text]:
    """The two texts of a line with one tab."""
    first, *rest = (source.value or "").split("\t")
    if len(rest) == 1:
        return Source(source.file, (first, rest[0]), source.line)
    error = DataError(f"{source.name}: a pair is two texts with one tab, this line has {len(rest)}")
    return Source(source.file, None, source.line, error)


def _fields(source: Source[Text]) -> dict[str, str]:
    if source.value is None:
        return {}
    if isinstance(source.value, tuple):
        return {"text": source.value[0], "pair": source.value[1]}
    return {"text": source.value}


def _show(source: Source[Text], result: Label, *, all_scores: bool) -> None:
    text = one_line(" | ".join(_fields(source).values()))
    named = one_line(", ".join(labels_of(result)))
    if on_terminal():
        from nlpkit.interfaces import render

        render.label(text, named, result, all_scores=all_scores)
        return
    scores = f"{result.score:.4f}"
    if all_scores and result.scores:
        scores = " ".join(f"{name}={score:.4f}" for name, score in result.scores.items())
    print_line("\t".join([named, scores, text] if named else [scores, text]))


def labels_of(result: Label) -> tuple[str, ...]:
    """The labels to show: all that count, or else the best one; none for a regression."""
    if result.labels or result.label is None:
        return result.labels
    return (result.label,)
