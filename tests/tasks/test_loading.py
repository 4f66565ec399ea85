"""Opening and saving pipelines: names, folders, damaged files, the same numbers again."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nlpkit.errors import (
    DeviceError,
    InputError,
    InputTypeError,
    PipelineNotFoundError,
    RecipeError,
    WeightsError,
)
from nlpkit.recipe import read
from nlpkit.shipped import available
from nlpkit.tasks.loading import load

INPUTS: dict[str, Any] = {
    "summarization": "One fell. Two rose. Three stayed.",
    "pair_scorer": "One fell. Two rose. Three stayed.",
    "question_answering": ("who?", "Anna fell. Bert rose."),
    "classification": "good",
    "pair": ("one", "two"),
    "regression": "good",
    "multi_label": "good",
}


@pytest.fixture
def folder(tiny_pipelines: dict[str, Path], tmp_path: Path) -> Path:
    """A copy of a pipeline, to be damaged."""
    return Path(shutil.copytree(tiny_pipelines["classification"], tmp_path / "copy"))


def rewrite(folder: Path, tensors: dict[str, Any]) -> None:
    """Puts other weights in a folder, with the fingerprint that belongs to them."""
    from safetensors.torch import save_file

    from nlpkit.backbone_files import fingerprint

    file = folder / "weights.safetensors"
    recipe = folder / "pipeline.toml"
    before = fingerprint(file)
    save_file(tensors, file)
    recipe.write_text(recipe.read_text().replace(before, fingerprint(file)))


def test_an_unknown_name_lists_the_shipped_ones() -> None:
    with pytest.raises(PipelineNotFoundError, match="'sumarization'") as error:
        load("sumarization")
    assert all(name in str(error.value) for name in available())
    assert isinstance(error.value, LookupError)


def test_a_folder_without_a_recipe(tmp_path: Path) -> None:
    with pytest.raises(PipelineNotFoundError, match=r"no pipeline\.toml"):
        load(tmp_path)
    with pytest.raises(PipelineNotFoundError, match="nowhere"):
        load(tmp_path / "nowhere")


@pytest.mark.parametrize("name", [3, None, b"summarization"])
def test_a_name_of_the_wrong_type(name: Any) -> None:
    with pytest.raises(InputTypeError, match=type(name).__name__):
        load(name)


def test_a_recipe_that_is_not_trained(folder: Path) -> None:
    recipe = folder / "pipeline.toml"
    text = recipe.read_text()
    recipe.write_text(text[: text.index("[weights]")])
    with pytest.raises(WeightsError, match=r"not trained.*nlpkit train"):
        load(folder)


def test_a_recipe_that_is_not_toml(folder: Path) -> None:
    (folder / "pipeline.toml").write_text("name = ")
    with pytest.raises(RecipeError, match="not TOML"):
        load(folder)
    (folder / "pipeline.toml").write_bytes(b"name = '\xff'")
    with pytest.raises(RecipeError, match="not UTF-8: byte 8"):
        load(folder)


def test_weights_that_are_missing(folder: Path) -> None:
    (folder / "weights.safetensors").unlink()
    with pytest.raises(WeightsError, match=r"weights.*missing"):
        load(folder)


@pytest.mark.parametrize("length", [0, 5, 100, -1])
def test_weights_that_are_cut_off(folder: Path, length: int) -> None:
    file = folder / "weights.safetensors"
    file.write_bytes(file.read_bytes()[:length])
    with pytest.raises(WeightsError, match="cut off or altered"):
        load(folder)


def test_weights_that_are_altered(folder: Path) -> None:
    file = folder / "weights.safetensors"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(bytes(data))
    with pytest.raises(WeightsError, match="cut off or altered"):
        load(folder)


def test_a_file_that_is_not_safetensors(folder: Path) -> None:
    from nlpkit.backbone_files import fingerprint

    file, recipe = folder / "weights.safetensors", folder / "pipeline.toml"
    before = fingerprint(file)
    file.write_bytes(b"not weights at all")
    recipe.write_text(recipe.read_text().replace(before, fingerprint(file)))
    with pytest.raises(WeightsError, match="cannot read the weights"):
        load(folder)


def test_weights_that_do_not_fit(folder: Path) -> None:
    from safetensors.torch import load_file

    tensors = load_file(folder / "weights.safetensors")
    key = next(name for name in tensors if tensors[name].ndim == 2)
    rewrite(folder, tensors | {key: tensors[key].T.contiguous()})
    with pytest.raises(WeightsError, match=r"shape \(16, 2\), expected \(2, 16\)"):
        load(folder)
    rewrite(folder, {name: tensor for name, tensor in tensors.items() if name != key})
    with pytest.raises(WeightsError, match=f"lack tensor '{key}'"):
        load(folder)
    rewrite(folder, tensors | {"encoder.nowhere": tensors[key].clone()})
    with pytest.raises(WeightsError, match=r"unknown tensor 'encoder\.nowhere'"):
        load(folder)
    rewrite(folder, tensors)
    assert load(folder, device="cpu")("text")


def test_a_backbone_that_is_not_there(folder: Path) -> None:
    recipe = folder / "pipeline.toml"
    encoder = read(folder).backbone.name
    empty = folder / "empty"
    empty.mkdir()
    recipe.write_text(recipe.read_text().replace(encoder, str(empty)))
    with pytest.raises(WeightsError, match="cannot load the backbone"):
        load(folder)


def test_a_backbone_that_is_another_one(folder: Path) -> None:
    recipe = folder / "pipeline.toml"
    recipe.write_text(
        recipe.read_text().replace("max_tokens = 64", f'max_tokens = 64\nsha256 = "{"0" * 64}"')
    )
    with pytest.raises(WeightsError, match=r"model\.safetensors.*expected 000000"):
        load(folder)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"device": "gpu"}, "'gpu'.*cpu"),
        ({"device": "cuda:99"}, "'cuda:99'"),
        ({"device": "meta"}, "'meta'.*cpu"),
        ({"device": ""}, "''.*cpu"),
        ({"dtype": "int4"}, "unknown dtype 'int4'.*bfloat16.*int8"),
        ({"dtype": "int8", "runtime": "torch"}, "'int8'.*runtime='onnx'"),
        ({"dtype": "int8", "device": "cuda"}, "'int8'.*CPU only.*'cuda'"),
        ({"dtype": "bfloat16", "runtime": "onnx"}, "'bfloat16'.*runtime='torch'"),
        ({"runtime": "tensorrt"}, "unknown runtime 'tensorrt'.*torch.*onnx"),
        ({"runtime": "onnx", "device": "cuda"}, "'onnx'.*CPU only.*'cuda'"),
    ],
)
def test_devices_types_and_runtimes_that_are_not_there(
    folder: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(DeviceError, match=message):
        load(folder, **options)


@pytest.mark.parametrize("batch_tokens", [0, -5])
def test_batch_tokens_must_be_positive(folder: Path, batch_tokens: int) -> None:
    with pytest.raises(InputError, match="batch_tokens"):
        load(folder, batch_tokens=batch_tokens)


def test_bfloat16_is_close_to_float32(folder: Path) -> None:
    exact, rough = load(folder, device="cpu"), load(folder, device="cpu", dtype="bfloat16")
    assert rough.info["dtype"] == "bfloat16"
    assert abs(exact("text").score - rough("text").score) < 0.05


@pytest.mark.parametrize("name", INPUTS)
def test_a_saved_pipeline_gives_the_same_numbers(
    tiny_pipelines: dict[str, Path], tmp_path: Path, name: str
) -> None:
    first = load(tiny_pipelines[name], device="cpu")
    saved = first.save(tmp_path / "deep" / "saved")
    again = load(saved, device="cpu")
    assert again(INPUTS[name]) == first(INPUTS[name])
    assert again.recipe == first.recipe
    assert {path.suffix for path in saved.iterdir()} <= {".toml", ".safetensors", ".md"}


def test_the_same_numbers_in_a_new_process(tiny_pipelines: dict[str, Path]) -> None:
    script = (
        "import json, sys; from nlpkit.tasks.loading import load; "
        "print(json.dumps({n: load(p, device='cpu')(tuple(i) if isinstance(i, list) else i)"
        ".to_dict() for n, (p, i) in json.loads(sys.argv[1]).items()}))"
    )
    asked = {name: (str(tiny_pipelines[name]), item) for name, item in INPUTS.items()}
    done = subprocess.run(
        [sys.executable, "-c", script, json.dumps(asked)],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    there = json.loads(done.stdout)
    for name, item in INPUTS.items():
        here = load(tiny_pipelines[name], device="cpu")(item)
        assert there[name] == json.loads(json.dumps(here.to_dict())), name


def test_a_pipeline_for_another_task(folder: Path) -> None:
    assert load(folder, device="cpu", task="classification").recipe.task == "classification"
    with pytest.raises(PipelineNotFoundError, match="is for classification; one for question ans"):
        load(folder, device="cpu", task="question_answering")


def test_saving_over_its_own_folder(folder: Path) -> None:
    pipeline = load(folder, device="cpu")
    before = pipeline("text")
    for _ in range(2):
        pipeline.save(folder)
        assert pipeline("text") == before
        assert load(folder, device="cpu")("text") == before


def test_comments_and_the_card_are_kept(folder: Path, tmp_path: Path) -> None:
    recipe = folder / "pipeline.toml"
    recipe.write_text("# Made for a test.\n" + recipe.read_text() + "# The end.\n")
    (folder / "README.md").write_text("A card.")
    saved = load(folder, device="cpu").save(tmp_path / "saved")
    text = (saved / "pipeline.toml").read_text()
    assert text.startswith("# Made for a test.\n")
    assert "# The end." in text
    assert (saved / "README.md").read_text() == "A card."
    assert read(saved) == read(folder)


@pytest.mark.parametrize("name", ["training.json", "runtimes.json"])
def test_records_are_kept_if_they_are_of_these_weights(
    folder: Path, tmp_path: Path, name: str
) -> None:
    weights = read(folder).weights
    assert weights is not None
    (folder / name).write_text(json.dumps({"weights": weights.sha256}))
    saved = load(folder, device="cpu").save(tmp_path / "saved")
    assert (saved / name).read_text() == (folder / name).read_text()
    for text in (json.dumps({"weights": "others"}), "[]", "no JSON", json.dumps({"weights": 3})):
        (folder / name).write_text(text)
        saved = load(folder, device="cpu").save(tmp_path / text[:5])
        assert not (saved / name).exists()


def test_a_value_that_is_the_default_again_is_saved(folder: Path, tmp_path: Path) -> None:
    recipe = folder / "pipeline.toml"
    recipe.write_text(
        recipe.read_text()
        + "\n[decoding]\ntemperature = 2.5 # fitted\nthreshold = 0.25\nsentences = 3\n"
    )
    pipeline = load(folder, device="cpu")
    decoding = pipeline.recipe.decoding.model_copy(update={"temperature": 1.0, "threshold": None})
    pipeline.recipe = pipeline.recipe.model_copy(update={"decoding": decoding})
    saved = load(pipeline.save(tmp_path / "saved"), device="cpu")
    assert saved.recipe.decoding == decoding
    assert "# fitted" in (tmp_path / "saved" / "pipeline.toml").read_text()


def test_a_path_that_cannot_be_written(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here already")
    with pytest.raises(InputError, match="cannot save to"):
        load(folder, device="cpu").save(tmp_path / "file")


def test_pipelines_do_not_change_each_other(tiny_pipelines: dict[str, Path]) -> None:
    first = load(tiny_pipelines["classification"], device="cpu")
    before = first("text")
    for name in INPUTS:
        load(tiny_pipelines[name], device="cpu")(INPUTS[name])
    assert first("text") == before
    np.testing.assert_allclose(sum(before.scores.values()), 1)
