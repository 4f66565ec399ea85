"""Calibration on the rows set aside from training, and what it does there.

The temperature (Guo et al., "On Calibration of Modern Neural Networks", 2017), the bias of "no
answer" and the threshold are few numbers, fitted last, on rows that the weights have not seen.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from nlpkit.evaluation.calibration import COLDEST, expected_calibration_error, fit_temperature
from nlpkit.evaluation.oracle import greedy_oracle
from nlpkit.evaluation.pipeline_system import inputs
from nlpkit.labels import label_target
from nlpkit.recipe import Recipe
from nlpkit.results import Failure, Label, Summary
from nlpkit.tasks.classification import Classification
from nlpkit.tasks.question_answering import QuestionAnswering
from nlpkit.tasks.summarization import Summarization, choosable
from nlpkit.training.calibrate_answers import AnswerEvidence, answer_evidence
from nlpkit.training.concept_worth import Summarized, fit_worth
from nlpkit.training.groups import groups

if TYPE_CHECKING:
    import pandas as pd

    from nlpkit.tasks.pipeline import Pipeline

# With fewer rows a fitted temperature or threshold would say more about them than about the
# pipeline.
LEAST = 100

Values = NDArray[np.float64]
Rows = NDArray[np.bool_]
Errors = dict[str, dict[str, float]]

# What the probabilities are without calibration, whatever the recipe brought along.
PLAIN = {"temperature": 1.0, "null_bias": 0.0, "exactness": 1.0}


class Calibrated(NamedTuple):
    """What `calibrated` gives back."""

    recipe: Recipe
    """With the fitted values in `[decoding]`."""
    errors: Errors | None
    """Expected calibration errors by name, each `before` and `after`; None where nothing was
    fitted."""


class Evidence(Protocol):
    """What a pipeline says of rows, and what is right, ready for any temperature."""

    def __len__(self) -> int:
        """How many rows."""

    def fit(self, rows: Rows) -> dict[str, Any]:
        """The values of `[decoding]` that suit the rows best."""

    def outcomes(self, decoding: Mapping[str, Any], rows: Rows) -> dict[str, tuple[Values, Values]]:
        """By name: probabilities at these values, and whether what they are of was so."""


def calibrated(pipeline: Pipeline[Any, Any, Any], heldout: pd.DataFrame) -> Calibrated:
    """The pipeline's recipe with what decoding needs fitted on rows, and what that changes.

    Fitted are, for one label of several, the temperature at which the rows' labels are most
    likely; for summaries, that at which the greedy oracle's choice of sentences is, and with
    `redundancy = "coverage"` what words and word pairs are worth (`fit_worth`); for answers, see
    `AnswerEvidence`. Several labels a text and numbers are left alone, and so is everything where
    there are fewer than 100 rows.

    The errors are expected calibration errors in 15 bins: `ece` of the best label, or of a
    sentence being the oracle's; `ece_score` of the best answer being exactly right and
    `ece_no_answer` of there being none, beside the same among several passages
    (`ece_score_several`, `ece_no_answer_several`). `before` is at temperature 1 and bias 0. What
    is fitted on rows looks better on them than on others, so `after` is cross-fitted: the rows are
    halved, rows of one group (`nlpkit.training.groups`) together; each half is measured with the
    values fitted on the other, and the two are pooled. The values in the recipe are fitted on all
    rows.

    Args:
        pipeline: trained; stays as it is.
        heldout: rows that it was not trained on, with the columns of `nlpkit.rows.COLUMNS`.

    Raises:
        DataError: a label that the recipe does not know.
    """
    recipe = pipeline.recipe
    found = evidence_of(pipeline, heldout) if len(heldout) >= LEAST else None
    if found is None or len(found[0]) < LEAST:
        return Calibrated(recipe, None)
    evidence, together = found
    fitted = evidence.fit(np.ones(len(evidence), np.bool_))
    decoding = recipe.decoding.model_copy(update=fitted)
    errors = cross_fitted(evidence, together, seed=recipe.training.seed)
    return Calibrated(recipe.model_copy(update={"decoding": decoding}), errors)


def evidence_of(
    pipeline: Pipeline[Any, Any, Any], heldout: pd.DataFrame
) -> tuple[Evidence, NDArray[np.intp]] | None:
    """What the pipeline says of rows, and the group of each that it can read.

    None where a pipeline has nothing to fit. Arguments and errors are those of `calibrated`.
    """
    plain = copy.copy(pipeline)
    recipe = pipeline.recipe
    decoding = recipe.decoding.model_copy(update=PLAIN)
    plain.recipe = recipe.model_copy(update={"decoding": decoding})
    evidence: LabelEvidence | SentenceEvidence | AnswerEvidence
    if isinstance(plain, QuestionAnswering):
        evidence, kept = answer_evidence(plain, heldout)
    elif isinstance(plain, Classification) and recipe.head.kind == "labels":
        evidence, kept = _labels(plain, heldout)
    elif isinstance(plain, Summarization):
        evidence, kept = _sentences(plain, heldout)
    else:
        return None
    return evidence, groups(heldout, recipe)[kept]


def cross_fitted(evidence: Evidence, together: NDArray[np.intp], *, seed: int) -> Errors:
    """Expected calibration errors before and after a fit, the latter on rows not fitted on.

    Args:
        evidence: of the rows.
        together: the group of each row; a group is in one half.
        seed: of the halves.
    """
    every = np.ones(len(evidence), np.bool_)
    before = evidence.outcomes(PLAIN, every)
    half = halves(together, seed=seed)
    parts = [evidence.outcomes(evidence.fit(~part), part) for part in (half, ~half)]
    return {
        name: {
            "before": expected_calibration_error(*before[name]).value,
            "after": expected_calibration_error(
                np.concatenate([part[name][0] for part in parts]),
                np.concatenate([part[name][1] for part in parts]),
            ).value,
        }
        for name in before
    }


def halves(together: NDArray[np.intp], *, seed: int) -> Rows:
    """About half of the rows, at random; groups stay whole unless one holds most of the rows.

    >>> half = halves(np.array([0, 0, 1, 1, 2, 2, 3, 3]), seed=0)
    >>> half.sum(), half[0] == half[1]
    (np.int64(4), np.True_)
    """
    rng = np.random.default_rng((seed, len(together)))
    _, group, sizes = np.unique(together, return_inverse=True, return_counts=True)
    if sizes.max() > len(group) * 2 / 3:
        group, sizes = np.arange(len(group)), np.ones(len(group), np.int64)
    order = rng.permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    chosen = np.zeros(len(sizes), np.bool_)
    balance = 0
    for number in order:  # the largest first, each to the side that has less
        chosen[number] = balance <= 0
        balance += sizes[number] if chosen[number] else -sizes[number]
    return np.asarray(chosen[group])


@dataclass(frozen=True)
class LabelEvidence:
    """Logits of one label of several.

    Attributes:
        logits: `(rows, labels)`.
        gold: the number of each row's label, `(rows,)`.
    """

    logits: Values
    gold: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.gold)

    def fit(self, rows: Rows) -> dict[str, float]:
        """The temperature with the highest likelihood."""
        return {"temperature": _temperature(self.logits[rows], self.gold[rows])}

    def outcomes(
        self, decoding: Mapping[str, float], rows: Rows
    ) -> dict[str, tuple[Values, Values]]:
        """The probability of each row's best label, and whether it is the right one."""
        scaled = self.logits[rows] / decoding["temperature"]
        chances = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        right = (scaled.argmax(axis=1) == self.gold[rows]).astype(np.float64)
        return {"ece": (chances.max(axis=1), right)}


@dataclass(frozen=True)
class SentenceEvidence:
    """Logits of sentences.

    Attributes:
        logits: `(sentences,)`.
        gold: whether the oracle chose it, `(sentences,)`.
        row: the document of each sentence, `(sentences,)`, from 0 on.
        documents: what a summary may take of each document: sentences, logits, the reference.
        sentences: how many a summary has, where words and word pairs have a worth of their own;
            0 where they have none.
    """

    logits: Values
    gold: Rows
    row: NDArray[np.intp]
    documents: Sequence[Summarized] = ()
    sentences: int = 0

    def __len__(self) -> int:
        return int(self.row.max(initial=-1)) + 1

    def fit(self, rows: Rows) -> dict[str, Any]:
        """The temperature with the highest likelihood, and what words are then worth."""
        inside = rows[self.row]
        pairs = np.stack([np.zeros(inside.sum()), self.logits[inside]], axis=1)
        fitted: dict[str, Any] = {
            "temperature": _temperature(pairs, self.gold[inside].astype(np.intp))
        }
        if self.sentences:
            own = [document for document, kept in zip(self.documents, rows, strict=True) if kept]
            warm = [d._replace(chances=_chances(d.chances, fitted["temperature"])) for d in own]
            fitted["worth"] = fit_worth(warm, self.sentences)
        return fitted

    def outcomes(
        self, decoding: Mapping[str, float], rows: Rows
    ) -> dict[str, tuple[Values, Values]]:
        """The probability of each sentence, and whether the oracle chose it."""
        inside = rows[self.row]
        chances = _chances(self.logits[inside], decoding["temperature"])
        return {"ece": (chances, self.gold[inside].astype(np.float64))}


def _chances(logits: Values, temperature: float) -> Values:
    return 0.5 * (1 + np.tanh(logits / temperature / 2))


def _temperature(logits: Values, gold: NDArray[np.intp]) -> float:
    """As `fit_temperature`, but 1 where every row is right: that says nothing of how sure."""
    fitted = fit_temperature(logits, gold)
    return 1.0 if fitted <= COLDEST * (1 + 1e-6) else round(fitted, 4)


def _labels(
    pipeline: Classification, heldout: pd.DataFrame
) -> tuple[LabelEvidence, NDArray[np.intp]]:
    logits, gold, kept = [], [], []
    results: Iterator[Label | Failure] = pipeline(inputs(heldout, pipeline), errors="return")
    for row, (label, value) in enumerate(zip(results, heldout["label"], strict=True)):
        target = label_target(value, pipeline.recipe, row)
        if target is None or isinstance(label, Failure):
            continue
        # At temperature 1 the logarithms of the probabilities are the logits, up to a constant.
        logits.append(np.log(np.maximum(list(label.scores.values()), 1e-300)))
        gold.append(int(target[0]))
        kept.append(row)
    shape = (len(kept), len(pipeline.labels))
    return LabelEvidence(np.reshape(logits, shape), np.array(gold, np.intp)), np.array(
        kept, np.intp
    )


def _sentences(
    pipeline: Summarization, heldout: pd.DataFrame
) -> tuple[SentenceEvidence, NDArray[np.intp]]:
    most = 3 if pipeline.recipe.data is None else pipeline.recipe.data.oracle_sentences
    logits: list[float] = []
    gold: list[bool] = []
    owners: list[int] = []
    kept: list[int] = []
    documents: list[Summarized] = []
    decoding = pipeline.recipe.decoding
    results: Iterator[Summary | Failure] = pipeline(inputs(heldout, pipeline), errors="return")
    for row, (summary, document, reference) in enumerate(
        zip(results, heldout["document"], heldout["summary"], strict=True)
    ):
        if isinstance(summary, Failure) or not summary.spans:
            continue
        sentences = [document[start:end] for start, end in summary.spans]
        chosen = set(greedy_oracle(sentences, reference, max_sentences=most))
        # 0 is a sentence without a token.
        read = [place for place, score in enumerate(summary.scores) if 0 < score < 1]
        scores = np.array(summary.scores)
        with np.errstate(divide="ignore"):  # a sentence without a token is never chosen
            own = np.log(scores) - np.log1p(-scores)
        logits += own[read].tolist()
        gold += [place in chosen for place in read]
        owners += [len(kept)] * len(read)
        if read:
            kept.append(row)
            may = choosable(sentences)
            texts = [sentences[place] for place in may]
            documents.append(Summarized(texts, own[may], reference))
    evidence = SentenceEvidence(
        np.array(logits),
        np.array(gold, np.bool_),
        np.array(owners, np.intp),
        documents,
        decoding.sentences if decoding.redundancy == "coverage" else 0,
    )
    return evidence, np.array(kept, np.intp)
