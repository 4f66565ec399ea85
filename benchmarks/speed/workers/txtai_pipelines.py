"""txtai: Labels (a text-classification pipeline) and Questions (one at a time, no windows)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from serve import Config, Row, System, serve


def load(config: Config) -> System:
    from txtai.pipeline import Labels, Questions

    gpu = config.device != "cpu"
    if config.task == "question_answering":
        return _questions(Questions(config.model, gpu=gpu))
    labels: Any = Labels(config.model, gpu=gpu, dynamic=False)

    def run(rows: Sequence[Row], batch: int | None) -> list[Any]:
        texts = [row["text"] for row in rows]
        found: list[Any] = labels(texts, batch_size=batch or 1, truncation=True, **config.options)
        return found

    return System(run)


def _questions(questions: Any) -> System:
    info = {"failed": 0}

    def run(rows: Sequence[Row], batch: int | None) -> list[str]:
        found = []
        for row in rows:
            try:
                answer = questions([row["question"]], [row["passage"]])[0]
            except (TypeError, ValueError):  # its answer begins or ends at a special token
                info["failed"] += 1
                answer = None
            found.append(answer or "")
        return found

    return System(run, str, info)


if __name__ == "__main__":
    serve(load, ["txtai", "transformers", "torch", "tokenizers"])
