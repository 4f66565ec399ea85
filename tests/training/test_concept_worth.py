"""Learning what words and word pairs are worth from documents and their summaries."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nlpkit.recipe_sections import WORTH_FEATURES
from nlpkit.tasks.concepts import Concepts
from nlpkit.tasks.loading import load
from nlpkit.tasks.selection import words_of
from nlpkit.training import concept_worth
from nlpkit.training.calibrate import calibrated
from nlpkit.training.concept_worth import Summarized, fit_worth

NAMES = [f"word{number}" for number in range(40)]


def corpus(count: int = 60, seed: int = 0) -> list[Summarized]:
    """Documents whose summaries hold words with a digit five more likely than others."""
    rng = np.random.default_rng(seed)
    documents = []
    for _ in range(count):
        sentences = [" ".join(rng.choice(NAMES, size=6)) + "." for _ in range(8)]
        words = [word for sentence in sentences for word in words_of(sentence)]
        held = [word for word in words if rng.random() < (0.5 if "5" in word else 0.1)]
        documents.append(Summarized(sentences, rng.random(8), " ".join(held)))
    return documents


def test_the_weights_are_those_of_a_logistic_regression() -> None:
    from sklearn.linear_model import LogisticRegression

    documents = corpus()
    fitted = fit_worth(documents, 8)  # all sentences are among those looked at
    assert fitted is not None
    features, gold = [], []
    for document in documents:
        concepts = Concepts.of(map(words_of, document.sentences))
        words = words_of(document.reference)
        features.append(concepts.features(document.chances)[concepts.pairs])
        gold += [n in set(pairwise(words)) for n in concepts.names() if isinstance(n, tuple)]
    table = np.concatenate(features)[:, :-1]
    spread = table.std(axis=0)
    spread[spread == 0] = 1
    direct = LogisticRegression(C=1.0, tol=1e-8, max_iter=2000).fit(table / spread, gold)
    expected = [*(direct.coef_[0] / spread), direct.intercept_[0]]
    assert fitted.pair == pytest.approx(expected, abs=2e-3)


def test_it_finds_what_summaries_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nlpkit.tasks.concepts._has_digit", lambda word: "5" in word)
    fitted = fit_worth(corpus(200), 3)
    assert fitted is not None
    place = WORTH_FEATURES.index("1 where it holds a digit")
    assert fitted.word[place] > 1


@pytest.mark.parametrize(
    "documents",
    [
        [],
        [Summarized([], np.empty(0), "some words")],
        [Summarized(["some words."], np.array([0.5]), "")],
        [Summarized(["some words."], np.array([0.5]), "some words")],
        [Summarized(["...", "!"], np.array([0.5, 0.0]), "some words")],
    ],
)
def test_documents_that_say_nothing(documents: list[Summarized]) -> None:
    assert fit_worth(documents, 3) is None


def test_features_that_never_differ_take_no_weight_of_their_own() -> None:
    documents = [d._replace(chances=np.full(8, 0.5)) for d in corpus()]
    fitted = fit_worth(documents, 3)
    assert fitted is not None
    assert np.isfinite([*fitted.word, *fitted.pair]).all()


@pytest.mark.parametrize("redundancy", ["coverage", "trigram"])
def test_calibration_fits_it_where_it_is_used(
    tiny_pipelines: dict[str, Path], redundancy: str
) -> None:
    pipeline: Any = load(tiny_pipelines["summarization"], device="cpu")
    decoding = pipeline.recipe.decoding.model_copy(update={"redundancy": redundancy})
    pipeline.recipe = pipeline.recipe.model_copy(update={"decoding": decoding})
    documents = corpus(120)
    rows = pd.DataFrame(
        {
            "document": [" ".join(d.sentences) for d in documents],
            "summary": [d.reference for d in documents],
        }
    )
    fitted = calibrated(pipeline, rows).recipe.decoding
    assert (fitted.worth is not None) == (redundancy == "coverage")
    if fitted.worth is not None:
        assert len(set(fitted.worth.word)) > 1


def test_steps_end_where_the_slope_is_level() -> None:
    rng = np.random.default_rng(0)
    table = np.column_stack([rng.normal(size=(400, 3)), np.ones(400)])
    gold = (table[:, 0] > 0).astype(float)  # separable: without a penalty there is no end
    weights = concept_worth._weights(table, gold)
    assert np.isfinite(weights).all()
    assert weights[0] > 3
