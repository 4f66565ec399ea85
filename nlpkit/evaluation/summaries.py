"""What a summary is like beside how well it scores: how short, from where, how repetitive.

Words are runs of letters, digits and underscores in lower case, of any script, unstemmed.
"""

from __future__ import annotations

import operator
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from nlpkit.errors import InputError, InputTypeError, UndefinedScoreError
from nlpkit.evaluation.estimators import ratio
from nlpkit.evaluation.score import Score
from nlpkit.evaluation.sentences import sentence_list, sentence_lists

_WORD = re.compile(r"\w+")
_N = 3


def compression(
    summaries: Sequence[Sequence[str]], documents: Sequence[str], *, seed: int = 0
) -> Score:
    """The mean of: words of the summary / words of the document.

    0.1 is a summary of a tenth of the length. (Grusky et al., "Newsroom", 2018, call the inverse
    compression.)

    Args:
        summaries: each the list of its sentences.
        documents: the whole text of each.
        seed: of the score's interval.

    Raises:
        InputTypeError: a summary is not a list of strings, or a document not a string.
        InputError: nothing to score, unequal numbers, or a document without a word.

    >>> compression([["The dam broke."]], ["It rained for days. The dam broke at noon."]).value
    0.3333333333333333
    """
    values = compression_examples(summaries, documents)
    return Score.of("compression", values, seed=seed, variant="summary-words/document-words")


def compression_examples(
    summaries: Sequence[Sequence[str]], documents: Sequence[str]
) -> list[float]:
    """`compression` of every summary.

    >>> compression_examples([["One two."], []], ["One two three four.", "One."])
    [0.5, 0.0]
    """
    listed = _sentences(summaries)
    if isinstance(documents, str) or len(listed) != len(documents):
        raise InputError(
            f"there are {len(listed)} summaries, and not one document for each of them"
        )
    values = []
    for index, (summary, document) in enumerate(zip(listed, documents, strict=True)):
        if not isinstance(document, str):
            raise InputTypeError(
                f"document {index} is of type {type(document).__name__}, not a string"
            )
        of = len(_WORD.findall(document))
        if not of:
            raise InputError(f"document {index} has no word")
        values.append(sum(len(_words(sentence)) for sentence in summary) / of)
    return values


def order(positions: Sequence[Sequence[int]], totals: Sequence[int], *, seed: int = 0) -> Score:
    """From where in the document the sentences come: the mean of their mean relative position.

    A position is relative as position / (sentences of the document - 1): 0 is the first sentence,
    1 the last; the one sentence of a document of one is at 0. Summaries without a sentence have no
    position and do not count.

    Args:
        positions: of each summary's sentences in its document, from 0; `locate` finds them for
            summaries that were not extracted.
        totals: how many sentences each document has.
        seed: of the score's interval.

    Raises:
        InputTypeError: a position or a total is not a whole number.
        InputError: nothing to score, unequal numbers, or a position that the document has not.
        UndefinedScoreError: no summary has a sentence.

    >>> order([[0, 1], [4]], [5, 5]).value
    0.5625
    """
    values = order_examples(positions, totals)
    if all(value is None for value in values):
        raise UndefinedScoreError("order is not defined: no summary has a sentence")
    table = [(0.0, 0.0) if value is None else (value, 1.0) for value in values]
    return Score.of(
        "order",
        table,
        estimator=ratio,
        seed=seed,
        variant="mean-relative-position",
        without=sum(value is None for value in values) or None,
    )


def order_examples(positions: Sequence[Sequence[int]], totals: Sequence[int]) -> list[float | None]:
    """`order` of every summary; None where it has no sentence.

    >>> order_examples([[0, 1], [], [0]], [5, 5, 1])
    [0.125, None, 0.0]
    """
    if len(positions) != len(totals):
        raise InputError(
            f"there are positions of {len(positions)} summaries and totals of {len(totals)}"
            " documents: each summary needs its document"
        )
    if not len(positions):
        raise InputError("there are no summaries to score")
    values: list[float | None] = []
    for index, (chosen, total) in enumerate(zip(positions, totals, strict=True)):
        last = _whole(total, f"the total of document {index}") - 1
        if not isinstance(chosen, Iterable):
            raise InputTypeError(
                f"the positions of summary {index} are of type {type(chosen).__name__},"
                " not a list of whole numbers"
            )
        places = [_whole(place, f"a position of summary {index}") for place in chosen]
        for place in places:
            if not 0 <= place <= last:
                raise InputError(
                    f"summary {index} has a sentence at position {place} of a document of"
                    f" {last + 1} sentences; positions count from 0"
                )
        values.append(sum(places) / len(places) / max(last, 1) if places else None)
    return values


def locate(summary: Sequence[str], sentences: Sequence[str]) -> list[int]:
    """Where the sentences of a summary come from: for each the most alike one of the document.

    Alike by F1 of the words that both have, the first one on a tie. Sentences that share no word
    with the document come from nowhere and are left out.

    Args:
        summary: sentences of any summary, extracted or written anew.
        sentences: those of the document.

    Returns:
        Positions in `sentences`, in the order of the summary.

    Raises:
        InputTypeError: one of the two is not a list of strings.

    >>> locate(["The dam broke.", "Nobody fell."], ["It rained.", "A dam broke at noon."])
    [1]
    """
    said = sentence_list("the summary", summary)
    counts = [Counter(_words(sentence)) for sentence in sentence_list("the document", sentences)]
    found = []
    for sentence in said:
        own = Counter(_words(sentence))
        alike = [
            2 * (own & count).total() / ((own.total() + count.total()) or 1) for count in counts
        ]
        best = max(alike, default=0.0)
        if best:
            found.append(alike.index(best))
    return found


def redundancy(summaries: Sequence[Sequence[str]], *, seed: int = 0) -> Score:
    """The mean part of a summary's trigrams that it has said before, 0 to 1.

    1 - different trigrams / trigrams: one less the ratio of unique n-grams of Xiao and Carenini
    ("Systematically Exploring Redundancy Reduction in Summarizing Long Documents", 2020).
    Trigrams lie within a sentence; a summary without any has a redundancy of 0.

    Args:
        summaries: each the list of its sentences.
        seed: of the score's interval.

    Raises:
        InputTypeError: a summary is not a list of strings.
        InputError: there are no summaries.

    >>> redundancy([["The dam broke.", "At noon the dam broke."]]).value
    0.25
    """
    values = redundancy_examples(summaries)
    return Score.of("redundancy", values, seed=seed, variant="repeated-trigrams")


def redundancy_examples(summaries: Sequence[Sequence[str]]) -> list[float]:
    """`redundancy` of every summary.

    >>> redundancy_examples([["a b c", "a b c"], ["a b"]])
    [0.5, 0.0]
    """
    values = []
    for summary in _sentences(summaries):
        grams = [
            gram
            for words in map(_words, summary)
            for gram in zip(*(words[i:] for i in range(_N)), strict=False)
        ]
        values.append(1 - len(set(grams)) / len(grams) if grams else 0.0)
    return values


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _sentences(summaries: Sequence[Sequence[str]]) -> list[list[str]]:
    listed = sentence_lists("summary", "summaries", summaries)
    if not listed:
        raise InputError("there are no summaries to score")
    return listed


def _whole(number: int, what: str) -> int:
    try:
        return operator.index(number)
    except TypeError:
        raise InputTypeError(f"{what} is {number!r}, not a whole number") from None
