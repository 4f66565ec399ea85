"""transformers' pipelines: question-answering (version 4), text-classification (version 5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from serve import Config, Row, System, serve


def load(config: Config) -> System:
    from transformers import pipeline

    # Types are left open: which names of tasks there are depends on the version.
    open_: Any = pipeline
    name = {"question_answering": "question-answering", "classification": "text-classification"}
    device = -1 if config.device == "cpu" else 0
    run_pipeline = open_(
        name[config.task], model=config.model, tokenizer=config.model, device=device
    )

    def answers(rows: Sequence[Row], batch: int | None) -> list[Any]:
        found = run_pipeline(
            question=[row["question"] for row in rows],
            context=[row["passage"] for row in rows],
            batch_size=batch or 1,
        )
        return found if isinstance(found, list) else [found]

    def labels(rows: Sequence[Row], batch: int | None) -> list[Any]:
        pairs = "pair" in rows[0]
        inputs = [
            {"text": row["text"], "text_pair": row["pair"]} if pairs else row["text"]
            for row in rows
        ]
        found: list[Any] = run_pipeline(
            inputs, batch_size=batch or 1, truncation=True, **config.options
        )
        return found

    if config.task == "question_answering":
        return System(answers, lambda answer: answer["answer"])
    return System(labels, lambda label: label["label"])


if __name__ == "__main__":
    serve(load, ["transformers", "torch", "tokenizers"])
