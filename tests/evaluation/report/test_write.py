from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

from nlpkit.errors import DataError, InputError
from nlpkit.evaluation.report import write, write_report
from nlpkit.evaluation.result import Evaluation
from nlpkit.evaluation.score import Score


def _result(examples, scores=(), **fields) -> Evaluation:
    given = {"task": "question_answering", "system": "s", "dataset": "d", "split": "test", **fields}
    return Evaluation(list(scores), examples=examples, **given)


@pytest.mark.parametrize("task", ["reader", "summarizer", "classifier", "regressor"])
@pytest.mark.parametrize("rows", [0, 1, 2])
def test_few_examples(made: SimpleNamespace, tmp_path: Path, task: str, rows: int) -> None:
    whole = getattr(made, task)()
    scores = [Score.of("accuracy", [1] * rows)] if rows else []
    undefined = {"pearson": "there is too little"}
    result = _result(
        whole.examples.head(rows), scores, task=whole.task, undefined=undefined, weights="a"
    )
    page = write_report(tmp_path, [result], samples=10).read_text(encoding="utf-8")
    text = unescape(page)
    assert "pearson is not defined (there is too little)." in text
    assert ("there are no examples" in text) == (rows == 0)


def test_examples_without_the_usual_columns(made: SimpleNamespace, tmp_path: Path) -> None:
    frame = made.reader().examples[["id", "f1"]]
    path = write_report(tmp_path, [_result(frame, [Score.of("f1", frame["f1"])])], samples=10)
    assert path.read_text(encoding="utf-8").count("<svg") == 1


def test_names_that_a_page_or_plot_cannot_hold(made: SimpleNamespace, tmp_path: Path) -> None:
    odd = "a\x00$b$\ud800 <&> _{x}" + "long " * 20
    result = made.classifier(odd, dataset=f"../{odd}", weights="a")
    result.examples["reference"] = result.examples["prediction"] = "$x_\x07 & <b>"
    page = write_report(tmp_path, [result], samples=10).read_text(encoding="utf-8")
    assert "$b$� <&> _{x}" in unescape(page)
    for path in (tmp_path / "plots").iterdir():
        ElementTree.parse(path)
        assert re.fullmatch(r"[a-z0-9-]+\.svg", path.name)


def test_many_systems_and_labels_are_drawn_in_part(made: SimpleNamespace, tmp_path: Path) -> None:
    readers = [made.reader(f"system-{i}", 1, n=3) for i in range(9)]
    for reader in readers:
        del reader.examples["context"], reader.examples["score"]
    many = made.classifier(weights="a")
    many.examples["prediction"] = [f"label-{i}" for i in range(20)]
    write_report(tmp_path, [*readers, many], samples=10)
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "Not drawn, for legibility: system-6, system-7, system-8" in text
    assert all(f"| system-{i} |" in text for i in range(9))


def test_an_older_report_is_replaced_and_other_files_stay(
    made: SimpleNamespace, tmp_path: Path
) -> None:
    write_report(tmp_path, [made.classifier()], samples=10)
    assert (tmp_path / "plots" / "glue-sst2-validation-sst2-confusion.svg").is_file()
    own = tmp_path / "plots" / "own.svg"
    own.write_text("mine")
    (tmp_path / "predictions.jsonl").write_text("mine")
    write_report(tmp_path, [made.regressor()], samples=10)
    assert {path.name for path in tmp_path.iterdir()} == {
        "report.md",
        "report.html",
        "plots",
        "predictions.jsonl",
    }
    assert {path.name for path in (tmp_path / "plots").iterdir()} == {
        "own.svg",
        "glue-stsb-validation-scores.svg",
        "glue-stsb-validation-stsb-scatter.svg",
    }


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_failure_leaves_the_older_report_whole(
    made: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_report(tmp_path, [made.regressor(system="older")], samples=10)
    before = _contents(tmp_path)
    bad = made.summarizer()
    bad.examples["total"] = 1  # the drawing of the positions finds this out, late
    with pytest.raises(InputError, match="chose the sentence at 1, but its document has 1"):
        write_report(tmp_path, [made.regressor(), bad], samples=10)
    assert _contents(tmp_path) == before

    real = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        if path.name == "report.html":
            real(path, data[:100])
            raise OSError(28, "No space left on device")
        return real(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DataError, match="No space left on device"):
        write_report(tmp_path, [made.regressor()], samples=10)
    monkeypatch.undo()
    assert _contents(tmp_path) == before
    assert not list(tmp_path.glob(".report-*"))


def test_a_folder_that_cannot_be_used(made: SimpleNamespace, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(DataError, match=r"cannot be written to .*file"):
        write_report(tmp_path / "file", [made.regressor()], samples=10)
    (tmp_path / "taken" / "report.html").mkdir(parents=True)
    with pytest.raises(DataError, match=r"report\.html is a folder"):
        write_report(tmp_path / "taken", [made.regressor()], samples=10)
    assert [path.name for path in (tmp_path / "taken").iterdir()] == ["report.html"]


@pytest.mark.parametrize(("name", "value"), [("worst", -1), ("samples", 0)])
def test_numbers_out_of_range(made: SimpleNamespace, tmp_path: Path, name: str, value: int) -> None:
    with pytest.raises(InputError, match=f"{name} = {value} is not allowed"):
        write_report(tmp_path, [made.regressor()], **{name: value})
    assert list(tmp_path.iterdir()) == []


def test_a_missing_package_is_named(
    made: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write, "find_spec", lambda name: None if name == "jinja2" else name)
    with pytest.raises(
        Exception, match=r"needs the package jinja2: pip install nlpkit\[evaluate\]"
    ):
        write_report(tmp_path, [made.regressor()])


def test_matplotlib_is_left_as_it_was(made: SimpleNamespace, tmp_path: Path) -> None:
    import matplotlib

    with matplotlib.rc_context({"font.size": 31.0, "text.usetex": False}):
        before = dict(matplotlib.rcParams)
        write_report(tmp_path / "a", [made.regressor()], samples=10)
        assert dict(matplotlib.rcParams) == before
    write_report(tmp_path / "b", [made.regressor()], samples=10)
    for name in ("report.html", "report.md"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
