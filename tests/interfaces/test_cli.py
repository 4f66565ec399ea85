"""Wrong use and failures: exit codes, and one line on standard error."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from nlpkit.errors import InputError, NlpkitError, WeightsError
from nlpkit.interfaces.cli import Commands, cli

COMMANDS = [
    "answer", "benchmark", "calibrate", "classify", "evaluate", "export", "pipelines", "score",
    "summarize",
    "train",
]  # fmt: skip


def run(*args: str, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(cli, args, input=stdin, prog_name="nlpkit")


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help(command: list[str], option: str) -> None:
    result = run(*command, option)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: {' '.join(['nlpkit', *command])} ")
    assert result.stderr == ""


def test_help_names_every_command() -> None:
    listed = re.findall(r"^  (\w+)  ", run("--help").stdout, flags=re.MULTILINE)
    assert listed == COMMANDS


def test_without_a_command_the_help_goes_to_standard_error() -> None:
    result = run()
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Commands:" in result.stderr


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["sumarize"], "No such command 'sumarize'"),
        (["summarize", "--sentence-count", "3"], "No such option"),
        (["summarize", "--sentences", "0"], "0 is not in the range x>=1"),
        (["summarize", "--sentences", "three"], "'three' is not a valid integer"),
        (["summarize", "--words", "-5"], "-5 is not in the range x>=1"),
        (["summarize", "--ratio", "0"], "0.0 is not in the range 0<x<=1"),
        (["summarize", "--ratio", "1.5"], "1.5 is not in the range 0<x<=1"),
        (["summarize", "--ratio", "nan"], "nan is not"),
        (["summarize", "-n", "3", "-r", "0.5"], "not --sentences and --ratio"),
        (
            ["summarize", "--redundancy", "some"],
            "'some' is not one of 'none', 'trigram', 'mmr', 'coverage'",
        ),
        (["summarize", "--device", "tpu"], "allowed: auto, cpu, cuda, cuda:N, mps"),
        (["summarize", "-p", "sst2"], "'sst2' is for classification; one for summarization is"),
        (["classify", "-p", "summarization", "x"], "one for classification is needed"),
        (["summarize", "--runtime", "tpu"], "'tpu' is not one of 'auto', 'torch', 'onnx'"),
        (["summarize", "--dtype", "int4"], "'int4' is not one of 'auto', 'float32', 'bfloat16'"),
        (["export"], "Missing argument 'NAME_OR_FOLDER'"),
        (["export", "sst2", "--dtype", "float16"], "'float16' is not one of 'float32', 'int8'"),
        (["summarize", "--batch-tokens", "0"], "0 is not in the range x>=1"),
        (["summarize", "-q", "-v"], "--verbose and --quiet exclude each other"),
        (["answer"], "Missing argument 'QUESTION'"),
        (["answer", ""], "The question is empty"),
        (["answer", " \n"], "The question is empty"),
        (["answer", "Who?", "--top-k", "0"], "0 is not in the range x>=1"),
        (["answer", "Who?", "--threshold", "1.01"], "1.01 is not in the range 0<=x<=1"),
        (["answer", "Who?", "--threshold", "nan"], "nan is not"),
        (["answer", "Who?", "--max-answer-tokens", "0"], "0 is not in the range x>=1"),
        (["classify", "a", "--file", "b"], "Give texts or --file, not both"),
        (["classify", "--pair", "a", "b", "c"], "an even number of texts, not 3"),
        (["classify", "a", "--pipeline", "no-such"], "no pipeline 'no-such'"),
        (["train"], "Missing argument 'FOLDER'"),
        (["train", "x", "--limit", "0"], "0 is not in the range x>=1"),
        (["train", "x", "--seed", "-1"], "-1 is not in the range x>=0"),
        (["pipelines", "extra"], "unexpected extra argument"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(args: list[str], message: str) -> None:
    result = run(*args)
    assert result.exit_code == 2
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("nlpkit: error: ")
    assert message in line


def test_wrong_use_says_where_help_is() -> None:
    assert run("answer", "").stderr.rstrip().endswith("(see nlpkit answer --help)")


def failing(error: BaseException) -> Commands:
    group = Commands("nlpkit")

    @group.command()
    def fail() -> None:
        raise error

    return group


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (InputError("the ratio is 2"), 2, "nlpkit: error: the ratio is 2\n"),
        (WeightsError("cut off"), 1, "nlpkit: error: cut off\n"),
        (NlpkitError("two\n  lines"), 1, "nlpkit: error: two lines\n"),
        (NlpkitError("\x1b[31mred"), 1, "nlpkit: error: \ufffd[31mred\n"),
        (OSError(28, "No space left", "out.txt"), 1, "nlpkit: error: out.txt: No space left\n"),
        (
            ModuleNotFoundError("No module named 'pandas'", name="pandas"),
            1,
            "nlpkit: error: pandas is not installed; pip install 'nlpkit[train]' brings it\n",
        ),
        (
            MemoryError(),
            1,
            "nlpkit: error: out of memory; a smaller --batch-tokens needs less\n",
        ),
        (
            ZeroDivisionError("division by zero"),
            1,
            "nlpkit: error: a fault in nlpkit itself (ZeroDivisionError: division by zero); "
            "--verbose shows where\n",
        ),
        (KeyboardInterrupt(), 130, "\n"),
    ],
)
def test_an_error_is_one_line_and_its_exit_code(error: BaseException, code: int, line: str) -> None:
    result = CliRunner().invoke(failing(error), ["fail"])
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", line)


def test_a_command_may_leave_with_its_own_exit_code() -> None:
    result = CliRunner().invoke(failing(click.exceptions.Exit(1)), ["fail"])
    assert (result.exit_code, result.output) == (1, "")


def test_from_python_errors_are_raised() -> None:
    with pytest.raises(WeightsError):
        failing(WeightsError("cut off")).main(["fail"], standalone_mode=False)


@pytest.mark.parametrize("command", ["summarize", "answer"])
def test_unreadable_files_fail_before_any_pipeline_is_loaded(command: str, tmp_path: Path) -> None:
    # The pipeline does not exist either: it would be the error if it were loaded first.
    binary = tmp_path / "binary.txt"
    binary.write_bytes(b"text\0text")
    latin = tmp_path / "latin.txt"
    latin.write_bytes("naïve".encode("latin-1"))
    question = ["Who?"] if command == "answer" else []
    files = [str(tmp_path / "missing.txt"), str(tmp_path), str(binary), str(latin)]
    result = run(command, *question, *files, "--pipeline", "no-such")
    assert result.exit_code == 1
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == len(files)
    assert all(file in line for file, line in zip(files, lines, strict=True))
    assert "offset 4" in lines[2]
    assert "offset 2" in lines[3]


def test_training_needs_a_recipe(tmp_path: Path) -> None:
    result = run("train", str(tmp_path))
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert "pipeline.toml" in line
    assert str(tmp_path) in line


def test_a_process_ends_with_the_exit_code() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nlpkit", "summarize", "--ratio", "7"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1


def test_version() -> None:
    import nlpkit

    assert run("--version").stdout == f"nlpkit {nlpkit.__version__}\n"
