"""`training.start`: another pipeline as the beginning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import nlpkit
from nlpkit.errors import TrainingError
from tests.training.own_rows import CLASSIFICATION, COLUMNS, ROWS, folder_of, run, weights, write


class TestStart:
    LORA = 'tuning = "lora"\nrank = 2\nalpha = 4.0'

    @pytest.fixture
    def tuned(self) -> str:
        return self.LORA

    @pytest.fixture
    def first(self, tiny_encoder: Path, tmp_path: Path, tuned: str) -> Path:
        source = write(ROWS, tmp_path / "rows.csv")
        folder = folder_of(
            tmp_path / "first", tiny_encoder, source, tuning=tuned,
            training="epochs = 4", data=COLUMNS + "holdout = 0.0",
        )  # fmt: skip
        run(folder)
        return folder

    def second(self, first: Path, encoder: Path, start: str, **options: Any) -> Path:
        options.setdefault("tuning", self.LORA)
        # So small a rate leaves what it began from.
        training = f'start = "{start}"\nepochs = 0.1\nlearning_rate = 1e-9\nprecision = "float32"'
        folder = folder_of(
            first.parent / "second", encoder, first.parent / "rows.csv", **options,
            data=COLUMNS + "holdout = 0.0",
        )  # fmt: skip
        recipe = folder / "pipeline.toml"
        text = recipe.read_text().replace("learning_rate = 0.02\n", "")
        recipe.write_text(text.replace('precision = "float32"', training, 1))
        return folder

    def test_the_same_head_goes_along(self, first: Path, tiny_encoder: Path) -> None:
        folder = self.second(first, tiny_encoder, str(first))
        run(folder)
        ours, theirs = weights(folder), weights(first)
        assert set(ours) == set(theirs)
        for name, tensor in ours.items():
            assert torch.allclose(tensor.float(), theirs[name].float(), atol=1e-3), name

    @pytest.mark.parametrize(
        "tuned", [LORA, 'tuning = "layers"\nlayers = 1', 'tuning = "none"', 'tuning = "all"']
    )
    def test_all_layers_begin_from_any_tuning(self, first: Path, tiny_encoder: Path) -> None:
        folder = self.second(first, tiny_encoder, str(first), tuning='tuning = "all"')
        run(folder)
        rows = [row["review"] for row in ROWS]
        theirs, ours = nlpkit.load(str(first)), nlpkit.load(str(folder))
        for mine, result in zip(ours(rows), theirs(rows), strict=True):
            assert mine.scores == pytest.approx(result.scores, abs=2e-3)

    def test_weights_are_blended_with_those_that_training_began_from(
        self, first: Path, tiny_encoder: Path
    ) -> None:
        folder = self.second(first, tiny_encoder, str(first))
        recipe = folder / "pipeline.toml"
        fast = recipe.read_text().replace("1e-9", "0.05").replace("epochs = 0.1", "epochs = 2")
        recipe.write_text(fast)
        once = run(folder)
        ended, begun = weights(folder), weights(first)
        recipe.write_text(fast.replace("epochs = 2", "epochs = 2\nblend = 0.25"))
        again = run(folder)  # the run itself is not repeated
        assert again.progress.seconds == once.progress.seconds
        moved = 0.0
        for name, tensor in weights(folder).items():
            expected = 0.75 * begun[name].float() + 0.25 * ended[name].float()
            assert torch.allclose(tensor.float(), expected, atol=2e-3), name
            moved = max(moved, float((tensor - begun[name]).abs().max()))
        assert moved > 0.01

    def test_only_weights_that_mean_the_same_are_blended(
        self, first: Path, tiny_encoder: Path
    ) -> None:
        folder = self.second(first, tiny_encoder, str(first), pooling="cls")
        recipe = folder / "pipeline.toml"
        recipe.write_text(recipe.read_text().replace("epochs = 0.1", "epochs = 1\nblend = 0.5"))
        with pytest.raises(
            TrainingError, match=r"training\.blend = 0\.5 does not fit .*; allowed: 1"
        ):
            run(folder)

    @pytest.mark.parametrize("other", ["labels", "pooling"])
    def test_a_head_that_means_something_else_is_left_out(
        self, first: Path, tiny_encoder: Path, other: str
    ) -> None:
        turned = CLASSIFICATION.replace('"low", "high"', '"high", "low"')
        options = {"labels": {"head": turned}, "pooling": {"pooling": "cls"}}[other]
        folder = self.second(first, tiny_encoder, str(first), **options)
        run(folder)
        ours, theirs = weights(folder), weights(first)
        assert set(ours) == set(theirs)
        for name, tensor in ours.items():
            same = torch.allclose(tensor.float(), theirs[name].float(), atol=1e-3)
            assert same == name.startswith("encoder."), name

    @pytest.mark.parametrize(
        ("start", "tuning", "wrong"),
        [
            ("no/such/pipeline", LORA, "no pipeline"),
            ("FIRST", 'tuning = "lora"\nrank = 3\nalpha = 4.0', "has shape"),
            ("FIRST", 'tuning = "layers"\nlayers = 1', "lack tensor"),
            ("FIRST", 'tuning = "none"', "unknown tensor"),
        ],
    )
    def test_pipelines_that_do_not_fit(
        self, first: Path, tiny_encoder: Path, start: str, tuning: str, wrong: str
    ) -> None:
        start = start.replace("FIRST", str(first))
        folder = self.second(first, tiny_encoder, start, tuning=tuning)
        with pytest.raises(TrainingError, match=f"training.start = .*{wrong}"):
            run(folder)
        assert not (folder / "weights.safetensors").exists()
