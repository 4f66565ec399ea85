"""Data sets of the hub, and any data set as a `datasets.Dataset`."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("pandas")
pytest.importorskip("pyarrow")

from nlpkit.corpora import load, read
from nlpkit.errors import DataError
from tests.reference_data import ANSWERS, write_reference_data


@pytest.fixture(autouse=True)
def no_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NLPKIT_DATA", raising=False)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_reference_data(tmp_path)


def test_the_hub_needs_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(DataError, match=r"needs the package datasets: pip install nlpkit\[hub\]"):
        read("owner/name")


class Hub(ModuleType):
    """In the place of the package `datasets`: its own tables without its network."""

    def __init__(self) -> None:
        super().__init__("datasets")
        self.calls: list[tuple[str, str | None, str]] = []

    def load_dataset(
        self, path: str, name: str | None, split: str, revision: str | None = None
    ) -> Any:
        if path == "EdinburghNLP/xsum" and revision != "refs/convert/parquet":
            raise RuntimeError("Dataset scripts are no longer supported, but found xsum.py")
        self.calls.append((path, name, split))
        if split != "train":
            raise ValueError(f"Unknown split {split!r}. Should be one of ['train'].\nMore lines.")
        rows = {"question": ["q0", "q1", "q2"], "answers": ANSWERS, "label": [0, 1, -1]}
        data = pytest.importorskip("datasets").Dataset.from_dict(rows)
        if name == "sst2":
            return data
        return data.cast_column("label", sys.modules["datasets"].ClassLabel(names=["no", "yes"]))


def test_without_a_folder_the_hub_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets")
    hub = Hub()
    monkeypatch.setattr(datasets, "load_dataset", hub.load_dataset)
    frame = read("squad")
    assert frame["question"].tolist() == ["q0", "q1", "q2"]
    assert frame["answers"].tolist() == ANSWERS
    assert len(read("glue/sst2", limit=2)) == 2
    assert list(read("owner/name:small", "train", columns=["answers"]).columns) == ["answers"]
    read("cnn_dailymail")
    assert hub.calls == [
        ("rajpurkar/squad", None, "train"),
        ("nyu-mll/glue", "sst2", "train"),
        ("owner/name", "small", "train"),
        ("abisee/cnn_dailymail", "3.0.0", "train"),
    ]
    with pytest.raises(DataError, match=r"'dev' of 'owner/name' .* one of \['train'\]\.$"):
        read("owner/name", "dev")
    with pytest.raises(DataError, match="owner/name has no column 'x'; there are question, answ"):
        read("owner/name", columns=["x"])
    assert len(load("owner/name", limit=2)) == 2
    assert load("glue/sst2").to_list() == read("glue/sst2").to_dict("records")
    with pytest.raises(
        DataError, match=r"rte has the labels no, yes; expected were entailment, not"
    ):
        load("glue/rte")
    with pytest.raises(
        DataError, match=r"rte has the labels no, yes; expected were entailment, not"
    ):
        read("glue/rte")
    assert len(read("xsum")) == 3
    with pytest.raises(
        DataError, match=r"'squad' has no split 'dev'; there are train, validation\."
    ):
        read("squad", "dev")


def test_classes_and_answers_have_the_hubs_features(root: Path) -> None:
    datasets = pytest.importorskip("datasets")
    names = ["entailment", "neutral", "contradiction"]
    data = load("glue/mnli", "validation", root=root, limit=2)
    assert data.features["label"] == datasets.ClassLabel(names=names)
    assert str(data.split) == "validation_matched"
    assert len(data) == 2
    answers = load("squad_v2", root=root).features["answers"]
    text, start = datasets.Value("string"), datasets.Value("int32")
    assert answers == {"text": datasets.List(text), "answer_start": datasets.List(start)}
    assert load("glue/stsb", root=root).features["label"] == datasets.Value("int64")
    assert load("xsum", root=root).features["document"] == text


def test_the_callers_own_files_as_datasets(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    path = tmp_path / "own.jsonl"
    path.write_text(
        '{"question": "Q?", "answers": {"text": [], "answer_start": []}, "score": 1.5, "tags":'
        " []}\n"
        '{"question": "R?", "answers": {"answer_start": [2], "text": ["x"]}, "tags": ["a"]}\n'
    )
    data = load(path)
    assert data.split is None
    assert data.to_list() == [
        {
            "question": "Q?",
            "answers": {"text": [], "answer_start": []},
            "score": 1.5,
            "tags": [],
        },
        {
            "question": "R?",
            "answers": {"text": ["x"], "answer_start": [2]},
            "score": None,
            "tags": ["a"],
        },
    ]
    assert data.features["answers"]["answer_start"] == datasets.List(datasets.Value("int32"))
    path.write_text('{"label": "good"}\n{"label": 1}\n')
    with pytest.raises(
        DataError, match=r"own.jsonl: the values of 'label' are not all of one kind"
    ):
        load(path)
    path.write_text('{"text": "a\\ud800"}\n')
    with pytest.raises(DataError, match=r"own.jsonl: 'text' has a text that is no Unicode"):
        load(path)


def test_datasets_need_an_extra(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(DataError, match=r"needs the package datasets: pip install nlpkit\[hub\]"):
        load("squad", root=root)
    assert len(read("squad", root=root)) == 3


def test_the_sample_data_is_loaded() -> None:
    pytest.importorskip("datasets")
    data = Path(__file__).parents[1] / "data"
    for name in ("summaries.jsonl", "questions.json", "reviews.csv"):
        assert load(data / name).to_list() == read(data / name).to_dict("records")
