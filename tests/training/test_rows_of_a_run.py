"""Which rows a recipe trains on: several sets, and sets whose texts it may not share."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlpkit import recipe as recipes
from nlpkit.errors import DataError
from nlpkit.training.holdout import split_rows
from nlpkit.training.training_rows import training_rows, with_extra
from tests.training.own_rows import COLUMNS, folder_of, write

SUMMARIZATION = '[head]\nkind = "sentences"\n'


def test_texts_of_other_sets_are_left_out(tiny_encoder: Path, tmp_path: Path) -> None:
    texts = ["A warm film.", "Dull!", "a WARM film", "Long, and good."]
    train = write([{"review": text, "stars": "low"} for text in texts], tmp_path / "train.jsonl")
    test = write([{"text": "A warm film", "label": "low"}], tmp_path / "test.jsonl")
    folder = folder_of(tmp_path / "own", tiny_encoder, train, data=f'{COLUMNS}without = ["{test}"]')
    rows = training_rows(recipes.read(folder), None)
    assert rows["text"].tolist() == ["Dull!", "Long, and good."]


def test_a_set_to_leave_out_that_is_not_there(tiny_encoder: Path, tmp_path: Path) -> None:
    train = write([{"review": "x", "stars": "low"}], tmp_path / "train.jsonl")
    folder = folder_of(
        tmp_path / "own", tiny_encoder, train, data=f'{COLUMNS}without = ["nowhere.csv"]'
    )
    with pytest.raises(DataError, match=r"nowhere\.csv"):
        training_rows(recipes.read(folder), None)


def test_a_document_in_two_sets_is_read_once(tiny_encoder: Path, tmp_path: Path) -> None:
    raw = [{"document": "It rained. They won 3-2!", "summary": "Rain."}]
    tokenized = [
        {"document": "it rained . they won 3 - 2 !", "summary": "rain ."},
        {"document": "another one .", "summary": "one ."},
    ]
    one = write(raw, tmp_path / "raw.jsonl")
    write(tokenized, tmp_path / "tokenized.jsonl")
    folder = folder_of(
        tmp_path / "own", tiny_encoder, f'{one}", "{tmp_path / "tokenized.jsonl"}',
        task="summarization", pooling="sentences", head=SUMMARIZATION,
    )  # fmt: skip
    rows = training_rows(recipes.read(folder), None)
    assert rows["document"].tolist() == ["It rained. They won 3-2!", "another one ."]


def test_nothing_of_extra_sets_is_set_aside(tiny_encoder: Path, tmp_path: Path) -> None:
    rows = [{"review": f"row {n}", "stars": "low"} for n in range(40)]
    train = write(rows, tmp_path / "train.jsonl")
    extra = [{"review": f"Row {n}.", "stars": "high"} for n in range(38, 44)]
    write(extra, tmp_path / "extra.jsonl")
    data = f'{COLUMNS}holdout = 0.5\nextra = ["{tmp_path / "extra.jsonl"}"]'
    recipe = recipes.read(folder_of(tmp_path / "own", tiny_encoder, train, data=data))
    training, heldout = split_rows(training_rows(recipe, None), recipe)
    assert heldout is not None
    assert len(heldout) == 20
    more = with_extra(training, recipe, None, heldout=heldout)
    assert more[: len(training)].equals(training)
    # What is set aside is not read in another spelling either.
    aside = {f"Row {text.removeprefix('row ')}." for text in heldout["text"]}
    wanted = [row["review"] for row in extra if row["review"] not in aside]
    assert more["text"].tolist()[len(training) :] == wanted


def test_an_extra_document_that_is_read_already(tiny_encoder: Path, tmp_path: Path) -> None:
    train = write([{"document": "It rained.", "summary": "Rain."}], tmp_path / "train.jsonl")
    more = [{"document": text, "summary": "Rain."} for text in ("it rained .", "It snowed.")]
    extra = write(more, tmp_path / "extra.jsonl")
    folder = folder_of(
        tmp_path / "own", tiny_encoder, train, task="summarization", pooling="sentences",
        head=SUMMARIZATION, data=f'holdout = 0.0\nextra = ["{extra}"]',
    )  # fmt: skip
    recipe = recipes.read(folder)
    rows = with_extra(training_rows(recipe, None), recipe, None)
    assert rows["document"].tolist() == ["It rained.", "It snowed."]


def test_an_extra_set_that_is_not_there(tiny_encoder: Path, tmp_path: Path) -> None:
    train = write([{"review": "x", "stars": "low"}], tmp_path / "train.jsonl")
    data = f'{COLUMNS}extra = ["nowhere.csv"]'
    recipe = recipes.read(folder_of(tmp_path / "own", tiny_encoder, train, data=data))
    with pytest.raises(DataError, match=r"nowhere\.csv"):
        with_extra(training_rows(recipe, None), recipe, None)


def test_rows_that_are_drawn_keep_their_order_where_the_last_are_set_aside(
    tiny_encoder: Path, tmp_path: Path
) -> None:
    train = write([{"review": f"{n}", "stars": "low"} for n in range(50)], tmp_path / "t.jsonl")
    data = f'{COLUMNS}limit = 20\nholdout = 0.1\nholdout_from = "end"'
    recipe = recipes.read(folder_of(tmp_path / "own", tiny_encoder, train, data=data))
    rows = training_rows(recipe, None)
    numbers = [int(text) for text in rows["text"]]
    assert len(numbers) == 20
    assert numbers == sorted(numbers)
    _, aside = split_rows(rows, recipe)
    assert aside is not None
    assert aside["text"].tolist() == [str(n) for n in numbers[-2:]]


def test_rows_are_drawn_with_their_own_seed_where_they_have_one(
    tiny_encoder: Path, tmp_path: Path
) -> None:
    train = write([{"review": f"{n}", "stars": "low"} for n in range(50)], tmp_path / "t.jsonl")

    def drawn(seed: int, more: str = "") -> list[str]:
        folder = folder_of(
            tmp_path / "own", tiny_encoder, train,
            training=f"seed = {seed}", data=f"{COLUMNS}limit = 20{more}",
        )  # fmt: skip
        return training_rows(recipes.read(folder), None)["text"].tolist()

    first = drawn(0)
    assert drawn(1) != first
    assert drawn(1, "\nseed = 0") == first
    assert drawn(0, "\nseed = 1") == drawn(1)
