"""The ONNX runtime on every kind of pipeline: torch's numbers, in any company."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nlpkit import recipe as recipes
from nlpkit.runtimes.choice import Candidate
from nlpkit.runtimes.machine import machine
from nlpkit.runtimes.onnx import OnnxRuntime
from nlpkit.tasks.ahead import export_pipeline
from nlpkit.tasks.loading import as_elsewhere, load
from nlpkit.tasks.pipeline import Pipeline
from nlpkit.windows import Window
from tests.conftest import RECIPES

AnyPipeline = Pipeline[Any, Any, Any]

INPUTS: dict[str, list[Any]] = {
    "summarization": ["One fell. Two rose. Three stayed.", "Rain. " * 40, "", "A b c d e. F g!"],
    "pair_scorer": ["One fell. Two rose. Three stayed.", "Rain. Snow. Hail. " * 8],
    "question_answering": [("who?", "Anna fell. Bert rose."), ("when?", "In 1990, not 1991. " * 9)],
    "classification": ["good", "a longer text " * 20, "\u200b"],
    "multi_label": ["good", "a longer text " * 20],
    "pair": [("one", "two"), ("a longer text " * 9, "b")],
    "regression": ["good", "a longer text " * 20],
}


@pytest.fixture(scope="module", params=list(RECIPES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def torch_pipeline(name: str, tiny_pipelines: dict[str, Path]) -> AnyPipeline:
    return load(tiny_pipelines[name], runtime="torch", dtype="float32", device="cpu")


@pytest.fixture(scope="module")
def onnx_pipeline(name: str, tiny_pipelines: dict[str, Path]) -> AnyPipeline:
    return load(tiny_pipelines[name], runtime="onnx", dtype="float32")


@pytest.fixture(scope="module")
def int8_pipeline(name: str, tiny_pipelines: dict[str, Path]) -> AnyPipeline:
    folder = tiny_pipelines[name]
    if machine().int8:
        return load(folder, runtime="onnx", dtype="int8")
    return as_elsewhere(
        recipes.read(folder), folder / "weights.safetensors", Candidate("onnx", "int8")
    )


def window(ids: list[int], kind: str) -> Window:
    """A window with the tokens; of a document every third token begins a sentence."""
    array = np.array(ids, np.int32)
    types = (np.arange(len(ids)) % 2).astype(np.int32)
    segments = np.arange(len(ids)) // 3 if kind == "sentences" else None
    places = None if segments is None else np.arange(segments[-1] + 1) * 2
    return Window(array, types, 1, 0, max(0, len(ids) - 2), segments, places)


def windows_of(pipeline: AnyPipeline, runs: list[list[int]]) -> list[Window]:
    return [window(run, pipeline.recipe.head.kind) for run in runs]


def same(first: list[Any], second: list[Any], tolerance: float) -> bool:
    return len(first) == len(second) and all(
        one.shape == two.shape and np.allclose(one, two, atol=tolerance, rtol=0)
        for one, two in zip(first, second, strict=True)
    )


runs_of_tokens = st.lists(
    st.lists(st.integers(4, 120), min_size=2, max_size=64), min_size=1, max_size=7
)
quick = settings(
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@quick
@given(runs=runs_of_tokens)
def test_float32_is_torch_s(
    torch_pipeline: AnyPipeline, onnx_pipeline: AnyPipeline, runs: list[list[int]]
) -> None:
    windows = windows_of(torch_pipeline, runs)
    assert same(torch_pipeline.runtime(windows), onnx_pipeline.runtime(windows), 1e-4)


@quick
@given(runs=runs_of_tokens)
def test_int8_is_close_and_the_same_in_any_company(
    torch_pipeline: AnyPipeline, int8_pipeline: AnyPipeline, runs: list[list[int]]
) -> None:
    windows = windows_of(torch_pipeline, runs)
    together = int8_pipeline.runtime(windows)
    assert same(torch_pipeline.runtime(windows), together, 0.1)
    alone = [int8_pipeline.runtime([one])[0] for one in windows]
    assert same(alone, together, 1e-5)


def test_int8_is_not_float32(torch_pipeline: AnyPipeline, int8_pipeline: AnyPipeline) -> None:
    windows = windows_of(torch_pipeline, [list(range(10, 60))])
    exact, rough = torch_pipeline.runtime(windows), int8_pipeline.runtime(windows)
    assert not same(exact, rough, 1e-7)


def test_results_are_torch_s(
    name: str, torch_pipeline: AnyPipeline, onnx_pipeline: AnyPipeline
) -> None:
    options = {"threshold": 0, "top_k": 3} if name == "question_answering" else {}
    for item in INPUTS[name]:
        exact, other = (p(item, **options).to_dict() for p in (torch_pipeline, onnx_pipeline))
        assert equal(exact, other), item


def equal(one: Any, two: Any) -> bool:
    """The same, but for rounding of scores."""
    if isinstance(one, dict):
        return one.keys() == two.keys() and all(equal(one[key], two[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(two) and all(map(equal, one, two))
    if isinstance(one, float):
        return abs(one - two) < 1e-4
    return bool(one == two)


def test_info_says_what_runs(onnx_pipeline: AnyPipeline, int8_pipeline: AnyPipeline) -> None:
    for pipeline, dtype in ((onnx_pipeline, "float32"), (int8_pipeline, "int8")):
        info = pipeline.info
        assert (info["runtime"], info["device"], info["dtype"]) == ("onnx", "cpu", dtype)
        if dtype != "int8" or machine().int8:
            assert info["chosen"] == "asked for"


def test_info_and_the_saved_folder_are_torch_s(
    name: str, torch_pipeline: AnyPipeline, onnx_pipeline: AnyPipeline, tmp_path: Path
) -> None:
    for key in ("tuned_parameters", "max_tokens", "name"):
        assert onnx_pipeline.info[key] == torch_pipeline.info[key]
    first, second = torch_pipeline.save(tmp_path / "a"), onnx_pipeline.save(tmp_path / "b")
    assert load(second, device="cpu").recipe == load(first, device="cpu").recipe
    item = INPUTS[name][0]
    assert load(second, device="cpu")(item) == torch_pipeline(item)


def test_batches_of_any_size(onnx_pipeline: AnyPipeline, tiny_pipelines: dict[str, Path]) -> None:
    small = load(tiny_pipelines[onnx_pipeline.recipe.name], runtime="onnx", batch_tokens=1)
    assert small.info["batch_tokens"] == 1
    windows = windows_of(onnx_pipeline, [[5, 6, 7], list(range(5, 60)), [9, 8]])
    assert same(small.runtime(windows), onnx_pipeline.runtime(windows), 1e-5)
    assert small.runtime([]) == []


def many(pipeline: AnyPipeline) -> list[Window]:
    """Windows of all lengths, more than a few batches of them."""
    rng = np.random.default_rng(0)
    runs = [rng.integers(4, 120, size).tolist() for size in rng.integers(2, 64, 60)]
    return windows_of(pipeline, runs)


@pytest.fixture
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nlpkit.runtimes.onnx.threads", lambda: 2)
    monkeypatch.setattr("nlpkit.runtimes.onnx.OWN_BATCH_TOKENS", 64)


@pytest.mark.usefixtures("two_cores")
def test_many_batches_are_computed_side_by_side(
    name: str, onnx_pipeline: AnyPipeline, tiny_pipelines: dict[str, Path]
) -> None:
    side_by_side: Any = load(tiny_pipelines[name], runtime="onnx", dtype="float32").runtime
    windows = many(onnx_pipeline)
    side_by_side(windows[:3])
    assert side_by_side._alone is None
    found = side_by_side(windows)
    assert side_by_side._alone not in (None, side_by_side._together)
    one_by_one = [onnx_pipeline.runtime([window])[0] for window in windows]
    assert same(found, one_by_one, 1e-5)


@pytest.mark.usefixtures("two_cores")
@pytest.mark.parametrize("removed", [True, False])
def test_no_other_model_is_read_later(
    tiny_pipelines: dict[str, Path], tmp_path: Path, removed: bool
) -> None:
    pipeline = load(tiny_pipelines["classification"], runtime="onnx", dtype="float32")
    opened: Any = pipeline.runtime
    model = tmp_path / "model.onnx"
    shutil.copyfile(opened._model, model)
    runtime = OnnxRuntime(model, opened.pad_id, dtype="float32")
    if removed:
        model.unlink()
    else:
        shutil.copyfile(load(tiny_pipelines["pair"], runtime="onnx").runtime._model, model)  # type: ignore[attr-defined]
    windows = many(pipeline)
    assert same(runtime(windows), opened(windows), 1e-5)


@pytest.mark.usefixtures("two_cores")
def test_an_error_ends_the_work(
    tiny_pipelines: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = load(tiny_pipelines["classification"], runtime="onnx", dtype="float32")
    runtime: Any = pipeline.runtime
    begun = []

    def failing(*_: Any) -> Any:
        begun.append(1)
        if len(begun) > 1:
            time.sleep(0.02)
        raise MemoryError

    monkeypatch.setattr(runtime, "_logits", failing)
    with pytest.raises(MemoryError):
        runtime(many(pipeline) * 20)
    assert len(begun) < 200


SCRIPT = """
import json, sys
from dataclasses import replace
from nlpkit.tasks import loading
# Without 8-bit products the numbers may be wrong, but not what is imported.
here = loading.machine()
loading.machine = lambda: replace(here, int8=True)
for folder, item in json.loads(sys.argv[1]):
    result = loading.load(folder, runtime="onnx", dtype=sys.argv[2])(
        tuple(item) if isinstance(item, list) else item
    )
    assert result is not None
print([name for name in ("torch", "transformers", "onnx") if name in sys.modules])
"""


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_neither_torch_nor_transformers_is_imported(
    tiny_pipelines: dict[str, Path], dtype: str
) -> None:
    # Without summaries: spaCy imports torch, except under the command.
    names = ("question_answering", "classification", "pair")
    for name in names:
        export_pipeline(tiny_pipelines[name], dtype=dtype)
    asked = [(str(tiny_pipelines[name]), INPUTS[name][0]) for name in names]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(asked), dtype],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert done.stdout == "[]\n"


def test_the_command_summarizes_without_torch(
    tiny_pipelines: dict[str, Path], tmp_path: Path
) -> None:
    folder = tiny_pipelines["summarization"]
    expected = load(folder, runtime="onnx")("One fell. Two rose.", sentences=1).text
    document = tmp_path / "document.txt"
    document.write_text("One fell. Two rose.")
    script = (
        "import sys; from nlpkit.interfaces.cli import main\n"
        "try: main()\n"
        "finally: print([n for n in ('torch', 'transformers') if n in sys.modules])"
    )
    arguments = ["summarize", "--runtime", "onnx", "-n", "1", "-p", str(folder), str(document)]
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert done.stdout.splitlines() == [expected, "[]"]
