"""What other runtimes and number types change in a pipeline's scores.

`runtimes.json` beside the weights travels with the pipeline; `nlpkit export --check` writes it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nlpkit.recipe import Recipe
from nlpkit.runtimes.cache import VERSION
from nlpkit.runtimes.choice import Candidate

FILE_NAME = "runtimes.json"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Checks:
    """What is known of a pipeline.

    Attributes:
        changes: the greatest change of a score on the probe set, by candidate (`onnx int8`).
        excluded: what `auto` must not take all the same, because a measured metric has suffered.
    """

    changes: Mapping[str, float] = field(default_factory=dict)
    excluded: tuple[str, ...] = ()


def read(recipe: Recipe, path: Path) -> Checks:
    """What a file says, if it is of the recipe's weights and this exporter; otherwise nothing."""
    assert recipe.weights is not None, "only a trained pipeline has been checked"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["weights"] != recipe.weights.sha256 or record["exporter"] != VERSION:
            return Checks()
        changes = {str(name): float(change) for name, change in record["changes"].items()}
        return Checks(changes, tuple(map(str, record.get("excluded", ()))))
    except FileNotFoundError:
        return Checks()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        logger.info("%s cannot be read: %s", path, error)
        return Checks()


def write(recipe: Recipe, path: Path, checks: Checks) -> None:
    """Writes what is known.

    Raises:
        OSError: when it cannot be written.
    """
    assert recipe.weights is not None, "only a trained pipeline has been checked"
    record: dict[str, Any] = {
        "weights": recipe.weights.sha256,
        "exporter": VERSION,
        "changes": {name: float(f"{c:.3g}") for name, c in sorted(checks.changes.items())},
    }
    if checks.excluded:
        record["excluded"] = list(checks.excluded)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    partial.replace(path)


def change_of(recipe: Recipe, folder: Path, candidate: Candidate) -> float | str:
    """The greatest change of a score that a candidate makes, or why `auto` must not take it.

    Args:
        recipe: the pipeline's.
        folder: where it is.
        candidate: a runtime with a number type.
    """
    name = str(candidate)
    known = read(recipe, folder / FILE_NAME)
    if name in known.excluded:
        return "moves a measured metric"
    if name not in known.changes:
        return "was not checked (nlpkit export --check)"
    return known.changes[name]
