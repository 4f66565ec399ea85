from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.tokenize import NLTKWordTokenizer
from nltk.translate import meteor_score as nltk_meteor

from nlpkit.errors import InputError, InputTypeError
from nlpkit.evaluation.meteor import align, meteor, meteor_examples, words
from nlpkit.evaluation.wordnet import synonyms

# The example of NLTK's own documentation, of 0.6944 since NLTK 3.6.4.
GUIDE = (
    "It is a guide to action which ensures that the military always obeys the commands of the party"
)
HYPOTHESIS = GUIDE.split()
REFERENCES = [
    "It is a guide to action that ensures that the military will forever heed Party commands",
    "It is the guiding principle which guarantees the military forces always being under the"
    " command of the Party",
    "It is the practical guide for the army always to heed the directions of the party",
]
TOKENS = [reference.split() for reference in REFERENCES]


class Name:
    def __init__(self, name: str) -> None:
        self._name = name

    def name(self) -> str:
        return self._name


class Synset:
    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def lemmas(self) -> list[Name]:
        return [Name(name) for name in self._names]


class Table:
    """Our table of synonyms in the form in which NLTK's METEOR asks for them."""

    def synsets(self, word: str) -> list[Synset]:
        return [Synset(synonyms(word))]


TABLE = Table()

# Words that meet in every stage: equal, of one stem, synonyms; and some twice.
MEETING = "the a car cars Auto machine stopped stops halt quit engines Engine motor . big large"
vocabulary = st.sampled_from(MEETING.split())
token_lists = st.lists(vocabulary | st.text(st.characters(exclude_categories=["Z", "C"])))
texts = st.lists(vocabulary, max_size=14).map(list)


def of_nltk(references: list[list[str]], tokens: list[str], **weights: float) -> float:
    return float(nltk_meteor.meteor_score(references, tokens, wordnet=TABLE, **weights))


def test_the_documented_example_of_nltk() -> None:
    score = meteor([HYPOTHESIS], [TOKENS[0]])
    assert round(score.value, 4) == 0.6944
    assert meteor([HYPOTHESIS], [TOKENS]).value == score.value


def test_nothing_in_common_is_nothing() -> None:
    tokens = ["non", "matching", "hypothesis"]
    assert meteor([tokens], [["this", "is", "a", "cat"]]).value == 0.0
    assert meteor_examples([[], ""], [["this"], "this"]) == [0.0, 0.0]


@settings(max_examples=150)
@given(texts | token_lists, st.lists((texts | token_lists).filter(bool), min_size=1, max_size=3))
def test_same_number_as_nltk(prediction: list[str], references: list[list[str]]) -> None:
    assert meteor_examples([prediction], [references]) == [of_nltk(references, prediction)]


@settings(max_examples=100)
@given(texts, texts)
def test_same_alignment_as_nltk(prediction: list[str], reference: list[str]) -> None:
    left, right = ([token.lower() for token in side] for side in (prediction, reference))
    matches, _, _ = nltk_meteor.align_words(left, right, wordnet=TABLE)
    assert align(left, right) == matches


@settings(max_examples=60)
@given(
    texts.filter(bool),
    texts.filter(bool),
    st.floats(0.01, 0.99),
    st.floats(0.1, 9.0),
    st.floats(0.0, 1.0),
)
def test_same_number_with_other_weights(
    prediction: list[str], reference: list[str], alpha: float, beta: float, gamma: float
) -> None:
    ours = meteor_examples([prediction], [reference], alpha=alpha, beta=beta, gamma=gamma)
    assert ours == [of_nltk([reference], prediction, alpha=alpha, beta=beta, gamma=gamma)]


def test_same_numbers_on_our_own_documents() -> None:
    folder = Path(__file__).parents[2] / "data" / "documents"
    documents = [words(file.read_text()) for file in sorted(folder.glob("*.txt"))]
    assert len(documents) >= 3
    pairs = [(a[:120], b[:120]) for a in documents for b in documents]
    ours = meteor_examples([a for a, _ in pairs], [b for _, b in pairs])
    assert ours == pytest.approx([of_nltk([b], a) for a, b in pairs], abs=1e-12)


def test_each_stage_matches() -> None:
    assert align(["big"], ["big"]) == [(0, 0)]
    assert align(["engines"], ["engine"]) == [(0, 0)]
    assert align(["car"], ["auto"]) == [(0, 0)]
    assert align(["big"], ["small"]) == []


def test_a_text_is_split_as_word_tokenize_does() -> None:
    sentences = ["It's here.", 'Mr. Lee paid $3.88 ("nearly 4").', "Didn't he?"]
    split = NLTKWordTokenizer().tokenize
    assert words(" ".join(sentences)) == [token for s in sentences for token in split(s)]
    assert meteor(["It's here. So he said."], ["So he said. It's here."]).value == pytest.approx(
        of_nltk(
            [["so", "he", "said", ".", "it", "'s", "here", "."]],
            ["it", "'s", "here", ".", "so", "he", "said", "."],
        ),
        abs=1e-12,
    )


def test_the_signature_says_how() -> None:
    text = meteor(["a car"], ["a car"]).signature
    tokens = meteor([["a", "car"]], [["a", "car"]], alpha=0.8).signature
    assert (text["tokens"], tokens["tokens"]) == ("nltk-words", "given")
    assert (text["variant"], text["wordnet"], text["alpha"]) == ("nltk", "3.0", "0.9")
    assert tokens["alpha"] == "0.8"


def test_the_best_of_several_references_counts() -> None:
    several = meteor([GUIDE], [REFERENCES]).value
    assert several == max(meteor([GUIDE], [one]).value for one in REFERENCES)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([], []), InputError, "no predictions"),
        ((["a"], ["a", "b"]), InputError, "1 predictions and 2 references"),
        (("a", ["a"]), InputTypeError, "predictions are of type str"),
        ((["a"], None), InputTypeError, "references are of type NoneType"),
        ((["a", 3], ["a", "b"]), InputTypeError, "prediction 1 is of type int"),
        ((["a", "b"], ["a", None]), InputTypeError, "reference 1 is of type NoneType"),
        ((["a"], [[]]), InputError, "prediction 0 has no reference"),
        ((["a"], [[["a"]]]), InputTypeError, "prediction 0 is a text and its reference tokens"),
        (([["a"]], ["a"]), InputTypeError, "prediction 0 is tokens and its reference a text"),
        ((["a"], [" "]), InputError, "reference 0 has no word"),
        (([["a"]], [[]]), InputError, "reference 0 has no word"),
        (([["a", 1]], [["a"]]), InputTypeError, "prediction 0 has a token of type int"),
        (([["One fell."]], [["One fell."]]), InputError, "'One fell.', with white space"),
    ],
)
def test_wrong_arguments(arguments: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        meteor(*arguments)


@pytest.mark.parametrize(
    "weights", [{"alpha": 1.5}, {"beta": -1}, {"gamma": float("nan")}, {"beta": float("inf")}]
)
def test_weights_out_of_range(weights: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(weights))):
        meteor(["a"], ["a"], **weights)


def test_weights_are_numbers() -> None:
    with pytest.raises(InputTypeError, match=r"alpha is '0\.9', not a number"):
        meteor(["a"], ["a"], alpha="0.9")  # type: ignore[arg-type]
