"""What is right in each row, from data of every shape that people have."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from nlpkit.errors import DataError, InputError, InputTypeError
from nlpkit.evaluation.dataset import open_set
from nlpkit.evaluation.goal import Goal

STARS = Goal("labels", ("1", "2", "3", "4", "5"))
SIDES = Goal("labels", ("bad", "good"))
COLOURS = Goal("multi_label", ("red", "green", "blue"))


def gold(labels: Any, goal: Goal) -> list[Any]:
    frame = pd.DataFrame({"text": ["a"] * len(labels), "label": labels})
    return list(open_set(frame, goal).gold)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([1, 5, 2], ["1", "5", "2"]),
        ([1.0, np.nan, 5.0], ["1", "5"]),
        (["1", "5", None], ["1", "5"]),
        (pd.array([1, pd.NA, 5], dtype="Int64"), ["1", "5"]),
    ],
)
def test_labels_named_by_numbers(labels: Any, expected: list[str]) -> None:
    assert gold(labels, STARS) == expected


@pytest.mark.parametrize("label", [0, 6, 1.5, np.inf])
def test_a_number_is_no_place_among_numbers(label: float) -> None:
    with pytest.raises(DataError, match="the task knows '1', '2'"):
        gold([label, 1], STARS)


@pytest.mark.parametrize(
    "labels",
    [
        pd.array(["good", pd.NA, "bad"], dtype="string"),
        pd.Categorical(["good", None, "bad"]),
        ["good", "", "bad"],
        [1, -1, 0],
        [1.0, np.nan, 0.0],
    ],
)
def test_rows_without_a_label_are_counted(labels: Any) -> None:
    rows = open_set(pd.DataFrame({"text": ["a", "b", "c"], "label": labels}), SIDES)
    assert list(rows.gold) == ["good", "bad"]
    assert rows.unlabelled == 1
    assert list(rows.frame["text"]) == ["a", "c"]


@pytest.mark.parametrize("wrong", [[["good"], ["bad"]], [np.array([1, 0])] * 2, [{"a": 1}, "good"]])
def test_one_label_is_needed(wrong: Any) -> None:
    with pytest.raises(DataError, match="the task knows 'bad', 'good'"):
        gold(wrong, SIDES)


def test_sets_of_labels() -> None:
    given = [["red", "blue"], None, "green", 2, np.array(["red"]), [], float("nan")]
    assert gold(given, COLOURS) == [["red", "blue"], ["green"], ["blue"], ["red"], []]
    with pytest.raises(DataError, match="has the labels 'pink', 'red'"):
        gold([["red"], ["pink"]], COLOURS)
    with pytest.raises(DataError, match="no row of the data frame has a label"):
        gold([None, None], COLOURS)


def test_names_of_a_datasets_dataset_count_and_not_its_numbers() -> None:
    datasets = pytest.importorskip("datasets")

    def made(labels: list[Any], feature: Any) -> Any:
        features = datasets.Features({"text": datasets.Value("string"), "label": feature})
        return datasets.Dataset.from_dict({"text": ["a"] * len(labels), "label": labels}, features)

    kind = datasets.ClassLabel(names=["good", "bad"])
    assert list(open_set(made([0, 1, -1], kind), SIDES).gold) == ["good", "bad"]
    several = datasets.Sequence(datasets.ClassLabel(names=["blue", "green", "red"]))
    assert list(open_set(made([[0, 1], [2]], several), COLOURS).gold) == [
        ["blue", "green"],
        ["red"],
    ]
    # Number 0 is called "5" here.
    stars = datasets.ClassLabel(names=["5", "4", "3", "2", "1"])
    assert list(open_set(made([0, 4, 1], stars), STARS).gold) == ["5", "1", "4"]
    with pytest.raises(DataError, match="the data frame has no rows"):
        open_set(made([], kind), SIDES)


@pytest.mark.parametrize(
    "answers", [None, float("nan"), "Rome", ["Rome"], {"text": "Rome"}, {"text": [3]}, {"x": 1}, 7]
)
def test_answers_in_another_form(answers: Any) -> None:
    frame = pd.DataFrame({"question": ["q"], "context": ["c"], "answers": [answers]})
    with pytest.raises(DataError, match="the answers of row 0 of the data frame are"):
        open_set(frame, Goal("question_answering"))


def test_answers_as_in_squads_own_file() -> None:
    given = [[{"text": "Rome", "answer_start": 3}], []]
    frame = pd.DataFrame({"question": ["q"] * 2, "context": ["c"] * 2, "answers": given})
    rows = open_set(frame, Goal("question_answering"))
    assert list(rows.frame["answers"]) == [
        {"text": ["Rome"], "answer_start": [3]},
        {"text": [], "answer_start": []},
    ]


@pytest.mark.parametrize(
    ("document", "summary", "wrong"),
    [
        ("A.", None, "must be a text or a list"),
        ("A.", 3, "must be a text or a list"),
        ("A.", ["a", 3], "must be a text or a list"),
        ("A.", " ", "is empty"),
        ("A.", [], "is empty"),
        ("A.", "\u0434\u0430", "ROUGE sees no others"),
        (" ", "A.", "the document of row 1 of the data frame has no word"),
    ],
)
def test_summaries_that_nothing_can_be_held_against(
    document: str, summary: Any, wrong: str
) -> None:
    frame = pd.DataFrame({"document": ["A.", document], "summary": ["A.", summary]})
    with pytest.raises(DataError, match=wrong):
        open_set(frame, Goal("summarization"))


def test_frames_of_other_shapes() -> None:
    frame = pd.DataFrame({"text": ["a", "b"], "label": ["good", "bad"]})
    index = pd.MultiIndex.from_tuples([("x", 1), ("x", 1)])
    assert open_set(frame.set_index(index), SIDES).content == open_set(frame, SIDES).content
    twice = pd.DataFrame([["a", "b", "good"]], columns=["text", "text", "label"])
    with pytest.raises(DataError, match="the column 'text' more than once"):
        open_set(twice, SIDES)
    for limit in (0, -1, True, 1.5, "1"):
        with pytest.raises(InputError, match="limit"):
            open_set(frame, SIDES, limit=limit)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="has no splits"):
        open_set(frame, SIDES, split="validation")
    with pytest.raises(InputTypeError, match="is of type dict"):
        open_set({"text": ["a"]}, SIDES)
