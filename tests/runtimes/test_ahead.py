"""`nlpkit export`: in the cache, or as a folder that runs without the backbone."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from nlpkit.errors import InputError
from nlpkit.interfaces.cli import cli
from nlpkit.runtimes.machine import machine
from nlpkit.tasks import loading
from nlpkit.tasks.ahead import export_pipeline
from nlpkit.tasks.loading import load


@pytest.fixture
def folder(tiny_pipelines: dict[str, Path], tmp_path: Path, tiny_encoder: Path) -> Path:
    """A copy of a pipeline, with a card and a backbone of its own."""
    copy = Path(shutil.copytree(tiny_pipelines["classification"], tmp_path / "copy"))
    own = shutil.copytree(tiny_encoder, tmp_path / "encoder")
    recipe = copy / "pipeline.toml"
    recipe.write_text(recipe.read_text().replace(str(tiny_encoder), str(own)))
    (copy / "README.md").write_text("A card.")
    return copy


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NLPKIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "onnx"


def run(*args: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(arg) for arg in args], prog_name="nlpkit")


def test_in_the_cache(folder: Path, root: Path) -> None:
    done = export_pipeline(folder)
    assert done.folder.parent == root
    assert done.bytes == (done.folder / "model.onnx").stat().st_size
    assert done.changes == {"onnx float32": pytest.approx(0, abs=1e-4)}
    before = (done.folder / "model.onnx").stat().st_mtime_ns
    load(folder, runtime="onnx")
    assert (done.folder / "model.onnx").stat().st_mtime_ns == before


def test_as_a_folder_that_needs_no_backbone(
    folder: Path, tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nlpkit.backbone_files import fingerprint

    # A backbone without its hash could be any: only one that the recipe names can be gone.
    backbone = tmp_path / "encoder" / "model.safetensors"
    recipe = folder / "pipeline.toml"
    pin = f'max_tokens = 64\nsha256 = "{fingerprint(backbone)}"'
    recipe.write_text(recipe.read_text().replace("max_tokens = 64", pin))
    expected = load(folder, device="cpu")("good")
    output = tmp_path / "deep" / "output"
    for dtype in ("float32", "int8"):
        assert export_pipeline(folder, output, dtype=dtype).folder == output / "onnx" / dtype
    shutil.rmtree(tmp_path / "encoder")
    shutil.rmtree(root, ignore_errors=True)
    moved = output.rename(tmp_path / "moved")
    assert (moved / "README.md").read_text() == "A card."
    # Without 8-bit products the numbers may be wrong, but not which files are read.
    rough = 0.05 if machine().int8 else 1.0
    native = replace(machine(), int8=True)
    monkeypatch.setattr(loading, "machine", lambda: native)
    for dtype, tolerance in (("float32", 1e-5), ("int8", rough)):
        pipeline = load(moved, runtime="onnx", dtype=dtype)
        assert pipeline("good").scores == pytest.approx(expected.scores, abs=tolerance)
    assert not root.exists()


def test_into_its_own_folder(folder: Path) -> None:
    before = (folder / "pipeline.toml").read_bytes()
    for _ in range(2):
        assert export_pipeline(folder, folder).folder == folder / "onnx" / "float32"
    assert (folder / "pipeline.toml").read_bytes() == before


def test_the_check_is_kept_with_the_pipeline(folder: Path) -> None:
    done = export_pipeline(folder, check=True)
    path = folder / "runtimes.json"
    record = json.loads(path.read_text())
    assert record["changes"] == pytest.approx(done.changes, rel=0.01)  # three digits are kept
    # Whatever this machine has the instructions for: the file goes to others with the weights.
    assert set(done.changes) == {"onnx float32", "onnx int8", "torch bfloat16"}
    assert 0 < done.changes["onnx int8"] < 0.05
    path.write_text(json.dumps({**record, "excluded": ["onnx int8"]}))
    export_pipeline(folder, check=True)
    assert json.loads(path.read_text())["excluded"] == ["onnx int8"]


def test_an_output_that_cannot_be_written(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"cannot export to .*file"):
        export_pipeline(folder, tmp_path / "file")


class TestCommand:
    def test_says_where_and_what_it_loses(self, folder: Path, tmp_path: Path) -> None:
        result = run("export", folder, "-o", tmp_path / "out")
        assert result.exit_code == 0, result.output
        first, second = result.stdout.splitlines()
        assert first.startswith(f"{tmp_path / 'out' / 'onnx' / 'float32'}: float32, ")
        assert second == "onnx float32: no score changes by more than 0.0000"

    def test_json(self, folder: Path, tmp_path: Path) -> None:
        result = run("export", folder, "-o", tmp_path / "out", "--dtype", "int8", "--json")
        record: dict[str, Any] = json.loads(result.stdout)
        assert record["folder"] == str(tmp_path / "out" / "onnx" / "int8")
        assert record["dtype"] == "int8"
        assert 0 < record["changes"]["onnx int8"] < 0.05
        assert (tmp_path / "out" / "onnx" / "int8" / "model.onnx").is_file()

    def test_quiet(self, folder: Path) -> None:
        result = run("export", folder, "-q")
        assert (result.exit_code, result.output) == (0, "")

    def test_a_pipeline_that_is_not_there(self, tmp_path: Path) -> None:
        result = run("export", tmp_path / "nowhere")
        assert result.exit_code == 2
        assert "no pipeline" in result.stderr

    def test_runtime_and_dtype_of_the_other_commands(self, folder: Path) -> None:
        expected = load(folder, runtime="onnx")("good").to_dict()
        options = ["--runtime", "onnx", "--dtype", "float32", "--json"]
        result = run("classify", "-p", folder, *options, "good")
        record = json.loads(result.stdout)
        assert {key: record[key] for key in expected} == json.loads(json.dumps(expected))
        result = run("classify", "-p", folder, "--runtime", "torch", "--dtype", "int8", "good")
        assert result.exit_code == 1
        assert "'int8' does not run on 'torch'" in result.stderr

    def test_verbose_says_what_was_chosen(self, folder: Path) -> None:
        result = run("classify", "-p", folder, "--runtime", "onnx", "-v", "good")
        assert "runs on onnx in float32 (auto" in result.stderr
