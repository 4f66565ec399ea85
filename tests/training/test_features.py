"""Features as one file: what is opened is what was saved."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpkit.errors import DataError
from nlpkit.training.features import Example, Features, collect
from nlpkit.windows import Window


@st.composite
def example_lists(draw: st.DrawFn) -> list[Example]:
    segmented, marking = draw(st.booleans()), draw(st.booleans())
    examples = []
    for row in range(draw(st.integers(1, 6))):
        size = draw(st.integers(1, 8))
        ids = np.array(draw(st.lists(st.integers(0, 99_999), min_size=size, max_size=size)))
        types = np.array(draw(st.lists(st.integers(0, 1), min_size=size, max_size=size)))
        targets = draw(st.lists(st.floats(-9, 9, width=32), min_size=1, max_size=4))
        window = Window(ids, types, 1, 0, size)
        if segmented:
            segments = np.array([i % len(targets) for i in range(size)])
            places = np.arange(len(targets)) + row
            window = Window(ids, types, 1, 0, size, segments, places)
        states = np.full((size if draw(st.booleans()) else 0, 2), row, np.float16)
        marks = np.full(size if marking else 0, row % 3 - 1, np.int8)
        examples.append(Example(window, targets, row, states, marks))
    return examples


@settings(max_examples=50)
@given(examples=example_lists())
def test_examples_come_back(
    examples: list[Example], tmp_path_factory: pytest.TempPathFactory
) -> None:
    features = collect(examples)
    path = tmp_path_factory.getbasetemp() / "features.safetensors"
    features.save(path)
    opened = Features.open(path)
    for field in fields(Features):
        saved, read = getattr(features, field.name), getattr(opened, field.name)
        assert saved.dtype == read.dtype
        np.testing.assert_array_equal(saved, read)
    assert len(opened) == len(examples)
    assert opened.lengths.tolist() == [len(example.window) for example in examples]
    for index, example in enumerate(examples):
        window = opened.window(index)
        np.testing.assert_array_equal(window.ids, example.window.ids)
        np.testing.assert_array_equal(window.types, example.window.types)
        for got, given_ in (
            (window.segments, example.window.segments),
            (window.places, example.window.places),
        ):
            if given_ is None:
                assert got is None
            else:
                np.testing.assert_array_equal(got, given_)
        np.testing.assert_array_equal(opened.target(index), np.float32(example.targets))
        assert opened.rows[index] == example.row
        assert opened.teacher_states(index).tolist() == example.states.tolist()
        assert opened.rationale(index).tolist() == example.marks.tolist()


def test_no_examples() -> None:
    with pytest.raises(DataError, match="nothing to train on"):
        collect([])


@pytest.mark.parametrize("content", [b"", b"not a file of tensors", b"\x08\0\0\0\0\0\0\0{}      "])
def test_a_damaged_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "features.safetensors"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"features\.safetensors"):
        Features.open(path)


def test_a_file_that_was_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "features.safetensors"
    ids = np.arange(5)
    collect([Example(Window(ids, ids * 0, 0, 0, 5), [1.0], 0)]).save(path)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(DataError, match="cannot read the features"):
        Features.open(path)
    with pytest.raises(DataError, match="cannot read the features"):
        Features.open(tmp_path / "nowhere")


def test_a_file_from_before_there_were_states_and_rationales(tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    window = Window(np.arange(3), np.zeros(3, int), 1, 0, 3)
    collect([Example(window, [1.0], 0)]).save(tmp_path / "f")
    arrays = {k: v for k, v in load_file(tmp_path / "f").items() if k[:4] not in ("stat", "mark")}
    save_file(arrays, tmp_path / "old")
    opened = Features.open(tmp_path / "old")
    assert opened.window(0).ids.tolist() == [0, 1, 2]
    assert not len(opened.teacher_states(0))
    assert not len(opened.rationale(0))
