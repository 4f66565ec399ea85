"""Exports on the disk: taken again, and made anew when damaged or of other weights."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nlpkit.errors import NlpkitWarning, WeightsError
from nlpkit.recipe import read as read_recipe
from nlpkit.runtimes import cache
from nlpkit.runtimes.cache import Export, export_key
from nlpkit.tasks import exports
from nlpkit.tasks.loading import load
from tests.tasks.test_loading import rewrite


@pytest.fixture
def folder(tiny_pipelines: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_pipelines["classification"], tmp_path / "copy"))


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("NLPKIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "onnx"


def export_of(folder: Path, dtype: str = "float32") -> Export:
    return exports.exported(read_recipe(folder), folder, dtype)


def test_it_is_made_once(folder: Path, root: Path) -> None:
    first = export_of(folder)
    before = first.model.stat().st_mtime_ns
    assert export_of(folder) == first
    assert first.model.stat().st_mtime_ns == before
    assert {path.name for path in first.folder.iterdir()} == {
        "model.onnx", "tokenizer.json", "export.json",
    }  # fmt: skip
    assert [path.name for path in root.iterdir()] == [first.folder.name]


@pytest.mark.parametrize("file", ["model.onnx", "tokenizer.json", "export.json"])
@pytest.mark.parametrize("damage", ["cut off", "empty", "gone", "altered"])
def test_a_damaged_one_is_made_anew(folder: Path, root: Path, file: str, damage: str) -> None:
    pipeline = load(folder, runtime="onnx")
    path = export_of(folder).folder / file
    whole = path.read_bytes()
    half = len(whole) // 2
    altered = whole[:half] + bytes([whole[half] ^ 1]) + whole[half + 1 :]
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes({"cut off": whole[:half], "empty": b"", "altered": altered}[damage])
    again = load(folder, runtime="onnx")
    assert again("good") == pipeline("good")
    assert cache.read(path.parent, path.parent.name) is not None


@pytest.mark.parametrize(
    "record",
    [b"[]", b"{}", b"3", b'{"key": 1}', b"\xff\xfe", b'{"key": "%s", "files": []}'],
)
def test_a_record_of_anything_is_no_error(folder: Path, root: Path, record: bytes) -> None:
    export = export_of(folder)
    key = export.folder.name
    (export.folder / "export.json").write_bytes(record.replace(b"%s", key.encode()))
    assert cache.read(export.folder, key) is None


def test_other_weights_have_another_export(folder: Path, root: Path) -> None:
    from safetensors.torch import load_file

    before = load(folder, runtime="onnx")("good")
    tensors = load_file(folder / "weights.safetensors")
    rewrite(folder, {name: -tensor for name, tensor in tensors.items()})
    after = load(folder, runtime="onnx")("good")
    assert after.scores["good"] == pytest.approx(load(folder, device="cpu")("good").scores["good"])
    assert after.scores["good"] != pytest.approx(before.scores["good"])
    assert len(list(root.iterdir())) == 2


def test_an_export_in_the_folder_of_other_weights_is_not_taken(folder: Path, root: Path) -> None:
    from safetensors.torch import load_file

    shutil.copytree(export_of(folder).folder, folder / "onnx" / "float32")
    shutil.rmtree(root)
    load(folder, runtime="onnx")
    assert not root.exists()  # the one in the folder was taken
    tensors = load_file(folder / "weights.safetensors")
    rewrite(folder, {name: -tensor for name, tensor in tensors.items()})
    after = load(folder, runtime="onnx")("good")
    assert after.scores["good"] == pytest.approx(load(folder, device="cpu")("good").scores["good"])
    assert len(list(root.iterdir())) == 1


def test_another_backbone_has_another_export(
    folder: Path, root: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    from safetensors.torch import load_file, save_file

    other = Path(shutil.copytree(tiny_encoder, tmp_path / "encoder"))
    tensors = load_file(other / "model.safetensors")
    save_file(
        {name: tensor * 1.5 for name, tensor in tensors.items()},
        other / "model.safetensors",
        metadata={"format": "pt"},
    )
    recipe = folder / "pipeline.toml"
    first = load(folder, runtime="onnx")("good")
    recipe.write_text(recipe.read_text().replace(str(tiny_encoder), str(other)))
    second = load(folder, runtime="onnx")("good")
    assert second.scores["good"] == pytest.approx(load(folder, device="cpu")("good").scores["good"])
    assert second != first


def test_the_key_is_of_all_that_changes_the_numbers(folder: Path) -> None:
    recipe = read_recipe(folder)

    def key(section: str, **values: Any) -> str | None:
        changed = getattr(recipe, section).model_copy(update=values)
        return export_key(recipe.model_copy(update={section: changed}), "float32")

    own = export_key(recipe, "float32")
    others = [
        export_key(recipe, "int8"),
        key("weights", sha256="0" * 64),
        key("backbone", sha256="0" * 64),
        key("backbone", alpha=3.0),
        key("pooling", kind="cls"),
        key("head", hidden=(4,)),
    ]
    assert len({own, *others}) == len(others) + 1
    assert key("decoding", temperature=9.0) == own
    assert key("backbone", max_tokens=32) == own


def test_a_backbone_that_is_not_here(folder: Path) -> None:
    recipe = read_recipe(folder)
    gone = recipe.backbone.model_copy(update={"name": str(folder / "nowhere")})
    assert export_key(recipe.model_copy(update={"backbone": gone}), "float32") is None


@pytest.fixture
def temporary() -> Iterator[None]:
    """Forgets this process's temporary folder afterwards."""
    yield
    cache._temporary.cache_clear()


@pytest.mark.usefixtures("temporary")
def test_a_cache_that_cannot_be_written(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("NLPKIT_CACHE", str(tmp_path / "file"))
    with pytest.warns(NlpkitWarning, match=r"file.*cannot be written.*NLPKIT_CACHE"):
        pipeline = load(folder, runtime="onnx")
    assert pipeline("good").label == load(folder, device="cpu")("good").label
    # The temporary one serves the rest of the process, without another warning.
    assert load(folder, runtime="onnx")("good") == pipeline("good")
    assert (tmp_path / "file").read_text() == "in the way"


def test_what_a_killed_process_left_is_swept(folder: Path, root: Path) -> None:
    old, new = root / ".partial-old", root / ".partial-new"
    for path in (old, new):
        path.mkdir(parents=True)
        (path / "model.onnx").write_bytes(b"half")
    os.utime(old, (0, 0))
    export_of(folder)
    assert not old.exists()
    assert new.exists()  # another process may be at it


def test_a_failed_export_leaves_nothing(
    folder: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "weights.safetensors").unlink()
    with pytest.raises(WeightsError):
        export_of(folder)
    assert list(root.iterdir()) == []


def test_the_record_says_what_it_is_made_of(folder: Path, root: Path) -> None:
    export = export_of(folder, "int8")
    record = json.loads((export.folder / "export.json").read_text())
    assert record["dtype"] == export.dtype == "int8"
    assert record["max_tokens"] == export.max_tokens == 64
    assert record["pad_id"] == export.pad_id == 0
    assert set(record["files"]) == {"model.onnx", "tokenizer.json"}


def test_saving_when_the_weights_were_replaced(folder: Path, root: Path, tmp_path: Path) -> None:
    pipeline = load(folder, runtime="onnx")
    (folder / "weights.safetensors").write_bytes(b"others")
    with pytest.raises(WeightsError, match="replaced since"):
        pipeline.save(tmp_path / "saved")
