"""`nlpkit answer`."""

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
from nlpkit.interfaces.sources import Source, text_sources

if TYPE_CHECKING:
    from nlpkit.results import Answer


@click.command()
@click.argument("question")
@click.argument("files", nargs=-1)
@click.option(
    "-k",
    "--top-k",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="How many answers, the best first.",
)
@click.option(
    "--threshold",
    type=Share(),
    metavar="P",
    help="The smallest score that counts as an answer; 0 always answers. "
    "[default: the pipeline's own]",
)
@click.option(
    "--max-answer-tokens",
    type=click.IntRange(min=1),
    metavar="N",
    help="The longest answer. [default: the pipeline's own]",
)
@click.option("--lines", is_flag=True, help="Each line is a passage.")
@run_options("question_answering", "question_answering")
def answer(
    question: str,
    files: tuple[str, ...],
    top_k: int,
    threshold: float | None,
    max_answer_tokens: int | None,
    lines: bool,
    settings: Settings,
) -> None:
    """Find the answer to QUESTION in passages.

    Each of FILES is a passage; without any, or for "-", standard input is. On a terminal answers
    are shown in their passage; otherwise they are printed one a line. Where nothing
    is answered, a note on standard error says so, and the exit code is 0.
    """
    if not question.strip():
        raise click.UsageError("The question is empty.")
    options: dict[str, Any] = {"top_k": top_k}
    if threshold is not None:
        options["threshold"] = threshold
    if max_answer_tokens is not None:
        options["max_answer_tokens"] = max_answer_tokens

    passages: list[Source[str]] = []
    failed = False
    for source in text_sources(files, lines=lines, quiet=settings.quiet):
        if source.error is None:
            passages.append(source)
        else:
            failed = True
            print_failure(source.error, source.place(), name=source.name, as_json=settings.as_json)
    if passages or not failed:
        pipeline: Any = settings.load()
        texts = [source.value or "" for source in passages]
        result = pipeline((question, texts), progress=settings.progress(1), **options)
        if settings.as_json:
            print_json({"question": question}, _record(result, passages))
        else:
            _show(result, passages, quiet=settings.quiet)
    if failed:
        raise click.exceptions.Exit(1)


def _record(result: Answer, passages: list[Source[str]]) -> dict[str, Any]:
    """The answer for JSON; it and its alternatives get the file of their passage."""
    record: dict[str, Any] = result.to_dict()
    for part in (record, *record.get("alternatives", ())):
        if part.get("passage") is not None:
            part |= passages[part["passage"]].place()
    return record


def _show(result: Answer, passages: list[Source[str]], *, quiet: bool) -> None:
    answers = (result, *result.alternatives)
    if not result:
        # What the alternatives hold is under the threshold: a person may want to see it, a
        # program that reads lines must not take it for an answer.
        sure = result.no_answer >= 0.5
        note = f"no answer{'' if sure else ' is sure enough'} (p of none: {result.no_answer:.2f})"
        answers = result.alternatives
        if not on_terminal():
            if not quiet:
                click.echo(f"nlpkit: {note}", err=True)
            return
        print_line(f"{note}; under the threshold:" if answers else note)
    for rank, part in enumerate(answers):
        if not on_terminal():
            print_line(one_line(part.text))
        elif part.passage is not None:
            from nlpkit.interfaces import render

            if rank:
                print_line("")
            source = passages[part.passage]
            render.answer(source.value or "", part, name=source.name)
