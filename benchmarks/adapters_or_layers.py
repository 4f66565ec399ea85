"""Adapters against fine-tuned layers: the same questions, the same schedule, other weights.

Trains question answering pipelines that differ in what is tuned (and in its learning rate) on the
same questions of SQuAD 1.1, measures them on the first rows of its validation part, and prints a
Markdown table with EM, F1, the size of the weights and the training time.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import NamedTuple

from nlpkit.training.train import train


class Tuning(NamedTuple):
    """One line of the table: what `[backbone]` says, and the encoder's learning rate."""

    name: str
    backbone: str
    learning_rate: float


TUNINGS = {
    "lora": Tuning("LoRA, rank 32", 'tuning = "lora"\nrank = 32\nalpha = 64.0', 1e-3),
    "all": Tuning("all layers, embeddings frozen", 'tuning = "all"', 1e-4),
    "layers": Tuning("upper 3 layers", 'tuning = "layers"\nlayers = 3', 1e-4),
    "none": Tuning("the head only", 'tuning = "none"', 1e-3),
}

RECIPE = """
name = "{key}"
task = "question_answering"

[backbone]
name = "{encoder}"
max_tokens = 384
{tuning}

[pooling]
kind = "tokens"

[head]
kind = "span"

[training]
epochs = 1.0
batch_size = 16
learning_rate = {learning_rate}
head_learning_rate = 1e-3
seed = {seed}

[data]
train = ["squad"]
limit = {questions}
holdout = 0.0
"""


def main() -> None:
    """Trains and measures each tuning and prints the table as it grows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tunings", nargs="*", metavar="TUNING", help=f"of {', '.join(TUNINGS)}")
    parser.add_argument("--questions", type=int, default=10_000, help="to train on")
    parser.add_argument("--rows", type=int, default=1_500, help="of validation, to measure on")
    parser.add_argument("--encoder", default="sentence-transformers/all-MiniLM-L6-v2")
    parser.add_argument("--data", help="folder of the data sets; default: NLPKIT_DATA")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, help="folder for the runs, which can be resumed")
    args = parser.parse_args()
    chosen: list[str] = args.tunings or ["lora", "all", "layers"]
    unknown = sorted(set(chosen) - set(TUNINGS))
    if unknown:
        parser.error(f"unknown tuning {unknown[0]!r}; allowed: {', '.join(TUNINGS)}")

    with tempfile.TemporaryDirectory() as temporary:
        print("| tuned | learning rate | EM | F1 | megabytes | minutes |")
        print("|---|---|---|---|---|---|")
        for key in chosen:
            tuning = TUNINGS[key]
            folder = (args.work or Path(temporary)) / key
            folder.mkdir(parents=True, exist_ok=True)
            recipe = RECIPE.format(
                key=key,
                encoder=args.encoder,
                tuning=tuning.backbone,
                learning_rate=tuning.learning_rate,
                seed=args.seed,
                questions=args.questions,
            )
            (folder / "pipeline.toml").write_text(recipe, encoding="utf-8")
            trained = train(folder, data=args.data, device=args.device)
            scores = trained.pipeline.evaluate("squad", data=args.data, limit=args.rows)
            size = (folder / "weights.safetensors").stat().st_size / 1e6
            minutes = trained.progress.seconds / 60
            print(
                f"| {tuning.name} | {tuning.learning_rate:g} | {scores['exact_match']:.1f} "
                f"| {scores['f1']:.1f} | {size:.1f} | {minutes:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
