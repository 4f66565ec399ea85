"""`nlpkit benchmark` on a tiny folder of data, with pipelines of random weights."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import nlpkit
from nlpkit.interfaces.cli import cli

CONTEXTS = ["The mill stands by the old ferry.", "Nobody saw the lamp go out."]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """SQuAD 1.1, and RTE without a train split; all other sets are missing."""
    root = tmp_path / "data"
    answers = [{"text": ["the old ferry"], "answer_start": [20]}, {"text": ["lamp"], "answer_start": [15]}]  # noqa: E501 # fmt: skip
    questions = [
        {
            "id": f"q{n}",
            "title": "T",
            "context": CONTEXTS[n % 2],
            "question": "What is there?",
            "answers": answers[n % 2],
        }
        for n in range(6)
    ]
    pairs = [
        {"sentence1": "It rains.", "sentence2": "It is wet.", "label": n % 2, "idx": n}
        for n in range(4)
    ]
    for name, rows in (("squad/v1.1", questions), ("glue/rte", pairs)):
        (root / name).mkdir(parents=True)
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (root / name / "validation.jsonl").write_text(lines)
    return root


def run(suite: str, data: Path, output: Path, *more: object) -> Result:
    arguments = ["benchmark", suite, "--data", data, "-o", output, "--device", "cpu", *more]
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def contents(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_one_report_and_what_is_left_out(
    data: Path, tiny_pipelines: dict[str, Path], tmp_path: Path
) -> None:
    reader = tiny_pipelines["question_answering"]
    made = tmp_path / "made"
    options = ("--limit", 4, "--seed", 3, "--no-texts", "--json")
    result = run("squad", data, made, "-p", reader, *options)
    assert result.exit_code == 0
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert [r["system"] for r in records] == ["question_answering", "random span", "sliding window"]
    assert all(record["scores"]["f1"]["n"] == 4 for record in records)
    assert {line.split(" is left out")[0] for line in result.stderr.splitlines()} == {
        "nlpkit: squad_v2, validation",
        "nlpkit: nq_qed, validation",
    }
    report = (made / "report.md").read_text()
    for system in ("question_answering", "random span", "sliding window"):
        assert system in report
    # The data's place is nobody's business, and the command makes the report again.
    assert str(data) not in report
    assert "The first 4 of 10,570 rows" in report
    assert f"benchmark squad --pipeline {reader} --no-texts --limit 4 --seed 3" in report
    assert CONTEXTS[0] not in report
    assert not [name for name in contents(made) if name.startswith(".")]


def test_goes_on_where_it_was(data: Path, tiny_pipelines: dict[str, Path], tmp_path: Path) -> None:
    reader = tiny_pipelines["question_answering"]
    whole, again = tmp_path / "whole", tmp_path / "again"
    result = run("squad", data, whole, "-p", reader)
    assert result.exit_code == 0
    assert result.stdout == f"{whole / 'report.html'}\n"
    expected = contents(whole)
    # As a kill leaves it: one file whole, one cut off within a line, one not begun.
    (again / "predictions").mkdir(parents=True)
    first, second, third = sorted(name for name in expected if name.startswith("predictions/"))
    (again / first).write_bytes(expected[first])
    (again / second).write_bytes(expected[second][: -len(expected[second]) // 3])
    assert run("squad", data, again, "-p", reader, "--quiet").output == ""
    assert contents(again) == expected
    # A run that fails leaves the older report whole.
    (again / third).write_text("something else\n")
    result = run("squad", data, again, "-p", reader, "--seed", 0, "--worst", 1)
    assert result.exit_code == 1
    assert "no file of nlpkit's predictions" in result.stderr
    assert result.stderr.count("\n") == 1
    assert contents(again) == {**expected, third: b"something else\n"}


def test_a_pipeline_of_ones_own_name(
    data: Path, tiny_pipelines: dict[str, Path], tmp_path: Path
) -> None:
    folder = data / "summarization/xsum"
    folder.mkdir(parents=True)
    row = {"document": "One fell. Two rose. Three stood.", "summary": "Two rose.", "id": "a"}
    (folder / "test.jsonl").write_text(json.dumps(row) + "\n")
    own = tiny_pipelines["pair_scorer"]
    result = run("summarization", data, tmp_path / "made", "-p", own, "--no-baselines", "--json")
    assert result.exit_code == 0
    assert [json.loads(line)["system"] for line in result.stdout.splitlines()] == ["pair_scorer"]


class TestWrongUse:
    @pytest.mark.parametrize(
        ("name", "suite", "wrong"),
        [
            ("no-such-pipeline", "squad", "no pipeline 'no-such-pipeline'"),
            ("question_answering", "glue", "no set of the suite 'glue' is for the pipeline"),
            ("regression", "squad", "there are sets for question_answering"),
        ],
    )
    def test_pipelines_that_no_set_is_for(
        self,
        name: str,
        suite: str,
        wrong: str,
        data: Path,
        tiny_pipelines: dict[str, Path],
        tmp_path: Path,
    ) -> None:
        result = run(suite, data, tmp_path / "made", "-p", tiny_pipelines.get(name, Path(name)))
        assert result.exit_code == 2
        assert wrong in result.stderr
        assert not (tmp_path / "made").exists()

    def test_one_pipeline_twice(
        self, data: Path, tiny_pipelines: dict[str, Path], tmp_path: Path
    ) -> None:
        reader = tiny_pipelines["question_answering"]
        result = run("squad", data, tmp_path / "made", "-p", reader, "-p", reader)
        assert result.exit_code == 2
        assert "two of the pipelines are named 'question_answering'" in result.stderr

    def test_a_folder_without_any_set(self, tmp_path: Path) -> None:
        (tmp_path / "data").mkdir()
        result = run("squad", tmp_path / "data", tmp_path / "made")
        assert result.exit_code == 1
        assert "nothing was measured: squad, validation: There is no file" in result.stderr
        assert not (tmp_path / "made" / "report.md").exists()

    def test_an_output_that_is_a_file(self, data: Path, tmp_path: Path) -> None:
        (tmp_path / "made").write_text("mine")
        result = run("squad", data, tmp_path / "made")
        assert result.exit_code == 1
        assert "cannot be made" in result.stderr
        assert (tmp_path / "made").read_text() == "mine"


def test_without_train_rows_there_are_no_baselines(data: Path, tmp_path: Path) -> None:
    result = run("glue", data, tmp_path / "made", "--json")
    assert result.exit_code == 0
    systems = [json.loads(line)["system"] for line in result.stdout.splitlines()]
    assert systems
    assert set(systems) <= set(nlpkit.pipelines())
    report = (tmp_path / "made" / "report.md").read_text()
    assert "Without baselines: There is no file for the split 'train'" in report.replace("\\", "")
