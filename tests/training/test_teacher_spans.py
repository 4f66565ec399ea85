"""Distillation of spans: which tokens they belong to, and what a student makes of them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nlpkit import recipe as recipes
from nlpkit.encoder import backbone
from nlpkit.errors import DataError, RecipeError, TrainingError
from nlpkit.tasks.loading import load
from nlpkit.tasks.question_answering import question_windows
from nlpkit.tokenizer import Tokenizer
from nlpkit.training import teacher_spans
from nlpkit.training.examples import examples
from nlpkit.training.features import Features
from nlpkit.training.teacher import taught_rows, teacher_said
from tests.training.own_rows import (
    folder_of,
    interrupted,
    letters_apart,
    run,
    weights,
    with_teacher,
    write,
)

HEAD = '[head]\nkind = "span"\n'
NONE: dict[str, list[Any]] = {"text": [], "answer_start": []}


def rows(count: int = 24) -> list[dict[str, Any]]:
    """Questions whose answer is the one `zzz` of a passage."""
    found = []
    for number in range(count):
        before = "qqq " * (1 + number % 7)
        found.append(
            {
                "question": f"where {'q' * (number % 3)}?",
                "context": f"{before}zzz " + "qqq " * (number % 4) + f"n{number}",
                "answers": {"text": ["zzz"], "answer_start": [len(before)]},
            }
        )
    return found


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NLPKIT_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def teacher(tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("teacher")
    source = write(rows(), place / "rows.jsonl")
    folder = folder_of(
        place / "teacher", tiny_encoder, source, task="question_answering", pooling="tokens",
        head=HEAD, tuning='tuning = "all"', training="epochs = 8",
    )  # fmt: skip
    run(folder)
    return folder


def student(
    encoder: Path,
    tmp_path: Path,
    teacher: Path | str,
    options: str = "",
    *,
    name: str = "student",
    training: str = "epochs = 8",
) -> Path:
    source = tmp_path / "rows.jsonl"
    if not source.is_file():
        write(rows(), source)
    folder = folder_of(
        tmp_path / name, encoder, source, task="question_answering",
        pooling="tokens", head=HEAD, tuning='tuning = "all"', training=training,
    )  # fmt: skip
    return with_teacher(folder, teacher, options)


QUESTIONS = [
    ("where?", "qqq zzz"),
    ("ñ & \u202e 🙂?", "zzz\tqqq\u2028né"),
    ("where?", "qqq " * 90 + "zzz"),  # longer than a window
]


def ask(
    folder: Path, questions: list[tuple[str, str]], tokenizer: Tokenizer, size: int = 40
) -> list[list[np.ndarray[Any, Any]]]:
    frame = pd.DataFrame(questions, columns=["question", "context"]).assign(answers=-1)
    said = teacher_said(
        frame, recipes.read(folder), tokenizer, max_tokens=size, device="cpu", progress=False
    )
    assert said.spans is not None
    return said.spans


def test_spans_are_the_teachers_logits_of_the_students_windows(
    tiny_encoder: Path, tmp_path: Path, teacher: Path
) -> None:
    tokenizer = backbone(str(tiny_encoder)).tokenizer
    said = ask(student(tiny_encoder, tmp_path, teacher), QUESTIONS, tokenizer)
    runtime = load(teacher, device="cpu", runtime="torch", dtype="float32").runtime
    for (question, context), own in zip(QUESTIONS, said, strict=True):
        encoded = tokenizer.encode([question, context])
        windows = question_windows(tokenizer.template, *encoded, size=40, stride=None)
        assert len(own) == len(windows)
        for logits, window, expected in zip(own, windows, runtime(windows), strict=True):
            assert logits.shape == (len(window), 2)
            assert logits == pytest.approx(expected, abs=0.15)  # it may run in bfloat16


def other_templates(encoder: Path, folder: Path) -> Path:
    """The same encoder and vocabulary, with two tokens between question and passage."""
    from tokenizers import Tokenizer as Rust
    from tokenizers import processors

    shutil.copytree(encoder, folder)
    rust = Rust.from_file(str(encoder / "tokenizer.json"))
    first, last = rust.encode("a").ids[0], rust.encode("a").ids[-1]
    rust.post_processor = processors.TemplateProcessing(  # type: ignore[assignment]
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", first), ("[SEP]", last)],
    )
    rust.save(str(folder / "tokenizer.json"))
    return folder


def test_a_teacher_with_other_special_tokens(tiny_encoder: Path, tmp_path: Path) -> None:
    other = other_templates(tiny_encoder, tmp_path / "other")
    write(rows(), tmp_path / "rows.jsonl")
    folder = folder_of(
        tmp_path / "teacher", other, tmp_path / "rows.jsonl", task="question_answering",
        pooling="tokens", head=HEAD, tuning='tuning = "all"', training="epochs = 1",
    )  # fmt: skip
    run(folder)
    tokenizer = backbone(str(tiny_encoder)).tokenizer
    said = ask(student(tiny_encoder, tmp_path, folder), QUESTIONS, tokenizer)
    expert = load(folder, device="cpu", runtime="torch", dtype="float32")
    for (question, context), own in zip(QUESTIONS, said, strict=True):
        encoded = expert.tokenizer.encode([question, context])
        windows = question_windows(expert.tokenizer.template, *encoded, size=41, stride=None)
        assert len(own) == len(windows)
        for logits, window, theirs in zip(own, windows, expert.runtime(windows), strict=True):
            assert len(logits) == len(window) - 1
            assert logits[window.body - 1 :] == pytest.approx(theirs[window.body :], abs=0.05)
            assert logits[0] == pytest.approx(theirs[0], abs=0.05)  # "no answer"


def test_a_student_learns_from_the_teacher_alone(
    tiny_encoder: Path, tmp_path: Path, teacher: Path
) -> None:
    said = load(teacher, device="cpu")
    wrong = [row | {"answers": {"text": ["qqq"], "answer_start": [0]}} for row in rows()]
    write(wrong, tmp_path / "rows.jsonl")
    folder = student(tiny_encoder, tmp_path, teacher, "weight = 1.0\ntemperature = 1.0")
    pipeline = run(folder).pipeline
    asked = [(row["question"], row["context"]) for row in rows()]
    own = pipeline(asked, threshold=0)
    theirs = said(asked, threshold=0)
    assert all("z" in answer.text for answer in theirs)  # none was taught the wrong way
    same = [a.start == b.start for a, b in zip(own, theirs, strict=True)]
    assert sum(same) >= 20


def test_questions_without_an_annotation_are_learned_too(
    tiny_encoder: Path, tmp_path: Path, teacher: Path
) -> None:
    passage = "qqq " * 3 + "zzz set aside"
    more = [
        {"question": "a new one?", "passage": rows()[0]["context"]},
        {"question": "what else?", "passage": passage},
        {
            "question": rows()[1]["question"] + "!",
            "passage": rows()[1]["context"],
        },  # the same words
        {"question": "whose?", "passage": "qqq another"},
    ]
    source = write(more, tmp_path / "more.jsonl")
    folder = student(tiny_encoder, tmp_path, teacher, f'unlabelled = ["{source}"]')
    heldout = pd.DataFrame([{"question": "?", "context": passage, "answers": NONE}])
    frame = pd.DataFrame(rows())
    recipe = recipes.read(folder)
    joined = taught_rows(frame, recipe, heldout=heldout)
    assert joined.iloc[: len(frame)]["answers"].tolist() == frame["answers"].tolist()
    assert joined.iloc[len(frame) :][["question", "answers"]].to_numpy().tolist() == [
        ["a new one?", -1],
        ["whose?", -1],
    ]
    tokenizer = backbone(str(tiny_encoder)).tokenizer
    said = teacher_said(joined, recipe, tokenizer, max_tokens=64, device="cpu", progress=False)
    made = list(examples(joined, recipe, tokenizer, max_tokens=64, spans=said.spans))
    assert [bool(np.isnan(example.targets[:2]).all()) for example in made] == [
        *[False] * len(frame), True, True,
    ]  # fmt: skip
    for example in made:
        assert len(example.targets) == 2 + 2 * len(example.window)
        assert np.isfinite(example.targets[2:]).all()
    assert np.isfinite(run(folder).progress.loss)


def test_a_run_with_spans_goes_on_where_it_was(
    tiny_encoder: Path, tmp_path: Path, teacher: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule = "epochs = 4\ncheckpoint_every = 5"
    whole = student(tiny_encoder, tmp_path, teacher, name="whole", training=schedule)
    parts = student(tiny_encoder, tmp_path, teacher, name="parts", training=schedule)
    run(whole)
    interrupted(parts, 13, monkeypatch)
    features = Features.open(next((parts / ".checkpoint").glob("features-*")))
    assert len(features.target(0)) == 2 + 2 * features.lengths[0]
    run(parts)
    for name, tensor in weights(whole).items():
        assert (tensor == weights(parts)[name]).all()


def test_a_part_that_is_there_is_not_asked_again(
    tiny_encoder: Path, tmp_path: Path, teacher: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teacher_spans, "_CHUNK", 2)
    folder = student(tiny_encoder, tmp_path, teacher)
    tokenizer = backbone(str(tiny_encoder)).tokenizer
    first = ask(folder, QUESTIONS, tokenizer)
    parts = sorted((tmp_path / "cache" / "teachers").glob("*/0*.safetensors"))
    assert len(parts) == 2
    before = parts[0].stat().st_mtime_ns
    parts[1].unlink()  # as if the run had been stopped there
    second = ask(folder, QUESTIONS, tokenizer)
    assert parts[0].stat().st_mtime_ns == before
    for one, other in zip(first, second, strict=True):
        for a, b in zip(one, other, strict=True):
            assert np.array_equal(a, b)


def test_a_teacher_that_reads_other_tokens(
    tiny_encoder: Path, tmp_path: Path, teacher: Path
) -> None:
    folder = student(tiny_encoder, tmp_path, teacher)
    with pytest.raises(TrainingError, match=r"its tokenizer cuts texts otherwise"):
        ask(folder, [("qqq?", "zzz qqq")], letters_apart())
    # Where it does so in some rows only, these learn from their annotation.
    said = ask(folder, [("qqq?", "zzz qqq"), ("a", "b")], letters_apart())
    assert [[len(window) for window in row] for row in said] == [[0], [5]]


def test_a_teacher_that_reads_less_at_once(
    tiny_encoder: Path, tmp_path: Path, teacher: Path
) -> None:
    folder = student(tiny_encoder, tmp_path, teacher)
    with pytest.raises(TrainingError, match=r"at most 64 tokens at once; .*max_tokens up to 64"):
        ask(folder, QUESTIONS, backbone(str(tiny_encoder)).tokenizer, size=65)


def test_a_question_that_is_too_long(tiny_encoder: Path, tmp_path: Path, teacher: Path) -> None:
    folder = student(tiny_encoder, tmp_path, teacher)
    with pytest.raises(DataError, match=r"row 1: the question has"):
        ask(folder, [QUESTIONS[0], ("q " * 60, "zzz")], backbone(str(tiny_encoder)).tokenizer)


def test_a_teacher_of_another_task(tiny_encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"cannot teach 'own'"):
        run(student(tiny_encoder, tmp_path, "sst2"))


@pytest.mark.parametrize("option", ["states = 0.5", "changed = 1"])
def test_what_is_for_classification_only(tiny_encoder: Path, tmp_path: Path, option: str) -> None:
    key = option.split()[0]
    with pytest.raises(RecipeError, match=rf"teacher\.{key} = .* 'span'; allowed: 0"):
        recipes.read(student(tiny_encoder, tmp_path, "x", option))
