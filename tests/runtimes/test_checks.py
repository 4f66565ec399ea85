"""How much a number type changes the scores: measured once, kept, and part of what auto does."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nlpkit import recipe as recipes
from nlpkit.runtimes import choice
from nlpkit.runtimes.choice import Candidate
from nlpkit.runtimes.machine import Machine, machine
from nlpkit.tasks import checks, loading
from nlpkit.tasks.loading import load
from nlpkit.tasks.probes import PASSAGES, change, scores
from tests.conftest import RECIPES

INT8 = Candidate("onnx", "int8")


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


def known(folder: Path) -> float | str:
    return checks.change_of(recipes.read(folder), folder, INT8)


def test_without_a_check_it_says_how_to_make_one(folder: Path) -> None:
    assert known(folder) == "was not checked (nlpkit export --check)"


def test_what_comes_with_the_pipeline_is_taken(folder: Path) -> None:
    recipe = recipes.read(folder)
    checks.write(recipe, folder / checks.FILE_NAME, checks.Checks({"onnx int8": 0.125}))
    assert known(folder) == 0.125


def test_an_exclusion_comes_first(folder: Path) -> None:
    found = checks.Checks({"onnx int8": 0.0}, ("onnx int8",))
    checks.write(recipes.read(folder), folder / checks.FILE_NAME, found)
    assert known(folder) == "moves a measured metric"


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
    assert known(folder) == "was not checked (nlpkit export --check)"


@pytest.mark.parametrize(("limit", "chosen"), [(1.0, "onnx int8"), (0.0, "torch float32")])
def test_auto_goes_by_the_check(
    folder: Path, monkeypatch: pytest.MonkeyPatch, limit: float, chosen: str
) -> None:
    monkeypatch.setattr(choice, "LARGEST_CHANGE", limit)
    recipe = recipes.read(folder)
    value = loading.measured_change(recipe, folder / "weights.safetensors", INT8)
    assert 0 < value < 0.05
    checks.write(recipe, folder / checks.FILE_NAME, checks.Checks({"onnx int8": value}))
    native = replace(machine(), int8=True, bfloat16=False, gpu=False)
    monkeypatch.setattr(loading, "machine", lambda: native)
    info = load(folder, device="cpu").info
    assert f"{info['runtime']} {info['dtype']}" == chosen
    assert info["chosen"].startswith("auto")
    assert f"{value:.3f}" in info["chosen"]


def test_without_a_check_auto_is_torch_in_float32(folder: Path) -> None:
    info = load(folder, device="cpu").info
    assert (info["runtime"], info["dtype"]) == ("torch", "float32")
    if machine().tiles:
        fastest = "torch bfloat16"
    else:
        fastest = "onnx int8" if machine().int8 else "onnx float32"
    assert info["chosen"].startswith(f"auto; {fastest} was not checked") or not machine().onnx


@pytest.mark.parametrize("name", RECIPES)
def test_int8_is_checked_without_its_instructions(
    tiny_pipelines: dict[str, Path], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = Machine(int8=False, bfloat16=False, gpu=False, onnx=True)
    monkeypatch.setattr(loading, "machine", lambda: bare)
    path = tiny_pipelines[name]
    pipeline = loading.as_elsewhere(recipes.read(path), path / "weights.safetensors", INT8)
    assert (pipeline.info["runtime"], pipeline.info["dtype"]) == ("onnx", "int8")
    exact = load(path, device="cpu", runtime="torch", dtype="float32")
    assert change(exact, pipeline) < 0.1
    if name != "regression":  # a random one is all at one end of its range
        assert change(exact, pipeline) > 0
    monkeypatch.undo()
    if machine().int8:
        assert change(load(path, runtime="onnx", dtype="int8"), pipeline) < 1e-4
