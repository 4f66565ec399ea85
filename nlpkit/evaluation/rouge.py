"""ROUGE F1 of summaries, as Google's `rouge-score` computes it.

The published "ROUGE-L" of CNN/DailyMail is `rougeLsum`: Porter stems, one sentence a line
(Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", 2004, section 3.2). Summaries are
lists of sentences here, so that the lines cannot be forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from nlpkit.errors import InputError, InputTypeError, NlpkitError

if TYPE_CHECKING:
    from rouge_score.rouge_scorer import RougeScorer

TYPES = ("rouge1", "rouge2", "rougeLsum")

_MISSING = "ROUGE needs the package rouge-score: pip install rouge-score."
_OTHER = re.compile(r"[^a-z0-9]+")


def tokenize(text: str, *, stem: bool = True) -> list[str]:
    """The words of a text as `rouge-score` sees them, with the stems cached.

    Lower-cased runs of a-z and 0-9; every other character, letters with accents and other
    scripts among them, only separates. With `stem`, words over three letters are cut to their
    Porter stem.

    >>> tokenize("The cafés' 2 dogs barked.")
    ['the', 'caf', 's', '2', 'dog', 'bark']
    >>> tokenize("Dogs barked.", stem=False)
    ['dogs', 'barked']
    """
    words = _OTHER.sub(" ", text.lower()).split()
    if not stem:
        return words
    return [_stem(word) if len(word) > 3 else word for word in words]


def rouge_examples(
    predictions: Sequence[Sequence[str]],
    references: Sequence[Sequence[str]],
    *,
    types: Sequence[str] = TYPES,
    stem: bool = True,
) -> list[dict[str, float]]:
    """The F1 of every summary, 0 to 1, in the order of the input.

    A summary is the list of its sentences. Sentences are scored one a line; a line break within
    a sentence counts as a space. Without a word in common, and for an empty summary, F1 is 0.

    The words are a-z and 0-9 only, so a reference that has none (Chinese, Greek) would score 0
    against itself: that is an error.

    Raises:
        InputTypeError: a summary is a string and not a list of sentences.
        InputError: no summaries, unequal numbers of predictions and references, a reference
            without a word, or an unknown type.

    >>> rouge_examples([["the cat sat", "it slept"]], [["the cat slept a lot"]], types=["rouge1"])
    [{'rouge1': 0.6}]
    """
    for kind in types:
        if not re.fullmatch(r"rouge([1-9]|L|Lsum)", kind):
            raise InputError(f"Unknown ROUGE type {kind!r}: rouge1 to rouge9, rougeL, rougeLsum.")
    if len(predictions) != len(references):
        raise InputError(
            f"There are {len(predictions)} predictions and {len(references)} references:"
            " each prediction needs its reference."
        )
    if not predictions:
        raise InputError("There are no predictions to score.")
    scorer = _scorer(tuple(types), stem)
    examples = []
    for index, (prediction, reference) in enumerate(zip(predictions, references, strict=True)):
        target = _lines(reference, "Reference", index)
        if not tokenize(target, stem=False):
            raise InputError(
                f"Reference {index} has no word of a-z or 0-9, and ROUGE sees no others."
            )
        scores = scorer.score(target, _lines(prediction, "Prediction", index))
        examples.append({kind: float(scores[kind].fmeasure) for kind in types})
    return examples


def rouge(
    predictions: Sequence[Sequence[str]],
    references: Sequence[Sequence[str]],
    *,
    types: Sequence[str] = TYPES,
    stem: bool = True,
) -> dict[str, float]:
    """The mean F1 over all summaries, 0 to 1, by type.

    The exact mean: `rouge-score`'s own aggregator gives the median of means resampled with
    numpy's unseeded generator. Arguments and errors are those of `rouge_examples`.

    >>> rouge([["a cat"], ["a dog"]], [["a cat"], ["one bird"]])
    {'rouge1': 0.5, 'rouge2': 0.5, 'rougeLsum': 0.5}
    """
    examples = rouge_examples(predictions, references, types=types, stem=stem)
    return {kind: sum(example[kind] for example in examples) / len(examples) for kind in types}


def _lines(sentences: Sequence[str], what: str, index: int) -> str:
    if isinstance(sentences, str):
        raise InputTypeError(f"{what} {index} is a string: give the list of its sentences.")
    return "\n".join(" ".join(sentence.split("\n")) for sentence in sentences)


@lru_cache(maxsize=1 << 18)
def _stem(word: str) -> str:
    return _stemmer()(word)


@cache
def _stemmer() -> Callable[[str], str]:
    try:
        from nltk.stem.porter import PorterStemmer
    except ImportError:
        raise NlpkitError(_MISSING) from None
    stem: Callable[[str], str] = PorterStemmer().stem
    return stem


class _Tokenizer:
    """What `RougeScorer` wants of a tokenizer; its own stems each word anew."""

    def __init__(self, stem: bool) -> None:
        self.stem = stem

    def tokenize(self, text: str) -> list[str]:
        return tokenize(text, stem=self.stem)


@cache
def _scorer(types: tuple[str, ...], stem: bool) -> RougeScorer:
    try:
        from rouge_score.rouge_scorer import RougeScorer
    except ImportError:
        raise NlpkitError(_MISSING) from None
    return RougeScorer(list(types), tokenizer=_Tokenizer(stem))
