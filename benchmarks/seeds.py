"""How much of a number is chance: the same recipe trained with several seeds.

A seed decides on the first weights of the head, the order of the examples and which rows are set
aside. The shipped pipeline is the run of its recipe's own seed, whatever the others gave. Each
run's weights stay in the folder of `--runs`, and a run that is there is not done again.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

import nlpkit
from nlpkit.evaluation.evaluate import evaluate
from nlpkit.shipped import shipped_folder

# `cola` is a mean of runs with several seeds already; `soups.py` measures some of them.
NAMES = ("mrpc", "stsb", "rte")


def measured(name: str, seed: int, runs: Path, data: Path | None) -> dict[str, float]:
    """The validation scores, in points, of one recipe trained with one seed."""
    own = nlpkit.load(name, dtype="float32")
    if seed != own.recipe.training.seed:
        folder = runs / f"{name}-{seed}"
        nlpkit.train(shipped_folder() / name, data=data, output=folder, seed=seed)
        own = nlpkit.load(folder, dtype="float32")
    (source,) = own.recipe.evaluation.data
    found = evaluate(own, source, split=own.recipe.evaluation.split, data=data)
    return {metric: score.points for metric, score in found.items()}


def main() -> None:
    """Trains, measures and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=NAMES, help="pipelines (%(default)s)")
    parser.add_argument("--seeds", type=int, default=3, help="seeds 0 to N - 1 (%(default)s)")
    parser.add_argument("--data", type=Path, help="folder of the reference data sets")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where weights are kept")
    options = parser.parse_args()
    print("| pipeline | metric | each seed | mean | standard deviation |")
    print("|---|---|---|---:|---:|")
    for name in options.names:
        rows = [measured(name, seed, options.runs, options.data) for seed in range(options.seeds)]
        for metric in rows[0]:
            if metric == "ece":
                continue
            values = [row[metric] for row in rows]
            spread = statistics.stdev(values) if len(values) > 1 else 0.0
            each = ", ".join(f"{value:.2f}" for value in values)
            mean = statistics.mean(values)
            print(f"| {name} | {metric} | {each} | {mean:.2f} | {spread:.2f} |", flush=True)


if __name__ == "__main__":
    main()
