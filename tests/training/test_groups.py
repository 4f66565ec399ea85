"""Groups of rows that share text, and that setting rows aside keeps them together."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpkit.errors import DataError
from nlpkit.recipe import Recipe, parse
from nlpkit.training.groups import by_phrases, by_shared, groups
from nlpkit.training.holdout import split_rows
from nlpkit.training.overlap import normalised, words

HEADS = {
    "classification": ("mean", "regression"),
    "question_answering": ("tokens", "span"),
    "summarization": ("sentences", "sentences"),
}


def recipe_of(
    task: str = "classification",
    *,
    holdout: float = 0.1,
    seed: int = 0,
    place: str = "anywhere",
    rows: str = "",
) -> Recipe:
    pooling, head = HEADS[task]
    return parse(f"""
        name = "own"
        task = "{task}"
        [backbone]
        name = "any"
        [pooling]
        kind = "{pooling}"
        [head]
        kind = "{head}"
        [training]
        seed = {seed}
        [data]
        train = ["rows.csv"]
        holdout = {holdout}
        holdout_from = "{place}"
        {rows}
    """)


# Few words, so that texts contain one another.
text = st.text("abc", max_size=20).map(" ".join)


def contains(one: str, other: str) -> bool:
    """Whether a phrase of four words or more stands in a text."""
    a, b = words(one), words(other)
    return len(a) >= 4 and any(b[at : at + len(a)] == a for at in range(len(b)))


def connected(tied: list[list[bool]]) -> list[int]:
    """The lowest row that each hangs together with, one step at a time."""
    lowest = list(range(len(tied)))
    for _ in tied:
        for a, b in itertools.product(range(len(tied)), repeat=2):
            if tied[a][b]:
                lowest[a] = lowest[b] = min(lowest[a], lowest[b])
    return lowest


def same_partition(one: list[int], other: list[int]) -> bool:
    pairs = set(zip(one, other, strict=True))
    return len(pairs) == len(set(one)) == len(set(other))


@given(st.lists(text, max_size=8))
def test_phrases_are_with_the_texts_that_contain_them(values: list[str]) -> None:
    """Exactly those: against all pairs of texts compared one by one."""
    tied = [[normalised(a) == normalised(b) or contains(a, b) for b in values] for a in values]
    assert same_partition(by_phrases(values).tolist(), connected(tied))


@given(st.data())
@settings(max_examples=40)
def test_a_phrase_cut_from_a_text_is_found(data: st.DataObject) -> None:
    letters = st.text("abcdefghij", min_size=1, max_size=3)
    sentences = data.draw(st.lists(st.lists(letters, min_size=4, max_size=70), min_size=1))
    of = data.draw(st.integers(0, len(sentences) - 1))
    start = data.draw(st.integers(0, len(sentences[of]) - 4))
    end = data.draw(st.integers(start + 4, len(sentences[of])))
    phrase = " , ".join(sentences[of][start:end]).upper()
    found = by_phrases([*map(" ".join, sentences), phrase])
    assert found[-1] == found[of]


def test_short_phrases_are_grouped_with_themselves_only() -> None:
    values = ["one of the best films", "of the best", "one of the best", "Of the best!", "films"]
    assert by_phrases(values).tolist() == [0, 1, 0, 1, 2]


def test_a_phrase_ties_all_texts_that_contain_it() -> None:
    values = ["x y a b c d", "a b c d", "z", "a b c d e f"]
    assert by_phrases(values).tolist() == [0, 0, 1, 0]
    # Not across the border of two texts, and not letter by letter.
    assert by_phrases(["a b", "c d", "a b c d"]).tolist() == [0, 1, 2]
    assert by_phrases(["ab c d e", "b c d e"]).tolist() == [0, 1]


def test_many_places_of_one_phrase(monkeypatch: pytest.MonkeyPatch) -> None:
    """The places are looked at in parts; the parts make no difference."""
    values = ["a b a b a b a b", "a b a b", "b a b a", *(f"a b a b {n}" for n in range(9)), "c"]
    whole = by_phrases(values)
    monkeypatch.setattr("nlpkit.training.groups._AT_ONCE", 3)
    assert np.array_equal(by_phrases(values), whole)
    assert whole.tolist() == [0] * (len(values) - 1) + [1]


ids = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=12)


@given(ids)
def test_rows_that_share_a_text_on_either_side(rows: list[tuple[int, int]]) -> None:
    columns = [np.array([row[side] for row in rows], np.uint64) for side in (0, 1)]
    tied = [[bool(set(a) & set(b)) for b in rows] for a in rows]
    assert same_partition(by_shared(*columns).tolist(), connected(tied))


def pairs(*rows: tuple[object, object]) -> pd.DataFrame:
    return pd.DataFrame([(str(a), str(b)) for a, b in rows], columns=["text", "pair"])


class TestGroups:
    def test_pairs(self) -> None:
        many = [(f"first {n}", f"second {n}") for n in range(30)]
        frame = pairs(("a", "b"), ("C", "a!"), ("c", "d"), ("e", "f"), *many)
        assert groups(frame, recipe_of())[:5].tolist() == [0, 0, 0, 1, 2]

    def test_pairs_of_which_one_group_is_too_large_go_by_their_first_text(self) -> None:
        frame = pairs(*[(f"premise {n // 2}", f"yes {n % 2}") for n in range(40)])
        assert groups(frame, recipe_of()).tolist() == [n // 2 for n in range(40)]

    def test_and_where_that_is_no_better_only_the_same_pairs_are_one_group(self) -> None:
        frame = pairs(*[("premise", n // 2) for n in range(40)])
        assert groups(frame, recipe_of()).tolist() == [n // 2 for n in range(40)]

    def test_texts_of_which_one_group_is_too_large(self) -> None:
        values = [f"so it goes on {n // 2}" for n in range(40)]
        frame = pd.DataFrame({"text": ["so it goes on", *values]})
        assert groups(frame, recipe_of()).tolist() == [0, *(1 + n // 2 for n in range(40))]

    def test_titles_and_passages(self) -> None:
        recipe = recipe_of("question_answering")
        frame = pd.DataFrame(
            {
                "question": list("abcdef"),
                "context": ["one", "one", "two", "two", "three", "four"],
                "title": ["T", "U", None, float("nan"), "T", " "],
            }
        )
        assert groups(frame, recipe).tolist() == [0, 1, 2, 2, 0, 3]
        assert groups(frame.drop(columns="title"), recipe).tolist() == [0, 0, 1, 1, 2, 3]
        # Two sets may write a title in two ways.
        frame["title"] = ["New_York", "new york", *"abcd"]
        assert groups(frame, recipe).tolist() == [0, 0, 1, 2, 3, 4]

    def test_documents(self) -> None:
        frame = pd.DataFrame({"document": ["It rains.", "Sun", "it rains ."], "summary": [*"abc"]})
        assert groups(frame, recipe_of("summarization")).tolist() == [0, 1, 0]

    @pytest.mark.parametrize("columns", [["text"], ["text", "pair"]])
    def test_no_rows(self, columns: list[str]) -> None:
        frame = pd.DataFrame({column: [] for column in columns})
        assert groups(frame, recipe_of()).tolist() == []

    def test_what_is_no_text(self) -> None:
        with pytest.raises(DataError, match="row 1 holds 3"):
            groups(pd.DataFrame({"text": ["a", 3]}), recipe_of())


class TestSplitRows:
    @given(
        holdout=st.floats(0.05, 0.5),
        seed=st.integers(0, 9999),
        place=st.sampled_from(["anywhere", "end"]),
    )
    @settings(max_examples=40)
    def test_no_group_is_on_both_sides(self, holdout: float, seed: int, place: str) -> None:
        rng = np.random.default_rng(seed)
        values = [" ".join(rng.choice([*"abc"], rng.integers(12))) for _ in range(60)]
        frame = pd.DataFrame({"text": values, "row": range(len(values))})
        recipe = recipe_of(holdout=holdout, seed=seed, place=place)
        training, aside = split_rows(frame, recipe)
        if aside is None:
            assert len(training) == len(frame)
            return
        assert sorted([*training["row"], *aside["row"]]) == list(range(len(frame)))
        numbers = groups(frame, recipe)
        assert not set(numbers[training["row"]]) & set(numbers[aside["row"]])

    def test_phrases_stay_with_their_sentences(self) -> None:
        sentences = [f"w{n} x{n} y{n} z{n} end {n}" for n in range(100)]
        phrases = [" ".join(sentence.split()[:4]) for sentence in sentences]
        training, aside = split_rows(pd.DataFrame({"text": sentences + phrases}), recipe_of())
        assert aside is not None
        assert len(aside) == 20
        for phrase, other in itertools.product(aside["text"], training["text"]):
            assert phrase not in other
            assert other not in phrase

    def test_as_many_rows_as_wanted_though_one_group_is_large(self) -> None:
        titles = ["long"] * 500 + [f"short {n // 5}" for n in range(500)]
        frame = pd.DataFrame({"question": titles, "context": titles, "title": titles})
        for seed in range(8):
            _, aside = split_rows(frame, recipe_of("question_answering", seed=seed))
            assert aside is not None
            assert len(aside) == 100
            assert "long" not in set(aside["title"])

    def test_a_large_group_is_set_aside_where_the_others_are_too_few(self) -> None:
        titles = ["a"] * 30 + ["b"] * 30 + ["c"]
        frame = pd.DataFrame({"question": titles, "context": titles, "title": titles})
        for seed in range(8):
            training, aside = split_rows(frame, recipe_of("question_answering", seed=seed))
            assert aside is not None
            assert len(aside) in (30, 31)
            assert not set(aside["title"]) & set(training["title"])

    def test_questions_set_aside_keep_all_that_have_no_answer(self) -> None:
        rows = [{"text": [], "answer_start": []}, {"text": ["a"], "answer_start": [0]}] * 500
        titles = [f"{n // 10}" for n in range(1000)]
        frame = pd.DataFrame({"question": titles, "context": titles, "title": titles})
        frame["answers"] = rows
        full = recipe_of("question_answering")
        assert full.data is not None
        thinned = full.model_copy(
            update={"data": full.data.model_copy(update={"unanswerable": 0.2})}
        )
        _, aside = split_rows(frame, full)
        training, same = split_rows(frame, thinned)
        assert aside is not None
        assert same is not None
        assert same.equals(aside)
        empty = sum(not answers["text"] for answers in training["answers"])
        assert len(training) - empty == 450
        assert 60 < empty < 120

    def test_rows_of_their_own_are_split_one_by_one(self) -> None:
        frame = pd.DataFrame({"text": [f"{n}" for n in range(200)]})
        training, aside = split_rows(frame, recipe_of(holdout=0.05))
        assert aside is not None
        assert (len(training), len(aside)) == (190, 10)
        again = split_rows(frame, recipe_of(holdout=0.05))[1]
        assert aside.equals(again)
        other = split_rows(frame, recipe_of(holdout=0.05, seed=1))[1]
        assert not aside.equals(other)
        # With a seed of their own they are the same, whatever the training's is.
        same = split_rows(frame, recipe_of(holdout=0.05, seed=1, rows="seed = 0"))[1]
        assert aside.equals(same)

    def test_the_last_rows_and_what_belongs_to_them(self) -> None:
        frame = pd.DataFrame({"text": [f"{n}" for n in range(200)]})
        frame.loc[3, "text"] = "199 ."  # the same text as the last row's
        frame["row"] = range(200)
        for seed in range(3):
            recipe = recipe_of(holdout=0.05, seed=seed, place="end")
            training, aside = split_rows(frame, recipe)
            assert aside is not None
            assert aside["row"].tolist() == [3, *range(190, 200)]
            assert training["row"].tolist() == [0, 1, 2, *range(4, 190)]
