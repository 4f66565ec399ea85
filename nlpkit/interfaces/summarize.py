"""`nlpkit summarize`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from nlpkit.interfaces.options import Settings, Share, run_options
from nlpkit.interfaces.output import (
    on_terminal,
    one_line,
    print_failure,
    print_json,
    print_line,
)
from nlpkit.interfaces.sources import Source, process, text_sources

if TYPE_CHECKING:
    from nlpkit.results import Summary

_LIMITS = ("sentences", "ratio", "words", "tokens")


@click.command()
@click.argument("files", nargs=-1)
@click.option(
    "-n", "--sentences", type=click.IntRange(min=1), metavar="N", help="Exactly N sentences."
)
@click.option(
    "-r",
    "--ratio",
    type=Share(min_open=True),
    metavar="R",
    help="Length as a share of the document's sentences, above 0 up to 1.",
)
@click.option("-w", "--words", type=click.IntRange(min=1), metavar="N", help="At most N words.")
@click.option("-t", "--tokens", type=click.IntRange(min=1), metavar="N", help="At most N tokens.")
@click.option(
    "--redundancy",
    type=click.Choice(["none", "trigram", "mmr", "coverage"]),
    help="How repeated content is kept out. [default: the pipeline's own]",
)
@click.option("--lines", is_flag=True, help="Each line is a document.")
@click.option("--only", is_flag=True, help="On a terminal, show the summary without the document.")
@click.option("--scores", is_flag=True, help="Show each chosen sentence's number and score.")
@run_options("summarization", "summarization")
def summarize(
    files: tuple[str, ...],
    sentences: int | None,
    ratio: float | None,
    words: int | None,
    tokens: int | None,
    redundancy: str | None,
    lines: bool,
    only: bool,
    scores: bool,
    settings: Settings,
) -> None:
    """Choose the sentences that say most.

    Reads FILES, or standard input where there are none or for "-". On a terminal the document is
    shown with the chosen sentences marked; otherwise they are printed one a line. Without a
    length the shipped pipeline chooses 2 to 5 sentences: as many as say the most for their words.
    """
    limits = dict(zip(_LIMITS, (sentences, ratio, words, tokens), strict=True))
    given = {name: value for name, value in limits.items() if value is not None}
    if len(given) > 1:
        named = " and ".join(f"--{name}" for name in given)
        raise click.UsageError(f"Only one length can be given, not {named}.")
    options: dict[str, Any] = {**given}
    if redundancy is not None:
        options["redundancy"] = redundancy

    count = None if lines else max(1, len(files))
    results = process(
        settings.load,
        text_sources(files, lines=lines, quiet=settings.quiet),
        progress=settings.progress(count),
        **options,
    )
    failed = shown = 0
    for source, result in results:
        if isinstance(result, Exception):
            failed += 1
            print_failure(result, source.place(), name=source.name, as_json=settings.as_json)
        elif settings.as_json:
            print_json(source.place(), result.to_dict())
        else:
            _show(source, result, scores=scores, only=only, titled=count != 1, first=not shown)
            shown += 1
    if failed:
        raise click.exceptions.Exit(1)


def _show(
    source: Source[str], summary: Summary, *, scores: bool, only: bool, titled: bool, first: bool
) -> None:
    if on_terminal():
        from nlpkit.interfaces import render

        if titled:
            render.title(source.name)
        if scores:
            render.scored_summary(source.name, summary)
        elif only:
            render.summary(summary)
        else:
            render.document(source.value or "", summary)
        return
    if scores:
        if not first:
            print_line("")
        print_line(f"{one_line(source.name)}: {count_of(summary)}")
        for sentence in summary.sentences:
            print_line(f"[{sentence.index}] {sentence.score:.3f} {one_line(sentence.text)}")
        return
    if titled:
        print_line(f"{'' if first else chr(10)}==> {one_line(source.name)} <==")
    for sentence in summary.sentences:
        print_line(one_line(sentence.text))


def count_of(summary: Summary) -> str:
    """The length of a summary beside its document's: '3 of 24 sentences'."""
    return f"{len(summary.sentences)} of {len(summary.scores)} sentences"
