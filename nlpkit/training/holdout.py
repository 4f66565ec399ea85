"""The rows set aside from training: splitting them off, and calibration on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nlpkit.evaluation import squad
from nlpkit.evaluation.calibration import fit_temperature
from nlpkit.labels import label_target
from nlpkit.recipe import Recipe
from nlpkit.tasks.classification import Classification
from nlpkit.tasks.question_answering import QuestionAnswering
from nlpkit.tasks.spans import distinct, probabilities

if TYPE_CHECKING:
    import pandas as pd

    from nlpkit.tasks.pipeline import Pipeline

# With fewer rows a fitted temperature or threshold would say more about them than about the
# pipeline.
_LEAST = 100

Values = NDArray[np.float64]


def split_rows(frame: pd.DataFrame, recipe: Recipe) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """The rows to train on, and those set aside (None where the recipe sets none aside).

    Rows that share a title, or without titles a passage, stay on one side, so that what is
    measured is not what was read in training.
    """
    assert recipe.data is not None
    if recipe.data.holdout == 0 or len(frame) < 2:
        return frame, None
    rng = np.random.default_rng((recipe.training.seed, len(frame)))
    key = next((c for c in ("title", "context") if c in frame.columns), None)
    groups = np.arange(len(frame)) if key is None else frame[key].factorize()[0]
    wanted = max(1, round(recipe.data.holdout * len(frame)))
    sizes = np.bincount(groups)
    order = rng.permutation(len(sizes))
    taken = order[: int(np.searchsorted(np.cumsum(sizes[order]), wanted)) + 1]
    aside = np.isin(groups, taken)
    if aside.all():  # one single group: nothing would be left to train on
        return frame, None
    return frame[~aside].reset_index(drop=True), frame[aside].reset_index(drop=True)


def calibrated(pipeline: Pipeline[Any, Any, Any], heldout: pd.DataFrame) -> Recipe:
    """The pipeline's recipe with temperature, no-answer bias and threshold fitted.

    Fewer than 100 rows leave it as it is.
    """
    recipe = pipeline.recipe
    if len(heldout) < _LEAST:
        return recipe
    update: dict[str, float] = {}
    if isinstance(pipeline, QuestionAnswering):
        update = _question_answering(pipeline, heldout)
    elif isinstance(pipeline, Classification) and recipe.head.kind == "labels":
        update = {"temperature": round(_classification(pipeline, heldout), 4)}
    return recipe.model_copy(update={"decoding": recipe.decoding.model_copy(update=update)})


def _classification(pipeline: Classification, heldout: pd.DataFrame) -> float:
    """The temperature at which the labels of the rows are most likely."""
    inputs = (
        list(zip(heldout["text"], heldout["pair"], strict=True))
        if pipeline.recipe.pair
        else list(heldout["text"])
    )
    pairs = [
        (list(label.scores.values()), int(target[0]))
        for i, (label, gold) in enumerate(zip(pipeline(inputs), heldout["label"], strict=True))
        if (target := label_target(gold, pipeline.recipe, i)) is not None
    ]
    # Probabilities at the present temperature give the logits back, up to a constant.
    logits = np.log(np.maximum([p for p, _ in pairs], 1e-30)) * pipeline.recipe.decoding.temperature
    return fit_temperature(logits, [label for _, label in pairs])


def _question_answering(pipeline: QuestionAnswering, heldout: pd.DataFrame) -> dict[str, float]:
    """Temperature, no-answer bias and, with unanswerable questions, the threshold.

    Temperature and bias make two reported numbers fit what happens: the score of the best answer
    that it is right (exact match), and the no-answer probability that there is none. The
    threshold is the one with the best SQuAD 2.0 F1 on these rows.
    """
    inputs = list(zip(heldout["question"], heldout["context"], strict=True))
    golds = [list(answers["text"]) for answers in heldout["answers"]]
    found = pipeline.candidates(inputs)
    texts = [
        {c[:3]: context[c.start : c.end] for c in candidates}
        for (_, context), candidates in zip(inputs, found, strict=True)
    ]

    def outcome(temperature: float, bias: float) -> tuple[Values, Values, Values, Values, Values]:
        rows = []
        for candidates, text, gold in zip(found, texts, golds, strict=True):
            none, ranked = probabilities(candidates, temperature=temperature, null_bias=bias)
            best = distinct(ranked, 1)
            said = text[best[0][:3]] if best else ""
            score = min(best[0].score, 1.0) if best else 0.0
            exact, f1 = squad.exact_match(said, gold), squad.f1(said, gold)
            rows.append((score, none, float(bool(gold)), exact * bool(gold), f1))
        return tuple(np.array(column, np.float64) for column in zip(*rows, strict=True))  # type: ignore[return-value]

    def surprise(chance: Values, happened: Values) -> float:
        chance = np.clip(chance, 1e-6, 1 - 1e-6)
        return float(-(happened * np.log(chance) + (1 - happened) * np.log(1 - chance)).mean())

    def badness(temperature: float, bias: float) -> float:
        score, none, answerable, exact, _ = outcome(temperature, bias)
        return surprise(score, exact) + surprise(none, 1 - answerable)

    temperature, bias = 1.0, 0.0
    # Two numbers: a grid around the best so far, finer each time, cannot get lost.
    for width in (1.0, 0.35, 0.12):
        grid = [
            (temperature * np.exp(dt * width), bias + db * 3 * width)
            for dt in np.linspace(-1, 1, 5)
            for db in np.linspace(-1, 1, 5)
        ]
        temperature, bias = min(grid, key=lambda point: badness(*point))
    fitted = {"temperature": round(float(temperature), 4), "null_bias": round(float(bias), 4)}
    score, _, answerable, _, f1 = outcome(fitted["temperature"], fitted["null_bias"])
    if 0 < answerable.sum() < len(answerable):
        fitted["threshold"] = round(_best_threshold(score, answerable, f1), 4)
    return fitted


def _best_threshold(score: Values, answerable: Values, f1: Values) -> float:
    """The score from which answering pays most, in F1 over all questions."""
    order = np.argsort(-score, kind="stable")
    # Answering the k most certain questions: their F1, and 1 for every unanswerable one left.
    gained = np.concatenate([[0.0], np.cumsum((f1 * answerable)[order])])
    left = (1 - answerable).sum() - np.concatenate([[0.0], np.cumsum((1 - answerable)[order])])
    count = int(np.argmax(gained + left))
    if count == 0:
        return 1.0
    after = score[order[count]] if count < len(order) else 0.0
    return float((score[order[count - 1]] + after) / 2)
