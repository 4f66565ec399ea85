"""`training.json`: what it says of the run, and that it never says it of other weights."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from nlpkit.interfaces.cli import cli
from nlpkit.recipe import read
from nlpkit.tasks.pipeline import Pipeline
from nlpkit.training.record import FILE_NAME, recipe_fingerprint
from nlpkit.training.train import train
from nlpkit.training.trained import Trained


@pytest.fixture
def folder(tiny_encoder: Path, tmp_path: Path) -> Path:
    """A recipe with enough rows set aside to calibrate on."""
    rows = "".join(
        f"{'q' if n % 2 else 'z'} {n},{'high' if n % 5 else 'low'}\n" for n in range(160)
    )
    (tmp_path / "rows.csv").write_text(f"text,label\n{rows}")
    own = tmp_path / "own"
    own.mkdir()
    (own / "pipeline.toml").write_text(f"""
name = "own"
task = "classification"
[backbone]
name = "{tiny_encoder}"
tuning = "none"
[pooling]
kind = "mean"
[head]
kind = "labels"
labels = ["low", "high"]
[training]
precision = "float32"
seed = 3
[data]
train = ["{tmp_path / "rows.csv"}"]
holdout = 0.75
""")
    return own


def run(folder: Path, **options: Any) -> Trained:
    return train(folder, device="cpu", progress=False, **options)


def record(folder: Path) -> dict[str, Any]:
    said: dict[str, Any] = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
    return said


def weights(folder: Path) -> str:
    return hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest()


def test_it_says_how_the_weights_were_made(folder: Path, tmp_path: Path) -> None:
    trained = run(folder)
    said = record(folder)
    assert said["weights"] == weights(folder)
    assert said["recipe"] == recipe_fingerprint(read(folder))
    assert (said["seed"], said["device"]) == (3, "cpu")
    assert sum(said["rows"].values()) == 160
    assert said["rows"]["set_aside"] >= 100
    assert said["steps"] == trained.progress.step > 0
    assert said["best"]["step"] == trained.progress.best_step
    assert trained.heldout is not None
    assert trained.calibration is not None
    assert said["heldout"] == pytest.approx(trained.heldout, rel=1e-5)
    assert said["calibration"]["ece"] == pytest.approx(trained.calibration["ece"], rel=1e-5)
    text = (folder / FILE_NAME).read_text(encoding="utf-8")
    assert len(text) < 4000
    assert str(tmp_path) not in text
    assert not (folder / "training.partial").exists()


def test_the_calibration_is_that_of_the_written_recipe(folder: Path) -> None:
    trained = run(folder)
    assert read(folder).decoding.temperature == trained.pipeline.recipe.decoding.temperature != 1


def test_another_recipe_has_another_fingerprint_and_a_fitted_one_the_same(folder: Path) -> None:
    before = recipe_fingerprint(read(folder))
    run(folder, output=folder / "one")
    run(folder, output=folder / "two", seed=4)
    assert record(folder / "one")["recipe"] == before
    assert record(folder / "two")["recipe"] != before
    assert record(folder / "two")["seed"] == 4


def test_without_rows_set_aside_there_is_nothing_to_say_of_them(folder: Path) -> None:
    text = (folder / "pipeline.toml").read_text()
    (folder / "pipeline.toml").write_text(text.replace("holdout = 0.75", "holdout = 0.0"))
    assert run(folder).calibration is None
    said = record(folder)
    assert (said["heldout"], said["calibration"], said["best"]) == (None, None, None)
    assert said["rows"] == {"trained": 160, "set_aside": 0}


def test_new_weights_never_stand_beside_an_old_record(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(folder)
    save = Pipeline.save

    def stopped(self: Pipeline[Any, Any, Any], path: Any) -> Path:
        save(self, path)
        raise KeyboardInterrupt

    monkeypatch.setattr(Pipeline, "save", stopped)
    with pytest.raises(KeyboardInterrupt):
        run(folder)
    assert not (folder / FILE_NAME).exists()
    monkeypatch.undo()
    run(folder)
    assert record(folder)["weights"] == weights(folder)


def test_the_command_shows_what_calibration_did(folder: Path) -> None:
    arguments = ["train", str(folder), "--device", "cpu"]
    plain = CliRunner().invoke(cli, arguments)
    assert plain.exit_code == 0, plain.stderr
    assert ", calibrated ece 0." in plain.stdout
    assert plain.stdout.count("\n") == 1
    result = json.loads(CliRunner().invoke(cli, [*arguments, "--json"]).stdout)
    assert set(result["calibration"]["ece"]) == {"before", "after"}
    assert set(result) == {"folder", "steps", "seconds", "loss", "heldout", "calibration"}
