"""Classifiers and regressors over word counts, and constant ones, fitted on a train split."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from nlpkit.corpora import fingerprint
from nlpkit.errors import DataError, InputError, NlpkitError
from nlpkit.evaluation.baselines.common import column, texts
from nlpkit.labels import label_index

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
# Rows that are turned into features at once, which bounds the memory.
_ROWS = 1_024
_MOST_FEATURES = 200_000


@dataclass(frozen=True)
class MajorityClass:
    """The label that is most frequent in the train split, whatever the text.

    `scores` are the labels' shares of the train split.

    >>> import pandas as pd
    >>> train = pd.DataFrame({"text": ["a", "b", "c", "d"], "label": [1, 0, 1, 1]})
    >>> majority = MajorityClass.fit(train, labels=["negative", "positive"])
    >>> next(majority.predict(train))["label"], majority.scores
    ('positive', {'negative': 0.25, 'positive': 0.75})
    """

    scores: Mapping[str, float]
    fields: Mapping[str, Any]

    task: ClassVar[str] = "classification"
    name: ClassVar[str] = "majority class"

    @classmethod
    def fit(
        cls, train_rows: pd.DataFrame, *, labels: Sequence[str], seed: int = 0
    ) -> MajorityClass:
        """Counts the labels.

        Args:
            train_rows: with a column `label`: names, or numbers from 0 in the order of `labels`;
                rows labelled -1 (GLUE's "none") are left out.
            labels: all labels, in the order of their numbers; the earlier one wins a tie.
            seed: has no effect; every baseline takes one.

        Raises:
            DataError: a label that is not one of `labels`, or no labelled row.
        """
        kept, gold = _label_numbers(train_rows, labels)
        shares = np.bincount(gold, minlength=len(labels)) / len(gold)
        scores = dict(zip(labels, shares.tolist(), strict=True))
        return cls(scores, _fields(train_rows, kept, ["label"]))

    def predict(self, rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
        """A `Choice` a row, in the order of the rows."""
        best = max(self.scores, key=lambda label: self.scores[label])
        for _ in range(len(rows)):
            yield {"label": best, "score": self.scores[best], "scores": dict(self.scores)}


@dataclass(frozen=True)
class MeanValue:
    """The mean of the train split's numbers, whatever the text.

    Its correlation with anything is not defined; it is there for the error.
    """

    mean: float
    fields: Mapping[str, Any]

    task: ClassVar[str] = "classification"
    name: ClassVar[str] = "mean value"

    @classmethod
    def fit(cls, train_rows: pd.DataFrame, *, seed: int = 0) -> MeanValue:
        """Takes the mean of the column `label`; `seed` has no effect.

        Raises:
            DataError: a label that is not a finite number, or no rows.
        """
        gold = _numbers(train_rows)
        return cls(float(gold.mean()), _fields(train_rows, range(len(gold)), ["label"]))

    def predict(self, rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
        """A `Choice` a row without a label; `score` is the mean."""
        for _ in range(len(rows)):
            yield {"label": None, "score": self.mean}


@dataclass(frozen=True)
class TfidfLogistic:
    """Logistic regression over TF-IDF of words and pairs of words.

    scikit-learn's `TfidfVectorizer` (lower case, words of two characters or more, one and two
    words, sublinear counts, at most 200,000 features) and `LogisticRegression` (C 1, L2).

    Of a pair both texts are read, each with its own weights, beside the products of their values
    (what they share), the absolute differences (what they do not), and four numbers: the cosine,
    the Jaccard index of the words, and the share of each text's words that the other one has.
    """

    labels: tuple[str, ...]
    fields: Mapping[str, Any]
    _features: _Features = field(repr=False)
    _model: Any = field(repr=False)

    task: ClassVar[str] = "classification"
    name: ClassVar[str] = "TF-IDF + logistic regression"

    @classmethod
    def fit(
        cls, train_rows: pd.DataFrame, *, labels: Sequence[str], seed: int = 0
    ) -> TfidfLogistic:
        """Fits the features and the model.

        Args:
            train_rows: `text`, `pair` for pairs, and `label`: names, or numbers from 0 in the
                order of `labels`; rows labelled -1 (GLUE's "none") are left out.
            labels: all labels, in the order of their numbers.
            seed: given to scikit-learn, whose solver (L-BFGS) draws nothing by chance.

        Raises:
            DataError: a column is missing, a label that is not one of `labels`, fewer than two
                different labels, or no word in any text.
        """
        linear_model = _sklearn("linear_model", cls.name)
        kept, gold = _label_numbers(train_rows, labels)
        if len(set(gold.tolist())) < 2:
            raise DataError(
                f"all {len(gold)} train rows are labelled {labels[gold[0]]!r}; "
                f"{cls.name} needs two labels or more"
            )
        rows = train_rows.iloc[kept]
        features = _Features.fit(rows, cls.name)
        model = linear_model.LogisticRegression(max_iter=2_000, random_state=seed)
        model.fit(features.matrix(rows), gold)
        return cls(
            tuple(labels), _fields(train_rows, kept, features.columns, seed), features, model
        )

    def predict(self, rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
        """A `Choice` a row, in the order of the rows; a label not in the train split has 0.

        Raises:
            DataError: a column is missing, or a value is not a text.
        """
        return self._predict(self._features.checked(rows))

    def _predict(self, rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
        known = self._model.classes_.tolist()
        for matrix in self._features.parts(rows):
            for row in self._model.predict_proba(matrix):
                scores = dict.fromkeys(self.labels, 0.0)
                for number, value in zip(known, row.tolist(), strict=True):
                    scores[self.labels[number]] = value
                best = max(scores, key=lambda label: scores[label])
                yield {"label": best, "score": scores[best], "scores": scores}


@dataclass(frozen=True)
class TfidfRidge:
    """Ridge regression over the features of `TfidfLogistic` (alpha 1).

    Predictions are kept within the range of the train split's numbers.
    """

    range: tuple[float, float]
    fields: Mapping[str, Any]
    _features: _Features = field(repr=False)
    _model: Any = field(repr=False)

    task: ClassVar[str] = "classification"
    name: ClassVar[str] = "TF-IDF + ridge regression"

    @classmethod
    def fit(cls, train_rows: pd.DataFrame, *, seed: int = 0) -> TfidfRidge:
        """Fits the features and the model.

        Args:
            train_rows: `text`, `pair` for pairs, and `label`, a number.
            seed: given to scikit-learn, whose solver (conjugate gradients) draws nothing by chance.

        Raises:
            DataError: a column is missing, a label that is not a finite number, no rows, or no
                word in any text.
        """
        linear_model = _sklearn("linear_model", cls.name)
        gold = _numbers(train_rows)
        features = _Features.fit(train_rows, cls.name)
        model = linear_model.Ridge(solver="sparse_cg", tol=1e-6, random_state=seed)
        model.fit(features.matrix(train_rows), gold)
        said = _fields(train_rows, np.arange(len(gold)), features.columns, seed)
        return cls((float(gold.min()), float(gold.max())), said, features, model)

    def predict(self, rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
        """A `Choice` a row without a label; `score` is the number.

        Raises:
            DataError: a column is missing, or a value is not a text.
        """
        return self._predict(self._features.checked(rows))

    def _predict(self, rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
        for matrix in self._features.parts(rows):
            for value in np.clip(self._model.predict(matrix), *self.range).tolist():
                yield {"label": None, "score": value}


@dataclass(frozen=True)
class _Features:
    """TF-IDF of a text, or of both texts of a pair with what they share."""

    columns: tuple[str, ...]
    vectorizer: Any

    @classmethod
    def fit(cls, rows: pd.DataFrame, name: str) -> _Features:
        text = _sklearn("feature_extraction.text", name)
        columns = ("text", "pair") if "pair" in rows else ("text",)
        documents = [value for name in columns for value in texts(rows, name)]
        vectorizer = text.TfidfVectorizer(
            ngram_range=(1, 2), sublinear_tf=True, max_features=_MOST_FEATURES
        )
        try:
            vectorizer.fit(documents)
        except ValueError as error:  # "empty vocabulary"
            raise DataError(f"{name} cannot be fitted: {error}") from None
        return cls(columns, vectorizer)

    def checked(self, rows: pd.DataFrame) -> pd.DataFrame:
        for name in self.columns:
            texts(rows, name)
        return rows

    def parts(self, rows: pd.DataFrame) -> Iterator[Any]:
        """The features of some rows after others."""
        for start in range(0, len(rows), _ROWS):
            yield self.matrix(rows.iloc[start : start + _ROWS])

    def matrix(self, rows: pd.DataFrame) -> Any:
        """A row an example, in compressed sparse rows."""
        from scipy import sparse

        sides = [self.vectorizer.transform(texts(rows, name)) for name in self.columns]
        if len(sides) == 1:
            return sides[0]
        one, two = sides
        # Each text is a vector of length 1, so the sum of the products is the cosine.
        product = one.multiply(two).tocsr()
        cosine = np.asarray(product.sum(axis=1)).ravel()
        alike = np.column_stack([cosine, *self._shares(rows)])
        return sparse.hstack([one, two, product, abs(one - two), sparse.csr_array(alike)], "csr")

    def _shares(self, rows: pd.DataFrame) -> list[Floats]:
        """The Jaccard index of the words of a pair, and what share of each is in the other."""
        words = self.vectorizer.build_tokenizer()
        lower = self.vectorizer.build_preprocessor()
        both = zip(texts(rows, "text"), texts(rows, "pair"), strict=True)
        sets = [(set(words(lower(a))), set(words(lower(b)))) for a, b in both]
        common = np.array([len(a & b) for a, b in sets], np.float64)
        sizes = [[len(a | b), len(a), len(b)] for a, b in sets]
        most = np.maximum(np.array(sizes, np.float64).reshape(len(sets), 3), 1)
        return [common / column for column in most.T]


def _label_numbers(
    rows: pd.DataFrame, labels: Sequence[str]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Which rows have a label, and its number."""
    if not labels or len(set(labels)) < len(labels):
        raise InputError(f"labels are {list(labels)!r}; at least one is needed, each only once")
    kept, numbers = [], []
    for row, label in enumerate(column(rows, "label")):
        if not isinstance(label, str) and label == -1:
            continue
        kept.append(row)
        numbers.append(label_index(label, labels, row))
    if not kept:
        raise DataError("no train row has a label, so there is nothing to fit")
    return np.array(kept), np.array(numbers)


def _numbers(rows: pd.DataFrame) -> Floats:
    values = []
    for row, label in enumerate(column(rows, "label")):
        try:
            value = float(label)
        except (TypeError, ValueError):
            value = float("nan")
        if not np.isfinite(value):
            raise DataError(
                f"the label of train row {row} is {label!r}; regression needs a finite number"
            )
        values.append(value)
    if not values:
        raise DataError("there are no train rows, so there is nothing to fit")
    return np.array(values)


def _fields(
    rows: pd.DataFrame, kept: Any, columns: Sequence[str], seed: int | None = None
) -> dict[str, Any]:
    """What a signature has to say: how many train rows, which ones, and the seed."""
    used = rows.iloc[list(kept)][list(dict.fromkeys([*columns, "label"]))]
    return {"train": len(used), "train_content": fingerprint(used), "seed": seed}


def _sklearn(module: str, name: str) -> Any:
    from importlib import import_module

    try:
        return import_module(f"sklearn.{module}")
    except ImportError:
        raise NlpkitError(
            f"{name} needs the package scikit-learn: pip install nlpkit[evaluate]"
        ) from None
