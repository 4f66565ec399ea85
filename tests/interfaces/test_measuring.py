"""`nlpkit evaluate` and `nlpkit score` on small pipelines with random weights."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import nlpkit
from nlpkit.interfaces.cli import cli

ROWS = [("good film", "no"), ("bad film", "yes"), ("so so", "no"), ("fine", "yes")]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("NLPKIT_CACHE", str(folder))
    monkeypatch.delenv("NLPKIT_DATA", raising=False)
    return folder / "predictions"


@pytest.fixture
def folder(tiny_pipelines: dict[str, Path]) -> Path:
    return tiny_pipelines["classification"]


@pytest.fixture
def rows(tmp_path: Path, folder: Path) -> Path:
    labels = nlpkit.load(folder).labels
    path = tmp_path / "rows.jsonl"
    lines = [{"text": text, "label": labels[n % 2]} for n, (text, _) in enumerate(ROWS)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def run(*args: object, colour: bool = False) -> Result:
    env = {"FORCE_COLOR": "1" if colour else "", "COLUMNS": "100", "NO_COLOR": ""}
    return CliRunner().invoke(cli, [str(arg) for arg in args], env=env)


class TestEvaluate:
    def test_says_what_python_says(self, folder: Path, rows: Path) -> None:
        expected = nlpkit.load(folder).evaluate(rows)
        result = run("evaluate", folder, rows, "--json")
        assert result.exit_code == 0
        assert json.loads(result.stdout) == json.loads(json.dumps(expected.to_dict()))
        lines = [line.split("\t") for line in run("evaluate", folder, rows).stdout.splitlines()]
        assert [line[0] for line in lines] == list(expected)
        assert [float(line[1]) for line in lines] == [round(s.points, 2) for s in expected.values()]
        assert lines[0][3] == str(expected["accuracy"].signature)

    def test_a_table_on_a_terminal(self, folder: Path, rows: Path) -> None:
        shown = run("evaluate", folder, rows, colour=True).stdout
        assert "classification on rows.jsonl" in shown
        assert "95% interval" in shown
        assert "accuracy" in shown

    def test_predictions_are_kept(self, folder: Path, rows: Path, cache: Path) -> None:
        first = run("evaluate", folder, rows, "--json").stdout
        (file,) = cache.iterdir()
        assert len(file.read_text().splitlines()) == 5
        assert run("evaluate", folder, rows, "--json").stdout == first
        own = rows.with_name("own.jsonl")
        assert run("evaluate", folder, rows, "--json", "--predictions", own).stdout == first
        assert own.read_text() == file.read_text()
        file.write_text(file.read_text().replace('"score": 0', '"score": 1'))
        assert run("evaluate", folder, rows, "--json", "--fresh").stdout == first

    @pytest.mark.parametrize(
        ("arguments", "code", "wrong"),
        [
            (["no/such/file.csv"], 1, "no such file"),
            (["glue/nothing"], 1, "glue/nothing"),
            ([], 2, "names none in its [evaluation]"),
        ],
    )
    def test_bad_data_sets(self, folder: Path, arguments: list[str], code: int, wrong: str) -> None:
        result = run("evaluate", folder, *arguments)
        assert result.exit_code == code
        assert wrong in result.stderr
        assert result.stderr.count("\n") == 1
        assert not result.stdout

    def test_other_labels(self, folder: Path, rows: Path) -> None:
        rows.write_text('{"text": "a", "label": "ugly"}\n')
        result = run("evaluate", folder, rows)
        assert result.exit_code == 1
        assert "has the labels 'ugly', and the pipeline 'classification' knows" in result.stderr


class TestScore:
    def test_rouge(self, tmp_path: Path) -> None:
        (tmp_path / "c.txt").write_text("The cat sat.\n")
        (tmp_path / "r.txt").write_text("The cat sat.\n")
        files = ("--candidates", tmp_path / "c.txt", "--references", tmp_path / "r.txt")
        record = json.loads(run("score", "rouge", *files, "--json").stdout)
        assert record["scores"]["rougeLsum"]["value"] == 1.0
        assert run("score", "meteor", *files).stdout.startswith("meteor\t9")

    def test_squad_notes_go_to_standard_error(self, tmp_path: Path) -> None:
        gold = tmp_path / "gold.jsonl"
        answers = {"text": ["Rome"], "answer_start": [3]}
        records = [{"id": i, "question": "Where?", "context": "In Rome.", "answers": answers}
                   for i in ("q1", "q2")]  # fmt: skip
        gold.write_text("".join(json.dumps(record) + "\n" for record in records))
        said = tmp_path / "said.json"
        said.write_text('{"q1": "Rome"}')
        result = run("score", "squad", said, "--data", gold)
        assert result.exit_code == 0
        assert result.stdout.startswith("exact_match\t50.00\t")
        assert result.stderr == "nlpkit: 1 of 2 questions have no prediction and count 0\n"
        said.write_text("{")
        result = run("score", "squad", said, gold)
        assert result.exit_code == 1
        assert "not JSON" in result.stderr

    def test_labels(self, tmp_path: Path, rows: Path) -> None:
        said = tmp_path / "said.txt"
        labels = [json.loads(line)["label"] for line in rows.read_text().splitlines()]
        said.write_text("\n".join(labels) + "\n")
        assert run("score", "labels", said, rows).stdout.startswith("accuracy\t100.00")


class TestNotes:
    """What changes the meaning of a number is said, in whichever form it is shown."""

    def test_what_rouge_does_not_see(self, tmp_path: Path) -> None:
        (tmp_path / "c.txt").write_text("\u0434\u0430.\n\n")
        (tmp_path / "r.txt").write_text("The cat sat.\nIt ran.\n")
        files = ("--candidates", tmp_path / "c.txt", "--references", tmp_path / "r.txt")
        result = run("score", "rouge", *files, "--json")
        assert result.exit_code == 0
        assert json.loads(result.stdout)["scores"]["rouge1"]["value"] == 0
        empty, unseen = result.stderr.splitlines()
        assert empty == f"nlpkit: 1 of 2 texts of {tmp_path / 'c.txt'} are empty and score 0"
        assert unseen.startswith("nlpkit: ROUGE sees only a-z and 0-9")
        assert run("score", "rouge", *files, "--quiet").stderr == ""

    def test_an_empty_separator(self, tmp_path: Path) -> None:
        (tmp_path / "c.txt").write_text("The cat sat.\n")
        files = ("--candidates", tmp_path / "c.txt", "--references", tmp_path / "c.txt")
        result = run("score", "rouge", *files, "--sentences", "")
        assert result.exit_code == 2
        assert "fault" not in result.stderr

    def test_scores_that_are_not_defined(
        self, tmp_path: Path, tiny_pipelines: dict[str, Path]
    ) -> None:
        (tmp_path / "rows.csv").write_text("text,label\na,1.5\na,2\n")
        result = run("evaluate", tiny_pipelines["regression"], tmp_path / "rows.csv", "--json")
        assert result.exit_code == 0
        scores = json.loads(result.stdout)["scores"]
        assert [scores[name]["value"] for name in scores] == [None, None]
        assert "all predictions are equal" in scores["pearson"]["why"]


class TestFilesOfOnesOwn:
    def test_are_never_written_over(self, folder: Path, rows: Path) -> None:
        before = rows.read_bytes()
        for more in ([], ["--fresh"]):
            result = run("evaluate", folder, rows, "--predictions", rows, *more)
            assert result.exit_code == 1
            assert "no file of nlpkit's predictions" in result.stderr
            assert rows.read_bytes() == before

    def test_a_name_is_needed(self, folder: Path, rows: Path) -> None:
        result = run("evaluate", folder, rows, "--predictions", "")
        assert result.exit_code == 2
        assert "is empty" in result.stderr

    def test_an_unknown_ending(self, folder: Path, tmp_path: Path) -> None:
        (tmp_path / "rows.txt").write_text("good\n")
        result = run("evaluate", folder, tmp_path / "rows.txt")
        assert result.exit_code == 1
        assert "has the ending '.txt'; allowed are .csv" in result.stderr
