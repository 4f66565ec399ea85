"""Distillation: the teacher's logits beside the labels, and rows that only it labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nlpkit import recipe as recipes
from nlpkit.encoder import backbone
from nlpkit.errors import DataError, RecipeError, TrainingError
from nlpkit.tasks.loading import load
from nlpkit.training.changed_rows import near_words
from nlpkit.training.teacher import taught_rows, teacher_logits
from tests.training.own_rows import COLUMNS, ROWS, folder_of, run, write

TEACHER = '[teacher]\npipeline = "{}"\n'


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NLPKIT_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def teacher(tiny_encoder: Path, tmp_path: Path) -> Path:
    source = write(ROWS, tmp_path / "rows.csv")
    folder = folder_of(
        tmp_path / "teacher", tiny_encoder, source,
        training="epochs = 8", data=COLUMNS + "holdout = 0.0",
    )  # fmt: skip
    run(folder)
    return folder


def student(
    encoder: Path,
    tmp_path: Path,
    teacher: str,
    training: str = "epochs = 8",
    *,
    tuning: str = "none",
    name: str = "student",
) -> Path:
    folder = folder_of(
        tmp_path / name, encoder, tmp_path / "rows.csv",
        tuning=f'tuning = "{tuning}"', training=training, data=COLUMNS + "holdout = 0.0",
    )  # fmt: skip
    path = folder / "pipeline.toml"
    path.write_text(path.read_text() + "\n" + teacher)
    return folder


def test_a_student_learns_from_the_teacher_alone(
    tiny_encoder: Path, tmp_path: Path, teacher: Path
) -> None:
    said = load(teacher, device="cpu")
    folder = student(tiny_encoder, tmp_path, TEACHER.format(teacher) + "weight = 1.0")
    # Labels the wrong way round count for nothing at this weight.
    wrong = pd.read_csv(tmp_path / "rows.csv")
    column = recipes.read(folder).data.columns["label"]  # type: ignore[union-attr]
    wrong[column] = wrong[column].iloc[::-1].to_numpy()
    wrong.to_csv(tmp_path / "rows.csv", index=False)
    pipeline = run(folder).pipeline
    for text in ("zzz zzz", "qqq"):
        assert pipeline(text).label == said(text).label


def test_logits_give_the_teachers_probabilities(
    tiny_encoder: Path, tmp_path: Path, teacher: Path
) -> None:
    folder = student(tiny_encoder, tmp_path, TEACHER.format(teacher))
    recipe = recipes.read(folder)
    frame = pd.DataFrame({"text": ["zzz", "qqq zzz", "qqq"], "label": [-1] * 3})
    logits = teacher_logits(frame, recipe, device="cpu", progress=False)
    said = load(teacher, device="cpu")
    chances = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    for row, text in zip(chances, frame["text"], strict=True):
        expected = [said(text).scores[name] for name in recipe.head.labels]
        assert row == pytest.approx(expected, abs=0.03)  # it may answer in bfloat16
    again = teacher_logits(frame, recipe, device="cpu", progress=False)
    assert np.array_equal(logits, again)
    assert len(kept(tmp_path)) == 1


def kept(tmp_path: Path) -> list[Path]:
    """The parts of what the one teacher has said."""
    (folder,) = (tmp_path / "cache" / "teachers").iterdir()
    return sorted(folder.iterdir())


def test_only_rows_that_are_new_are_asked_for(
    tiny_encoder: Path, tmp_path: Path, teacher: Path
) -> None:
    recipe = recipes.read(student(tiny_encoder, tmp_path, TEACHER.format(teacher)))
    texts = ["zzz", "qqq zzz", "qqq", "zzz", "né 🙂 \u2028"]
    first = teacher_logits(pd.DataFrame({"text": texts}), recipe, device="cpu", progress=False)
    assert np.array_equal(first[0], first[3])
    with np.load(kept(tmp_path)[0]) as part:
        assert len(part["logits"]) == 4  # equal rows once
    more = pd.DataFrame({"text": ["new words", *reversed(texts)]})
    second = teacher_logits(more, recipe, device="cpu", progress=False)
    assert np.array_equal(second[1:], first[::-1])
    sizes = []
    for path in kept(tmp_path):
        with np.load(path) as part:
            sizes.append(len(part["logits"]))
    assert sorted(sizes) == [1, 4]
    for path in kept(tmp_path):
        path.write_bytes(path.read_bytes()[:100])
    anew = teacher_logits(more, recipe, device="cpu", progress=False)
    assert anew == pytest.approx(second, abs=1e-5)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('kind = "mean"', 'kind = "mean"\nlayers = 99', r"pooling\.layers = 99 is more than"),
        ("epochs = 8", 'start = "nowhere"\nepochs = 8', r"training\.start = 'nowhere'"),
    ],
)
def test_a_recipe_that_does_not_fit_is_refused_before_the_teacher_is_asked(
    tiny_encoder: Path, tmp_path: Path, teacher: Path, old: str, new: str, message: str
) -> None:
    folder = student(tiny_encoder, tmp_path, TEACHER.format(teacher))
    path = folder / "pipeline.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises((RecipeError, TrainingError), match=message):
        run(folder)
    assert not (tmp_path / "cache").exists()


def test_another_order_of_labels_is_asked_for_anew(
    tiny_encoder: Path, tmp_path: Path, teacher: Path
) -> None:
    recipe = recipes.read(student(tiny_encoder, tmp_path, TEACHER.format(teacher)))
    head = recipe.head.model_copy(update={"labels": recipe.head.labels[::-1]})
    frame = pd.DataFrame({"text": ["zzz", "qqq"]})
    logits = teacher_logits(frame, recipe, device="cpu", progress=False)
    turned = recipe.model_copy(update={"head": head})
    again = teacher_logits(frame, turned, device="cpu", progress=False)
    assert again == pytest.approx(logits[:, ::-1], abs=1e-5)


def test_rows_without_a_label_are_added_once(
    tiny_encoder: Path, tmp_path: Path, teacher: Path
) -> None:
    more = write(
        [{"text": "new words"}, {"text": "set aside"}, {"text": "known"}], tmp_path / "m.csv"
    )
    folder = student(
        tiny_encoder, tmp_path,
        TEACHER.format(teacher) + f'unlabelled = ["{more}", "{more}"]\nchanged = 2',
    )  # fmt: skip
    frame = pd.DataFrame({"text": ["known", "it rained all day"], "label": ["low", "high"]})
    heldout = pd.DataFrame({"text": ["set aside"], "label": ["low"]})
    rows = taught_rows(frame, recipes.read(folder), heldout=heldout)
    assert rows["text"].iloc[:2].tolist() == frame["text"].tolist()
    assert rows["label"].iloc[:2].tolist() == ["low", "high"]
    assert (rows["label"].iloc[2:] == -1).all()
    assert rows["text"].is_unique
    assert "new words" in set(rows["text"])
    assert "set aside" not in set(rows["text"])
    assert 3 < len(rows) <= 2 + 2 * 8 + 1
    # Copies are made of those that came without a label, too.
    assert any({"new", "words"} & set(text.split()) for text in rows["text"].iloc[2:-1])


def test_copies_with_near_words(tiny_encoder: Path, tmp_path: Path, teacher: Path) -> None:
    near = near_words(["zzz a 4"], backbone(str(tiny_encoder)))
    options = "changed = 8\nalike = 1.0"
    folder = student(tiny_encoder, tmp_path, TEACHER.format(teacher) + options)
    (word,) = near
    rows = taught_rows(pd.DataFrame({"text": [word], "label": ["high"]}), recipes.read(folder))
    assert len(rows) > 1
    assert set(rows["text"].iloc[1:]) <= set(near[word])


def test_a_teacher_that_is_not_there(tiny_encoder: Path, tmp_path: Path, teacher: Path) -> None:
    folder = student(tiny_encoder, tmp_path, TEACHER.format(tmp_path / "nowhere"))
    with pytest.raises(TrainingError, match=r"cannot be opened: no pipeline"):
        run(folder)


def test_a_teacher_for_other_labels(tiny_encoder: Path, tmp_path: Path, teacher: Path) -> None:
    folder = student(tiny_encoder, tmp_path, TEACHER.format("sst2"))
    with pytest.raises(TrainingError, match=r"must be for the same kind of input, head and"):
        run(folder)


def test_unlabelled_rows_that_are_not_there(
    tiny_encoder: Path, tmp_path: Path, teacher: Path
) -> None:
    folder = student(tiny_encoder, tmp_path, TEACHER.format(teacher) + 'unlabelled = ["none.csv"]')
    with pytest.raises(DataError, match=r"none\.csv"):
        run(folder)


def test_heads_that_have_no_teacher() -> None:
    with pytest.raises(RecipeError, match=r"a \[teacher\] does not fit head.kind = 'multi_label'"):
        recipes.parse(
            """
            name = "x"
            task = "classification"
            backbone.name = "y"
            pooling.kind = "mean"
            head.kind = "multi_label"
            head.labels = ["a"]
            teacher.pipeline = "z"
            """
        )
