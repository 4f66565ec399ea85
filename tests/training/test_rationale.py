"""Rationales: which tokens they are, and what learning them does to an encoder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from nlpkit import recipe as recipes
from nlpkit.encoder import backbone
from nlpkit.errors import DataError, RecipeError, TrainingError
from nlpkit.tasks.classification import classification_windows
from nlpkit.tokenizer import Tokens
from nlpkit.training.features import Features
from nlpkit.training.rationale import UNKNOWN, marked, of_window, rationale_missed
from tests.training.own_rows import folder_of, interrupted, run, weights, write

TEXT = "Ñot 'only'  qqq\tzzz 🙂."
# The tokens of no tokenizer: words, and signs one by one.
OFFSETS = [(0, 3), (4, 5), (5, 9), (9, 10), (12, 15), (16, 19), (20, 21), (21, 22)]
TOKENS = Tokens(np.arange(8, dtype=np.int32), np.array(OFFSETS, np.int32))


def places(*parts: tuple[str, int]) -> dict[str, list[Any]]:
    return {"text": [text for text, _ in parts], "answer_start": [start for _, start in parts]}


@given(st.lists(st.tuples(st.integers(0, 21), st.integers(1, 8)), max_size=3))
def test_tokens_that_share_a_character_with_a_place_are_in_it(
    cut: list[tuple[int, int]],
) -> None:
    spans = [(start, min(start + size, len(TEXT))) for start, size in cut]
    rationale = places(*[(TEXT[a:b], a) for a, b in spans])
    marks = marked(rationale, TEXT, TOKENS, 0)
    assert marks is not None
    inside = [any(a < end and start < b for a, b in spans) for start, end in OFFSETS]
    assert marks.tolist() == [int(one) for one in inside]


@pytest.mark.parametrize("nothing", [None, float("nan"), np.float64("nan")])
def test_a_row_that_says_nothing(nothing: Any) -> None:
    assert marked(nothing, TEXT, TOKENS, 0) is None


@pytest.mark.parametrize(
    ("rationale", "message"),
    [
        ("qqq", r"rationale of row 7 is 'qqq'; allowed is"),
        (0.5, r"rationale of row 7 is 0.5; allowed is"),
        ([], r"rationale of row 7 is \[\]"),
        ({"text": ["qqq"]}, r"rationale of row 7 is \{'text': \['qqq'\]\}"),
        ({"text": ["qqq"], "answer_start": []}, "rationale of row 7"),
        ({"text": [3], "answer_start": [12]}, "rationale of row 7"),
        ({"text": None, "answer_start": None}, "rationale of row 7"),
        ({"text": "q", "answer_start": [12]}, "rationale of row 7"),
        ({"text": ["qqq"], "answer_start": 12}, "rationale of row 7"),
        ({"text": ["qqq"], "answer_start": [-10]}, "rationale of row 7"),
        ({"text": ["qqq"], "answer_start": ["12"]}, "rationale of row 7"),
        (places(("qqq", 11)), "'qqq' of row 7 does not stand at character 11"),
        (places(("qqq", 12), ("QQQ", 12)), "'QQQ' of row 7 does not stand at character 12"),
        (places(("", 12)), "'' of row 7 does not stand at character 12"),
        (places(("qqq", 99)), "does not stand at character 99"),
    ],
)
def test_what_is_no_rationale(rationale: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        marked(rationale, TEXT, TOKENS, 7)


@given(size=st.integers(4, 12), stride=st.integers(1, 6))
def test_each_window_has_the_marks_of_its_own_tokens(
    tiny_encoder: Path, size: int, stride: int
) -> None:
    tokenizer = backbone(str(tiny_encoder)).tokenizer
    text = "qqq zzz " * 6
    tokens = tokenizer(text)
    marks = marked(places(("qqq", 0), ("zzz", 12)), text, tokens, 0)
    assert marks is not None
    rationale = set(tokens.ids[marks == 1].tolist())
    for window in classification_windows(
        tokenizer.template, tokens, None, size=size, stride=stride
    ):
        own = of_window(marks, window)
        ends = [window.body, len(window) - window.body - (window.stop - window.start)]
        assert own.tolist() == [
            *[UNKNOWN] * ends[0], *marks[window.start : window.stop], *[UNKNOWN] * ends[1]
        ]  # fmt: skip
        assert set(window.ids[own == 1].tolist()) <= rationale
        assert of_window(None, window).tolist() == [UNKNOWN] * len(window)


def test_the_loss_is_the_mean_of_what_is_known() -> None:
    logits = torch.tensor([[9.0, 2.0, -1.0], [0.5, 7.0, 7.0], [3.0, 3.0, 3.0]])
    wanted = [np.array([-1, 1, 0], np.int8), np.array([1], np.int8), np.array([-1, -1], np.int8)]
    first = functional.binary_cross_entropy_with_logits(
        torch.tensor([2.0, -1.0]), torch.tensor([1.0, 0.0])
    )
    second = functional.binary_cross_entropy_with_logits(torch.tensor(0.5), torch.tensor(1.0))
    torch.testing.assert_close(rationale_missed(logits, wanted), first + second)
    assert rationale_missed(logits, wanted[2:] * 3).item() == 0


# One word of each text is its rationale; the labels say nothing of which.
ROWS = [
    {
        "text": " ".join("qqq" if place == n % 5 else "zzz" for place in range(5)),
        "label": "high" if n % 2 else "low",
        "rationale": {"text": ["qqq"], "answer_start": [4 * (n % 5)]},
    }
    for n in range(24)
]


def trained(tmp_path: Path, encoder: Path, weight: float, name: str = "own") -> Path:
    source = write([*ROWS, {**ROWS[0], "rationale": None}], tmp_path / "rows.jsonl")
    return folder_of(
        tmp_path / name, encoder, source,
        tuning='tuning = "all"',
        training=f"epochs = 4\nrationale = {weight}\ncheckpoint_every = 5",
    )  # fmt: skip


def test_the_encoder_tells_the_rationale_from_the_rest_and_keeps_no_layer_for_it(
    tiny_encoder: Path, tmp_path: Path
) -> None:
    def apart(weight: float) -> float:
        """How far the states of rationales are from those of other tokens, by their own spread."""
        folder = trained(tmp_path, tiny_encoder, weight, name=f"own{weight}")
        model = run(folder).pipeline.runtime.model  # type: ignore[attr-defined]
        assert not [name for name in weights(folder) if not name.startswith(("encoder.", "head."))]
        tokenizer = backbone(str(tiny_encoder)).tokenizer
        states, marks = [], []
        for row in ROWS[:5]:
            tokens = tokenizer(row["text"])  # type: ignore[arg-type]
            own = marked(row["rationale"], row["text"], tokens, 0)  # type: ignore[arg-type]
            before, after = tokenizer.template.single
            ids = torch.tensor([[*before, *tokens.ids, *after]])
            with torch.inference_mode():
                every = model.encoder(ids, torch.ones_like(ids), torch.zeros_like(ids))[0]
            states.append(every[len(before) : len(before) + len(tokens)].numpy())
            marks.append(own)
        points, kinds = np.concatenate(states), np.concatenate(marks)  # type: ignore[arg-type]
        one, other = points[kinds == 1], points[kinds == 0]
        spread = one.std(0).mean() + other.std(0).mean()
        return float(np.abs(one.mean(0) - other.mean(0)).mean() / spread)

    assert apart(5.0) > 1.2 * apart(0.0)


def test_a_run_goes_on_where_it_was(
    tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, parts = (trained(tmp_path, tiny_encoder, 2.0, name) for name in ("whole", "parts"))
    run(whole)
    interrupted(parts, 13, monkeypatch)
    features = Features.open(next((parts / ".checkpoint").glob("features-*")))
    assert features.rationale(0).max() == 1
    # Of the last row nothing is known.
    assert set(features.rationale(len(ROWS)).tolist()) == {UNKNOWN}
    run(parts)
    for name, tensor in weights(whole).items():
        assert torch.equal(tensor, weights(parts)[name])


def test_a_checkpoint_of_other_rationales_is_not_gone_on_from(
    tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = trained(tmp_path, tiny_encoder, 2.0)
    interrupted(folder, 13, monkeypatch)
    write([{**row, "rationale": None} for row in [*ROWS, ROWS[0]]], tmp_path / "rows.jsonl")
    with pytest.raises(TrainingError, match="checkpoint"):
        run(folder)


def test_a_weight_of_nothing_changes_nothing(tiny_encoder: Path, tmp_path: Path) -> None:
    with_column = trained(tmp_path, tiny_encoder, 0.0)
    run(with_column)
    rows = [{k: v for k, v in row.items() if k != "rationale"} for row in [*ROWS, ROWS[0]]]
    source = write(rows, tmp_path / "plain.jsonl")
    plain = folder_of(
        tmp_path / "plain", tiny_encoder, source,
        tuning='tuning = "all"', training="epochs = 4\ncheckpoint_every = 5",
    )  # fmt: skip
    run(plain)
    for name, tensor in weights(plain).items():
        assert torch.equal(tensor, weights(with_column)[name])


def test_rows_without_the_column(tiny_encoder: Path, tmp_path: Path) -> None:
    source = write([{"text": "qqq", "label": "low"}], tmp_path / "rows.csv")
    folder = folder_of(tmp_path / "own", tiny_encoder, source, training="rationale = 1.5")
    with pytest.raises(DataError, match=r"training\.rationale = 1\.5 .* no column 'rationale'"):
        run(folder)


def test_a_rationale_that_does_not_stand_there(tiny_encoder: Path, tmp_path: Path) -> None:
    frame = pd.DataFrame(ROWS)
    frame.at[3, "rationale"] = places(("zzz", 1))
    frame.to_parquet(tmp_path / "rows.parquet")
    folder = folder_of(
        tmp_path / "own", tiny_encoder, tmp_path / "rows.parquet", training="rationale = 1.0"
    )
    with pytest.raises(DataError, match="'zzz' of row 3 does not stand at character 1"):
        run(folder)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("-1", r"training\.rationale"),
        ("nan", r"training\.rationale"),
        ('"much"', r"training\.rationale"),
    ],
)
def test_a_weight_that_is_none(
    tiny_encoder: Path, tmp_path: Path, value: str, message: str
) -> None:
    folder = folder_of(tmp_path / "own", tiny_encoder, "a.csv", training=f"rationale = {value}")
    with pytest.raises(RecipeError, match=message):
        recipes.read(folder)


def test_only_classification_of_single_texts_has_it(tiny_encoder: Path, tmp_path: Path) -> None:
    asks = folder_of(
        tmp_path / "asks", tiny_encoder, "a.jsonl", task="question_answering", pooling="tokens",
        head='[head]\nkind = "span"\n', training="rationale = 1.0",
    )  # fmt: skip
    pairs = folder_of(tmp_path / "pairs", tiny_encoder, "a.csv", training="rationale = 1.0")
    path = pairs / "pipeline.toml"
    path.write_text(path.read_text().replace('name = "own"', 'name = "own"\npair = true'))
    for folder in (asks, pairs):
        with pytest.raises(RecipeError, match=r"training\.rationale = 1\.0 is for classification"):
            recipes.read(folder)
