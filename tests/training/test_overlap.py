"""Training rows that stand in evaluation sets: found, and left out."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nlpkit.errors import DataError, InputError
from nlpkit.recipe import FILE_NAME, Recipe, parse, read
from nlpkit.rows import COLUMNS, read_rows
from nlpkit.training.overlap import normalised, overlap, without, words

PIPELINES = Path(__file__).parents[2] / "pipelines"
TEXTS = {
    "classification": ("text",),
    "question_answering": ("question", "context"),
    "summarization": ("document", "summary"),
}
WHOLE = {
    "classification": "text",
    "question_answering": "passage",
    "summarization": "document",
}

word = st.text("abcdefghijklmnopqrstuvwxyzéß0123456789", min_size=1, max_size=6)
sentence = st.lists(word, min_size=1, max_size=12).map(" ".join)


def recipe_of(task: str = "classification", *, pair: bool = False, data: str = "") -> Recipe:
    head = {"classification": "regression", "question_answering": "span"}.get(task, "sentences")
    pooling = {"classification": "mean", "question_answering": "tokens"}.get(task, "sentences")
    return parse(f"""
        name = "own"
        task = "{task}"
        pair = {str(pair).lower()}
        [backbone]
        name = "any"
        [pooling]
        kind = "{pooling}"
        [head]
        kind = "{head}"
        [data]
        train = ["rows.csv"]
        {data}
    """)


@st.composite
def rewritten(draw: Any, text: str) -> str:
    """The text as another corpus may have it: other case, spaces and punctuation."""
    between = st.sampled_from([" ", "  ", "\n", " , ", "' ", " -LRB- ", " ... ", "\u201d "])
    spaced = "".join(w + draw(between) for w in text.split())
    return draw(st.sampled_from([str.upper, str.title, str]))(spaced)


@given(sentence.flatmap(lambda text: st.tuples(st.just(text), rewritten(text))))
def test_case_spaces_and_punctuation_do_not_count(pair: tuple[str, str]) -> None:
    assert normalised(pair[0]) == normalised(pair[1])


@given(st.text())
@example("-LRB-")  # nothing but the name of a bracket
def test_normalised_is_what_is_left_of_any_text(text: str) -> None:
    assert normalised(text) == "".join(words(text))
    assert not any(map(str.isspace, normalised(text)))
    assert bool(normalised(text)) == bool(text.split())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("He didn't say.", "he did n't say ."),
        ("“Cannot”, he said (twice)", "`` can not '' , he said -lrb- twice -rrb-"),
        ("caf\u00e9", "cafe\u0301"),
        ("\ufb01ve", "FIVE"),
        ("Stra\u00dfe", "STRASSE"),
    ],
)
def test_raw_and_tokenised_texts_meet(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)


def test_texts_without_letters_are_still_different() -> None:
    assert len({normalised(text) for text in (":-)", ":-(", "", "!?")}) == 4


@pytest.mark.parametrize("task", COLUMNS)
@given(data=st.data())
@settings(max_examples=40)
def test_a_planted_overlap_is_found_and_nothing_else(task: str, data: st.DataObject) -> None:
    """Against all pairs of rows compared one by one."""
    evaluation = data.draw(st.lists(sentence, min_size=1, max_size=6), "evaluation")
    fresh = data.draw(st.lists(sentence, max_size=6), "training")
    planted = data.draw(st.sampled_from(evaluation).flatmap(rewritten), "planted")
    training = [*fresh, planted]
    frames = [pd.DataFrame(dict.fromkeys(TEXTS[task], rows)) for rows in (training, evaluation)]
    found = overlap(*frames, task)
    expected = [any(normalised(a) == normalised(b) for b in evaluation) for a in training]
    back = [any(normalised(a) == normalised(b) for a in training) for b in evaluation]
    assert found.mask.tolist() == expected
    assert found.mask[-1]
    assert found.training[WHOLE[task]] == sum(expected)
    assert found.evaluation[WHOLE[task]] == sum(back)


def test_the_kinds_of_pairs() -> None:
    training = pd.DataFrame(
        {"text": ["a", "b", "a", "c", "d"], "pair": ["b", "a", "z", "a", "e"]},
    )
    evaluation = pd.DataFrame({"text": ["A", "x"], "pair": ["B.", "y"]})
    found = overlap(training, evaluation, "classification")
    assert found.training == {"pair": 1, "pair in the other order": 1, "one text": 4}
    assert found.evaluation == {"pair": 1, "pair in the other order": 1, "one text": 1}
    assert found.mask.tolist() == [True, True, False, False, False]


def test_the_kinds_of_questions() -> None:
    training = pd.DataFrame({"question": ["q", "q", "r"], "context": ["one", "two", "two"]})
    evaluation = pd.DataFrame({"question": ["q", "s"], "context": ["Two", "three"]})
    found = overlap(training, evaluation, "question_answering")
    assert found.training == {"passage": 2, "question": 2, "question and passage": 1}
    assert found.evaluation == {"passage": 1, "question": 1, "question and passage": 1}
    assert found.mask.tolist() == [False, True, True]


def test_a_document_that_goes_on_differently_is_the_same() -> None:
    start = "It rained all day long. " * 20
    training = pd.DataFrame(
        {"document": [start + "Then it stopped.", start[:200], "Sun."], "summary": ["x", "x", "y"]}
    )
    evaluation = pd.DataFrame({"document": [start + "It goes on."], "summary": ["Y!"]})
    found = overlap(training, evaluation, "summarization")
    assert found.training == {"document": 0, "start of the document": 1, "summary": 1}
    assert found.mask.tolist() == [True, False, False]


def test_no_rows() -> None:
    training = pd.DataFrame({"text": [], "pair": []})
    evaluation = pd.DataFrame({"text": ["a"], "pair": ["b"]})
    assert overlap(training, evaluation, "classification").mask.shape == (0,)
    assert overlap(evaluation, training, "classification").mask.tolist() == [False]


def test_rows_that_do_not_compare() -> None:
    single, pair = pd.DataFrame({"text": ["a"]}), pd.DataFrame({"text": ["a"], "pair": ["b"]})
    with pytest.raises(DataError, match="'pair' is only in the evaluation rows"):
        overlap(single, pair, "classification")
    with pytest.raises(DataError, match="the training data has no column 'context'"):
        overlap(pd.DataFrame({"question": ["q"]}), single, "question_answering")
    with pytest.raises(DataError, match="the evaluation data: row 1 holds 3"):
        overlap(single, pd.DataFrame({"text": ["a", 3]}), "classification")
    with pytest.raises(InputError, match="'translation'; allowed: classification"):
        overlap(single, single, "translation")


class TestWithout:
    @pytest.fixture
    def data(self, tmp_path: Path) -> Path:
        def write(name: str, rows: dict[str, list[Any]]) -> None:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            pd.DataFrame(rows).to_json(path, orient="records", lines=True)

        write(
            "glue/rte/validation.jsonl",
            {"sentence1": ["It rains."], "sentence2": ["Wet!"], "label": [1], "idx": [0]},
        )
        write(
            "glue/mnli/validation_matched.jsonl",
            {"premise": ["Sun."], "hypothesis": ["Dry."], "label": [2], "idx": [0]},
        )
        write("own/test.jsonl", {"one": ["Snow."], "two": ["Cold."], "label": [0]})
        write("texts.csv.jsonl", {"text": ["It rains"], "label": [0]})
        write("own/whole.jsonl", {"text": ["It rains", "Snow"], "label": [0, 1]})
        return tmp_path

    ROWS = (("it rains", "wet"), ("sun", "dry"), ("cold", "snow"), ("it rains", "dry"))

    def left(self, names: list[str], data: Path, more: str = "") -> list[int]:
        frame = pd.DataFrame(self.ROWS, columns=["text", "pair"]).assign(label=range(4))
        rows = without(frame, recipe_of(pair=True, data=more), names, data)
        assert rows.index.tolist() == list(range(len(rows)))
        assert list(rows.columns) == ["text", "pair", "label"]
        return list(rows["label"])

    def test_reference_sets_whatever_their_columns_and_labels(self, data: Path) -> None:
        assert self.left(["glue/rte:validation"], data) == [1, 2, 3]
        assert self.left(["glue/rte", "glue/mnli:validation_matched"], data) == [2, 3]
        columns = 'columns = {text = "premise", pair = "hypothesis"}'
        assert self.left(["glue/rte"], data, columns) == [1, 2, 3]

    def test_a_folder_and_its_columns(self, data: Path) -> None:
        columns = 'columns = {text = "one", pair = "two"}'
        assert self.left([f"{data / 'own'}:test"], data, columns) == [0, 1, 3]

    def test_a_file(self, data: Path) -> None:
        frame = pd.DataFrame({"text": ["Snow!", "sun"], "label": [0, 1]})
        rows = without(frame, recipe_of(), [str(data / "own" / "whole.jsonl")])
        assert rows.to_dict("list") == {"text": ["sun"], "label": [1]}

    def test_a_folder_whose_name_ends_like_a_file(self, tmp_path: Path) -> None:
        folder = tmp_path / "set.csv"
        folder.mkdir()
        (folder / "validation.csv").write_text("text,label\nSnow,1\n")
        frame = pd.DataFrame({"text": ["Snow!", "sun"], "label": [0, 1]})
        rows = without(frame, recipe_of(), [f"{folder}:validation", str(folder)])
        assert list(rows["text"]) == ["sun"]

    def test_no_names(self, data: Path) -> None:
        assert self.left([], data) == [0, 1, 2, 3]

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("glue/rte:test", "no file for the split 'test' of 'glue/rte'"),
            ("glue/rte:other", "'glue/rte' has no split 'other'; there are train, validation"),
            ("glue/tre:validation", "no file or data set 'glue/tre'"),
            ("nowhere.csv", "nowhere.csv"),
            ("squad:validation", "validation"),
        ],
    )
    def test_a_set_that_is_missing(self, data: Path, name: str, message: str) -> None:
        with pytest.raises(DataError, match=message):
            self.left([name], data)

    def test_a_set_of_other_shape(self, data: Path) -> None:
        frame = pd.DataFrame({"text": ["a"], "label": [0]})
        with pytest.raises(DataError, match="glue/rte has no column 'text'"):
            without(frame, recipe_of(), ["glue/rte"], data)

    def test_nothing_left(self, data: Path) -> None:
        frame = pd.DataFrame({"text": ["Snow!"], "label": [0]})
        with pytest.raises(DataError, match="leaves no rows: all 1 stand in"):
            without(frame, recipe_of(), [str(data / "own" / "whole.jsonl")])


def begun_from(recipe: Recipe) -> list[Recipe]:
    """The recipe, and those of the same shape that training goes on from, one after the other."""
    found = [recipe]
    while found[-1].training.start is not None:
        name = found[-1].training.start  # a shipped pipeline's, or a folder of the repository
        shipped = PIPELINES / name
        start = read(shipped if shipped.is_dir() else PIPELINES.parent / name)
        if (start.task, start.pair) != (recipe.task, recipe.pair):
            break
        found.append(start)
    return found


def made(source: str) -> str:
    """The source; a set that is made out of the reference sets is made first if it is not there."""
    path = PIPELINES.parent / source
    script = path.parent.parent / f"{path.stem}.py"
    if path.parent.name == "made" and not path.is_file():
        subprocess.run([sys.executable, str(script)], check=True)
    return str(path) if path.is_file() else source


@pytest.mark.skipif("NLPKIT_DATA" not in os.environ, reason="needs the reference data")
@pytest.mark.parametrize("folder", sorted(p.parent.name for p in PIPELINES.glob(f"*/{FILE_NAME}")))
def test_no_shipped_recipe_trains_on_what_it_is_reported_on(folder: str) -> None:
    """Of up to 50,000 rows drawn from each training set; `benchmarks/overlap.py` reads all."""
    recipe = read(PIPELINES / folder)
    for trained in begun_from(recipe):
        assert trained.data is not None
        sources = [made(source) for source in (*trained.data.train, *trained.data.extra)]
        frame = read_rows(trained, sources, split=trained.data.split)
        if len(frame) > 50_000:
            frame = frame.sample(n=50_000, random_state=0)
        left = without(frame, trained, getattr(trained.data, "without", ()))
        for name in recipe.evaluation.data:
            evaluation = f"{name}:{recipe.evaluation.split}"
            shared = len(left) - len(without(left, trained, [evaluation]))
            assert shared == 0, f"{shared} rows of {trained.name} stand in {evaluation}"
