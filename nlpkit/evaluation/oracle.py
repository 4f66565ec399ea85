"""Extractive labels from abstractive summaries: the greedy ROUGE oracle.

Reference summaries are written, not copied, so no sentence of a document is marked as belonging
to its summary. The sentences that together come nearest to the reference by ROUGE stand in for
those marks (Nallapati et al., "SummaRuNNer", 2017, section 3; Liu, "Fine-tune BERT for Extractive
Summarization", 2019, whose program is BertSum).
"""

from __future__ import annotations

import operator
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TypeVar

from nlpkit.errors import InputError, InputTypeError
from nlpkit.evaluation.rouge import tokenize

Bigram = tuple[str, str]
Gram = TypeVar("Gram", str, Bigram)


def greedy_oracle(
    sentences: Sequence[str],
    reference: str | Sequence[str],
    *,
    max_sentences: int = 3,
    stem: bool = True,
) -> list[int]:
    """The sentences whose ROUGE-1 F plus ROUGE-2 F against the reference is greedily the highest.

    Starts from nothing and adds, one at a time, the sentence that raises the sum most (the earlier
    one on a tie), until none raises it or there are `max_sentences`. The sum is what `rouge-score`
    gives for the chosen sentences in document order, so what is maximised is what is measured:
    repeated words count as often as the reference has them, and bigrams run on from one chosen
    sentence into the next. BertSum counts each n-gram once and does not stem.

    Args:
        sentences: The document.
        reference: The summary, whole or as sentences.
        max_sentences: The most sentences to choose.
        stem: Compare Porter stems, as evaluation does.

    Returns:
        Indices into `sentences`, in document order; empty if no sentence shares a word with the
        reference.

    Raises:
        InputError: `max_sentences` is below 1.
        InputTypeError: `max_sentences` is not a whole number, or `sentences` is one string.

    >>> document = ["Rain fell.", "The old bridge collapsed.", "Nobody was hurt.", "He waved."]
    >>> greedy_oracle(document, "A bridge collapsed and nobody was hurt.")
    [1, 2]
    """
    limit = _positive(max_sentences)
    words, target = _words(sentences, reference, stem)
    wanted_words = Counter(target)
    wanted_bigrams = Counter(pairwise(target))
    matching_words = [_matching(ws, wanted_words) for ws in words]
    matching_bigrams = [_matching(pairwise(ws), wanted_bigrams) for ws in words]

    # A sentence without one of the reference's words only makes the summary longer.
    candidates = [index for index, matching in enumerate(matching_words) if matching]
    chosen: list[int] = []
    chosen_words: Counter[str] = Counter()
    chosen_bigrams: Counter[Bigram] = Counter()
    length = common_words = common_bigrams = 0
    best = 0.0
    winner_bigrams: Counter[Bigram] = Counter()
    for _ in range(limit):
        winner = -1
        for index in candidates:
            own = words[index]
            bigrams = matching_bigrams[index]
            if chosen:
                bigrams = _with_joints(bigrams, own, index, chosen, words, wanted_bigrams)
            score = _f1(
                common_words + _gain(matching_words[index], chosen_words, wanted_words),
                length + len(own),
                len(target),
            ) + _f1(
                common_bigrams + _gain(bigrams, chosen_bigrams, wanted_bigrams),
                length + len(own) - 1,
                len(target) - 1,
            )
            if score > best:
                best, winner, winner_bigrams = score, index, bigrams
        if winner < 0:
            break
        common_words += _gain(matching_words[winner], chosen_words, wanted_words)
        common_bigrams += _gain(winner_bigrams, chosen_bigrams, wanted_bigrams)
        chosen_words.update(matching_words[winner])
        chosen_bigrams.update(winner_bigrams)
        length += len(words[winner])
        insort(chosen, winner)
        candidates.remove(winner)
    return chosen


def rouge_targets(
    sentences: Sequence[str], reference: str | Sequence[str], *, stem: bool = True
) -> list[float]:
    """Each sentence's own mean of ROUGE-1 F and ROUGE-2 F against the reference, 0 to 1.

    Soft labels: how much of the summary a sentence would be by itself. The arguments are those of
    `greedy_oracle`.

    >>> rouge_targets(["The bridge fell.", "It rained."], "The bridge fell.")
    [1.0, 0.0]
    """
    words, target = _words(sentences, reference, stem)
    wanted_words = Counter(target)
    wanted_bigrams = Counter(pairwise(target))
    targets = []
    for own in words:
        common_words = _gain(_matching(own, wanted_words), {}, wanted_words)
        common_bigrams = _gain(_matching(pairwise(own), wanted_bigrams), {}, wanted_bigrams)
        unigram = _f1(common_words, len(own), len(target))
        bigram = _f1(common_bigrams, len(own) - 1, len(target) - 1)
        targets.append((unigram + bigram) / 2)
    return targets


def _words(
    sentences: Sequence[str], reference: str | Sequence[str], stem: bool
) -> tuple[list[list[str]], list[str]]:
    if isinstance(sentences, str):
        raise InputTypeError("The document is one string: give the list of its sentences.")
    target = reference if isinstance(reference, str) else "\n".join(reference)
    return [tokenize(sentence, stem=stem) for sentence in sentences], tokenize(target, stem=stem)


def _positive(max_sentences: int) -> int:
    try:
        limit = operator.index(max_sentences)
    except TypeError:
        raise InputTypeError(
            f"max_sentences is {max_sentences!r}: a whole number of at least 1 is needed."
        ) from None
    if limit < 1:
        raise InputError(f"max_sentences is {limit}: at least 1 is needed.")
    return limit


def _matching(grams: Iterable[Gram], wanted: Mapping[Gram, int]) -> Counter[Gram]:
    """How often each of the reference's n-grams stands in a sentence; the others do not count."""
    return Counter(gram for gram in grams if gram in wanted)


def _gain(new: Mapping[Gram, int], chosen: Mapping[Gram, int], wanted: Mapping[Gram, int]) -> int:
    """How many more of the reference's n-grams are covered with `new` beside those chosen."""
    gain = 0
    for gram, count in new.items():
        have, want = chosen.get(gram, 0), wanted[gram]
        gain += min(have + count, want) - min(have, want)
    return gain


def _with_joints(
    bigrams: Counter[Bigram],
    own: Sequence[str],
    index: int,
    chosen: Sequence[int],
    words: Sequence[Sequence[str]],
    wanted: Mapping[Bigram, int],
) -> Counter[Bigram]:
    """A sentence's bigrams and those across its borders, less the one that it parts."""
    place = bisect_left(chosen, index)
    before = words[chosen[place - 1]][-1] if place else None
    after = words[chosen[place]][0] if place < len(chosen) else None
    change: list[tuple[Bigram, int]] = []
    if before is not None:
        change.append(((before, own[0]), 1))
    if after is not None:
        change.append(((own[-1], after), 1))
    if before is not None and after is not None:
        change.append(((before, after), -1))
    change = [(bigram, count) for bigram, count in change if bigram in wanted]
    if change:
        bigrams = bigrams.copy()
        for bigram, count in change:
            bigrams[bigram] += count
    return bigrams


def _f1(common: int, length: int, wanted: int) -> float:
    """F1 in the same steps as rouge-score takes, so that ties stay ties."""
    precision, recall = common / max(length, 1), common / max(wanted, 1)
    return 2 * precision * recall / (precision + recall) if common else 0.0
