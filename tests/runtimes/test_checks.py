"""How much a number type changes the scores: measured once, kept, and part of what auto does."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from nlpkit import recipe as recipes
from nlpkit.runtimes import choice
from nlpkit.runtimes.choice import CANDIDATES, Candidate
from nlpkit.runtimes.machine import machine
from nlpkit.tasks import checks, loading
from nlpkit.tasks.loading import load
from nlpkit.tasks.probes import PASSAGES, change, scores
from tests.conftest import RECIPES

INT8 = Candidate("onnx", "int8")
needs_int8 = pytest.mark.skipif(not machine().int8, reason="no 8-bit products here")


@pytest.fixture
def folder(tiny_pipelines: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_pipelines["classification"], tmp_path / "copy"))


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NLPKIT_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("name", RECIPES)
def test_the_probe_set_gives_scores_from_0_to_1(tiny_pipelines: dict[str, Path], name: str) -> None:
    found = scores(load(tiny_pipelines[name], device="cpu"))
    # A tiny encoder's windows have no room for most of the questions.
    assert len(found) >= (1 if name == "question_answering" else 15)
    values = [value for one in found for value in one.values()]
    assert all(0 <= value <= 1 for value in values)
    if name != "regression":  # a random one is all at one end of its range
        assert len(set(values)) > 3


def test_half_of_the_questions_have_no_answer_in_their_passage() -> None:
    assert len({q for _, *questions in PASSAGES for q in questions}) == 2 * len(PASSAGES)


def test_the_greatest_change(tiny_pipelines: dict[str, Path]) -> None:
    pipeline = load(tiny_pipelines["classification"], device="cpu")
    assert change(pipeline, pipeline) == 0
    other = load(tiny_pipelines["classification"], device="cpu")
    warmer = other.recipe.decoding.model_copy(update={"temperature": 0.5})
    other.recipe = other.recipe.model_copy(update={"decoding": warmer})
    pairs = zip(scores(pipeline), scores(other), strict=True)
    expected = max(abs(one[k] - two[k]) for one, two in pairs for k in one)
    assert change(pipeline, other) == change(other, pipeline) == expected > 0


def test_scores_that_are_no_numbers_are_the_greatest_change(
    tiny_pipelines: dict[str, Path],
) -> None:
    import torch

    pipeline = load(tiny_pipelines["classification"], device="cpu")
    other: Any = load(tiny_pipelines["classification"], device="cpu")
    with torch.no_grad():
        other.runtime.model.head.layers[0].bias.fill_(float("nan"))
    assert change(pipeline, other) == 1.0


def asked(folder: Path, value: float) -> tuple[float | None, bool]:
    """The known change, and whether it had to be measured."""
    measured = []

    def measure() -> float:
        measured.append(value)
        return value

    recipe = recipes.read(folder)
    return checks.change_of(recipe, folder, INT8, measure), bool(measured)


def test_it_is_measured_once(folder: Path) -> None:
    assert asked(folder, 0.25) == (0.25, True)
    assert asked(folder, 0.5) == (0.25, False)


def test_what_comes_with_the_pipeline_is_taken(folder: Path) -> None:
    recipe = recipes.read(folder)
    checks.write(recipe, folder / checks.FILE_NAME, checks.Checks({"onnx int8": 0.125}))
    assert asked(folder, 0.5) == (0.125, False)


def test_an_exclusion_comes_first(folder: Path) -> None:
    known = checks.Checks({"onnx int8": 0.0}, ("onnx int8",))
    checks.write(recipes.read(folder), folder / checks.FILE_NAME, known)
    assert asked(folder, 0.5) == (None, False)


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "[1]", "{}", '{"weights": 3}', "\x00",
        '{"weights": "WEIGHTS", "exporter": 1, "changes": [1]}',
        '{"weights": "WEIGHTS", "exporter": 1, "changes": {"onnx int8": "x"}}',
        '{"weights": "WEIGHTS", "exporter": 1}',
        '{"weights": "WEIGHTS", "exporter": 0, "changes": {"onnx int8": 0.125}}',
        '{"weights": "others", "exporter": 1, "changes": {"onnx int8": 0.125}}',
    ],
)  # fmt: skip
def test_a_file_that_says_nothing_is_passed_over(folder: Path, text: str) -> None:
    recipe = recipes.read(folder)
    assert recipe.weights is not None
    text = text.replace("WEIGHTS", recipe.weights.sha256)
    (folder / checks.FILE_NAME).write_text(text)
    assert asked(folder, 0.5) == (0.5, True)


def test_a_cache_that_cannot_be_written_measures_each_time(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("NLPKIT_CACHE", str(tmp_path / "file"))
    assert asked(folder, 0.25) == (0.25, True)
    assert asked(folder, 0.5) == (0.5, True)


@needs_int8
@pytest.mark.parametrize(("limit", "chosen"), [(1.0, "onnx int8"), (0.0, "torch float32")])
def test_auto_measures_on_first_use(
    folder: Path, monkeypatch: pytest.MonkeyPatch, limit: float, chosen: str
) -> None:
    open_to = (CANDIDATES[0], CANDIDATES[3])
    monkeypatch.setattr(choice.choose, "__kwdefaults__", {"auto": open_to})
    monkeypatch.setattr(choice, "LARGEST_CHANGE", limit)
    pipeline = load(folder)
    info = pipeline.info
    assert f"{info['runtime']} {info['dtype']}" == chosen
    assert info["chosen"].startswith("auto")
    (kept,) = Path(folder.parent / "cache" / "onnx" / "checks").iterdir()
    value = json.loads(kept.read_text())["changes"]["onnx int8"]
    assert 0 < value < 0.05
    assert f"{value:.3f}" in info["chosen"]
    assert value == loading.measured_change(
        recipes.read(folder), folder / "weights.safetensors", INT8
    )


def test_auto_is_torch_in_float32_for_now(folder: Path) -> None:
    info = load(folder, device="cpu").info
    assert (info["runtime"], info["dtype"], info["chosen"]) == ("torch", "float32", "auto")
