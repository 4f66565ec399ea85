"""What importing the package costs, and that its public names are there."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import entry_points, version

import pytest

import nlpkit
from nlpkit import errors

HEAVY = (
    "datasets", "evaluate", "numpy", "pandas", "peft", "pyarrow", "pydantic", "rich", "spacy",
    "tokenizers", "torch", "tqdm", "transformers",
)  # fmt: skip


def heavy_after(code: str) -> list[str]:
    """The heavy packages that a new Python has imported after running the code."""
    check = f"import sys; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{check}"], capture_output=True, text=True, check=True
    )
    return list(re.findall(r"'(\w+)'", done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "code",
    [
        "import nlpkit",
        "import nlpkit; nlpkit.summarize, nlpkit.answer, nlpkit.classify, nlpkit.Summary",
        "import nlpkit; nlpkit.__version__, dir(nlpkit)",
        "from nlpkit.interfaces.cli import cli; cli(['--help'], standalone_mode=False)",
        "from nlpkit.interfaces.cli import cli; cli(['train', '--help'], standalone_mode=False)",
    ],
)
def test_nothing_heavy_is_imported_before_it_is_needed(code: str) -> None:
    assert heavy_after(code) == []


def test_the_check_for_heavy_imports_sees_one() -> None:
    assert heavy_after("import numpy") == ["numpy"]


@pytest.mark.parametrize("name", nlpkit.__all__)
def test_public_names_are_there(name: str) -> None:
    assert getattr(nlpkit, name) is not None
    assert name in dir(nlpkit)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'sumarize'"):
        nlpkit.sumarize  # noqa: B018


def test_version_is_the_installed_one() -> None:
    assert nlpkit.__version__ == version("nlpkit")


def test_the_command_is_installed() -> None:
    (command,) = entry_points(group="console_scripts", name="nlpkit")
    assert command.value == "nlpkit.interfaces.cli:main"


def test_every_error_is_public() -> None:
    kinds = [
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.NlpkitError)
    ]
    assert len(kinds) > 5
    assert set(kinds) <= set(nlpkit.__all__)
