from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score import rouge_scorer

from nlpkit.evaluation.lcs import Sentences, lcs_length

sentences = st.lists(st.sampled_from("abc"), max_size=20) | st.lists(
    st.sampled_from("abcdefgh"), max_size=80
)


@settings(max_examples=200)
@given(sentences, sentences)
def test_length_is_that_of_the_whole_table(first: list[str], second: list[str]) -> None:
    assert lcs_length(first, second) == rouge_scorer._lcs_table(first, second)[-1][-1]


@settings(max_examples=300)
@given(st.lists(sentences, max_size=4), sentences)
def test_union_takes_the_very_subsequences_of_rouge_score(
    summary: list[list[str]], words: list[str]
) -> None:
    expected = rouge_scorer._find_union([rouge_scorer.lcs_ind(words, other) for other in summary])
    assert Sentences(summary).union(words) == expected
