"""How fast the metrics are, against the packages that define them.

Ours and theirs take turns on the same pairs, several rounds in one process; what counts is the
ratio of the medians, for both share whatever else the machine does. The first round of each is
shown apart: it fills the caches of stems and synonyms.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from metric_parity import reference_wordnet, simcls

from nlpkit.evaluation.meteor import meteor_examples
from nlpkit.evaluation.rouge import TYPES, rouge_examples
from nlpkit.evaluation.wordnet import synonyms

Run = Callable[[list[Any]], Any]


def rouge_runs(pairs: list[Any]) -> tuple[Run, Run]:
    """ROUGE-1, 2 and Lsum with stems."""
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(list(TYPES), use_stemmer=True)

    def ours(part: list[Any]) -> None:
        rouge_examples([said for said, _ in part], [wanted for _, wanted in part])

    def theirs(part: list[Any]) -> None:
        for said, wanted in part:
            scorer.score("\n".join(wanted), "\n".join(said))

    return ours, theirs


def meteor_runs(pairs: list[Any], wordnet: Any) -> tuple[Run, Run]:
    """METEOR of tokens; NLTK's with WordNet's own files, or with our table where they are not."""
    from nltk.translate.meteor_score import meteor_score

    def ours(part: list[Any]) -> None:
        meteor_examples([said for said, _ in part], [wanted for _, wanted in part])

    def theirs(part: list[Any]) -> None:
        for said, wanted in part:
            meteor_score([wanted], said, wordnet=wordnet)

    return ours, theirs


def measure(runs: tuple[Run, Run], pairs: list[Any], rounds: int) -> tuple[list[float], ...]:
    """Seconds of each round, ours and theirs in turn."""
    seconds: tuple[list[float], ...] = ([], [])
    for _ in range(rounds):
        for run, times in zip(runs, seconds, strict=True):
            began = time.perf_counter()
            run(pairs)
            times.append(time.perf_counter() - began)
    return seconds


def row(name: str, seconds: tuple[list[float], ...], pairs: int) -> str:
    """One line of the table: pairs a second after the first round, and the ratios."""
    ours, theirs = (statistics.median(times[1:] or times) for times in seconds)
    first = seconds[1][0] / seconds[0][0]
    return (
        f"| {name} | {pairs / ours:,.0f} | {pairs / theirs:,.0f} | {theirs / ours:.1f} |"
        f" {first:.1f} |"
    )


def main() -> None:
    """Times the metrics and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="folder of the data sets; default: NLPKIT_DATA")
    parser.add_argument("--rows", type=int, default=1_000, help="how many SimCLS pairs")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--wordnet", type=Path, help="WordNet 3.0's dict folder, for NLTK")
    args = parser.parse_args()

    pairs = simcls(args.data)[: args.rows]
    tokens = [(" ".join(said).split(), " ".join(wanted).split()) for said, wanted in pairs]
    wordnet = reference_wordnet(args.wordnet)
    synonyms("")  # our table is read; NLTK's reader was when it was made
    print("| metric | ours, pairs a second | theirs | ratio | ratio of the first round |")
    print("|---|---|---|---|---|")
    jobs = (
        ("ROUGE-1/2/Lsum, rouge-score", rouge_runs(pairs), pairs),
        ("METEOR, nltk", meteor_runs(tokens, wordnet), tokens),
    )
    for name, runs, these in jobs:
        warm = partial(row, name, pairs=len(these))
        print(warm(measure(runs, these, args.rounds)), flush=True)


if __name__ == "__main__":
    main()
