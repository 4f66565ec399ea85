"""`nlpkit train` from a user's own files: learning, resuming, errors."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from nlpkit.errors import DataError, PipelineNotFoundError, RecipeError, TrainingError
from nlpkit.recipe import read
from nlpkit.results import Answer, Summary
from nlpkit.tasks.loading import load
from tests.training.own_rows import COLUMNS, ROWS, folder_of, run, weights, write


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_a_separable_set_is_learned(tiny_encoder: Path, tmp_path: Path, suffix: str) -> None:
    source = write(ROWS, tmp_path / f"rows{suffix}")
    folder = folder_of(
        tmp_path / "own", tiny_encoder, source,
        training="epochs = 8", data=COLUMNS + "holdout = 0.25",
    )  # fmt: skip
    result = run(folder)
    assert result.heldout is not None
    assert result.heldout["accuracy"] == 1.0
    assert result.folder == folder
    pipeline = load(folder, device="cpu")
    assert [label.label for label in pipeline(["zzz zzz", "qqq"])] == ["low", "high"]
    assert pipeline("zzz") == result.pipeline("zzz")
    assert pipeline.evaluate(source)["accuracy"] == 1.0
    assert "# A recipe for a test." in (folder / "pipeline.toml").read_text()


@pytest.mark.parametrize(
    "tuning",
    ['tuning = "lora"\nrank = 2\nalpha = 4.0', 'tuning = "layers"\nlayers = 1', 'tuning = "all"'],
)
def test_every_tuning_trains_and_loads(tiny_encoder: Path, tmp_path: Path, tuning: str) -> None:
    source = write(ROWS, tmp_path / "rows.csv")
    folder = folder_of(
        tmp_path / "own", tiny_encoder, source, tuning=tuning,
        training="epochs = 6\nhead_learning_rate = 0.03", data=COLUMNS + "holdout = 0.0",
    )  # fmt: skip
    result = run(folder)
    assert result.heldout is None
    pipeline = load(folder, device="cpu")
    assert any(name.startswith("encoder.") for name in weights(folder))
    assert pipeline.evaluate(source)["accuracy"] == 1.0
    one, other = pipeline("qqq zzz"), result.pipeline("qqq zzz")
    assert one.score == pytest.approx(other.score, abs=1e-6)


KILLED = """
import os, signal, sys
from nlpkit.training import checkpoint
from nlpkit.training.train import train

folder, output, at, after = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4] == "after"
save = checkpoint.save

def save_and_die(where, progress, *rest):
    if after or progress.step < at:
        save(where, progress, *rest)
    if progress.step >= at:
        if not after:
            (where / "checkpoint.partial").write_bytes(b"half of a checkpoint")
        os.kill(os.getpid(), signal.SIGKILL)

checkpoint.save = save_and_die
train(folder, output=output, device="cpu", progress=False)
"""


@pytest.mark.parametrize(
    ("tuning", "every", "at", "when"),
    [
        ('tuning = "lora"\nrank = 2\nalpha = 4.0', 1, 5, "after"),
        ('tuning = "layers"', 3, 9, "before"),
    ],
)
def test_a_killed_run_goes_on_as_if_nothing_had_happened(
    tiny_encoder: Path, tmp_path: Path, tuning: str, every: int, at: int, when: str
) -> None:
    source = write(ROWS, tmp_path / "rows.jsonl")
    folder = folder_of(
        tmp_path / "own", tiny_encoder, source, tuning=tuning,
        training=f"epochs = 3\ndropout = 0.2\nevaluate_every = 2\ncheckpoint_every = {every}\n"
        "average = 0.9\nconsistency = 1.0",
        data=COLUMNS + "holdout = 0.2",
    )  # fmt: skip
    whole = run(folder, output=tmp_path / "whole")
    assert whole.progress.step > at + 2
    broken = tmp_path / "broken"
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(folder), str(broken), str(at), when],
        env={**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())},
        capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert killed.returncode == -9, killed.stderr
    assert not (broken / "weights.safetensors").exists()
    assert (broken / ".checkpoint" / "checkpoint.safetensors").is_file()
    resumed = run(folder, output=broken)
    expected, got = weights(tmp_path / "whole"), weights(broken)
    assert set(expected) == set(got)
    for name, tensor in expected.items():
        assert torch.equal(tensor, got[name]), name
    assert resumed.progress.step == whole.progress.step
    assert resumed.progress.history == whole.progress.history
    assert resumed.progress.best == whole.progress.best
    assert resumed.heldout == whole.heldout
    assert read(broken) == read(tmp_path / "whole")


def test_a_run_that_is_done_is_not_done_again(tiny_encoder: Path, tmp_path: Path) -> None:
    source = write(ROWS, tmp_path / "rows.csv")
    folder = folder_of(tmp_path / "own", tiny_encoder, source, data=COLUMNS)
    first = run(folder)
    before = weights(folder)
    again = run(folder)
    assert again.progress.seconds == first.progress.seconds
    for name, tensor in weights(folder).items():
        assert torch.equal(tensor, before[name])


def test_a_checkpoint_of_another_recipe(tiny_encoder: Path, tmp_path: Path) -> None:
    source = write(ROWS, tmp_path / "rows.csv")
    run(folder_of(tmp_path / "own", tiny_encoder, source, data=COLUMNS))
    folder = folder_of(tmp_path / "own", tiny_encoder, source, data=COLUMNS, training="epochs = 2")
    with pytest.raises(TrainingError, match="another recipe or other data"):
        run(folder)
    assert run(folder, resume=False).progress.step == 12


def test_other_seeds_give_other_weights(tiny_encoder: Path, tmp_path: Path) -> None:
    source = write(ROWS, tmp_path / "rows.csv")
    folder = folder_of(tmp_path / "own", tiny_encoder, source, data=COLUMNS)
    for name, seed in (("one", 1), ("again", 1), ("two", 2)):
        run(folder, output=tmp_path / name, seed=seed)
    one, again, two = (weights(tmp_path / name) for name in ("one", "again", "two"))
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert not all(torch.equal(one[name], two[name]) for name in one)
    assert read(tmp_path / "two").training.seed == 2
    # A command's seed of 0 is the default, but not that of this recipe.
    run(tmp_path / "two", output=tmp_path / "zero", seed=0)
    assert read(tmp_path / "zero").training.seed == 0


def test_limit(tiny_encoder: Path, tmp_path: Path) -> None:
    source = write(ROWS, tmp_path / "rows.csv")
    folder = folder_of(tmp_path / "own", tiny_encoder, source, data=COLUMNS + "holdout = 0.0")
    assert run(folder, limit=9, output=tmp_path / "small").progress.step == 3
    assert run(folder, limit=1000, output=tmp_path / "all").progress.step == 6


def test_early_stopping(tiny_encoder: Path, tmp_path: Path) -> None:
    source = write(ROWS, tmp_path / "rows.csv")
    folder = folder_of(
        tmp_path / "own", tiny_encoder, source, data=COLUMNS + "holdout = 0.25",
        training="epochs = 200\npatience = 2",
    )  # fmt: skip
    result = run(folder)
    assert result.progress.stopped
    assert result.progress.step < 200
    assert result.heldout is not None
    assert result.progress.best == result.heldout["accuracy"]


def test_a_column_that_is_not_there(tiny_encoder: Path, tmp_path: Path) -> None:
    source = write(ROWS, tmp_path / "rows.csv")
    columns = 'columns = {text = "body", label = "stars"}'
    folder = folder_of(tmp_path / "own", tiny_encoder, source, data=columns)
    with pytest.raises(DataError, match=r"'body'.*'?review'?, '?stars'?"):
        run(folder)
    folder = folder_of(tmp_path / "own", tiny_encoder, source, data="")
    with pytest.raises(DataError, match=r"text.*'?review'?, '?stars'?"):
        run(folder)
    folder = folder_of(tmp_path / "own", tiny_encoder, source, data='columns = {question = "q"}')
    with pytest.raises(DataError, match=r"'question'.*allowed: text, label"):
        run(folder)


def test_data_that_does_not_fit(tiny_encoder: Path, tmp_path: Path) -> None:
    rows = [*ROWS, {"review": "x", "stars": "middle"}]
    source = write(rows, tmp_path / "rows.csv")
    with pytest.raises(DataError, match="row 24 is 'middle'"):
        run(folder_of(tmp_path / "own", tiny_encoder, source, data=COLUMNS + "holdout = 0.0"))
    with pytest.raises(DataError, match="nowhere"):
        run(folder_of(tmp_path / "own", tiny_encoder, tmp_path / "nowhere.csv"))


@pytest.mark.parametrize("text", [None, 12.5, ["a"]])
def test_a_text_that_is_none(tiny_encoder: Path, tmp_path: Path, text: Any) -> None:
    source = write([*ROWS, {"review": text, "stars": "low"}], tmp_path / "rows.jsonl")
    folder = folder_of(tmp_path / "own", tiny_encoder, source, data=COLUMNS)
    with pytest.raises(DataError, match="row 24"):
        run(folder)


def test_folders_that_cannot_be_trained(tiny_encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(PipelineNotFoundError):
        run(tmp_path)
    folder = folder_of(tmp_path / "own", tiny_encoder, "rows.csv")
    text = (folder / "pipeline.toml").read_text()
    (folder / "pipeline.toml").write_text(text[: text.index("[data]")])
    with pytest.raises(RecipeError, match=r"no \[data\]"):
        run(folder)


def test_weights_that_are_no_longer_numbers(tiny_encoder: Path, tmp_path: Path) -> None:
    source = write(ROWS, tmp_path / "rows.csv")
    folder = folder_of(
        tmp_path / "own", tiny_encoder, source, data=COLUMNS,
        training="epochs = 3\nhead_learning_rate = 1e39",
    )  # fmt: skip
    with pytest.raises(TrainingError, match="diverged"):
        run(folder)


def test_question_answering_from_own_rows(tiny_encoder: Path, tmp_path: Path) -> None:
    rows = []
    for n in range(8):
        text = f"In {1950 + n} it rained. Then Anna came."
        answers = {"text": [str(1950 + n)], "answer_start": [3]}
        rows.append({"query": "when did it rain?", "text": text, "gold": answers})
    rows.append({**rows[0], "gold": {"text": [], "answer_start": []}})
    for suffix in (".jsonl", ".parquet"):
        source = write(rows, tmp_path / f"rows{suffix}")
        folder = folder_of(
            tmp_path / suffix[1:], tiny_encoder, source, task="question_answering",
            pooling="tokens", head='[head]\nkind = "span"\n', training="epochs = 2",
            data='columns = {question = "query", context = "text", answers = "gold"}\n'
            "holdout = 0.3",
        )  # fmt: skip
        result = run(folder)
        assert result.heldout is not None
        assert {"f1"} <= set(result.heldout)
        answer = load(folder, device="cpu")("when?", rows[0]["text"], threshold=0)
        assert isinstance(answer, Answer)
        assert answer


@pytest.mark.parametrize(("pooling", "kind"), [("sentences", "sentences"), ("mean", "pair")])
def test_summarization_from_own_rows(
    tiny_encoder: Path, tmp_path: Path, pooling: str, kind: str
) -> None:
    rows = [
        {
            "body": f"It rained in {n}. Bridge {n} fell at noon. Nobody was hurt. He waved {n}.",
            "short": f"Bridge {n} fell at noon.\nNobody was hurt.",
        }
        for n in range(6)
    ]
    source = write(rows, tmp_path / "rows.csv")
    folder = folder_of(
        tmp_path / "own", tiny_encoder, source, task="summarization", pooling=pooling,
        head=f'[head]\nkind = "{kind}"\n', training="epochs = 12",
        data='columns = {document = "body", summary = "short"}\nholdout = 0.2',
    )  # fmt: skip
    result = run(folder)
    assert result.heldout is not None
    assert result.heldout["rouge1"] > 0
    summary = load(folder, device="cpu")(rows[0]["body"], sentences=2)
    assert isinstance(summary, Summary)
    assert len(summary.sentences) == 2


@pytest.mark.parametrize("holdout", [0.02, 0.3])  # the first is one single row
def test_regression_from_own_rows(tiny_encoder: Path, tmp_path: Path, holdout: float) -> None:
    rows = [{"a": "z" * (1 + n % 7), "b": "q " * (1 + n % 3), "s": n % 7} for n in range(21)]
    source = write(rows, tmp_path / "rows.csv")
    folder = folder_of(
        tmp_path / "own", tiny_encoder, source,
        head='[head]\nkind = "regression"\nrange = [0, 6]\n',
        data='columns = {text = "a", pair = "b", label = "s"}\n' + f"holdout = {holdout}",
    )  # fmt: skip
    text = (folder / "pipeline.toml").read_text()
    (folder / "pipeline.toml").write_text(text.replace('name = "own"', 'name = "own"\npair = true'))
    result = run(folder)
    assert result.heldout is not None
    assert set(result.heldout) == {"pearson", "spearman"}
    assert 0 <= load(folder, device="cpu")(("zz", "q")).score <= 6


def test_changed_labels_are_another_run(tiny_encoder: Path, tmp_path: Path) -> None:
    source = write(ROWS, tmp_path / "rows.csv")
    folder = folder_of(
        tmp_path / "own", tiny_encoder, source,
        training="epochs = 8", data=COLUMNS + "holdout = 0.0",
    )  # fmt: skip
    run(folder)
    swapped = {"low": "high", "high": "low"}
    write([{**row, "stars": swapped[row["stars"]]} for row in ROWS], source)
    with pytest.raises(TrainingError, match="other data"):
        run(folder)
    trained = run(folder, resume=False).pipeline
    assert [label.label for label in trained(["zzz zzz", "qqq"])] == ["high", "low"]
