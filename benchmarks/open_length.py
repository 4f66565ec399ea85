"""How many sentences a summary best has where the caller leaves it open: ROUGE for each way.

On the documents of a file, so that a way can be chosen without looking at validation: those of
`benchmarks/sets/unlike_news.py`, documents as people write and lower-cased, tokenised ones apart.
Sentences are scored once. Measured are summaries of a fixed number of sentences, those of
`nlpkit.tasks.open_length` with some lengths of the reference (`--words`) and some greatest numbers
(`--most`), and the first sentences of each document: three, and as many as the pipeline's own way
chooses. ROUGE-2 is also compared with the usual number of sentences, `decoding.sentences`, on the
same documents, with the standard error of the difference. Prints a Markdown table for each kind
of document.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

import nlpkit
from benchmarks.redundancy import METRICS
from benchmarks.sets.unlike_news import RESULT, tokenised
from nlpkit.evaluation.rouge import rouge
from nlpkit.recipe_sections import OpenLengthRecipe
from nlpkit.rows import read_rows
from nlpkit.tasks.open_length import select_open
from nlpkit.tasks.selection import select
from nlpkit.tasks.summarization import Summarization, to_choose_from
from nlpkit.tasks.summary_length import Length

Scored = tuple[list[str], list[float]]
Way = Callable[[Scored], list[int]]


def scored(pipeline: Summarization, documents: Sequence[str], least: int) -> Iterator[Scored]:
    """The sentences of each document that may be chosen, and their scores."""
    for document, summary in zip(documents, pipeline(documents, progress=True), strict=True):
        texts = [document[start:stop] for start, stop in summary.spans]
        pool = to_choose_from(texts, summary.scores, least)
        yield [texts[index] for index in pool], [summary.scores[index] for index in pool]


def fixed(pipeline: Summarization, number: int) -> Way:
    """Always that many sentences."""

    def choose(document: Scored) -> list[int]:
        texts, scores = document
        return select(
            scores,
            sentences=texts,
            length=Length(sentences=number),
            redundancy="coverage",
            worth=pipeline.recipe.decoding.worth,
        )

    return choose


def left_open(pipeline: Summarization, bounds: OpenLengthRecipe) -> Way:
    """As many as say the most for their words."""
    decoding = pipeline.recipe.decoding

    def choose(document: Scored) -> list[int]:
        texts, scores = document
        return select_open(
            scores, sentences=texts, bounds=bounds, usual=decoding.sentences, worth=decoding.worth
        )

    return choose


def ways(
    pipeline: Summarization, own: OpenLengthRecipe, words: Sequence[int], most: Sequence[int]
) -> Iterator[tuple[str, Way]]:
    """What is measured, by name; the usual number of sentences comes first."""
    usual = pipeline.recipe.decoding.sentences
    yield f"{usual} sentences", fixed(pipeline, usual)
    for number in range(own.least, own.most + 1):
        if number != usual:
            yield f"{number} sentences", fixed(pipeline, number)
    for length in words:
        bounds = OpenLengthRecipe(least=own.least, most=own.most, words=length)
        yield f"{own.least} to {own.most}, {length} words", left_open(pipeline, bounds)
    for number in most:
        bounds = OpenLengthRecipe(least=min(own.least, number), most=number, words=own.words)
        yield f"{bounds.least} to {number}, {own.words} words", left_open(pipeline, bounds)
    chosen = left_open(pipeline, own)
    yield "the first 3", lambda document: list(range(min(3, len(document[0]))))
    yield "the first ones, as many as chosen", lambda document: list(range(len(chosen(document))))


def report(
    name: str, frame: pd.DataFrame, documents: Sequence[Scored], measured: list[tuple[str, Way]]
) -> None:
    """Prints the table of one kind of document."""
    references = [summary.splitlines() for summary in frame["summary"]]
    length = np.mean([len(summary.split()) for summary in frame["summary"]])
    print(f"\n{len(frame):,} documents, {name}; references of {length:.1f} words\n")
    print("| | ROUGE-1 | ROUGE-2 | ROUGE-Lsum | sentences | words | ROUGE-2 gained |")
    print("|---|---|---|---|---|---|---|")
    usual = None
    for way, choose in measured:
        summaries = [[texts[i] for i in choose((texts, own))] for texts, own in documents]
        found = rouge(summaries, references, types=METRICS)
        cells = [f"{100 * found[metric].value:.2f}" for metric in METRICS]
        words = [sum(len(sentence.split()) for sentence in summary) for summary in summaries]
        cells += [f"{np.mean([*map(len, summaries)]):.2f}", f"{np.mean(words):.1f}"]
        each = 100 * np.asarray(found["rouge2"].examples)
        usual = each if usual is None else usual
        gained = each - usual
        cells.append(f"{gained.mean():+.2f} ({gained.std() / np.sqrt(len(gained)):.2f})")
        print(f"| {way} | {' | '.join(cells)} |", flush=True)


def count(text: str) -> int:
    """A whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} has to be a whole number of at least 1")
    return int(text)


def main() -> None:
    """Measures one way after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pipeline", default="summarization", help="its name (%(default)s)")
    parser.add_argument("--on", default=str(RESULT), metavar="FILE", help="rows (%(default)s)")
    parser.add_argument("--data", type=Path, help="folder of the reference data sets")
    parser.add_argument("--dtype", default="bfloat16", help="number type (%(default)s)")
    parser.add_argument(
        "--words", type=count, nargs="*", default=[30, 35, 40, 45, 50], metavar="N", help="tried"
    )
    parser.add_argument(
        "--most", type=count, nargs="*", default=[3, 4, 6], metavar="N", help="tried, up to 20"
    )
    parser.add_argument("--characters", type=count, metavar="N", help="only documents of fewer")
    options = parser.parse_args()
    try:
        pipeline = nlpkit.load(options.pipeline, dtype=options.dtype)
        if not isinstance(pipeline, Summarization):
            parser.error(f"--pipeline {options.pipeline} is not for summarization")
        frame = read_rows(pipeline.recipe, [options.on], split=None, data=options.data)
    except nlpkit.NlpkitError as error:
        parser.error(str(error))
    if max(options.most, default=1) > 20:
        parser.error(f"--most {max(options.most)} is over 20, the most that a recipe may have")
    if options.characters is not None:
        frame = frame[frame["document"].str.len() < options.characters]
        if frame.empty:
            parser.error(
                f"no document of {options.on} has less than {options.characters} characters"
            )
    own = pipeline.recipe.decoding.open_length or OpenLengthRecipe(words=40)
    measured = list(ways(pipeline, own, options.words, options.most))
    documents = list(scored(pipeline, frame["document"].tolist(), own.least))
    small = tokenised(frame).to_numpy()
    for name, rows in (("as people write", ~small), ("lower-cased and tokenised", small)):
        part = [document for document, there in zip(documents, rows, strict=True) if there]
        if part:
            report(name, frame[rows], part, measured)


if __name__ == "__main__":
    main()
