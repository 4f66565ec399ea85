"""How the sentences of a summary are best chosen, once all are scored: ROUGE for each way.

On documents of the training sets that training did not draw, so that a way can be chosen without
looking at validation. Sentences are scored once. `--share` measures coverage with other bounds on
which sentences it looks at, `--reference` with other lengths of the reference it expects, and
`--pairs` with other weights of word pairs. Coverage is measured with the pipeline's own worth of
words and, as it would be without, by the probabilities of their sentences alone.
Prints a Markdown table.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pandas as pd

import nlpkit
from benchmarks.undrawn import all_rows
from nlpkit import recipe as recipes
from nlpkit.evaluation.rouge import rouge
from nlpkit.recipe_sections import WorthRecipe
from nlpkit.results import Summary
from nlpkit.tasks import coverage, selection
from nlpkit.tasks.folders import find
from nlpkit.tasks.selection import Redundancy
from nlpkit.tasks.summarization import Summarization, to_choose_from
from nlpkit.tasks.summary_length import Length
from nlpkit.training.training_rows import training_rows

METRICS = ("rouge1", "rouge2", "rougeLsum")


def unseen(pipeline: Summarization, rows: int, data: Path | None, seed: int) -> pd.DataFrame:
    """Documents of the training sets of the pipeline's first run that no run has drawn."""
    recipe = pipeline.recipe
    drawn = set(training_rows(recipe, data)["document"])
    while recipe.training.start is not None:
        recipe = recipes.read(find(recipe.training.start))
        drawn |= set(training_rows(recipe, data)["document"])
    every = all_rows(recipe, data)
    left = every[~every["document"].isin(drawn)]
    return left.sample(n=min(rows, len(left)), random_state=seed)


def chosen(
    scored: Summary, document: str, count: int, way: Redundancy, worth: WorthRecipe | None
) -> list[str]:
    """The sentences of a summary, as the pipeline chooses them."""
    texts = [document[start:stop] for start, stop in scored.spans]
    pool = to_choose_from(texts, scored.scores, count)
    picked = selection.select(
        [scored.scores[index] for index in pool],
        sentences=[texts[index] for index in pool],
        length=Length(sentences=count),
        redundancy=way,
        worth=worth,
    )
    return [texts[pool[index]] for index in picked]


def main() -> None:
    """Measures one way after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pipeline", default="summarization", help="its name (%(default)s)")
    parser.add_argument("--data", type=Path, help="folder of the reference data sets")
    parser.add_argument("--rows", type=int, default=2000, help="documents (%(default)s)")
    parser.add_argument("--dtype", default="int8", help="number type (%(default)s)")
    parser.add_argument("--seed", type=int, default=7, help="of the rows (%(default)s)")
    parser.add_argument("--share", type=float, nargs="*", default=[0.1, 0.2], help="others")
    parser.add_argument("--reference", type=float, nargs="*", default=[0.5, 1.0], help="others")
    parser.add_argument("--pairs", type=float, nargs="*", default=[1, 8], help="others")
    options = parser.parse_args()
    try:
        pipeline = nlpkit.load(options.pipeline, dtype=options.dtype)
        frame = unseen(pipeline, options.rows, options.data, options.seed)
    except nlpkit.NlpkitError as error:
        parser.error(str(error))
    documents = frame["document"].tolist()
    references = [summary.splitlines() for summary in frame["summary"]]
    scored = list(pipeline(documents, progress=True))
    count = pipeline.recipe.decoding.sentences

    learned = pipeline.recipe.decoding.worth

    def ways() -> Iterator[tuple[str, Redundancy, WorthRecipe | None]]:
        for way in get_args(Redundancy):
            yield way, way, learned
        reference = "REFERENCE" if learned is None else "LEARNED_REFERENCE"
        others = [
            (selection, "COVERAGE_SHARE", options.share, "from {:g} of the probability"),
            (coverage, reference, options.reference, "a reference {:g} times as long"),
        ]
        if learned is not None:
            yield "coverage, nothing learned of words", "coverage", None
            others.append((coverage, "PAIR_WEIGHT", options.pairs, "pairs counting {:g} times"))
        for module, name, values, text in others:
            usual = getattr(module, name)
            for value in values:
                setattr(module, name, value)
                yield f"coverage, {text.format(value)}", "coverage", learned
            setattr(module, name, usual)

    print(f"{len(documents):,} documents, {pipeline.info['dtype']}, {count} sentences\n")
    print("| | ROUGE-1 | ROUGE-2 | ROUGE-Lsum | words | sentences under 8 words |")
    print("|---|---|---|---|---|---|")
    for name, way, worth in ways():
        summaries = [
            chosen(one, document, count, way, worth)
            for one, document in zip(scored, documents, strict=True)
        ]
        scores = rouge(summaries, references, types=METRICS)
        lengths = [len(sentence.split()) for summary in summaries for sentence in summary]
        cells = [f"{100 * scores[metric].value:.2f}" for metric in METRICS]
        cells.append(f"{sum(lengths) / len(summaries):.1f}")
        cells.append(f"{sum(n < 8 for n in lengths) / len(summaries):.2f}")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
