"""Summaries: spans, lengths, windows, both scorers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpkit.errors import InputError, InputTypeError
from nlpkit.results import Summary
from nlpkit.tasks.loading import load
from nlpkit.tasks.summarization import Summarization

# Characters that break naive offsets: surrogate halves, CRLF, emoji of several code points,
# right-to-left, combining marks, zero-width, letters that change length when lower-cased.
NASTY = st.lists(
    st.sampled_from(
        [
            *"abz.!?\"'()[] \t\r\n\x00\x85",
            "\ud83d",
            "\udc00",
            "🙂",
            "👩\u200d👧",
            "ש",
            "م",
            "\u0301",
            "\u200b",
            "\ufeff",
            "\u2028",
            "İ",
            "ß",
            "e.g. ",
            "No. 5 ",
            "\r\n\r\n",
            "字。",
        ]
    ),
    max_size=60,
).map("".join)
DOCUMENT = (
    "The bank was robbed on Monday. Two men fled in a red car. Nobody was hurt.\n\n"
    "Police look for witnesses. A reward was offered! Who saw them? Call the station."
)


@pytest.fixture(scope="module", params=["summarization", "pair_scorer"])
def summarize(request: pytest.FixtureRequest, tiny_pipelines: dict[str, Path]) -> Summarization:
    pipeline = load(tiny_pipelines[request.param], device="cpu")
    assert isinstance(pipeline, Summarization)
    return pipeline


def check(document: str, summary: Summary) -> None:
    for sentence in summary.sentences:
        assert document[sentence.start : sentence.end] == sentence.text
        assert tuple(summary.spans[sentence.index]) == (sentence.start, sentence.end)
        assert sentence.score == summary.scores[sentence.index]
    indices = [sentence.index for sentence in summary.sentences]
    assert indices == sorted(set(indices))
    assert len(summary.scores) == len(summary.spans)
    assert all(0 <= score <= 1 for score in summary.scores)
    assert summary.text == " ".join(sentence.text for sentence in summary.sentences)
    assert str(summary) == summary.text
    assert bool(summary) == bool(summary.sentences)


@settings(max_examples=60)
@given(
    documents=st.lists(NASTY, max_size=3),
    redundancy=st.sampled_from(["none", "trigram", "mmr", "coverage"]),
)
def test_sentences_are_the_callers_characters(
    summarize: Summarization, documents: list[str], redundancy: Any
) -> None:
    for document, summary in zip(
        documents, summarize(documents, redundancy=redundancy), strict=True
    ):
        check(document, summary)
        assert bool(summary) == bool(document.strip() and summary.spans)


@pytest.mark.parametrize("count", [1, 2, 5, 7, 100])
def test_number_of_sentences(summarize: Summarization, count: int) -> None:
    summary = summarize(DOCUMENT, sentences=count)
    check(DOCUMENT, summary)
    assert len(summary.sentences) == min(count, 7)
    assert len(summary.scores) == 7


def test_without_a_limit_the_recipe_decides(summarize: Summarization) -> None:
    assert len(summarize(DOCUMENT).sentences) == summarize.recipe.decoding.sentences == 3


def test_best_sentences_are_taken(summarize: Summarization) -> None:
    summary = summarize(DOCUMENT, sentences=3, redundancy="none")
    best = np.argsort(-np.array(summary.scores), kind="stable")[:3]
    assert [s.index for s in summary.sentences] == sorted(best.tolist())


@pytest.mark.parametrize(("ratio", "count"), [(0.01, 1), (0.5, 4), (1.0, 7), (1, 7)])
def test_ratio(summarize: Summarization, ratio: float, count: int) -> None:
    assert len(summarize(DOCUMENT, ratio=ratio).sentences) == count


@pytest.mark.parametrize("words", [3, 8, 20, 1000])
def test_words_are_never_exceeded(summarize: Summarization, words: int) -> None:
    summary = summarize(DOCUMENT, words=words)
    check(DOCUMENT, summary)
    assert 1 <= len(summary.text.split()) <= words
    assert words < 1000 or len(summary.sentences) == 7


@pytest.mark.parametrize("tokens", [15, 60, 10_000])
def test_tokens_are_never_exceeded(summarize: Summarization, tokens: int) -> None:
    summary = summarize(DOCUMENT, tokens=tokens)
    check(DOCUMENT, summary)
    counts = [len(t) for t in summarize.tokenizer.encode([s.text for s in summary.sentences])]
    assert sum(counts) <= tokens
    assert summary or tokens == 15


@pytest.mark.parametrize(
    "options",
    [{"sentences": 0}, {"sentences": -2}, {"words": 0}, {"tokens": -1}, {"ratio": 0.0},
     {"ratio": 1.5}, {"ratio": -0.1}, {"ratio": float("nan")}, {"sentences": 2, "ratio": 0.5},
     {"words": 5, "tokens": 5}, {"redundancy": "bigram"}],
)  # fmt: skip
def test_limits_that_are_not_allowed(summarize: Summarization, options: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(options))):
        summarize(DOCUMENT, **options)


@pytest.mark.parametrize(
    "options", [{"sentences": 2.5}, {"sentences": "3"}, {"ratio": "half"}, {"words": True}]
)
def test_limits_of_the_wrong_type(summarize: Summarization, options: dict[str, Any]) -> None:
    with pytest.raises(InputTypeError, match=next(iter(options))):
        summarize(DOCUMENT, **options)


@pytest.mark.parametrize("document", ["", " ", "\n\n\t", "\r\n"])
def test_a_blank_document_has_an_empty_summary(summarize: Summarization, document: str) -> None:
    summary = summarize(document)
    assert summary == Summary()
    assert not summary
    assert summary.to_dict() == {"text": "", "sentences": [], "scores": [], "spans": []}


def test_a_long_document_is_read_to_its_end(summarize: Summarization) -> None:
    document = " ".join(f"Sentence number {n} says so." for n in range(300))
    summary = summarize(document, sentences=300)
    check(document, summary)
    assert len(summary.sentences) == 300
    assert min(summary.scores) > 0


def test_what_stands_at_the_end_of_a_long_document_counts(summarize: Summarization) -> None:
    start = " ".join(f"Sentence number {n} says so." for n in range(60))
    one, two = summarize([f"{start} Yes it did.", f"{start} Zzz xq kw!"])
    assert one.scores[-1] != two.scores[-1]
    np.testing.assert_allclose(one.scores[:30], two.scores[:30], atol=1e-5)


def test_a_sentence_longer_than_a_window(summarize: Summarization) -> None:
    longest = "and then it went on " * 40
    document = f"It began. First {longest}to the end. It ended."
    summary = summarize(document, sentences=3)
    check(document, summary)
    assert len(summary.scores) == 3
    assert all(0 < score < 1 for score in summary.scores)
    # Its last words are read as well.
    other = summarize(document.replace("to the end", "to xyz jkq"), sentences=3)
    assert other.scores[1] != summary.scores[1]


def test_the_same_sentence_again_is_left_out_by_trigram_blocking(summarize: Summarization) -> None:
    document = "The very same words again. " * 5 + "Nothing of it here. Quite another thing."
    summary = summarize(document, sentences=3, redundancy="trigram")
    texts = [sentence.text for sentence in summary.sentences]
    assert len(set(texts)) == 3


def test_to_dict_is_plain(summarize: Summarization) -> None:
    import json

    summary = summarize(DOCUMENT, sentences=2)
    again = json.loads(json.dumps(summary.to_dict()))
    assert again["text"] == summary.text
    assert [s["index"] for s in again["sentences"]] == [s.index for s in summary.sentences]
    assert again["spans"] == [list(span) for span in summary.spans]


def test_headings_are_chosen_last(tiny_pipelines: dict[str, Path]) -> None:
    pipeline = load(tiny_pipelines["summarization"], device="cpu")
    text = "The Heading\n\nOne fell. Two rose.\n\nAnother Heading\n\nThree stood."
    for count in (1, 2, 3):
        chosen = pipeline(text, sentences=count, redundancy="none").sentences
        assert len(chosen) == count
        assert all(sentence.text.endswith(".") for sentence in chosen)
    everything = pipeline(text, sentences=5)
    assert [sentence.index for sentence in everything.sentences] == [0, 1, 2, 3, 4]
    assert len(everything.scores) == 5
    # Every sentence comes before any heading, whatever their scores.
    mostly = "One fell.\n\nA\n\nB\n\nC\n\nD\n\nTwo rose."
    chosen = {sentence.text for sentence in pipeline(mostly, sentences=3).sentences}
    assert {"One fell.", "Two rose."} < chosen
    # A ratio counts all sentences of the document, headings too.
    assert len(pipeline(text, ratio=0.6).sentences) == 3
    assert pipeline("Only a heading", words=5).text == "Only a heading"
