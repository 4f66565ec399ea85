"""Distillation of sentence scores: whose they are, and what a student makes of them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from nlpkit import recipe as recipes
from nlpkit.encoder import backbone
from nlpkit.errors import DataError, RecipeError, TrainingError
from nlpkit.model import Batch
from nlpkit.tasks.loading import load
from nlpkit.text import split_sentences
from nlpkit.training import teacher_sentences
from nlpkit.training.examples import examples
from nlpkit.training.features import Features
from nlpkit.training.losses import Soft, loss, terms
from nlpkit.training.teacher import taught_rows, teacher_said
from tests.training.own_rows import folder_of, interrupted, run, weights, with_teacher, write

HEADS = {
    "sentences": ("sentences", '[head]\nkind = "sentences"\n'),
    "pair": ("mean", '[head]\nkind = "pair"\n'),
}


def rows(count: int = 16) -> list[dict[str, Any]]:
    """Documents of which the sentence with `zzz` is the summary."""
    found = []
    for number in range(count):
        sentences = [f"Qqq qqq {'qqq ' * (number % 3)}{n}{number}." for n in range(3 + number % 2)]
        place = number % len(sentences)
        sentences[place] = f"Zzz zzz zzz {number}."
        found.append({"document": " ".join(sentences), "summary": sentences[place]})
    return found


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NLPKIT_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def teacher(tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("teacher")
    source = write(rows(), place / "rows.jsonl")
    pooling, head = HEADS["sentences"]
    folder = folder_of(
        place / "teacher", tiny_encoder, source, task="summarization", pooling=pooling,
        head=head, tuning='tuning = "all"', training="epochs = 8",
    )  # fmt: skip
    run(folder)
    return folder


def student(
    encoder: Path,
    tmp_path: Path,
    teacher: Path | str,
    options: str = "",
    *,
    kind: str = "sentences",
    name: str = "student",
    training: str = "epochs = 8",
) -> Path:
    source = tmp_path / "rows.jsonl"
    if not source.is_file():
        write(rows(), source)
    pooling, head = HEADS[kind]
    folder = folder_of(
        tmp_path / name, encoder, source, task="summarization", pooling=pooling,
        head=head, tuning='tuning = "all"', training=training,
    )  # fmt: skip
    return with_teacher(folder, teacher, options)


DOCUMENTS = [
    "Zzz fell. Qqq?",
    "",
    "Né 🙂 \u2028 zzz.\r\n\r\nQqq \u202e said.",
    "Qqq zzz. " * 60,  # longer than a window
    "\u200b",
]


def ask(folder: Path, documents: list[str]) -> list[np.ndarray[Any, Any]]:
    frame = pd.DataFrame({"document": documents, "summary": -1})
    recipe = recipes.read(folder)
    tokenizer = backbone(recipe.backbone.name).tokenizer
    said = teacher_said(frame, recipe, tokenizer, max_tokens=64, device="cpu", progress=False)
    assert said.sentences is not None
    return said.sentences


@pytest.mark.parametrize("kind", HEADS)
def test_logits_give_the_teachers_scores(
    tiny_encoder: Path, tmp_path: Path, teacher: Path, kind: str
) -> None:
    said = ask(student(tiny_encoder, tmp_path, teacher, kind=kind), DOCUMENTS)
    assert [len(row) for row in said] == [len(split_sentences(text)) for text in DOCUMENTS]
    for row, summary in zip(said, load(teacher, device="cpu")(DOCUMENTS), strict=True):
        chances = 1 / (1 + np.exp(-row))
        assert chances == pytest.approx(np.array(summary.scores), abs=0.03)  # maybe in bfloat16


def test_logits_are_those_before_the_teachers_temperature(
    tiny_encoder: Path, tmp_path: Path, teacher: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = ask(student(tiny_encoder, tmp_path, teacher), DOCUMENTS)
    softer = shutil.copytree(teacher, tmp_path / "softer")
    recipe = softer / "pipeline.toml"
    recipe.write_text(recipe.read_text() + "\n[decoding]\ntemperature = 3.0\n")
    monkeypatch.setenv("NLPKIT_CACHE", str(tmp_path / "another cache"))  # of the same weights
    scores = load(softer, device="cpu")(DOCUMENTS[0]).scores
    assert scores != pytest.approx(load(teacher, device="cpu")(DOCUMENTS[0]).scores, abs=1e-3)
    again = ask(student(tiny_encoder, tmp_path, softer, name="other"), DOCUMENTS)
    for one, other in zip(said, again, strict=True):
        assert one == pytest.approx(other, abs=1e-2)


def test_only_documents_that_are_new_are_asked_for(
    tiny_encoder: Path, tmp_path: Path, teacher: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teacher_sentences, "_CHUNK", 2)
    folder = student(tiny_encoder, tmp_path, teacher)
    first = ask(folder, DOCUMENTS)
    parts = set((tmp_path / "cache" / "teachers").glob("*/*.npz"))
    assert len(parts) == 3
    second = ask(folder, ["Another one.", *DOCUMENTS[::-1]])
    (added,) = set((tmp_path / "cache" / "teachers").glob("*/*.npz")) - parts
    with np.load(added) as part:
        assert len(part["keys"]) == 1
    for one, other in zip(first, second[:0:-1], strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("kind", HEADS)
def test_a_student_learns_from_the_teacher_alone(
    tiny_encoder: Path, tmp_path: Path, teacher: Path, kind: str
) -> None:
    wrong = [
        row | {"summary": next(s for s in row["document"].split(". ") if "Zzz" not in s)}
        for row in rows()
    ]
    write(wrong, tmp_path / "rows.jsonl")
    options = "weight = 1.0\ntemperature = 1.0"
    folder = student(tiny_encoder, tmp_path, teacher, options, kind=kind)
    pipeline = run(folder).pipeline
    documents = [row["document"] for row in rows()]
    chosen = [summary.text for summary in pipeline(documents, sentences=1)]
    assert sum("Zzz" in text for text in chosen) >= 14


def test_documents_without_a_summary_are_learned_too(
    tiny_encoder: Path, tmp_path: Path, teacher: Path
) -> None:
    aside = "Qqq is set aside. Zzz too."
    more = [
        {"article": "Zzz is new. Qqq is not."},
        {"article": aside.upper()},
        {"article": rows()[0]["document"] + " "},  # the same words
        {"article": "Qqq another."},
    ]
    source = write(more, tmp_path / "more.jsonl")
    options = f'unlabelled = ["{source}"]\ncolumns = {{ document = "article" }}'
    folder = student(tiny_encoder, tmp_path, teacher, options)
    frame = pd.DataFrame(rows())
    recipe = recipes.read(folder)
    heldout = pd.DataFrame([{"document": aside, "summary": "Zzz."}])
    joined = taught_rows(frame, recipe, heldout=heldout)
    assert joined.iloc[: len(frame)].to_dict("list") == frame.to_dict("list")
    assert joined.iloc[len(frame) :].to_numpy().tolist() == [
        ["Zzz is new. Qqq is not.", -1],
        ["Qqq another.", -1],
    ]
    tokenizer = backbone(str(tiny_encoder)).tokenizer
    said = teacher_said(joined, recipe, tokenizer, max_tokens=64, device="cpu", progress=False)
    made = list(examples(joined, recipe, tokenizer, max_tokens=64, sentences=said.sentences))
    for example in made:
        assert example.window.places is not None
        count = len(example.window.places)
        assert len(example.targets) == 2 * count
        assert np.isfinite(example.targets[count:]).all()
        unlabelled = example.row >= len(frame)
        assert (np.isnan(example.targets[:count]) == unlabelled).all()
    assert np.isfinite(run(folder).progress.loss)


def test_a_run_with_a_teacher_goes_on_where_it_was(
    tiny_encoder: Path, tmp_path: Path, teacher: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule = "epochs = 4\ncheckpoint_every = 5"
    whole = student(tiny_encoder, tmp_path, teacher, name="whole", training=schedule)
    parts = student(tiny_encoder, tmp_path, teacher, name="parts", training=schedule)
    run(whole)
    interrupted(parts, 7, monkeypatch)
    features = Features.open(next((parts / ".checkpoint").glob("features-*")))
    assert len(features.target(0)) == 2 * len(split_sentences(rows()[0]["document"]))
    run(parts)
    for name, tensor in weights(whole).items():
        assert (tensor == weights(parts)[name]).all()


def test_labels_and_teacher_are_weighed() -> None:
    logits = torch.tensor([[0.5, -1.0, 9.0], [2.0, 0.0, 1.0]])
    batch = Batch(*[torch.ones(2, 4, dtype=torch.long)] * 3)
    targets = [
        np.array([1, 0, 0.5, -1], np.float32),  # two sentences, the teacher of one mind
        np.array([np.nan] * 3 + [0.0, 0.0, 0.0], np.float32),  # no labels
    ]
    assert terms("sentences", targets, taught=True) == 5

    def value(weight: float, temperature: float = 1.0) -> float:
        return loss("sentences", logits, batch, targets, Soft(weight, temperature)).item()

    labels = np.log1p(np.exp(-0.5)) + np.log1p(np.exp(-1.0))
    assert value(0.0) == pytest.approx(labels, abs=1e-5)
    # Where the teacher gives 1/2: the divergence of that from what the student gives.
    for temperature in (1.0, 2.0):
        own = 1 / (1 + np.exp(-np.array([2.0, 0.0, 1.0]) / temperature))
        apart = temperature**2 * -0.5 * np.log(4 * own * (1 - own)).sum()
        assert value(1.0, temperature) == pytest.approx(apart, abs=1e-5)
    assert value(0.25) == pytest.approx(0.75 * value(0.0) + 0.25 * value(1.0), abs=1e-5)


def test_a_teacher_of_another_task(tiny_encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"cannot teach 'own'"):
        run(student(tiny_encoder, tmp_path, "question_answering"))


def test_a_source_without_documents(tiny_encoder: Path, tmp_path: Path, teacher: Path) -> None:
    source = write([{"title": "Zzz"}], tmp_path / "more.jsonl")
    with pytest.raises(DataError, match=r"more\.jsonl.*document"):
        run(student(tiny_encoder, tmp_path, teacher, f'unlabelled = ["{source}"]'))


@pytest.mark.parametrize("option", ["states = 0.5", "changed = 1"])
def test_what_is_for_classification_only(tiny_encoder: Path, tmp_path: Path, option: str) -> None:
    key = option.split()[0]
    with pytest.raises(
        RecipeError, match=rf"teacher\.{key} = .* head\.kind = 'sentences'; allowed: 0"
    ):
        run(student(tiny_encoder, tmp_path, "summarization", option))
