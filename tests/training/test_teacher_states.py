"""Distillation of hidden states: which tokens they belong to, and what a student makes of them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nlpkit import recipe as recipes
from nlpkit.encoder import backbone
from nlpkit.errors import RecipeError, TrainingError
from nlpkit.tasks.loading import load
from nlpkit.tokenizer import Template, Tokenizer
from nlpkit.training import teacher_states
from nlpkit.training.features import Features
from nlpkit.training.losses import states_apart
from nlpkit.training.teacher import teacher_logits, teacher_said
from nlpkit.training.teacher_states import Said, same_tokens
from tests.training.own_rows import (
    COLUMNS,
    ROWS,
    folder_of,
    interrupted,
    letters_apart,
    run,
    weights,
    write,
)
from tests.training.test_teacher import student as taught

TEACHER = '[teacher]\npipeline = "{}"\nstates = 0.5\n'
TEXTS = ["zzz", "qqq zzz\tqqq", "ñ & \u202e qqq!", "qqq " * 90]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NLPKIT_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def teacher(tiny_encoder: Path, tmp_path: Path) -> Path:
    source = write(ROWS, tmp_path / "rows.csv")
    folder = folder_of(
        tmp_path / "teacher", tiny_encoder, source,
        tuning='tuning = "all"', training="epochs = 3", data=COLUMNS + "holdout = 0.0",
    )  # fmt: skip
    run(folder)
    return folder


def student(encoder: Path, tmp_path: Path, teacher: str, name: str = "student") -> Path:
    return taught(encoder, tmp_path, teacher, "epochs = 4", tuning="all", name=name)


def ask(folder: Path, texts: list[str], tokenizer: Tokenizer, size: int = 64) -> Said:
    frame = pd.DataFrame({"text": texts, "label": [-1] * len(texts)})
    return teacher_said(
        frame, recipes.read(folder), tokenizer, max_tokens=size, device="cpu", progress=False
    )


def encoded(pipeline: Any, text: str, tokenizer: Tokenizer) -> np.ndarray[Any, Any]:
    """The last states of a text that fits in a window, by `transformers` itself."""
    before, after = tokenizer.template.single
    ids = torch.tensor([[*before, *tokenizer(text).ids, *after]])
    with torch.inference_mode():
        states = pipeline.runtime.model.encoder(ids, torch.ones_like(ids), torch.zeros_like(ids))
    return np.asarray(states[0].numpy())


def distances(states: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.linalg.norm(states[:, None] - states[None], axis=-1)


def test_states_are_those_of_the_teachers_encoder(
    tiny_encoder: Path, tmp_path: Path, teacher: Path
) -> None:
    folder = student(tiny_encoder, tmp_path, TEACHER.format(teacher))
    tokenizer = backbone(str(tiny_encoder)).tokenizer
    said = ask(folder, TEXTS, tokenizer)
    assert said.states is not None
    expert = load(teacher, device="cpu", runtime="torch", dtype="float32")
    theirs = [encoded(expert, text, tokenizer) for text in TEXTS[:-1]]
    # The last text is longer than a window: it teaches by its outputs only.
    assert [len(states) for states in said.states] == [*map(len, theirs), 0]
    # Sixteen components hold all of sixteen dimensions, so distances stay, but for one factor.
    own, expected = distances(np.concatenate(said.states)), distances(np.concatenate(theirs))
    own = own * expected.sum() / own.sum()
    assert own == pytest.approx(
        expected, abs=0.02 * float(expected.max())
    )  # it may run in bfloat16


def test_logits_are_those_of_a_teacher_of_outputs(
    tiny_encoder: Path, tmp_path: Path, teacher: Path
) -> None:
    folder = student(tiny_encoder, tmp_path, TEACHER.format(teacher))
    frame = pd.DataFrame({"text": TEXTS, "label": [-1] * len(TEXTS)})
    alone = teacher_logits(frame, recipes.read(folder), device="cpu", progress=False)
    said = ask(folder, TEXTS, backbone(str(tiny_encoder)).tokenizer)
    assert said.logits == pytest.approx(alone, abs=0.05)  # either may be in bfloat16


def test_a_part_that_is_there_is_not_asked_again(
    tiny_encoder: Path, tmp_path: Path, teacher: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teacher_states, "_CHUNK", 2)
    folder = student(tiny_encoder, tmp_path, TEACHER.format(teacher))
    tokenizer = backbone(str(tiny_encoder)).tokenizer
    first = ask(folder, TEXTS, tokenizer)
    parts = sorted((tmp_path / "cache" / "teachers").glob("*/0*.safetensors"))
    assert len(parts) == 2
    before = parts[0].stat().st_mtime_ns
    parts[1].unlink()  # as if the run had been stopped there
    second = ask(folder, TEXTS, tokenizer)
    assert parts[0].stat().st_mtime_ns == before
    assert np.array_equal(first.logits, second.logits)
    assert first.states is not None
    assert second.states is not None
    for a, b in zip(first.states, second.states, strict=True):
        assert np.array_equal(a, b)


def test_a_student_comes_nearer_to_the_teachers_states(
    tiny_encoder: Path, tmp_path: Path, teacher: Path
) -> None:
    """The states of a student that begins elsewhere say more of the teacher's."""
    from transformers import BertConfig, BertModel

    torch.manual_seed(1)
    other = tmp_path / "other"
    BertModel(BertConfig.from_pretrained(tiny_encoder)).save_pretrained(other)
    shutil.copy(tiny_encoder / "tokenizer.json", other)
    tokenizer = backbone(str(tiny_encoder)).tokenizer
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(list("abcxyz "), 20)) for _ in range(60)]
    write([{"review": f"q{t}", "stars": "high"} for t in texts], tmp_path / "rows.csv")
    expert = load(teacher, device="cpu", runtime="torch", dtype="float32")
    wanted = np.concatenate([encoded(expert, text, tokenizer) for text in texts])

    def unexplained(weight: float) -> float:
        """Share of the teacher's states that is no linear function of a student's."""
        settings = f'[teacher]\npipeline = "{teacher}"\nstates = {weight}\n'
        folder = student(other, tmp_path, settings, name=f"student{weight}")
        path = folder / "pipeline.toml"
        path.write_text(path.read_text().replace("epochs = 4", "epochs = 10"))
        pipeline = run(folder).pipeline
        assert not [name for name in weights(folder) if "matching" in name]
        own = np.concatenate([encoded(pipeline, text, tokenizer) for text in texts])
        own = np.column_stack([own, np.ones(len(own))])
        rest = wanted - own @ np.linalg.lstsq(own, wanted, rcond=None)[0]
        return float((rest**2).sum() / ((wanted - wanted.mean(0)) ** 2).sum())

    assert unexplained(5.0) < 0.8 * unexplained(0.0)


def test_a_run_with_states_goes_on_where_it_was(
    tiny_encoder: Path, tmp_path: Path, teacher: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = student(tiny_encoder, tmp_path, TEACHER.format(teacher), name="whole")
    parts = student(tiny_encoder, tmp_path, TEACHER.format(teacher), name="parts")
    for folder in (whole, parts):
        path = folder / "pipeline.toml"
        path.write_text(path.read_text().replace("epochs = 4", "epochs = 4\ncheckpoint_every = 5"))
    run(whole)
    interrupted(parts, 13, monkeypatch)
    assert Features.open(next((parts / ".checkpoint").glob("features-*"))).states.size
    run(parts)
    for name, tensor in weights(whole).items():
        assert torch.equal(tensor, weights(parts)[name])


def test_a_teacher_that_reads_other_tokens(
    tiny_encoder: Path, tmp_path: Path, teacher: Path
) -> None:
    folder = student(tiny_encoder, tmp_path, TEACHER.format(teacher))
    with pytest.raises(TrainingError, match=r"teacher\.states does not fit .* allowed: 0"):
        ask(folder, ["qqq zzz"], letters_apart())


def test_a_negative_weight(tiny_encoder: Path, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("review,stars\nqqq,high\n")
    folder = student(tiny_encoder, tmp_path, '[teacher]\npipeline = "x"\nstates = -1\n')
    with pytest.raises(RecipeError, match=r"teacher\.states"):
        recipes.read(folder)


def test_examples_without_states_count_for_nothing() -> None:
    mapped = torch.randn(3, 5, 4, requires_grad=True)
    wanted = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float16)
    value = states_apart(mapped, [wanted, wanted[:0], wanted[:2]])
    expected = (mapped[0, :3] - torch.from_numpy(wanted)).square().sum(-1).mean()
    expected = expected + (mapped[2, :2] - torch.from_numpy(wanted[:2])).square().sum(-1).mean()
    assert value.item() == pytest.approx(expected.item(), rel=1e-5)
    value.backward()
    assert mapped.grad is not None
    assert mapped.grad[1].abs().max() == 0
    assert mapped.grad[0, 3:].abs().max() == 0


runs = st.lists(st.integers(1, 9), max_size=3).map(tuple)


@given(
    st.tuples(runs, runs, runs),
    st.tuples(runs, runs, runs),
    st.lists(st.integers(0, 6), min_size=2, max_size=2),
)
def test_places_lead_to_the_same_tokens(
    own: tuple[tuple[int, ...], ...], other: tuple[tuple[int, ...], ...], lengths: list[int]
) -> None:
    def template(pair: Any) -> Template:
        return Template(((), ()), pair, (0, 0), ((), (), ()))

    def window(pair: Any) -> list[int]:
        texts = [range(100, 100 + lengths[0]), range(200, 200 + lengths[1])]
        return [*pair[0], *texts[0], *pair[1], *texts[1], *pair[2]]

    places = same_tokens(template(own), template(other), lengths)
    mine, theirs = window(own), window(other)
    assert len(places) == len(mine)
    for token, place in zip(mine, places, strict=True):
        if token >= 100:
            assert theirs[place] == token
