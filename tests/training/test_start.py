"""`training.start`: another pipeline as the beginning."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

import nlpkit
from nlpkit.errors import NlpkitWarning, TrainingError
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

    def with_copy(self, folder: Path) -> Path:
        """Trains a folder's recipe; where a copy of that pipeline lies."""
        run(folder)
        other = folder.parent / "third"
        shutil.copytree(folder, other, ignore=shutil.ignore_patterns(".checkpoint"))
        return other

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

    def faster(self, first: Path, encoder: Path) -> Path:
        """The same at a rate that leaves nothing as it was."""
        folder = self.second(first, encoder, str(first))
        recipe = folder / "pipeline.toml"
        text = recipe.read_text().replace("1e-9", "0.05").replace("epochs = 0.1", "epochs = 2")
        recipe.write_text(text)
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

    @pytest.mark.parametrize(
        "wider", ["rank = 5\nalpha = 10.0", "rank = 3\nalpha = 1.0", "alpha = 9.0"]
    )
    def test_an_adapter_of_another_size_begins_as_the_same_change(
        self, first: Path, tiny_encoder: Path, wider: str
    ) -> None:
        tuned = 'tuning = "lora"\n' + ("rank = 2\n" * ("rank" not in wider)) + wider
        folder = self.second(first, tiny_encoder, str(first), tuning=tuned)
        run(folder)
        rows = [row["review"] for row in ROWS]
        theirs, ours = nlpkit.load(str(first)), nlpkit.load(str(folder))
        for mine, result in zip(ours(rows), theirs(rows), strict=True):
            assert mine.scores == pytest.approx(result.scores, abs=2e-3)

    def test_an_adapter_that_is_not_as_its_recipe_says(
        self, first: Path, tiny_encoder: Path
    ) -> None:
        folder = self.second(first, tiny_encoder, str(first), tuning=self.LORA.replace("2", "5"))
        begun = first / "pipeline.toml"
        begun.write_text(begun.read_text().replace("rank = 2", "rank = 1"))
        with pytest.raises(TrainingError, match=r"training\.start = .*has shape"):
            run(folder)

    def test_weights_are_blended_with_those_that_training_began_from(
        self, first: Path, tiny_encoder: Path
    ) -> None:
        folder = self.faster(first, tiny_encoder)
        recipe = folder / "pipeline.toml"
        fast = recipe.read_text()
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

    def test_what_is_kept_is_the_mean_with_other_runs(
        self, first: Path, tiny_encoder: Path
    ) -> None:
        folder = self.faster(first, tiny_encoder)
        recipe = folder / "pipeline.toml"
        once = run(folder)
        others = [folder.parent / name for name in ("third", "fourth")]
        for number, other in enumerate(others, 1):
            shutil.copytree(folder, other, ignore=shutil.ignore_patterns(".checkpoint"))
            text = (other / "pipeline.toml").read_text().partition("[weights]")[0]
            (other / "pipeline.toml").write_text(text.replace("0.05", f"0.0{number}"))
            run(other)
        runs = [weights(path) for path in (folder, *others)]
        names = str([str(path) for path in others])
        text = recipe.read_text()
        recipe.write_text(text.replace("epochs = 2", f"epochs = 2\nsoup = {names}"))
        again = run(folder)  # the run itself is not repeated
        assert again.progress.seconds == once.progress.seconds
        assert set(weights(folder)) == set(runs[0])
        for name, tensor in weights(folder).items():
            expected = torch.stack([tensors[name].float() for tensors in runs])
            assert expected.std(0).max() > 0
            assert torch.allclose(tensor.float(), expected.mean(0), atol=2e-3), name

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            (("rank = 2", "rank = 3"), r"another \[backbone\] than"),
            (('kind = "mean"', 'kind = "cls"'), r"another \[pooling\] than"),
            (('"low", "high"', '"high", "low"'), r"another \[head\] than"),
        ],
    )
    def test_only_runs_that_began_as_one_have_a_mean(
        self, first: Path, tiny_encoder: Path, change: tuple[str, str], says: str
    ) -> None:
        folder = self.second(first, tiny_encoder, str(first))
        other = self.with_copy(folder)
        recipe = folder / "pipeline.toml"
        text = recipe.read_text().partition("[weights]")[0].replace(*change)
        recipe.write_text(text.replace("epochs = 0.1", f'epochs = 1\nsoup = ["{other}"]'))
        with pytest.raises(TrainingError, match=says):
            run(folder)

    def test_heads_that_began_with_other_random_weights_have_no_mean(
        self, first: Path, tiny_encoder: Path
    ) -> None:
        new = CLASSIFICATION.replace("labels = ", "hidden = [8]\nlabels = ")
        folder = self.second(first, tiny_encoder, str(first), head=new)
        other = self.with_copy(folder)
        recipe = folder / "pipeline.toml"
        text = recipe.read_text().partition("[weights]")[0]
        text = text.replace("epochs = 0.1", f'epochs = 0.1\nsoup = ["{other}"]')
        recipe.write_text(text)
        run(folder)  # of one seed they began as one
        recipe.write_text(text.replace("epochs = 0.1", "epochs = 0.1\nseed = 1"))
        with pytest.raises(
            TrainingError, match=r"third', whose head began .* \(training\.seed = 0, here 1\)"
        ):
            run(folder)

    def test_weights_that_are_not_as_their_recipe_says_have_no_mean(
        self, first: Path, tiny_encoder: Path
    ) -> None:
        folder = self.second(first, tiny_encoder, str(first), tuning=self.LORA.replace("2", "3"))
        other = self.with_copy(folder)
        for recipe in (folder / "pipeline.toml", other / "pipeline.toml"):
            recipe.write_text(recipe.read_text().replace("rank = 3", "rank = 4"))
        text = (folder / "pipeline.toml").read_text().partition("[weights]")[0]
        text = text.replace("epochs = 0.1", f'epochs = 1\nsoup = ["{other}"]')
        (folder / "pipeline.toml").write_text(text)
        with pytest.raises(TrainingError, match=r"third', whose weights do not fit its recipe"):
            run(folder)

    def test_a_run_that_is_not_there_has_no_weights_to_average(
        self, first: Path, tiny_encoder: Path
    ) -> None:
        folder = self.second(first, tiny_encoder, str(first))
        recipe = folder / "pipeline.toml"
        recipe.write_text(recipe.read_text().replace("epochs", 'soup = ["nowhere"]\nepochs'))
        with pytest.raises(TrainingError, match=r"training\.soup names 'nowhere': "):
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
            ("FIRST", 'tuning = "lora"\nrank = 1\nalpha = 4.0', "has shape"),
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

    def test_rows_set_aside_that_the_first_was_trained_on_are_told(
        self, first: Path, tiny_encoder: Path, recwarn: pytest.WarningsRecorder
    ) -> None:
        aside = COLUMNS + "holdout = 0.25"
        folder = self.second(first, tiny_encoder, str(first))
        recipe = folder / "pipeline.toml"
        recipe.write_text(recipe.read_text().replace(COLUMNS + "holdout = 0.0", aside))
        with pytest.warns(NlpkitWarning) as told:
            run(folder)
        (one,) = (str(warning.message) for warning in told)
        assert re.match(
            r"(\d+) of the \1 rows set aside are among those that training\.start = "
            rf"'{re.escape(str(first))}' was trained on, so what is measured .* looks too good",
            one,
        )

        # Where both set the same rows aside, there is nothing to tell.
        begun = first / "pipeline.toml"
        begun.write_text(begun.read_text().replace(COLUMNS + "holdout = 0.0", aside))
        run(first, resume=False)
        recwarn.clear()
        once = run(folder, resume=False)
        assert not [one for one in recwarn if issubclass(one.category, NlpkitWarning)]

        # Nor where only the run has another seed; the rows' own is what it was, and the same run.
        recipe.write_text(recipe.read_text().replace(aside, f"{aside}\nseed = 0"))
        assert run(folder).progress.seconds == once.progress.seconds
        run(folder, seed=1, resume=False)
        assert not [one for one in recwarn if issubclass(one.category, NlpkitWarning)]

    def test_what_the_first_began_from_counts_too(self, first: Path, tiny_encoder: Path) -> None:
        middle = self.second(first, tiny_encoder, str(first))
        run(middle)
        rows = [{"review": "yyy " * (1 + n), "stars": row["stars"]} for n, row in enumerate(ROWS)]
        known, own = first.parent / "rows.csv", write(rows, first.parent / "others.csv")
        recipe = middle / "pipeline.toml"
        recipe.write_text(recipe.read_text().replace(f'"{known}"', f'"{own}"'))
        last = folder_of(
            first.parent / "last", tiny_encoder, known, tuning=self.LORA,
            training=f'epochs = 0.1\nstart = "{middle}"', data=COLUMNS + "holdout = 0.25",
        )  # fmt: skip

        def told() -> list[str]:
            with pytest.warns(NlpkitWarning) as warned:
                run(last)
            return re.findall(
                r"training\.start = '(.*?)'", " ".join(str(one.message) for one in warned)
            )

        assert told() == [str(first)]  # the one between was trained on other rows
        recipe.write_text(recipe.read_text().replace(f'"{own}"', f'"{known}", "{own}"'))
        assert told() == [str(middle), str(first)]
        own.unlink()  # what the one between was trained on cannot be said any more
        assert told() == [str(first)]
        shutil.rmtree(first)  # nor what it began from
        recipe.write_text(recipe.read_text().replace(f', "{own}"', ""))
        assert told() == [str(middle)]

    def test_rows_that_another_run_of_the_mean_was_trained_on_are_told(
        self, first: Path, tiny_encoder: Path
    ) -> None:
        folder = self.second(first, tiny_encoder, str(first))
        other = self.with_copy(folder)
        recipe = folder / "pipeline.toml"
        text = recipe.read_text().replace("epochs = 0.1", f'epochs = 0.1\nsoup = ["{other}"]')
        recipe.write_text(text.replace("holdout = 0.0", "holdout = 0.25"))
        with pytest.warns(NlpkitWarning, match="among those that training") as told:
            run(folder, resume=False)
        # What both began from is named once.
        for key in ("training.soup = ", "training.start = "):
            assert len([one for one in told if key in str(one.message)]) == 1

    def test_rows_that_a_teacher_was_trained_on_are_told(
        self, first: Path, tiny_encoder: Path
    ) -> None:
        taught = folder_of(
            first.parent / "taught", tiny_encoder, first.parent / "rows.csv",
            training="epochs = 0.1", data=COLUMNS + "holdout = 0.25",
        )  # fmt: skip
        recipe = taught / "pipeline.toml"
        recipe.write_text(recipe.read_text() + f'\n[teacher]\npipeline = "{first}"\n')
        with pytest.warns(NlpkitWarning, match="among those that teacher.pipeline = "):
            run(taught)
