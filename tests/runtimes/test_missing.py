"""Without onnxruntime: all but the ONNX runtime works, and that one says what is lacking."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nlpkit import recipe as recipes
from nlpkit.runtimes.choice import CANDIDATES
from nlpkit.runtimes.machine import machine
from nlpkit.tasks import checks

SCRIPT = """
import importlib.util, sys
hidden = sys.argv[1]
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == hidden else find(name, *rest)
sys.modules[hidden] = None

from nlpkit.errors import DeviceError
from nlpkit.tasks.loading import load

folder = sys.argv[2]
pipeline = load(folder)
print(pipeline.info["runtime"], pipeline("good").label)
for options in ({"runtime": "onnx"}, {"dtype": "int8"}):
    try:
        load(folder, **options)
    except DeviceError as error:
        print(error)
"""


@pytest.mark.parametrize("package", ["onnxruntime", "onnx"])
def test_torch_still_works(package: str, tiny_pipelines: dict[str, Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_pipelines["classification"], tmp_path / "copy"))
    # Auto would take ONNX Runtime, if all of it were there.
    known = checks.Checks({str(candidate): 0.0 for candidate in CANDIDATES})
    checks.write(recipes.read(folder), folder / checks.FILE_NAME, known)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, package, str(folder)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env={"NLPKIT_CACHE": str(tmp_path), "PATH": ""},
    )
    first, *errors = done.stdout.splitlines()
    assert first.split()[0] == "torch"
    assert first.split()[1] in ("bad", "good")
    expected = f"needs the package {package}: pip install 'nlpkit[onnx]'"
    assert len(errors) == 2
    assert expected in errors[0]
    # Where int8 cannot run at all, that is what has to be said of it.
    runs = machine().int8 or package == "onnxruntime"
    assert (expected if runs else "needs a processor with 8-bit products") in errors[1]
