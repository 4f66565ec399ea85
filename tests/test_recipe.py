from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from nlpkit.errors import PipelineNotFoundError, RecipeError
from nlpkit.recipe import parse, read

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
OPEN = 'redundancy = "coverage"\n[decoding.open_length]\n'


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
            ("decoding", f"{OPEN}least = 2", "decoding.open_length.words", "is missing"),
            ("decoding", f"{OPEN}words = 0", "decoding.open_length.words = 0", "greater than 0"),
            ("decoding", f"{OPEN}words = 9\nmost = 21", "most = 21", "less than or equal to 20"),
            ("decoding", f"{OPEN}words = 9\nleast = 6", "open_length.least = 6", "1 to 5"),
            (
                "decoding",
                "[decoding.open_length]\nwords = 9",
                "redundancy = 'trigram'",
                "'coverage'",
            ),
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


def test_a_recipe_cannot_be_changed() -> None:
    recipe = parse(BASE)
    for part, key in itertools.product((recipe, recipe.backbone), ("name",)):
        with pytest.raises(ValueError, match="frozen"):
            setattr(part, key, "other")
