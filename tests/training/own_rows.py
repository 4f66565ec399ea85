"""Recipes on a user's own rows, small enough to be trained in a test."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from nlpkit.tokenizer import Tokenizer
from nlpkit.training import loop
from nlpkit.training.train import train
from nlpkit.training.trained import Trained

CLASSIFICATION = '[head]\nkind = "labels"\nlabels = ["low", "high"]\n'


def folder_of(
    folder: Path,
    encoder: Path,
    source: str | Path,
    *,
    task: str = "classification",
    pooling: str = "mean",
    head: str = CLASSIFICATION,
    tuning: str = 'tuning = "none"',
    training: str = "",
    data: str = "holdout = 0.0",
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pipeline.toml").write_text(f"""
# A recipe for a test.
name = "own"
task = "{task}"

[backbone]
name = "{encoder}"
max_tokens = 64
{tuning}

[pooling]
kind = "{pooling}"

{head}
[training]
batch_size = 4
learning_rate = 0.02
precision = "float32"
{training}

[data]
train = ["{source}"]
{data}
""")
    return folder


def with_teacher(folder: Path, teacher: Path | str, options: str = "") -> Path:
    """The folder, whose recipe has a `[teacher]` now."""
    recipe = folder / "pipeline.toml"
    recipe.write_text(f'{recipe.read_text()}\n[teacher]\npipeline = "{teacher}"\n{options}\n')
    return folder


ROWS = [
    {"review": ("qqq " if n % 2 else "zzz ") * (1 + n % 5), "stars": "high" if n % 2 else "low"}
    for n in range(24)
]
COLUMNS = 'columns = {text = "review", label = "stars"}\n'


def write(rows: list[dict[str, Any]], path: Path) -> Path:
    if path.suffix == ".csv":
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        pd.DataFrame(rows).to_parquet(path)
    return path


def weights(folder: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return dict(load_file(folder / "weights.safetensors"))


def run(folder: Path, **options: Any) -> Trained:
    return train(folder, device="cpu", progress=False, **options)


def interrupted(folder: Path, at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs the recipe until the step of that number is due, where it is interrupted."""
    step = loop._Step.__call__

    def stops(self: Any, indices: Any, number: int) -> float:
        if number == at:
            raise KeyboardInterrupt
        return step(self, indices, number)

    with monkeypatch.context() as patch:
        patch.setattr(loop._Step, "__call__", stops)
        with pytest.raises(KeyboardInterrupt):
            run(folder)


def letters_apart() -> Tokenizer:
    """A tokenizer that cuts every text into its letters."""
    from tokenizers import Tokenizer as Rust
    from tokenizers import models, pre_tokenizers, processors

    rust = Rust(models.WordLevel({"[UNK]": 0, "<s>": 1, "</s>": 2}, unk_token="[UNK]"))
    rust.pre_tokenizer = pre_tokenizers.Split("", "isolated")  # type: ignore[assignment]
    rust.post_processor = processors.TemplateProcessing(  # type: ignore[assignment]
        single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    return Tokenizer(rust)
