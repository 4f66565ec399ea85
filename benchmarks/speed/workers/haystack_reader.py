"""transformers-haystack's reader. It reads one question at a time, its passage in batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from serve import Config, Row, System, serve


def load(config: Config) -> System:
    from haystack import Document
    from haystack.utils import ComponentDevice
    from haystack_integrations.components.readers.transformers import TransformersExtractiveReader

    device = ComponentDevice.from_str("cpu" if config.device == "cpu" else "cuda:0")
    reader: Any = TransformersExtractiveReader(
        model=config.model, device=device, token=None, top_k=1, no_answer=False
    )
    reader.warm_up()

    def run(rows: Sequence[Row], batch: int | None) -> list[Any]:
        found = []
        for row in rows:
            documents = [Document(content=row["passage"])]
            # Without answers of its own a question has an empty list.
            answers = reader.run(query=row["question"], documents=documents, max_batch_size=batch)
            found.append(answers["answers"])
        return found

    return System(run, lambda answers: answers[0].data or "" if answers else "")


if __name__ == "__main__":
    serve(load, ["transformers-haystack", "haystack-ai", "transformers", "torch", "accelerate"])
