from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nlpkit.tasks.selection as selection
from nlpkit.errors import InputError, InputTypeError
from nlpkit.tasks.selection import Redundancy, select
from nlpkit.tasks.summary_length import Length

REDUNDANCIES: list[Redundancy] = ["none", "trigram", "mmr", "coverage"]
DOCUMENT = [
    "The bank was robbed on Monday.",
    "On Monday the bank was robbed, police say.",
    "Two men fled.",
    "Police have no names of the two men.",
]

words = st.sampled_from(["bank", "Bank", "robbed", "men", "\u00e9t\u00e9", "two", "a", "..."])
documents = st.lists(
    st.tuples(
        st.lists(words, max_size=7).map(" ".join),
        st.sampled_from([0.0, 0.25, 0.5, 0.9]) | st.floats(-5, 5),
        st.integers(0, 9),
    ),
    max_size=12,
)
lengths = st.one_of(
    st.integers(1, 15).map(lambda k: Length(sentences=k)),
    st.floats(0, 1, exclude_min=True).map(lambda r: Length(ratio=r)),
    st.integers(1, 25).map(lambda k: Length(words=k)),
    st.integers(1, 25).map(lambda k: Length(tokens=k)),
)


def run(document: list[tuple[str, float, int]], length: Length, **options: Any) -> list[int]:
    scores = [score for _, score, _ in document]
    if options.get("redundancy") == "coverage":  # which takes probabilities
        scores = [1 / (1 + math.exp(-score)) for score in scores]
    return select(
        scores,
        sentences=[text for text, _, _ in document],
        token_counts=[tokens for _, _, tokens in document],
        length=length,
        **options,
    )


@pytest.mark.parametrize("redundancy", REDUNDANCIES)
@given(document=documents, length=lengths, vectors=st.booleans())
def test_length_is_obeyed(
    redundancy: Redundancy, document: list[tuple[str, float, int]], length: Length, vectors: bool
) -> None:
    matrix = np.random.default_rng(0).normal(size=(len(document), 3)) if vectors else None
    chosen = run(document, length, redundancy=redundancy, vectors=matrix)
    assert chosen == sorted(set(chosen))
    assert all(0 <= index < len(document) for index in chosen)
    assert chosen == run(document, length, redundancy=redundancy, vectors=matrix)
    count = length.count(len(document))
    if count is not None:
        assert len(chosen) == count
        return
    limit = length.words or length.tokens or 0
    costs = [len(text.split()) if length.words else tokens for text, _, tokens in document]
    left = limit - sum(costs[index] for index in chosen)
    assert left >= 0
    assert 0 not in [costs[index] for index in chosen]
    if redundancy != "trigram":
        others = set(range(len(document))) - set(chosen)
        assert not any(0 < costs[index] <= left for index in others)


@pytest.mark.parametrize("redundancy", REDUNDANCIES)
@given(document=documents, length=lengths, random=st.randoms(use_true_random=False))
def test_order_of_the_document_does_not_matter_where_scores_differ(
    redundancy: Redundancy, document: list[tuple[str, float, int]], length: Length, random: Any
) -> None:
    # With distinct integers for scores, MMR has no near ties at a tiny diversity either.
    document = [(text, float(rank), tokens) for rank, (text, _, tokens) in enumerate(document)]
    order = list(range(len(document)))
    random.shuffle(order)
    options: dict[str, Any] = {"redundancy": redundancy, "diversity": 1e-3}
    chosen = run([document[index] for index in order], length, **options)
    assert sorted(order[index] for index in chosen) == run(document, length, **options)
    by_score = run(document, length, redundancy="none")
    assert run(document, length, redundancy="mmr", diversity=0.0) == by_score


@given(document=documents, length=lengths)
def test_without_redundancy_removal_it_is_the_best_by_score(
    document: list[tuple[str, float, int]], length: Length
) -> None:
    chosen = run(document, length, redundancy="none")
    if length.count(len(document)) is not None:
        scores = [score for _, score, _ in document]
        best = sorted(range(len(scores)), key=lambda index: (-scores[index], index))
        assert chosen == sorted(best[: len(chosen)])


@given(document=documents, k=st.integers(1, 8))
def test_strict_blocking_leaves_no_shared_trigram(
    document: list[tuple[str, float, int]], k: int
) -> None:
    strict = run(document, Length(sentences=k), fill=False)
    seen: list[tuple[str, ...]] = []
    for index in strict:
        own = document[index][0].lower().replace("...", " ").split()
        seen += {tuple(own[i : i + 3]) for i in range(len(own) - 2)}
    assert len(seen) == len(set(seen))
    assert set(strict) <= set(run(document, Length(sentences=k)))


def test_trigram_blocking() -> None:
    scores = [0.9, 0.8, 0.3, 0.2]

    def chosen(k: int, **options: Any) -> list[int]:
        return select(scores, sentences=DOCUMENT, length=Length(sentences=k), **options)

    assert chosen(2) == [0, 2]
    assert chosen(2, redundancy="none") == [0, 1]
    assert chosen(4) == [0, 1, 2, 3]
    assert chosen(4, fill=False) == [0, 2, 3]
    # A budget is an upper limit: what was blocked does not come back in.
    budget = Length(words=100)
    assert select(scores, sentences=DOCUMENT, length=budget) == [0, 2, 3]


@pytest.mark.parametrize("redundancy", REDUNDANCIES)
def test_a_long_sentence_is_passed_over(redundancy: Redundancy) -> None:
    def chosen(**limit: int) -> list[int]:
        return select(
            [0.9, 0.1, 0.5, 0.4],
            sentences=DOCUMENT,
            length=Length(**limit),
            redundancy=redundancy,
            token_counts=[30, 2, 4, 10],
        )

    assert chosen(words=10) == [0, 2]
    assert chosen(words=3) == [2]
    assert chosen(words=2) == []
    assert chosen(tokens=14) == [2, 3]
    assert chosen(tokens=1) == []


def covered(chosen: Iterable[int], scores: Any, texts: list[str], reference: float) -> float:
    """What coverage looks for, written down as it is defined."""
    own = [text.split() for text in texts]
    concepts = [{*words, *pairwise(words)} for words in own]
    misses: dict[Any, float] = {}
    for score, found in zip(scores, concepts, strict=True):
        for concept in found:
            misses[concept] = misses.get(concept, 1.0) * (1 - score)
    chosen = list(chosen)
    worth = sum(1 - misses[concept] for concept in set().union(*(concepts[i] for i in chosen)))
    return worth / (sum(len(own[i]) for i in chosen) + reference)


def test_coverage_leaves_out_what_is_unlikely(monkeypatch: pytest.MonkeyPatch) -> None:
    long = " ".join(f"w{number}" for number in range(30))
    scores, texts = [0.9, *[0.5] * 5, 0.01], [*[long] * 6, "no"]

    def chosen() -> list[int]:
        length = Length(sentences=2)
        return select(scores, sentences=texts, length=length, redundancy="coverage")

    # Any sentence but "no" repeats what is there, at thirty times the length.
    assert chosen() == [0, 1]
    monkeypatch.setattr(selection, "COVERAGE_SHARE", 0.0)
    assert chosen() == [0, 6]


@pytest.mark.parametrize("budget", [False, True])
def test_coverage_cannot_be_bettered_by_an_exchange(
    budget: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "COVERAGE_SHARE", 0.0)  # of all sentences
    random = np.random.default_rng(3)
    names = [f"w{number}" for number in range(30)]
    for _ in range(40):
        scores = random.random(12)
        texts = [" ".join(random.choice(names, size=random.integers(2, 9))) for _ in scores]
        sizes = np.array([len(text.split()) for text in texts])
        length = Length(words=18) if budget else Length(sentences=3)
        reference = 9.0 if budget else 1.5 * float(sizes @ scores / scores.sum())
        chosen = select(scores, sentences=texts, length=length, redundancy="coverage")
        best = covered(chosen, scores, texts, reference)
        for place in chosen:
            for other in set(range(12)) - set(chosen):
                changed = [other, *(index for index in chosen if index != place)]
                if not budget or sizes[changed].sum() <= 18:
                    assert covered(changed, scores, texts, reference) <= best + 1e-8


def test_coverage_takes_what_is_new() -> None:
    texts = ["the bank was robbed", "the bank was robbed again", "two men fled", "*** ***"]

    def chosen(scores: list[float], k: int = 2) -> list[int]:
        return select(scores, sentences=texts, length=Length(sentences=k), redundancy="coverage")

    assert chosen([0.9, 0.2, 0.5, 0.9]) == [0, 2]
    # The second sentence says all of the first, and more.
    assert chosen([0.9, 0.8, 0.5, 0.9]) == [1, 2]
    # A sentence without a word comes last, whatever its score.
    assert chosen([0.1, 0.1, 0.1, 1.0], 3) == [0, 1, 2]


def test_mmr_weighs_novelty() -> None:
    scores = np.array([0.9, 0.8, 0.3, 0.2])
    vectors = np.array([[1.0, 0.0], [2.0, 0.1], [0.0, 1.0], [0.0, 0.0]])

    def chosen(scores: Any, diversity: float, **options: Any) -> list[int]:
        return select(
            scores,
            sentences=DOCUMENT,
            length=Length(sentences=2),
            redundancy="mmr",
            diversity=diversity,
            **options,
        )

    assert chosen(scores, 0.1, vectors=vectors) == [0, 1]
    assert chosen(scores, 0.6, vectors=vectors) == [0, 2]
    assert chosen(scores, 0.1) == [0, 1]
    assert chosen(scores, 0.6) == [0, 2]
    # The trade-off is the same for probabilities and for logits.
    assert chosen(scores * 100 - 7, 0.6, vectors=vectors * 1e200) == [0, 2]
    # Novelty alone, all of it equal: the earliest, then the earliest that is unlike it.
    assert chosen([0.5] * 4, 0.3, vectors=vectors) == [0, 2]


@pytest.mark.parametrize("vectors", [True, False])
def test_mmr_follows_its_definition(vectors: bool) -> None:
    random = np.random.default_rng(5)
    scores = random.random(30)
    names = [f"w{number}" for number in range(12)]
    texts = [" ".join(random.choice(names, size=6)) for _ in scores]
    if vectors:
        matrix = random.normal(size=(30, 4))
    else:
        counts = np.array([[text.split().count(name) for name in names] for text in texts])
        matrix = counts * np.log(1 + 30 / (counts > 0).sum(axis=0))
    unit = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    relevance = (scores - scores.min()) / (scores.max() - scores.min())
    expected: list[int] = []
    while len(expected) < 9:
        merit = {
            i: 0.6 * relevance[i] - 0.4 * max([0.0, *(float(unit[i] @ unit[j]) for j in expected)])
            for i in range(30)
            if i not in expected
        }
        expected.append(max(merit, key=lambda i: merit[i]))
    chosen = select(
        scores,
        sentences=texts,
        length=Length(sentences=9),
        redundancy="mmr",
        diversity=0.4,
        vectors=matrix if vectors else None,
    )
    assert chosen == sorted(expected)


def test_mmr_beyond_its_candidates_goes_on_by_score(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "CANDIDATES", 2)
    chosen = select(
        [0.9, 0.8, 0.1, 0.7],
        sentences=["a b c", "a b c", "d e", "a b c"],
        length=Length(sentences=3),
        redundancy="mmr",
        diversity=1.0,
    )
    assert chosen == [0, 1, 3]


@pytest.mark.parametrize("redundancy", REDUNDANCIES)
def test_equal_scores_are_taken_from_the_front(redundancy: Redundancy) -> None:
    texts = [f"w{number}" for number in range(40)]
    chosen = select([0.5] * 40, sentences=texts, length=Length(sentences=4), redundancy=redundancy)
    assert chosen == [0, 1, 2, 3]


@pytest.mark.parametrize("redundancy", REDUNDANCIES)
def test_documents_of_any_size(redundancy: Redundancy) -> None:
    assert select([], sentences=[], length=Length(), redundancy=redundancy) == []
    assert select([0.1], sentences=[""], length=Length(), redundancy=redundancy) == [0]
    n = 20_000
    texts = [f"Line {number} of a long book, number {number}." for number in range(n)]
    scores = np.random.default_rng(1).random(n)
    chosen = select(scores, sentences=texts, length=Length(ratio=0.5), redundancy=redundancy)
    assert len(chosen) == n // 2


def test_lengths() -> None:
    assert Length() == Length(sentences=3)
    length = Length(words=np.int64(5))  # type: ignore[arg-type]
    assert length.words == 5
    assert type(length.words) is int
    assert type(Length(ratio=1).ratio) is float
    assert [Length(ratio=0.1).count(n) for n in [0, 1, 14, 15, 25]] == [0, 1, 1, 2, 3]


@pytest.mark.parametrize(
    ("limits", "error", "message"),
    [
        ({"sentences": 0}, InputError, "sentences is 0: it has to be at least 1."),
        ({"words": -5}, InputError, "words is -5: it has to be at least 1."),
        ({"tokens": 2.0}, InputTypeError, "tokens is 2.0: it has to be a whole number."),
        ({"sentences": True}, InputTypeError, "sentences is True: it has to be a whole number."),
        ({"words": "9"}, InputTypeError, "words is '9': it has to be a whole number."),
        ({"ratio": 0}, InputError, "ratio is 0.0: it has to be above 0 and at most 1."),
        ({"ratio": 1.5}, InputError, "ratio is 1.5: it has to be above 0 and at most 1."),
        ({"ratio": float("nan")}, InputError, "ratio is nan: it has to be above 0 and at most 1."),
        ({"ratio": "half"}, InputTypeError, "ratio is 'half': it has to be a number."),
        ({"ratio": True}, InputTypeError, "ratio is True: it has to be a number."),
        (
            {"sentences": 3, "words": 50},
            InputError,
            "sentences and words are given together: one limit is allowed.",
        ),
    ],
)
def test_wrong_lengths(limits: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        Length(**limits)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scores": [0.1, float("nan")]}, "scores is not finite at index 1"),
        ({"scores": [float("inf"), 0.1]}, "scores is not finite at index 0"),
        ({"scores": [0.1]}, r"scores has the shape \(1,\) for 2 sentences"),
        ({"scores": ["x", 0.1]}, "scores holds something that is not a number"),
        ({"redundancy": "clusters"}, "redundancy is 'clusters': .* none, trigram, mmr, coverage"),
        ({"diversity": 1.1}, r"diversity is 1\.1"),
        (
            {"redundancy": "coverage", "scores": [0.1, 1.5]},
            r"scores holds 1\.5 at index 1: coverage needs probabilities, 0 to 1",
        ),
        ({"length": Length(tokens=5)}, "token_counts is missing"),
        ({"length": Length(tokens=5), "token_counts": [1]}, "token_counts has 1 numbers for 2"),
        ({"length": Length(tokens=5), "token_counts": [1, -1]}, "token_counts holds -1"),
        ({"vectors": np.zeros((3, 2))}, r"vectors has the shape \(3, 2\): \(2, d\)"),
        ({"vectors": np.full((2, 2), np.nan)}, "vectors is not finite at index 0"),
    ],
)
def test_wrong_arguments(changes: dict[str, Any], message: str) -> None:
    options = {"scores": [0.1, 0.2], "sentences": ["a", "b"], "length": Length(), **changes}
    with pytest.raises((InputError, InputTypeError), match=message):
        select(options.pop("scores"), **options)
