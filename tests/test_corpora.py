"""Data sets by name: from a folder of the reference data, or from a file."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

pd = pytest.importorskip("pandas")
pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

from nlpkit.corpora import (  # noqa: E402
    CORPORA,
    check_labelled,
    fingerprint,
    label_names,
    load,
    names_file,
    read,
    shown_name,
    true_split,
)
from nlpkit.errors import DataError, InputError, InputTypeError  # noqa: E402
from tests.reference_data import ANSWERS, write_reference_data  # noqa: E402


@pytest.fixture(autouse=True)
def no_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NLPKIT_DATA", raising=False)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_reference_data(tmp_path)


@pytest.mark.parametrize(
    ("name", "split"), [(name, split) for name, found in CORPORA.items() for split in found.splits]
)
def test_every_split_is_read_with_the_hubs_columns(root: Path, name: str, split: str) -> None:
    frame = read(name, split, root=root)
    assert tuple(frame.columns) == CORPORA[name].columns
    assert len(frame) == 3
    pytest.importorskip("datasets")
    data = load(name, split, root=root)
    assert data.to_list() == frame.to_dict("records")
    assert str(data.split) == split


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
    with pytest.raises(DataError, match="There is no file for the split 'train' of 'glue/cola'"):
        read("glue/cola", root=tmp_path / "glue")


def test_qnli_s_train_file_may_have_another_name(root: Path) -> None:
    folder = root / "glue/qnli"
    (folder / "train.parquet").replace(folder / "train_rebuilt.parquet")
    assert len(read("glue/qnli", root=root)) == 3
    (folder / "train_rebuilt.parquet").unlink()
    looked = "glue/qnli/train.parquet or train_rebuilt.parquet was looked for"
    with pytest.raises(DataError, match=f"split 'train' of 'glue/qnli': .*{looked}; .* has test"):
        read("glue/qnli", "train", root=root)


def test_mnli_s_validation_is_the_matched_one(root: Path) -> None:
    folder = root / "glue/mnli"
    texts = {"premise": ["p"], "hypothesis": ["h"], "label": [2], "idx": [9]}
    pq.write_table(pa.table(texts), folder / "validation_matched.parquet")
    assert read("glue/mnli", "validation", root=root)["idx"].tolist() == [9]
    assert true_split("glue/mnli", "validation") == "validation_matched"
    assert true_split("glue/mnli", "test") == "test_matched"
    assert len(read("glue/mnli", "validation_mismatched", root=root)) == 3
    (folder / "validation_mismatched.parquet").unlink()
    with pytest.raises(DataError, match=r"no file for the split 'validation_mismatched' of 'glue/"):
        read("glue/mnli", "validation_mismatched", root=root)
    with pytest.raises(
        DataError, match=r"'dev'; there are train, validation_matched, validation_m"
    ):
        read("glue/mnli", "dev", root=root)


def test_a_folder_may_have_other_formats(root: Path) -> None:
    folder = root / "glue/sst2"
    (folder / "train.parquet").unlink()
    (folder / "train.tsv").write_text("sentence\tlabel\tidx\nA.\tpositive\t0\nB.\tnegative\t1\n")
    frame = read("glue/sst2", root=root, columns=["label", "sentence"])
    assert frame.to_dict("records") == [
        {"label": 1, "sentence": "A."},
        {"label": 0, "sentence": "B."},
    ]
    (folder / "train.csv").write_text("sentence,label,idx\nA.,1,0\n")
    with pytest.raises(DataError, match=r"several files for the split 'train': train.csv, train.t"):
        read("glue/sst2", root=root)
    (folder / "train.tsv").unlink()
    (folder / "train.csv").write_text("sentence,label\nA.,1\n")
    with pytest.raises(
        DataError, match=r"train.csv has no column 'idx'; there are sentence, label"
    ):
        read("glue/sst2", root=root, columns=["sentence"])


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
    with pytest.raises(DataError, match=r"there is no folder .*absent"):
        read("squad", root=root / "absent")


@pytest.mark.parametrize("label", [2, -2, 0.5, "good", None])
def test_labels_that_the_set_does_not_have(root: Path, label: Any) -> None:
    table = pa.table({"sentence": ["x", "y"], "label": [label, label], "idx": [0, 1]})
    pq.write_table(table, root / "glue/sst2/train.parquet")
    allowed = r"allowed are 0 \(negative\), 1 \(positive\) and -1 for none"
    with pytest.raises(DataError, match=f"train.parquet: the label of row 0 is .*; {allowed}"):
        read("glue/sst2", root=root)
    assert read("glue/sst2", root=root, columns=["sentence"])["sentence"].tolist() == ["x", "y"]


def test_a_split_without_labels_is_read_but_cannot_be_evaluated(root: Path) -> None:
    table = pa.table({"sentence": ["x", "y"], "label": [-1, -1], "idx": [0, 1]})
    pq.write_table(table, root / "glue/sst2/test.parquet")
    frame = read("glue/sst2", "test", root=root)
    assert frame["label"].tolist() == [-1, -1]
    with pytest.raises(DataError, match=r"glue/sst2:test has no labels: all 2 values of 'label'"):
        check_labelled(frame, "glue/sst2:test")
    with pytest.raises(DataError, match=r"mine has no column 'stars'; there are sentence, label"):
        check_labelled(frame, "mine", "stars")
    for labels in ([None, None], [float("nan")] * 2, [-1.0, -1.0]):
        with pytest.raises(DataError, match="has no labels"):
            check_labelled(pd.DataFrame({"label": labels}), "mine")
    for labels in ([-1, 0], ["positive", None], [-1.0, -0.5], [["a"], []]):
        check_labelled(pd.DataFrame({"label": labels}), "mine")


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


def test_fingerprint_is_that_of_the_json_text() -> None:
    """Texts that come again are written once; the digits must not depend on that."""
    texts = ["naïve \u2028 \ud800", 'a"b\\', "漢字 🙂", ""] * 3
    frame = pd.DataFrame({"text": pd.Series(texts, dtype=object)})
    digest = hashlib.sha256(b'12\n"text"' + json.dumps(texts).encode())
    assert fingerprint(frame) == digest.hexdigest()[:16]


def test_a_set_is_shown_by_its_name_and_never_by_where_it_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "train.csv").write_text("text\na\n")
    assert shown_name(own) == shown_name(f"{own}/") == "own"
    assert shown_name(own / "train.csv") == shown_name(str(own / "train.csv")) == "train.csv"
    assert shown_name(tmp_path / "absent.csv") == "absent.csv"
    monkeypatch.chdir(own)
    assert shown_name(".") == "own"
    for name in ("owner/name", "owner/name:small", "glue/mnli"):
        assert shown_name(name) == name
    (own / "glue/mnli").mkdir(parents=True)
    assert shown_name("glue/mnli") == "glue/mnli"


def test_the_true_split_of_own_folders_and_files(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own/train.csv").write_text("text\na\n")
    assert true_split(tmp_path / "own", None) == "train"
    assert true_split(tmp_path / "own/train.csv", None) is None
    assert true_split("owner/name", None) == "train"


def test_what_is_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "reviews.csv").mkdir()  # a folder, whatever its name ends in
    (tmp_path / "rows").write_text("text\na\n")
    (tmp_path / "glue/sst2").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert [names_file(n) for n in ("rows", tmp_path / "rows", "~/rows")] == [True] * 3
    assert names_file("nowhere.JSONL")
    assert not names_file("reviews.csv")
    assert not names_file("glue/sst2")
    assert not names_file("owner/name")


def test_a_split_is_a_text() -> None:
    for function in (read, load, true_split):
        with pytest.raises(InputTypeError, match=r"split is 3; allowed is a text"):
            function("squad", 3)  # type: ignore[operator]
