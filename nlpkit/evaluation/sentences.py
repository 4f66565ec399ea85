"""Summaries as metrics take them: each the list of its sentences."""

from __future__ import annotations

from collections.abc import Iterable

from nlpkit.errors import InputTypeError


def sentence_list(what: str, sentences: Iterable[str]) -> list[str]:
    """A text's sentences as a list.

    Args:
        what: what the text is, for errors.
        sentences: any iterable of strings but a string, which would be a sentence a letter.

    Raises:
        InputTypeError: it is something else.

    >>> sentence_list("the summary", ("The dam broke.", "Rain fell."))
    ['The dam broke.', 'Rain fell.']
    >>> sentence_list("the summary", "The dam broke.")
    Traceback (most recent call last):
    nlpkit.errors.InputTypeError: the summary is of type str, not a list of sentences
    """
    if isinstance(sentences, str) or not isinstance(sentences, Iterable):
        raise InputTypeError(
            f"{what} is of type {type(sentences).__name__}, not a list of sentences"
        )
    listed = list(sentences)
    for sentence in listed:
        if not isinstance(sentence, str):
            raise InputTypeError(
                f"{what} has a sentence of type {type(sentence).__name__}, not a string"
            )
    return listed


def sentence_lists(one: str, many: str, texts: Iterable[Iterable[str]]) -> list[list[str]]:
    """Several texts, each as `sentence_list` gives it.

    Args:
        one: what each of them is, for errors; they are counted from 0.
        many: what all of them are.
        texts: any iterable but a string.

    Raises:
        InputTypeError: they, or one of them, are something else.

    >>> sentence_lists("summary", "summaries", [["The dam broke."], [7]])
    Traceback (most recent call last):
    nlpkit.errors.InputTypeError: summary 1 has a sentence of type int, not a string
    """
    if isinstance(texts, str) or not isinstance(texts, Iterable):
        raise InputTypeError(f"the {many} are of type {type(texts).__name__}, not a list of {many}")
    return [sentence_list(f"{one} {index}", text) for index, text in enumerate(texts)]
