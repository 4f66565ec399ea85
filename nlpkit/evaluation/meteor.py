"""METEOR, with the numbers of `nltk.translate.meteor_score` since NLTK 3.6.4.

Words are aligned in three stages: equal, of equal Porter stem, synonyms in WordNet 3.0 (Lavie and
Agarwal, "METEOR: An Automatic Metric for MT Evaluation with High Levels of Correlation with Human
Judgments", 2007). The score is the weighted harmonic mean of precision and recall, lowered where
the aligned words stand in other orders. Java METEOR 1.5 has other weights, paraphrases and function
words, so its numbers are not to be compared with these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache
from itertools import pairwise
from math import isfinite
from typing import Any

from nlpkit.errors import InputError, InputTypeError, NlpkitError
from nlpkit.evaluation.rouge_tokens import porter_stemmer
from nlpkit.evaluation.score import Score
from nlpkit.evaluation.wordnet import synonyms
from nlpkit.text import split_sentences

VARIANT = "nltk"
TOKENS = "nltk-words"

Tokens = list[str]
Text = str | Sequence[str]
"""A text, or its tokens."""


def meteor(
    predictions: Sequence[Text],
    references: Sequence[Text | Sequence[Text]],
    *,
    seed: int = 0,
    alpha: float = 0.9,
    beta: float = 3.0,
    gamma: float = 0.5,
) -> Score:
    """The mean METEOR over all predictions, 0 to 1.

    Args:
        predictions: texts, or lists of tokens. Tokens are taken as they are (in lower case). A
            text is split into sentences by `nlpkit.text.split_sentences` and those into tokens by
            NLTK's `NLTKWordTokenizer`, which is what `nltk.word_tokenize` does but for its trained
            sentence splitter; the signature says `tokens:nltk-words`, or `tokens:given`.
        references: one for each prediction, or a list of several, of which the best counts. They
            have the form of their prediction: texts for a text, lists of tokens for one.
        seed: of the score's interval.
        alpha: how much more recall weighs than precision.
        beta: exponent of the part of the aligned words that begin a chunk.
        gamma: the most that their order can cost.

    Raises:
        InputTypeError: something else than texts or lists of tokens, or a reference in another
            form than its prediction.
        InputError: no predictions, unequal numbers, a prediction without a reference, a reference
            without a word, a token with white space in it, or a weight that is out of range.
        NlpkitError: nltk is not installed.

    >>> score = meteor(["The cars stopped."], ["The autos had stopped."])
    >>> round(score.value, 4)
    0.7653
    >>> print(score.signature)
    meteor|variant:nltk|alpha:0.9|beta:3|gamma:0.5|wordnet:3.0|tokens:nltk-words|n:1|seed:0|version:...
    """
    pairs = _pairs(predictions, references)
    values = _scores(pairs, alpha, beta, gamma)
    kinds = {TOKENS if isinstance(prediction, str) else "given" for prediction in predictions}
    return Score.of(
        "meteor",
        values,
        seed=seed,
        variant=VARIANT,
        alpha=float(alpha),
        beta=float(beta),
        gamma=float(gamma),
        wordnet="3.0",
        tokens="+".join(sorted(kinds)),
    )


def meteor_examples(
    predictions: Sequence[Text],
    references: Sequence[Text | Sequence[Text]],
    *,
    alpha: float = 0.9,
    beta: float = 3.0,
    gamma: float = 0.5,
) -> list[float]:
    """The METEOR of every prediction, 0 to 1; arguments and errors are those of `meteor`.

    >>> [round(value, 4) for value in meteor_examples([["so", "it", "is"]], [["so", "it", "is"]])]
    [0.9815]
    """
    return _scores(_pairs(predictions, references), alpha, beta, gamma)


def words(text: str) -> list[str]:
    """The tokens of a text, as `meteor` makes them.

    Raises:
        NlpkitError: nltk is not installed.

    >>> words("It's here. See p. 3 (left).")
    ['It', "'s", 'here', '.', 'See', 'p.', '3', '(', 'left', ')', '.']
    """
    split = _word_tokenizer()
    return [word for start, end in split_sentences(text) for word in split(text[start:end])]


def align(prediction: Sequence[str], reference: Sequence[str]) -> list[tuple[int, int]]:
    """Which word of the prediction stands for which of the reference, as NLTK aligns them.

    In each stage the prediction is gone through from its end, and each word takes the last free
    word of the reference that fits. Words are compared as they are, so lower-case them before.

    Returns:
        Pairs of positions, in the order of the prediction.

    >>> align(["the", "cars", "stopped"], ["an", "auto", "stops"])
    [(1, 1), (2, 2)]
    """
    matches: list[tuple[int, int]] = []
    hits, left, right = _equal(list(enumerate(prediction)), list(enumerate(reference)))
    matches += hits
    hits, left, right = _equal(
        [(i, _stem(word)) for i, word in left], [(j, _stem(word)) for j, word in right]
    )
    matches += hits
    if left and right:
        # The stems, not the words, are looked up: so does NLTK.
        free = _places(right)
        for i, stem in reversed(left):
            fitting = [places for name in synonyms(stem) if (places := free.get(name))]
            if fitting:
                matches.append((i, max(fitting, key=_last).pop()))
    return sorted(matches)


def _equal(
    left: list[tuple[int, str]], right: list[tuple[int, str]]
) -> tuple[list[tuple[int, int]], list[tuple[int, str]], list[tuple[int, str]]]:
    """Pairs of equal words, and what is left over on both sides."""
    free = _places(right)
    pairs = []
    rest = []
    for i, word in reversed(left):
        places = free.get(word)
        if places:
            pairs.append((i, places.pop()))
        else:
            rest.append((i, word))
    rest.reverse()
    taken = {j for _, j in pairs}
    return pairs, rest, [(j, word) for j, word in right if j not in taken]


def _places(enumerated: Iterable[tuple[int, str]]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for j, word in enumerated:
        places.setdefault(word, []).append(j)
    return places


def _last(places: list[int]) -> int:
    return places[-1]


def _single(
    prediction: Tokens, reference: Tokens, alpha: float, beta: float, gamma: float
) -> float:
    """In the same steps as NLTK takes, so that the last bit is the same."""
    pairs = align(prediction, reference)
    if not pairs:
        return 0.0
    precision, recall = len(pairs) / len(prediction), len(pairs) / len(reference)
    mean = (precision * recall) / (alpha * precision + (1 - alpha) * recall)
    chunks = 1 + sum((i + 1, j + 1) != following for (i, j), following in pairwise(pairs))
    penalty: float = gamma * (chunks / len(pairs)) ** beta
    return (1 - penalty) * mean


def _scores(
    pairs: list[tuple[Tokens, list[Tokens]]], alpha: float, beta: float, gamma: float
) -> list[float]:
    for name, value, most in (("alpha", alpha, 1.0), ("beta", beta, None), ("gamma", gamma, 1.0)):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputTypeError(f"{name} is {value!r}, not a number")
        if not isfinite(value) or value < 0 or (most is not None and value > most):
            allowed = "at least 0" if most is None else "0 to 1"
            raise InputError(f"{name} = {value} is not allowed; it must be {allowed}")
    return [
        max(_single(prediction, reference, alpha, beta, gamma) for reference in references)
        for prediction, references in pairs
    ]


def _pairs(
    predictions: Sequence[Text], references: Sequence[Text | Sequence[Text]]
) -> list[tuple[Tokens, list[Tokens]]]:
    for what, several in (("predictions", predictions), ("references", references)):
        if isinstance(several, str) or not isinstance(several, Iterable):
            raise InputTypeError(f"the {what} are of type {type(several).__name__}, not a list")
    if len(predictions) != len(references):
        raise InputError(
            f"there are {len(predictions)} predictions and {len(references)} references:"
            " each prediction needs its reference, or a list of them"
        )
    if not len(predictions):
        raise InputError("there are no predictions to score")
    return [
        _pair(index, prediction, reference)
        for index, (prediction, reference) in enumerate(zip(predictions, references, strict=True))
    ]


def _pair(
    index: int, prediction: Text, reference: Text | Sequence[Text]
) -> tuple[Tokens, list[Tokens]]:
    said = _tokens(f"prediction {index}", prediction)
    what = f"reference {index}"
    several: list[Any]
    if isinstance(reference, str):
        several = [reference]
    elif not isinstance(reference, Iterable):
        raise InputTypeError(f"{what} is of type {type(reference).__name__}, not a text or a list")
    else:
        several = list(reference)
        if not isinstance(prediction, str) and all(isinstance(token, str) for token in several):
            # Tokens, for the prediction is tokens too; an empty list is a text without a word.
            several = [several]
    if not several:
        raise InputError(f"prediction {index} has no reference")
    for one in several:
        if isinstance(one, str) != isinstance(prediction, str):
            forms = ("a text", "tokens") if isinstance(prediction, str) else ("tokens", "a text")
            raise InputTypeError(
                f"prediction {index} is {forms[0]} and its reference {forms[1]}: both must have"
                " one form"
            )
    wanted = [_tokens(what, one) for one in several]
    if not all(wanted):
        raise InputError(f"{what} has no word")
    return said, wanted


def _tokens(what: str, text: Text) -> Tokens:
    if isinstance(text, str):
        return [word.lower() for word in words(text)]
    if not isinstance(text, Iterable):
        raise InputTypeError(f"{what} is of type {type(text).__name__}, not a text or its tokens")
    tokens = []
    for token in text:
        if not isinstance(token, str):
            raise InputTypeError(f"{what} has a token of type {type(token).__name__}, not a string")
        if token.split() != [token] and token:
            raise InputError(
                f"{what} has the token {token!r:.60}, with white space: give tokens, or one text"
            )
        tokens.append(token.lower())
    return tokens


@lru_cache(maxsize=1 << 18)
def _stem(word: str) -> str:
    return porter_stemmer()(word)


@cache
def _word_tokenizer() -> Callable[[str], list[str]]:
    try:
        from nltk.tokenize import NLTKWordTokenizer
    except ImportError:
        raise NlpkitError("METEOR needs the package nltk: pip install nlpkit[evaluate]") from None
    split: Callable[[str], list[str]] = NLTKWordTokenizer().tokenize
    return split
