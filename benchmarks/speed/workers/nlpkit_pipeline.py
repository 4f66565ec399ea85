"""nlpkit's own pipelines. A batch size is how many inputs each call is given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from serve import Config, Row, System, in_calls, serve


def load(config: Config) -> System:
    import nlpkit

    pipeline: Any = nlpkit.load(config.model, device=config.device, **config.options)
    # What the peers are asked for as well: three sentences; SQuAD 1.1 has an answer to every
    # question, and they never say that there is none.
    asked: dict[str, dict[str, Any]] = {
        "summarization": {"sentences": 3},
        "question_answering": {"threshold": 0.0},
    }
    options = asked.get(config.task, {})

    def run(rows: Sequence[Row], batch: int | None) -> list[Any]:
        inputs = [_input(row, config.task) for row in rows]
        return [result for call in in_calls(inputs, batch) for result in pipeline(call, **options)]

    info = {key: str(value) for key, value in pipeline.info.items() if key != "folder"}
    return System(run, _shown, info)


def _input(row: Row, task: str) -> Any:
    if task == "summarization":
        return row["document"]
    if task == "question_answering":
        return row["question"], row["passage"]
    return (row["text"], row["pair"]) if "pair" in row else row["text"]


def _shown(result: Any) -> Any:
    if hasattr(result, "sentences"):
        return [sentence.text for sentence in result.sentences]
    return result.label if hasattr(result, "label") else result.text


if __name__ == "__main__":
    serve(load, ["nlpkit", "torch", "transformers", "onnxruntime", "tokenizers", "spacy"])
