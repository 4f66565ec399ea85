from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nlpkit import recipe as recipes
from nlpkit.errors import PipelineNotFoundError, RecipeError
from nlpkit.recipe import Recipe, parse, read, write

BASE = """
# What this is for.
name = "tone"  # the name
task = "classification"

[backbone]
name = "some/encoder"
tuning = "lora"  # explicit, though the default

[pooling]
kind = "mean"

[head]
kind = "labels"
labels = [
    "bad",  # the first
    "good",
]
"""


def with_line(section: str, line: str) -> str:
    """The base recipe with one more line in a section, or in a new one."""
    if section == "":
        return BASE.replace("task =", f"{line}\ntask =")
    if f"[{section}]" in BASE:
        return BASE.replace(f"[{section}]", f"[{section}]\n{line}")
    return f"{BASE}\n[{section}]\n{line}\n"


class TestErrors:
    @pytest.mark.parametrize(
        ("section", "key", "allowed"),
        [
            ("", "tsak", "name, task, description, pair, backbone, pooling, head, training"),
            ("backbone", "maxtokens", "name, sha256, max_tokens, stride, tuning, rank, alpha"),
            ("pooling", "kinds", "kind, layers"),
            ("head", "dropuot", "kind, hidden, dropout, labels, range, places"),
            (
                "training",
                "lr",
                "start, blend, soup, epochs, skip, batch_size, batch_tokens, learning_rate",
            ),
            ("data", "source", "train, extra, split, columns, limit, seed, holdout"),
            (
                "decoding",
                "top_k",
                "temperature, threshold, null_bias, exactness, stride, max_answer_tokens",
            ),
            ("evaluation", "metrics", "data, split, metric"),
            ("weights", "md5", "file, sha256"),
        ],
    )
    def test_an_unknown_key_names_those_allowed(self, section: str, key: str, allowed: str) -> None:
        more = {"data": 'train = ["x"]\n', "weights": f'sha256 = "{"0" * 64}"\n'}.get(section, "")
        with pytest.raises(RecipeError) as caught:
            parse(with_line(section, f"{more}{key} = 3"))
        where = f"{section}.{key}" if section else key
        assert str(caught.value).startswith(
            f"pipeline.toml: {where} = 3 is not known; allowed: {allowed}"
        )

    def test_adapters_that_began_apart_have_no_mean(self) -> None:
        with pytest.raises(RecipeError, match=r"soup = \['x'\] needs a training\.start.*: \[\]$"):
            parse(with_line("training", 'soup = ["x"]'))
        parse(with_line("training", 'soup = ["x"]\nstart = "y"'))
        parse(with_line("training", 'soup = ["x"]').replace('"lora"', '"all"'))

    def test_there_is_nothing_to_blend_with(self) -> None:
        with pytest.raises(RecipeError, match=r"blend = 0\.5 needs a training\.start .*: 1$"):
            parse(with_line("training", "blend = 0.5"))

    @pytest.mark.parametrize(
        ("section", "line", "key", "allowed"),
        [
            ("backbone", "rank = 0", "backbone.rank = 0", "greater than 0"),
            ("backbone", "max_tokens = 7", "backbone.max_tokens = 7", "8"),
            ("backbone", "rank = 2.5", "backbone.rank = 2.5", "integer"),
            ("backbone", "alpha = nan", "backbone.alpha = nan", "finite"),
            ("backbone", "alpha = -1.0", "backbone.alpha = -1.0", "greater than 0"),
            ("backbone", 'sha256 = "abc"', "backbone.sha256 = 'abc'", "[0-9a-f]{64}"),
            ("head", "dropout = 1.0", "head.dropout = 1.0", "less than 1"),
            ("head", "hidden = [0]", "head.hidden.0 = 0", "greater than 0"),
            ("head", "range = [1.0]", "head.range.1", "is missing"),
            ("head", "range = [5.0, 0.0]", "head.range = [5.0, 0.0]", "rise"),
            ("training", "epochs = 0", "training.epochs = 0", "greater than 0"),
            ("training", 'schedule = "step"', "'step'", "'linear', 'cosine' or 'constant'"),
            ("training", "seed = -1", "training.seed = -1", "greater than or equal to 0"),
            ("training", "warmup = 1.5", "training.warmup = 1.5", "less than or equal to 1"),
            ("data", "train = []", "data.train = []", "should have at least 1 item"),
            ("data", "train = ['x']\nseed = 0.5", "data.seed = 0.5", "valid integer"),
            ("data", "train = 'x'", "data.train = 'x'", "should be a list"),
            ("decoding", "temperature = 0", "decoding.temperature = 0", "greater than 0"),
            ("decoding", "threshold = 2.0", "decoding.threshold = 2.0", "less than or equal to 1"),
            ("decoding", 'redundancy = "x"', "'x'", "'none', 'trigram', 'mmr' or 'coverage'"),
            ("weights", 'sha256 = "Z"', "weights.sha256 = 'Z'", "[0-9a-f]{64}"),
        ],
    )
    def test_a_bad_value_names_what_is_allowed(
        self, section: str, line: str, key: str, allowed: str
    ) -> None:
        with pytest.raises(RecipeError) as caught:
            parse(with_line(section, line), source="here.toml")
        message = str(caught.value)
        assert message.startswith("here.toml: ")
        assert key in message
        assert allowed in message
        assert "\n" not in message
        assert "tuple" not in message.lower()  # TOML has none
        assert "after validation" not in message

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ('task = "classification"', 'task = "translation"', "task = 'translation' should be"),
            ('tuning = "lora"', 'tuning = "adapter"', "'lora', 'layers', 'all' or 'none'"),
            ('kind = "mean"', 'kind = "max"', "'cls', 'mean', 'last', 'tokens' or 'sentences'"),
            ('kind = "labels"', 'kind = "tags"', "'sentences', 'pair', 'span', 'labels'"),
            ('name = "tone"', 'name = ""', "name = '' "),
            ('name = "tone"', "", "name is missing"),
            ('name = "some/encoder"', "", "backbone.name is missing"),
            ('kind = "mean"', "", "pooling.kind is missing"),
            ('name = "tone"', "name = 3", "name = 3 should be a valid string"),
            ('    "good",', "", "head.labels = ['bad'] must name at least 2 different labels"),
            ('    "good",', '    "bad",', "head.labels = ['bad', 'bad'] must name at least 2"),
        ],
    )
    def test_a_changed_line(self, old: str, new: str, message: str) -> None:
        assert old in BASE
        with pytest.raises(RecipeError) as caught:
            parse(BASE.replace(old, new, 1))
        assert message in str(caught.value)

    @pytest.mark.parametrize(
        ("redundancy", "lines", "message"),
        [
            ("coverage", "least = 2", "decoding.open_length.words is missing"),
            ("coverage", "words = 0", "decoding.open_length.words = 0 should be greater than 0"),
            ("coverage", "words = 40\nmost = 21", "most = 21 should be less than or equal to 20"),
            (
                "coverage",
                "words = 40\nleast = 6",
                "decoding.open_length.least = 6 is more than its most = 5; allowed: 1 to 5",
            ),
            (
                "trigram",
                "words = 40",
                "a [decoding.open_length] does not fit decoding.redundancy = 'trigram'; "
                "allowed: 'coverage'",
            ),
        ],
    )
    def test_an_open_length(self, redundancy: str, lines: str, message: str) -> None:
        decoding = f'redundancy = "{redundancy}"\n[decoding.open_length]\n{lines}'
        with pytest.raises(RecipeError) as caught:
            parse(with_line("decoding", decoding))
        assert message in str(caught.value)

    def test_several_are_counted(self) -> None:
        with pytest.raises(RecipeError, match=r"\(and 1 more error\)$"):
            parse(with_line("backbone", "rank = 0\nlayers = 0"))
        with pytest.raises(RecipeError, match=r"\(and 2 more errors\)$"):
            parse(with_line("backbone", "rank = 0\nlayers = 0\nstride = 0"))

    @pytest.mark.parametrize(
        "text", ["name = ", "[backbone", "name = 'a'\nname = 'b'", "a b c", "\x00"]
    )
    def test_malformed_toml_names_the_file(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "pipeline.toml").write_text(text)
        with pytest.raises(RecipeError, match="is not TOML") as caught:
            read(tmp_path)
        assert str(tmp_path / "pipeline.toml") in str(caught.value)

    def test_not_utf8_names_the_file_and_the_byte(self, tmp_path: Path) -> None:
        (tmp_path / "pipeline.toml").write_bytes(b'name = "caf\xe9"')
        with pytest.raises(RecipeError, match="is not UTF-8: byte 11") as caught:
            read(tmp_path)
        assert str(tmp_path / "pipeline.toml") in str(caught.value)

    def test_no_recipe(self, tmp_path: Path) -> None:
        for folder in (tmp_path, tmp_path / "nowhere"):
            with pytest.raises(PipelineNotFoundError, match=r"it has no pipeline\.toml"):
                read(folder)

    def test_a_bad_recipe_in_a_folder_names_its_path(self, tmp_path: Path) -> None:
        (tmp_path / "pipeline.toml").write_text(with_line("head", "dropout = 2.0"))
        with pytest.raises(RecipeError) as caught:
            read(str(tmp_path))
        assert str(caught.value).startswith(f"{tmp_path / 'pipeline.toml'}: head.dropout = 2.0 ")


FITTING = {
    ("summarization", "sentences", "sentences"),
    *(("summarization", "pair", pooling) for pooling in ("cls", "mean", "last")),
    ("question_answering", "span", "tokens"),
    *(
        ("classification", head, pooling)
        for head in ("labels", "multi_label", "regression")
        for pooling in ("cls", "mean", "last")
    ),
}


@pytest.mark.parametrize("task", ["summarization", "question_answering", "classification"])
@pytest.mark.parametrize(
    "head", ["sentences", "pair", "span", "labels", "multi_label", "regression"]
)
@pytest.mark.parametrize("pooling", ["cls", "mean", "last", "tokens", "sentences"])
def test_task_head_and_pooling_must_fit(task: str, head: str, pooling: str) -> None:
    labels = 'labels = ["a", "b"]' if head in ("labels", "multi_label") else ""
    text = f"""
    name = "x"
    task = "{task}"
    [backbone]
    name = "y"
    [pooling]
    kind = "{pooling}"
    [head]
    kind = "{head}"
    {labels}
    """
    if (task, head, pooling) in FITTING:
        recipe = parse(text)
        assert (recipe.task, recipe.head.kind, recipe.pooling.kind) == (task, head, pooling)
        return
    with pytest.raises(RecipeError) as caught:
        parse(text)
    message = str(caught.value)
    if any((task, head) == pair[:2] for pair in FITTING):
        assert f"pooling.kind = {pooling!r} does not fit head.kind = {head!r}; " in message
        allowed = {p for t, h, p in FITTING if (t, h) == (task, head)}
    else:
        assert f"head.kind = {head!r} does not fit task = {task!r}; " in message
        allowed = {h for t, h, _ in FITTING if t == task}
    named = message.partition("allowed: ")[2]
    assert {name.strip("'") for name in named.split(", ")} == allowed


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


def test_a_recipe_cannot_be_changed() -> None:
    recipe = parse(BASE)
    for part, key in itertools.product((recipe, recipe.backbone), ("name",)):
        with pytest.raises(ValueError, match="frozen"):
            setattr(part, key, "other")
