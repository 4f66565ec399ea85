"""Calibration alone: other rows, the same weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import nlpkit
from nlpkit import recipe as recipes
from nlpkit.errors import (
    DataError,
    InputError,
    PipelineNotFoundError,
    RecipeError,
    TrainingError,
)
from nlpkit.training.recalibrate import calibrate
from tests.interfaces.test_commands import run


@pytest.fixture
def folder(tiny_pipelines: dict[str, Path], tmp_path: Path) -> Path:
    return nlpkit.load(tiny_pipelines["classification"]).save(tmp_path / "mine")


@pytest.fixture
def rows(tiny_pipelines: dict[str, Path], tmp_path: Path) -> Path:
    """Labels drawn from the pipeline's own probabilities thirty times as sure as they are."""
    pipeline = nlpkit.load(tiny_pipelines["classification"], dtype="float32", runtime="torch")
    rng = np.random.default_rng(0)
    letters = list("abcdefghijklmnopqrstuvwxyz")
    texts = [" ".join(rng.choice(letters, 5)) for _ in range(300)]
    logits = np.log([[label.scores[name] for name in pipeline.labels] for label in pipeline(texts)])
    chances = np.exp(30 * (logits - logits.mean(0)))
    chances /= chances.sum(1, keepdims=True)
    labels = [pipeline.labels[int(rng.random() > row[0])] for row in chances]
    path = tmp_path / "rows.csv"
    pd.DataFrame({"text": texts, "label": labels}).to_csv(path, index=False)
    return path


def test_values_are_fitted_and_written_and_weights_stay(folder: Path, rows: Path) -> None:
    before = recipes.read(folder)
    weights = (folder / "weights.safetensors").read_bytes()
    done = calibrate(folder, str(rows), device="cpu")
    after = recipes.read(folder)
    assert (done.folder, done.rows) == (folder, 300)
    assert list(done.fitted) == ["temperature"]
    fitted = done.fitted["temperature"]
    assert (fitted["before"], fitted["after"]) == (
        before.decoding.temperature,
        after.decoding.temperature,
    )
    assert set(done.calibration) == {"ece"}
    assert (folder / "weights.safetensors").read_bytes() == weights
    assert after.model_copy(update={"decoding": before.decoding}) == before
    # What is given back is the pipeline that is written.
    assert done.pipeline("a b").scores == pytest.approx(
        nlpkit.load(folder, dtype="float32", runtime="torch")("a b").scores
    )
    # On the same rows again, nothing changes.
    assert calibrate(folder, str(rows), device="cpu").fitted == {}


def test_without_rows_those_set_aside_are_taken(folder: Path, rows: Path, tmp_path: Path) -> None:
    path = folder / "pipeline.toml"
    path.write_text(f"{path.read_text()}\n[data]\ntrain = ['{rows}']\nholdout = 0.5\n")
    output = tmp_path / "out"
    done = calibrate(folder, output=output, device="cpu")
    assert done.rows == 150
    assert done.folder == output
    assert recipes.read(output).decoding.temperature != recipes.read(folder).decoding.temperature


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ("", RecipeError, r"has a recipe without \[data\]: name the rows to calibrate on"),
        ("\n[data]\ntrain = ['{}']\nholdout = 0.0\n", RecipeError, "sets no rows aside: name"),
        ("\n[data]\ntrain = ['{}']\nholdout = 0.1\n", TrainingError, "30 rows .* at least 100"),
        ("\n[data]\ntrain = ['none.csv']\n", DataError, r"none\.csv"),
    ],
)
def test_rows_that_are_not_there(
    folder: Path, rows: Path, change: str, error: type[Exception], message: str
) -> None:
    path = folder / "pipeline.toml"
    path.write_text(path.read_text() + change.format(rows))
    written = path.read_text()
    with pytest.raises(error, match=message):
        calibrate(folder, device="cpu")
    assert path.read_text() == written


def test_a_limit(folder: Path, rows: Path) -> None:
    assert calibrate(folder, str(rows), limit=120, device="cpu").rows == 120
    with pytest.raises(TrainingError, match="99 rows to calibrate"):
        calibrate(folder, str(rows), limit=99, device="cpu")


@pytest.mark.parametrize("kind", ["multi_label", "regression"])
def test_what_has_nothing_to_fit(
    tiny_pipelines: dict[str, Path], rows: Path, tmp_path: Path, kind: str
) -> None:
    folder = nlpkit.load(tiny_pipelines[kind]).save(tmp_path / kind)
    with pytest.raises(TrainingError, match=f"nothing to calibrate: its head is '{kind}'"):
        calibrate(folder, str(rows), device="cpu")


def test_a_shipped_pipeline_is_not_written_over(
    rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="'sst2' is a shipped pipeline"):
        calibrate("sst2", str(rows))
    with pytest.raises(PipelineNotFoundError, match="no pipeline 'nothing'"):
        calibrate("nothing", str(rows))


def test_the_command(folder: Path, rows: Path, tmp_path: Path) -> None:
    result = run("calibrate", folder, rows, "-o", tmp_path / "out", "--json", "--device", "cpu")
    assert result.exit_code == 0, result.stderr
    record = json.loads(result.stdout)
    assert set(record) == {"folder", "rows", "fitted", "calibration"}
    assert record["folder"] == str(tmp_path / "out")
    plain = run("calibrate", folder, rows, "--device", "cpu")
    first, second = plain.stdout.splitlines()
    assert first.startswith(f"{folder}: calibrated on 300 rows, ece ")
    assert second.startswith("temperature: ")
    assert run("calibrate", folder, rows, "--device", "cpu", "-q").stdout == ""
    few = run("calibrate", folder, rows, "--limit", "5", "--device", "cpu")
    assert (few.exit_code, few.stdout, few.stderr.count("\n")) == (1, "", 1)
