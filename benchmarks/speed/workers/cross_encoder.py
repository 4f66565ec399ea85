"""sentence-transformers' CrossEncoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from serve import Config, Row, System, serve


def load(config: Config) -> System:
    from sentence_transformers import CrossEncoder

    model: Any = CrossEncoder(
        config.model, device=config.device, local_files_only=True, **config.options
    )

    def run(rows: Sequence[Row], batch: int | None) -> list[Any]:
        pairs = [(row["text"], row["pair"]) for row in rows]
        scores = model.predict(pairs, batch_size=batch or 32, show_progress_bar=False)
        return list(scores)

    return System(run)


if __name__ == "__main__":
    serve(load, ["sentence-transformers", "transformers", "torch", "tokenizers"])
