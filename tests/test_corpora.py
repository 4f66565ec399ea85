"""Data sets by name: from a folder of the reference data, from a file, from the hub."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pd = pytest.importorskip("pandas")
pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

from nlpkit.corpora import CORPORA, fingerprint, label_names, read  # noqa: E402
from nlpkit.errors import DataError, InputError  # noqa: E402

ANSWERS = [
    {"text": ["Ada", "Ada L."], "answer_start": [0, 0]},
    {"text": [], "answer_start": []},
    {"text": ["it"], "answer_start": [13]},
]


@pytest.fixture(autouse=True)
def no_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NLPKIT_DATA", raising=False)


def value(column: str, row: int) -> Any:
    if column == "answers":
        return ANSWERS[row]
    if column in ("idx", "label"):
        return row % 2
    return row == 1 if column == "in_tokenized_train" else f"{column} {row}"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with all the reference data sets, three rows each."""
    for corpus in CORPORA.values():
        folder = tmp_path / corpus.folder
        folder.mkdir(parents=True, exist_ok=True)
        table = pa.table(
            {column: [value(column, row) for row in range(3)] for column in corpus.columns}
        )
        for file in corpus.files.values():
            pq.write_table(table, folder / file)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "split"), [(name, split) for name, found in CORPORA.items() for split in found.files]
)
def test_every_split_is_read_with_the_hubs_columns(root: Path, name: str, split: str) -> None:
    frame = read(name, split, root=root)
    assert tuple(frame.columns) == CORPORA[name].columns
    assert len(frame) == 3


def test_answers_are_plain_dicts_and_lists(root: Path) -> None:
    for limit in (None, 3):
        assert read("squad_v2", root=root, limit=limit)["answers"].tolist() == ANSWERS
    assert type(read("squad", root=root)["answers"][0]["text"]) is list


def test_columns_limit_and_the_split_by_default(root: Path) -> None:
    frame = read("squad", root=str(root), columns=["question", "id"], limit=2)
    assert frame.to_dict("records") == [
        {"question": "question 0", "id": "id 0"},
        {"question": "question 1", "id": "id 1"},
    ]
    pq.write_table(pa.table({"sentence": ["x"], "label": [1], "idx": [7]}), root / "other.parquet")
    (root / "other.parquet").replace(root / "glue/sst2/train.parquet")
    assert read("glue/sst2", root=root)["idx"].tolist() == [7]


def test_the_root_may_come_from_the_environment(
    root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NLPKIT_DATA", str(root))
    assert len(read("glue/cola")) == 3
    with pytest.raises(DataError, match="there is no such file"):
        read("glue/cola", root=tmp_path / "glue")


def test_qnli_and_mnli_have_files_of_other_names(root: Path) -> None:
    (root / "glue/qnli/train_rebuilt.parquet").unlink()
    with pytest.raises(DataError, match=r"train_rebuilt.parquet: there is no such file"):
        read("glue/qnli", "train", root=root)
    with pytest.raises(DataError, match="no split 'validation'; there are train, validation_match"):
        read("glue/mnli", "validation", root=root)


def test_a_missing_file_says_what_is_there(root: Path) -> None:
    (root / "squad/v1.1/train.parquet").unlink()
    with pytest.raises(DataError) as caught:
        read("squad", root=root)
    assert str(root / "squad/v1.1/train.parquet") in str(caught.value)
    assert f"{root / 'squad/v1.1'} has validation.parquet." in str(caught.value)
    (root / "elsewhere/qa").mkdir(parents=True)
    with pytest.raises(DataError, match="qa has nothing in it"):
        read("nq_qed", root=root / "elsewhere")
    with pytest.raises(DataError, match=r"elsewhere has qa/\."):
        read("squad", root=root / "elsewhere")
    with pytest.raises(DataError, match=r"nor a folder .*absent"):
        read("squad", root=root / "absent")


def test_a_reference_file_with_other_columns_is_an_error(root: Path) -> None:
    pq.write_table(pa.table({"text": ["x"]}), root / "glue/sst2/train.parquet")
    with pytest.raises(DataError, match=r"train.parquet has no column 'sentence'; there are text"):
        read("glue/sst2", root=root, columns=["text"])


def test_unknown_names_and_splits(root: Path) -> None:
    for name in ("squat", "glue/sst3", "a b/c", "a/b/c", "", "./here/x"):
        with pytest.raises(
            DataError, match=r"There is no file or data set .* squad, squad_v2, nq_"
        ):
            read(name, root=root)
    with pytest.raises(DataError, match="no split 'dev'; there are train, validation, test"):
        read("cnn_dailymail", "dev", root=root)


@pytest.mark.parametrize("limit", [0, -1, 1.5, True, "3"])
def test_limits_that_are_not_allowed(root: Path, limit: Any) -> None:
    with pytest.raises(InputError, match=r"limit is .* allowed is None or a whole number from 1"):
        read("squad", root=root, limit=limit)


def test_the_callers_own_files_and_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own").mkdir()
    Path("own/train.csv").write_text("text,label\na,0\nb,1\n")
    Path("own/validation.jsonl").write_text('{"text": "c", "label": 1}\n')
    Path("own/notes.txt").write_text("not data")
    assert read("own/train.csv", limit=1).to_dict("records") == [{"text": "a", "label": 0}]
    assert read("own")["text"].tolist() == ["a", "b"]
    assert read(Path("own"), "validation")["text"].tolist() == ["c"]
    with pytest.raises(DataError, match="own has no file for the split 'test'; there are train, v"):
        read("own", "test")
    with pytest.raises(DataError, match=r"train.csv is one file and has no split 'train'"):
        read("own/train.csv", "train")
    with pytest.raises(DataError, match=r"own/absent.csv: there is no such file"):
        read("own/absent.csv")
    with pytest.raises(DataError, match=r"notes.txt has the ending '.txt'; allowed are .csv"):
        read("own/notes.txt")
    Path("own/train.json").write_text("[]")
    with pytest.raises(DataError, match="several files for the split 'train'"):
        read("own", "train")
    Path("empty").mkdir()
    with pytest.raises(DataError, match=r"allowed are train with .csv, .tsv"):
        read("empty")


def test_a_set_that_is_not_on_the_hub_needs_the_folder() -> None:
    with pytest.raises(DataError, match=r"'scisummnet' is not on the hub: .* NLPKIT_DATA"):
        read("scisummnet")


def test_the_hub_needs_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(DataError, match=r"needs the package datasets: pip install nlpkit\[hub\]"):
        read("owner/name")


class Hub(ModuleType):
    """In the place of the package `datasets`: its own tables without its network."""

    def __init__(self) -> None:
        super().__init__("datasets")
        self.calls: list[tuple[str, str | None, str]] = []

    def load_dataset(self, path: str, name: str | None, split: str) -> Any:
        self.calls.append((path, name, split))
        if split != "train":
            raise ValueError(f"Unknown split {split!r}. Should be one of ['train'].\nMore lines.")
        return pytest.importorskip("datasets").Dataset.from_dict(
            {"question": ["q0", "q1", "q2"], "answers": ANSWERS}
        )


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


def test_label_names_fit_the_classes_of_glue() -> None:
    assert label_names("glue/sst2") == ("negative", "positive")
    assert label_names("glue/wnli") == tuple(reversed(label_names("glue/rte") or ()))
    assert label_names("glue/qnli") == label_names("glue/rte") == ("entailment", "not_entailment")
    assert label_names("squad") is label_names("mine.csv") is label_names("glue/stsb") is None


def test_fingerprint_follows_content_only() -> None:
    frame = pd.DataFrame({"text": ["a", "b"], "label": [0, 1], "answers": ANSWERS[:2]})
    first = fingerprint(frame)
    assert len(first) == 16
    assert fingerprint(frame.set_axis([5, 9])) == first
    assert fingerprint(frame.astype({"label": "int32", "text": "object"})) == first
    others = [
        frame[::-1],
        frame[:1],
        frame.rename(columns={"text": "sentence"}),
        frame[["label", "text", "answers"]],
        frame.assign(text=["a", "c"]),
        frame.assign(label=[0.0, 1.5]),
        frame.assign(text=["a", None]),
        frame.assign(text=pd.Series(["a", "\ud800"], dtype=object)),
    ]
    assert len({first, *map(fingerprint, others)}) == len(others) + 1


def test_fingerprint_sees_how_the_values_are_divided() -> None:
    assert fingerprint(pd.DataFrame({"a": ["x", "y"]})) != fingerprint(
        pd.DataFrame({"a": ["xy", ""]})
    )
    assert fingerprint(pd.DataFrame({"a": range(20_001)})) != fingerprint(
        pd.DataFrame({"a": [*range(20_000), 0]})
    )
