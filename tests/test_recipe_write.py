"""What is written of a recipe is what was read, comments and order included."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nlpkit import recipe as recipes
from nlpkit.recipe import Recipe, parse, read, write
from tests.test_recipe import BASE, with_line


def _sections(kind: Any, draw: Any, /, **fixed: Any) -> dict[str, Any]:
    """A random valid section: each key left out, or one of a few values that are allowed."""
    values: dict[str, Any] = {}
    for key in kind.model_fields:
        options = CHOICES.get(key, ())
        if options and draw(st.booleans()):
            values[key] = draw(st.sampled_from(options))
    return values | fixed


TEXT = ('"quoted" \\ and\nlines', "é 😀", "[x]", "# no comment")
CHOICES: dict[str, tuple[Any, ...]] = {
    "sha256": ("0" * 64, "ab" * 32),
    "max_tokens": (64, 384),
    "stride": (16, 100),
    "tuning": ("lora", "layers", "all", "none"),
    "rank": (1, 32),
    "alpha": (0.5, 64.0, 1e-9),
    "layers": (1, 3),
    "hidden": ((), (5,), (7, 3)),
    "dropout": (0.0, 0.25),
    "places": (64, 2),
    "epochs": (0.5, 1.0, 3.0),
    "learning_rate": (1e-3, 2.5e-5),
    "head_learning_rate": (1e-3, 0.1),
    "schedule": ("linear", "cosine"),
    "seed": (0, 42),
    "patience": (0, 3),
    "split": ("train", "validation", "test"),
    "columns": ({}, {"text": "body"}, {"text": "a b.c", "label": '"'}),
    "limit": (10,),
    "holdout": (0.0, 0.02, 0.5),
    "temperature": (1.0, 0.731),
    "threshold": (0.0, 0.5),
    "null_bias": (0.0, -2.5),
    "exactness": (1.0, 0.7),
    "redundancy": ("none", "trigram", "coverage"),
    "metric": ("accuracy",),
    "data": ((), ("glue/sst2",)),
    "file": ("weights.safetensors", "other.safetensors"),
}


@st.composite
def any_recipe(draw: Any) -> Recipe:
    values: dict[str, Any] = {
        "name": draw(st.sampled_from(("tone", *TEXT))),
        "description": draw(st.sampled_from(("", *TEXT))),
        "task": "classification",
        "pair": draw(st.booleans()),
        "backbone": _sections(recipes.BackboneRecipe, draw, name=draw(st.sampled_from(TEXT))),
        "pooling": {"kind": draw(st.sampled_from(("cls", "mean", "last")))},
        "training": _sections(recipes.TrainingRecipe, draw),
        "decoding": _sections(recipes.DecodingRecipe, draw),
        "evaluation": _sections(recipes.EvaluationRecipe, draw),
    }
    if values["decoding"].get("redundancy") == "coverage":
        values["decoding"]["open_length"] = {"least": 1, "words": 40}
    if draw(st.booleans()):
        values["head"] = _sections(recipes.HeadRecipe, draw, kind="labels", labels=TEXT)
    else:
        values["head"] = _sections(recipes.HeadRecipe, draw, kind="regression")
        if draw(st.booleans()):
            values["head"]["range"] = (0.0, 5.0)
    if draw(st.booleans()):
        values["data"] = _sections(recipes.DataRecipe, draw, train=("imdb", "my file.csv"))
    if draw(st.booleans()):
        values["weights"] = _sections(recipes.WeightsRecipe, draw, sha256="0a" * 32)
    return Recipe.model_validate(values)


class TestWrite:
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
    @given(one=any_recipe(), two=any_recipe())
    def test_what_is_read_is_what_was_written(
        self, tmp_path: Path, one: Recipe, two: Recipe
    ) -> None:
        path = write(one, tmp_path)
        assert path == tmp_path / "pipeline.toml"
        assert read(tmp_path) == one
        # Over another recipe, of which nothing must be left.
        write(two, tmp_path, template=tmp_path)
        assert read(tmp_path) == two

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
    @given(recipe=any_recipe())
    def test_over_a_commented_template(self, tmp_path: Path, recipe: Recipe) -> None:
        (tmp_path / "pipeline.toml").write_text(BASE)
        write(recipe, tmp_path, template=tmp_path)
        assert read(tmp_path) == recipe
        assert "# What this is for." in (tmp_path / "pipeline.toml").read_text(encoding="utf-8")

    def test_comments_order_and_layout_stay(self, tmp_path: Path) -> None:
        source, target = tmp_path / "source", tmp_path / "target"
        source.mkdir()
        target.mkdir()
        (source / "pipeline.toml").write_text(BASE)
        recipe = read(source)
        write(recipe, target, template=source)
        assert (target / "pipeline.toml").read_text() == BASE
        weights = recipes.WeightsRecipe(sha256="0" * 64)
        write(recipe.model_copy(update={"weights": weights}), target, template=source)
        text = (target / "pipeline.toml").read_text()
        assert text.startswith(BASE.rstrip())
        assert text.removeprefix(BASE).split() == ["[weights]", "sha256", "=", f'"{"0" * 64}"']
        # The template itself is left alone.
        assert (source / "pipeline.toml").read_text() == BASE

    def test_defaults_are_not_written(self, tmp_path: Path) -> None:
        text = write(parse(BASE), tmp_path).read_text()
        assert [line for line in text.splitlines() if line.startswith("[")] == [
            "[backbone]",
            "[pooling]",
            "[head]",
        ]
        assert "tuning" not in text

    def test_a_value_back_at_its_default(self, tmp_path: Path) -> None:
        (tmp_path / "pipeline.toml").write_text(with_line("training", "seed = 3  # lucky"))
        recipe = read(tmp_path)
        assert recipe.training.seed == 3
        changed = recipe.model_copy(update={"training": recipes.TrainingRecipe()})
        write(changed, tmp_path, template=tmp_path)
        assert read(tmp_path) == changed

    def test_sections_stand_apart(self, tmp_path: Path) -> None:
        from nlpkit.shipped import shipped_folder

        folder = shipped_folder() / "summarization"
        learned = read(folder)
        lines = (folder / "pipeline.toml").read_text(encoding="utf-8").splitlines()
        place = lines.index("[decoding.worth]")
        lacking = lines[:place] + lines[lines.index("[evaluation]") :]
        (tmp_path / "pipeline.toml").write_text("\n".join(lacking) + "\n", encoding="utf-8")
        write(learned, tmp_path, template=tmp_path)
        assert read(tmp_path) == learned
        assert (tmp_path / "pipeline.toml").read_text(encoding="utf-8").splitlines() == lines

    def test_the_shipped_recipes_are_kept_as_they_are(self, tmp_path: Path) -> None:
        from nlpkit.shipped import shipped_folder

        folders = [path.parent for path in shipped_folder().glob("*/pipeline.toml")]
        assert folders
        for folder in folders:
            write(read(folder), tmp_path, template=folder)
            original = (folder / "pipeline.toml").read_text(encoding="utf-8")
            assert (tmp_path / "pipeline.toml").read_text(encoding="utf-8") == original
