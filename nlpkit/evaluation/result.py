"""What an evaluation gives: the scores of one system on one data set, and every example."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nlpkit.evaluation.score import Score, Scores

if TYPE_CHECKING:
    import pandas as pd


class Evaluation(Scores):
    """The scores of one system on one data set; a mapping from the metric's name to its `Score`.

    Attributes:
        task: `summarization`, `question_answering` or `classification`.
        system: the pipeline or baseline.
        dataset: the data set's name or file.
        split: which part of it; None for a file.
        examples: one row an example, in the order of the data set, with `prediction`,
            `reference` and the example's own scores.
        notes: what a reader has to know, such as questions without a prediction.

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"text": ["good"], "prediction": ["positive"]})
    >>> result = Evaluation(
    ...     [Score.of("accuracy", [1])],
    ...     task="classification", system="sst2", dataset="glue/sst2", split="validation",
    ...     examples=frame,
    ... )
    >>> result["accuracy"].points, len(result.examples)
    (100.0, 1)
    >>> print(result["accuracy"].signature)
    accuracy|n:1|seed:0|version:nlpkit-0.1.0|data:glue/sst2|split:validation|system:sst2
    """

    def __init__(
        self,
        scores: Sequence[Score],
        *,
        task: str,
        system: str,
        dataset: str,
        split: str | None,
        examples: pd.DataFrame,
        undefined: Mapping[str, str] | None = None,
        notes: Sequence[str] = (),
        **fields: Any,
    ) -> None:
        said = {"data": dataset, "split": split, "system": system, **fields}
        super().__init__([score.extended(**said) for score in scores], undefined=undefined)
        self.task = task
        self.system = system
        self.dataset = dataset
        self.split = split
        self.examples = examples
        self.notes = tuple(notes)

    def __repr__(self) -> str:
        where = f"{self.dataset}:{self.split}" if self.split else self.dataset
        return f"<Evaluation of {self.system} on {where}: {super().__repr__()}>"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON: what was evaluated, `scores` by metric, and the notes."""
        return {
            "system": self.system,
            "task": self.task,
            "dataset": self.dataset,
            "split": self.split,
            "scores": super().to_dict(),
            "notes": list(self.notes),
        }
