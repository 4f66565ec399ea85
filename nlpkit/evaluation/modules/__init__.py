"""The metrics as modules of Hugging Face's `evaluate`, made without the network.

`evaluate.load` fetches a script from the hub, for its wheel holds no metric. These modules have
the names, inputs and output keys of those scripts where there is one, and go into
`evaluate.combine` as they are.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nlpkit.errors import InputError, NlpkitError

if TYPE_CHECKING:
    from nlpkit.evaluation.modules.base import Module

# The file of each, and the name of its class.
_WHERE = {
    "rouge": ("summaries", "Rouge"),
    "meteor": ("summaries", "Meteor"),
    "compression": ("summaries", "Compression"),
    "order": ("summaries", "Order"),
    "redundancy": ("summaries", "Redundancy"),
    "squad": ("answers", "Squad"),
    "squad_v2": ("answers", "SquadV2"),
    "accuracy": ("labels", "Accuracy"),
    "f1": ("labels", "F1"),
    "matthews_correlation": ("labels", "MatthewsCorrelation"),
    "pearsonr": ("labels", "Pearsonr"),
    "spearmanr": ("labels", "Spearmanr"),
    "glue": ("labels", "Glue"),
    "ece": ("labels", "Ece"),
}

# What the functions of `nlpkit.evaluation` are called, where the hub has another name.
_ALIASES = {
    "matthews": "matthews_correlation",
    "pearson": "pearsonr",
    "spearman": "spearmanr",
    "squad_v1": "squad",
    "expected_calibration_error": "ece",
}


def names() -> list[str]:
    """The names that `load` knows; `matthews`, `pearson` and `spearman` will do as well.

    >>> names()[:3]
    ['rouge', 'meteor', 'compression']
    """
    return list(_WHERE)


def load(name: str, config_name: str | None = None, **options: Any) -> Module:
    """A metric as an `evaluate.Metric`, without the network.

    `compute` gives plain numbers by the metric's name, on the official scale (SQuAD's is 0 to 100,
    the others' 0 to 1), and raises what the metric's own function raises. What is added is kept
    in memory and no file is written, unless `keep_in_memory=False` or several processes are asked
    for; then it goes to `cache_dir`, which is `evaluate`'s own (`HF_METRICS_CACHE`) if not given.

    - `rouge` (`types`, `stem`, `split`): summaries with a sentence a line, or lists of sentences.
      `split=True` splits texts without a line break into sentences. Words are stemmed, as for
      published figures; the hub's script does not by default.
    - `meteor` (`alpha`, `beta`, `gamma`): texts, or lists of tokens; references may be several.
    - `compression`, `order`, `redundancy` (`split`): summaries as for `rouge`; references are the
      documents.
    - `squad`, `squad_v2` (`threshold`): `{"id", "prediction_text"}`, with `no_answer_probability`
      for `squad_v2`'s `best_` figures, and `{"id", "answers"}`.
    - `accuracy`, `f1` (`positive`), `matthews_correlation`: label names, or whole numbers.
    - `pearsonr`, `spearmanr`: numbers.
    - `glue`: by task (`load("glue", "mrpc")`), labels as the hub numbers them, or their names.
    - `ece` (`bins`): probabilities, and whether each was right.

    Args:
        name: one of `names()`.
        config_name: for `glue` the task.
        options: of the metric, as above; or of `evaluate.Metric`, such as `cache_dir`,
            `keep_in_memory`, `experiment_id`, `num_process`.

    Raises:
        InputError: an unknown name, configuration or option.
        NlpkitError: evaluate is not installed.

    >>> metric = load("accuracy")
    >>> metric.compute(predictions=[0, 1, 1, 0], references=[0, 1, 0, 0])
    {'accuracy': 0.75}
    """
    known = _ALIASES.get(name, name)
    if known not in _WHERE:
        raise InputError(f"there is no metric {name!r}; there are {', '.join(_WHERE)}")
    try:
        import evaluate  # noqa: F401
    except ImportError:
        raise NlpkitError(
            "nlpkit.evaluation.modules needs the package evaluate: pip install nlpkit[evaluate]"
        ) from None
    file, kind = _WHERE[known]
    module: type[Module] = getattr(import_module(f"{__name__}.{file}"), kind)
    return module(config_name, **options)
