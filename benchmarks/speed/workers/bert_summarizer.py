"""bert-extractive-summarizer with the same encoder: one document at a time, three sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from serve import Config, Row, System, serve


def load(config: Config) -> System:
    import torch
    from summarizer import Summarizer
    from transformers import AutoModel, AutoTokenizer

    model = AutoModel.from_pretrained(config.model, output_hidden_states=True)
    tokenizer = AutoTokenizer.from_pretrained(config.model)
    summarize: Any = Summarizer(custom_model=model, custom_tokenizer=tokenizer)

    def run(rows: Sequence[Row], batch: int | None) -> list[list[str]]:
        # It does not turn gradients off itself; with them it would be slower still.
        with torch.inference_mode():
            return [
                summarize(row["document"], num_sentences=3, return_as_list=True) for row in rows
            ]

    return System(run, list)


if __name__ == "__main__":
    packages = ["bert-extractive-summarizer", "transformers", "torch", "spacy", "scikit-learn"]
    serve(load, packages)
