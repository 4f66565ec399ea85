from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from nlpkit.errors import InputError, InputTypeError
from nlpkit.evaluation.oracle import greedy_oracle, rouge_targets

DOCUMENT = [
    "A bridge over the river Senn collapsed early on Tuesday, the police said.",
    "The bridge, built in 1931, had been closed to lorries since March.",
    "Nobody was hurt, but two cars fell into the river.",
    "\u201cWe heard a noise like thunder,\u201d said Ada Berg, who lives nearby.",
    "The cars' drivers had left them on the bridge overnight.",
    "...",
    "Engineers had warned about the bridge three times, the city's papers show.",
    "The city council will meet on Friday; the bridge was to be replaced in 2027.",
    "Two cars fell into the river.",
]
REFERENCE = [
    "The bridge over the Senn collapsed on Tuesday; nobody was hurt.",
    "Engineers warned the city about it three times.",
    "It was to be replaced in 2027.",
]


def naive(sentences: list[str], reference: str, limit: int, stem: bool) -> list[int]:
    """The definition, with every candidate scored by rouge-score itself."""
    scorer = RougeScorer(["rouge1", "rouge2"], use_stemmer=stem)

    def score(indices: list[int]) -> float:
        scores = scorer.score(reference, "\n".join(sentences[i] for i in sorted(indices)))
        return float(scores["rouge1"].fmeasure + scores["rouge2"].fmeasure)

    chosen: list[int] = []
    best = 0.0
    while len(chosen) < limit:
        others = [i for i in range(len(sentences)) if i not in chosen]
        scores = [score([*chosen, i]) for i in others]
        if not scores or max(scores) <= best:
            break
        best = max(scores)
        chosen.append(others[scores.index(best)])
    return sorted(chosen)


words = st.sampled_from(
    ["a", "b", "c", "running", "runs", "fast", "Faster", "été", "2", "-", "x.y"]
)
texts = st.lists(words, max_size=9).map(" ".join)


@settings(max_examples=150)
@given(st.lists(texts, max_size=7), texts, st.integers(1, 5), st.booleans())
def test_same_selection_as_rouge_score_on_random_text(
    sentences: list[str], reference: str, limit: int, stem: bool
) -> None:
    expected = naive(sentences, reference, limit, stem)
    assert greedy_oracle(sentences, reference, max_sentences=limit, stem=stem) == expected


@pytest.mark.parametrize("stem", [True, False])
@pytest.mark.parametrize("limit", [1, 2, 3, 6])
def test_same_selection_as_rouge_score_on_a_document(limit: int, stem: bool) -> None:
    expected = naive(DOCUMENT, "\n".join(REFERENCE), limit, stem)
    assert greedy_oracle(DOCUMENT, REFERENCE, max_sentences=limit, stem=stem) == expected
    assert expected == [[7], [0, 7]][min(limit, 2) - 1]


def test_a_sentence_that_does_not_help_is_left_out() -> None:
    document = ["The bridge collapsed.", "The bridge collapsed.", "It rained."]
    assert greedy_oracle(document, "The bridge collapsed.") == [0]


def test_a_bigram_across_two_chosen_sentences_counts() -> None:
    # After "c d", "a b" completes the bigram "b c"; "a e" has only words to give.
    assert greedy_oracle(["a e", "a b", "c d"], "c d a b c d", max_sentences=2) == [1, 2]


@settings(max_examples=50)
@given(st.lists(texts, max_size=5), texts, st.booleans())
def test_targets_are_the_means_of_rouge_score(
    sentences: list[str], reference: str, stem: bool
) -> None:
    scorer = RougeScorer(["rouge1", "rouge2"], use_stemmer=stem)
    expected = []
    for sentence in sentences:
        scores = scorer.score(reference, sentence)
        expected.append((scores["rouge1"].fmeasure + scores["rouge2"].fmeasure) / 2)
    np.testing.assert_allclose(rouge_targets(sentences, reference, stem=stem), expected)


def test_nothing_to_choose_from() -> None:
    assert greedy_oracle([], "A bridge.") == []
    assert greedy_oracle(["A bridge."], "") == []
    assert greedy_oracle(["\u6a4b", ""], "\u6a4b") == []
    assert rouge_targets([], "A bridge.") == []


def test_wrong_arguments() -> None:
    with pytest.raises(InputError, match="max_sentences is 0"):
        greedy_oracle(["A bridge."], "A bridge.", max_sentences=0)
    with pytest.raises(InputTypeError, match=r"max_sentences is 1\.5"):
        greedy_oracle(["A bridge."], "A bridge.", max_sentences=1.5)  # type: ignore[arg-type]
    with pytest.raises(InputTypeError, match="one string"):
        greedy_oracle("A bridge.", "A bridge.")
