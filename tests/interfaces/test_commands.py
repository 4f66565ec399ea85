"""The commands on small pipelines with random weights: the same results as from Python."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import nlpkit
from nlpkit.interfaces.cli import cli

DOCUMENT = (
    "Rain fell for nine days. The dam held, but only just.\r\n"
    "The mayor thanked the crews. A new gate will cost two million.\n\nIt opens in May."
)
PASSAGES = ("The lighthouse was built in 1840.", "Ada Byron kept it for fifty years.")


def run(*args: str | Path, stdin: str | bytes | None = None, colour: bool = False) -> Result:
    env = {"FORCE_COLOR": "1" if colour else "", "COLUMNS": "80", "NO_COLOR": ""}
    return CliRunner().invoke(cli, [str(arg) for arg in args], input=stdin, env=env)


def records(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "document.txt"
    path.write_bytes(DOCUMENT.encode())
    return path


@pytest.fixture
def passages(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / "light.txt", tmp_path / "keeper.txt"]
    for path, text in zip(paths, PASSAGES, strict=True):
        path.write_text(text)
    return paths


class TestSummarize:
    @pytest.fixture
    def folder(self, tiny_pipelines: dict[str, Path]) -> Path:
        return tiny_pipelines["summarization"]

    def test_prints_the_sentences_one_a_line(self, folder: Path, document: Path) -> None:
        expected = nlpkit.summarize(DOCUMENT, sentences=2, pipeline=folder)
        result = run("summarize", "-p", folder, "-n", "2", document)
        assert result.exit_code == 0
        assert result.stdout.splitlines() == [s.text for s in expected.sentences]
        assert len(expected.sentences) == 2

    @pytest.mark.parametrize("file", [[], ["-"]])
    def test_reads_standard_input(self, folder: Path, file: list[str]) -> None:
        result = run("summarize", "-p", folder, "--json", *file, stdin=DOCUMENT.encode())
        expected = nlpkit.summarize(DOCUMENT, pipeline=folder)
        assert records(result) == [{"file": "-", **json.loads(json.dumps(expected.to_dict()))}]

    @pytest.mark.parametrize(
        ("option", "options"),
        [
            (["--ratio", "0.4"], {"ratio": 0.4}),
            (["--words", "9"], {"words": 9}),
            (["--tokens", "40"], {"tokens": 40}),
            (["--redundancy", "mmr"], {"redundancy": "mmr"}),
            (["--redundancy", "none"], {"redundancy": "none"}),
        ],
    )
    def test_options_are_those_of_python(
        self, folder: Path, document: Path, option: list[str], options: dict[str, Any]
    ) -> None:
        (record,) = records(run("summarize", "-p", folder, "--json", *option, document))
        assert record["text"] == nlpkit.summarize(DOCUMENT, pipeline=folder, **options).text

    def test_offsets_hold_in_the_file(self, folder: Path, document: Path) -> None:
        (record,) = records(run("summarize", "-p", folder, "--json", document))
        text = document.read_bytes().decode()
        assert record["sentences"]
        for sentence in record["sentences"]:
            assert text[sentence["start"] : sentence["end"]] == sentence["text"]

    def test_a_bad_file_is_reported_in_its_place(self, folder: Path, document: Path) -> None:
        missing = document.with_name("missing.txt")
        result = run("summarize", "-p", folder, "--json", document, missing, document)
        assert result.exit_code == 1
        first, failure, last = records(result)
        assert first == last
        assert first["sentences"]
        assert set(failure) == {"file", "error"}
        assert failure["file"] == str(missing)
        (line,) = result.stderr.splitlines()
        assert str(missing) in line

    def test_several_files_have_titles(self, folder: Path, document: Path) -> None:
        result = run("summarize", "-p", folder, "-n", "1", document, document)
        title = f"==> {document} <=="
        lines = result.stdout.splitlines()
        assert [lines[0], lines[3]] == [title, title]
        assert lines[1] == lines[4]
        assert len(lines) == 5

    def test_lines_are_documents(self, folder: Path) -> None:
        text = "One is here. Two is not.\n\nThree came late.\n"
        result = run("summarize", "-p", folder, "-n", "1", "--lines", "--json", stdin=text)
        assert [(record["line"], len(record["scores"])) for record in records(result)] == [
            (1, 2),
            (3, 1),
        ]

    def test_blank_input_gives_an_empty_summary(self, folder: Path) -> None:
        result = run("summarize", "-p", folder, "--json", stdin=" \n\t\n")
        (record,) = records(result)
        assert result.exit_code == 0
        assert (record["text"], record["sentences"]) == ("", [])
        assert run("summarize", "-p", folder, stdin="").stdout == ""

    def test_scores_are_shown_with_the_numbers(self, folder: Path, document: Path) -> None:
        expected = nlpkit.summarize(DOCUMENT, sentences=2, pipeline=folder)
        lines = run("summarize", "-p", folder, "-n", "2", "--scores", document).stdout.splitlines()
        assert lines[0] == f"{document}: 2 of 5 sentences"
        assert lines[1:] == [f"[{s.index}] {s.score:.3f} {s.text}" for s in expected.sentences]

    def test_a_terminal_gets_the_document_with_its_sentences_marked(
        self, folder: Path, document: Path
    ) -> None:
        result = run("summarize", "-p", folder, "-n", "2", document, colour=True)
        for sentence in nlpkit.summarize(DOCUMENT, sentences=2, pipeline=folder).sentences:
            assert f"\x1b[1;32m{sentence.text}" in result.stdout
        assert result.stdout.count("\x1b[1;32m") == 2
        shown = _without_styles(result.stdout)
        assert shown.split() == DOCUMENT.split()

    def test_a_terminal_is_not_driven_by_the_document(self, folder: Path) -> None:
        result = run("summarize", "-p", folder, stdin="Bad \x1b[2Jtext. Good.", colour=True)
        assert "\x1b[2J" not in result.stdout
        assert "\ufffd[2Jtext" in _without_styles(result.stdout)

    def test_only_the_summary_on_a_terminal(self, folder: Path, document: Path) -> None:
        result = run("summarize", "-p", folder, "-n", "1", "--only", document, colour=True)
        expected = nlpkit.summarize(DOCUMENT, sentences=1, pipeline=folder)
        assert _without_styles(result.stdout).strip() == expected.text


class TestAnswer:
    @pytest.fixture
    def folder(self, tiny_pipelines: dict[str, Path]) -> Path:
        return tiny_pipelines["question_answering"]

    def test_prints_the_answers_one_a_line(self, folder: Path, passages: list[Path]) -> None:
        expected = nlpkit.answer("Who?", list(PASSAGES), top_k=3, threshold=0, pipeline=folder)
        result = run("answer", "-p", folder, "-k", "3", "--threshold", "0", "Who?", *passages)
        assert result.exit_code == 0
        answers = [expected, *expected.alternatives]
        assert len(answers) == 3
        assert result.stdout.splitlines() == [answer.text for answer in answers]

    def test_json_names_the_file_of_each_answer(self, folder: Path, passages: list[Path]) -> None:
        result = run(
            "answer", "-p", folder, "-k", "9", "--threshold", "0", "--json", "Who?", *passages
        )
        (record,) = records(result)
        assert record["question"] == "Who?"
        answers = [record, *record["alternatives"]]
        assert len(answers) > 1
        for answer in answers:
            assert answer["file"] == str(passages[answer["passage"]])
            text = Path(answer["file"]).read_text()
            assert text[answer["start"] : answer["end"]] == answer["text"] != ""

    def test_no_answer_is_a_note_and_no_failure(self, folder: Path, passages: list[Path]) -> None:
        args = ["answer", "-p", folder, "--threshold", "1", "Who?", *passages]
        result = run(*args)
        assert (result.exit_code, result.stdout) == (0, "")
        assert result.stderr.startswith("nlpkit: no answer")
        assert run(*args, "--quiet").stderr == ""
        (record,) = records(run(*args, "--json"))
        assert (record["text"], record["passage"]) == ("", None)
        assert "no answer" in run(*args, colour=True).stdout

    def test_a_bad_file_does_not_lose_the_others(self, folder: Path, passages: list[Path]) -> None:
        missing = passages[0].with_name("missing.txt")
        result = run(
            "answer", "-p", folder, "--threshold", "0", "--json", "Who?", missing, passages[1]
        )
        assert result.exit_code == 1
        failure, answer = records(result)
        assert failure["file"] == str(missing)
        assert answer["file"] == str(passages[1])

    def test_lines_are_passages(self, folder: Path) -> None:
        text = "\n".join(["", *PASSAGES])
        result = run(
            "answer", "-p", folder, "--threshold", "0", "--lines", "--json", "Who?", stdin=text
        )
        (record,) = records(result)
        assert record["line"] == record["passage"] + 2
        passage = PASSAGES[record["passage"]]
        assert passage[record["start"] : record["end"]] == record["text"]

    def test_the_longest_answer_can_be_set(self, folder: Path, passages: list[Path]) -> None:
        args = ["answer", "-p", folder, "--threshold", "0", "-k", "5", "Who?", *passages]
        short = run(*args, "--max-answer-tokens", "1").stdout.splitlines()
        assert {len(answer) for answer in short} == {1}  # the tiny tokenizer knows letters only

    def test_a_terminal_gets_the_answer_in_its_passage(
        self, folder: Path, passages: list[Path]
    ) -> None:
        result = run("answer", "-p", folder, "--threshold", "0", "Who?", *passages, colour=True)
        answer = nlpkit.answer("Who?", list(PASSAGES), threshold=0, pipeline=folder)
        assert answer.passage is not None
        assert f"\x1b[1;32m{answer.text}\x1b[0m" in result.stdout
        shown = _without_styles(result.stdout)
        assert shown.startswith(PASSAGES[answer.passage])
        assert f"characters {answer.start} to {answer.end}" in " ".join(shown.split())


class TestClassify:
    @pytest.fixture
    def folder(self, tiny_pipelines: dict[str, Path]) -> Path:
        return tiny_pipelines["classification"]

    def test_prints_label_score_and_text(self, folder: Path) -> None:
        texts = ["a warm film", "a cold one"]
        lines = run("classify", "-p", folder, *texts).stdout.splitlines()
        expected = [nlpkit.classify(text, pipeline=folder) for text in texts]
        assert lines == [
            f"{label.label}\t{label.score:.4f}\t{text}"
            for label, text in zip(expected, texts, strict=True)
        ]

    def test_json_has_all_scores(self, folder: Path) -> None:
        (record,) = records(run("classify", "-p", folder, "--json", "a warm film"))
        assert record["text"] == "a warm film"
        assert "file" not in record
        assert record["scores"] == pytest.approx(
            nlpkit.classify("a warm film", pipeline=folder).scores
        )

    def test_all_scores_are_named(self, folder: Path) -> None:
        line = run("classify", "-p", folder, "--all-scores", "a warm film").stdout
        assert line.split("\t")[1].split("=")[0] == "bad"
        assert " good=" in line

    def test_files_and_standard_input_are_read_by_line(self, folder: Path, tmp_path: Path) -> None:
        path = tmp_path / "texts.txt"
        path.write_bytes(b"one\r\n\r\nthree")
        by_file = records(run("classify", "-p", folder, "--json", "--file", path))
        by_stdin = records(run("classify", "-p", folder, "--json", stdin=path.read_bytes()))
        assert [(r["line"], r["text"]) for r in by_file] == [(1, "one"), (3, "three")]
        assert [{**r, "file": str(path)} for r in by_stdin] == by_file

    def test_an_empty_text_is_reported_in_its_place(self, folder: Path) -> None:
        result = run("classify", "-p", folder, "--json", "one", "", "three")
        assert result.exit_code == 1
        assert ["error" in record for record in records(result)] == [False, True, False]
        (line,) = result.stderr.splitlines()
        assert line.startswith("nlpkit: error: argument 2: ")

    def test_bytes_that_are_not_utf8_are_reported_after_what_was_read(
        self, folder: Path, tmp_path: Path
    ) -> None:
        path = tmp_path / "texts.txt"
        path.write_bytes(b"one\ntwo \xff\nthree\n")
        result = run("classify", "-p", folder, "--json", "-f", path, "-f", path)
        assert result.exit_code == 1
        assert [r.get("text", r["line"]) for r in records(result)] == ["one", 2, "one", 2]
        assert "offset 8" in result.stderr

    @pytest.mark.parametrize(
        ("name", "option", "says"),
        [("pair", [], "'pair' reads pairs of texts: give --pair"),
         ("classification", ["--pair"], "'classification' reads single texts, not --pair")],
    )  # fmt: skip
    def test_pairs_and_single_texts_are_wrong_use_of_the_other(
        self, tiny_pipelines: dict[str, Path], name: str, option: list[str], says: str
    ) -> None:
        result = run("classify", "-p", tiny_pipelines[name], *option, "a b", "c d")
        assert (result.exit_code, result.stdout) == (2, "")
        assert says in result.stderr

    def test_pairs_from_arguments_and_lines(self, tiny_pipelines: dict[str, Path]) -> None:
        args = ["classify", "-p", tiny_pipelines["pair"], "--pair", "--json"]
        (by_argument,) = records(run(*args, "a b", "c d"))
        result = run(*args, stdin="a b\tc d\nno tab\n")
        by_line, failure = records(result)
        assert result.exit_code == 1
        assert by_line == {"file": "-", "line": 1, **by_argument}
        assert (by_argument["text"], by_argument["pair"]) == ("a b", "c d")
        assert failure["line"] == 2
        assert "one tab" in failure["error"]

    def test_a_regression_has_a_score_only(self, tiny_pipelines: dict[str, Path]) -> None:
        line = run("classify", "-p", tiny_pipelines["regression"], "--all-scores", "text").stdout
        score, text = line.rstrip("\n").split("\t")
        assert 0 <= float(score) <= 5
        assert text == "text"

    def test_a_terminal_gets_the_label_in_colour(self, folder: Path) -> None:
        result = run("classify", "-p", folder, "--all-scores", "a film", colour=True)
        label = nlpkit.classify("a film", pipeline=folder)
        assert f"\x1b[1;32m{label.label}\x1b[0m" in result.stdout
        assert "good" in result.stdout
        assert "bad" in result.stdout

    def test_a_reader_that_leaves_is_no_news(self, folder: Path, tmp_path: Path) -> None:
        path = tmp_path / "texts.txt"
        path.write_text("some text\n" * 3000)
        command = [sys.executable, "-m", "nlpkit", "classify", "-p", folder, "--file", path]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            errors = process.stderr.read()
        assert (process.returncode, errors) == (1, b"")


def test_a_pipeline_trained_anew_is_not_served_from_the_cache(
    tiny_pipelines: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "mine"
    nlpkit.load(tiny_pipelines["classification"]).save(folder)
    assert set(nlpkit.classify("text", pipeline=folder).scores) == {"bad", "good"}
    recipe = folder / "pipeline.toml"
    recipe.write_text(recipe.read_text().replace('"bad"', '"very bad"'))
    assert set(nlpkit.classify("text", pipeline=folder).scores) == {"very bad", "good"}


class TestTrain:
    @pytest.fixture
    def folder(self, tiny_pipelines: dict[str, Path], tmp_path: Path) -> Path:
        """A recipe that has not been trained, with its data."""
        folder = tmp_path / "mine"
        folder.mkdir()
        rows = "".join(f"{word},{label}\n" for word, label in [("aaa", "bad"), ("zzz", "good")] * 8)
        data = tmp_path / "rows.csv"
        data.write_text(f"text,label\n{rows}")
        recipe = (tiny_pipelines["classification"] / "pipeline.toml").read_text()
        untrained = recipe[: recipe.index("[weights]")]
        (folder / "pipeline.toml").write_text(
            f"{untrained}\n[data]\ntrain = ['{data}']\nholdout = 0.25\n"
        )
        return folder

    def test_writes_a_pipeline_that_can_be_used(self, folder: Path, tmp_path: Path) -> None:
        output = tmp_path / "trained"
        result = run("train", folder, "--output", output, "--json", "--device", "cpu")
        assert result.exit_code == 0, result.stderr
        (record,) = records(result)
        assert record["folder"] == str(output)
        assert record["steps"] > 0
        assert record["heldout"]
        assert set(nlpkit.classify("aaa", pipeline=output).scores) == {"bad", "good"}
        assert not (folder / "weights.safetensors").exists()

    def test_says_where_the_pipeline_is_unless_quiet(self, folder: Path) -> None:
        assert run("train", folder, "--quiet", "--device", "cpu").stdout == ""
        result = run("train", folder, "--no-resume", "--device", "cpu")
        assert result.stdout.startswith(f"{folder}: ")
        assert result.stdout.count("\n") == 1

    def test_a_seed_decides_on_the_weights(self, folder: Path, tmp_path: Path) -> None:
        weights = []
        for number, seed in enumerate(["1", "1", "2"]):
            output = tmp_path / str(number)
            run("train", folder, "-o", output, "--seed", seed, "--device", "cpu", "-q")
            weights.append((output / "weights.safetensors").read_bytes())
        assert weights[0] == weights[1] != weights[2]

    def test_missing_data_is_one_line(self, folder: Path, tmp_path: Path) -> None:
        (tmp_path / "rows.csv").unlink()
        result = run("train", folder, "--device", "cpu")
        assert (result.exit_code, result.stdout) == (1, "")
        (line,) = result.stderr.splitlines()
        assert "rows.csv" in line

    def test_an_untrained_recipe_says_how_to_train_it(self, folder: Path) -> None:
        result = run("classify", "-p", folder, "text")
        assert result.exit_code == 1
        assert f"nlpkit train {folder}" in result.stderr


def test_pipelines_lists_what_is_shipped() -> None:
    result = run("pipelines", "--json")
    assert result.exit_code == 0
    assert [record["name"] for record in records(result)] == nlpkit.pipelines()
    plain = run("pipelines").stdout.splitlines()
    assert [line.split("\t")[0] for line in plain] == nlpkit.pipelines()


def _without_styles(text: str) -> str:
    import re

    return re.sub(r"\x1b\[[\d;]*m", "", text)
