"""`nlpkit train` from a user's own files: learning, resuming, errors."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from nlpkit.errors import DataError, PipelineNotFoundError, RecipeError, TrainingError
from nlpkit.recipe import read
from nlpkit.results import Answer, Summary
from nlpkit.tasks.loading import load
from nlpkit.training.train import Trained, train

CLASSIFICATION = '[head]\nkind = "labels"\nlabels = ["low", "high"]\n'


def folder_of(
    folder: Path,
    encoder: Path,
    source: str | Path,
    *,
    task: str = "classification",
    pooling: str = "mean",
    head: str = CLASSIFICATION,
    tuning: str = 'tuning = "none"',
    training: str = "",
    data: str = "holdout = 0.0",
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pipeline.toml").write_text(f"""
# A recipe for a test.
name = "own"
task = "{task}"

[backbone]
name = "{encoder}"
max_tokens = 64
{tuning}

[pooling]
kind = "{pooling}"

{head}
[training]
batch_size = 4
learning_rate = 0.02
precision = "float32"
{training}

[data]
train = ["{source}"]
{data}
""")
    return folder


ROWS = [
    {"review": ("qqq " if n % 2 else "zzz ") * (1 + n % 5), "stars": "high" if n % 2 else "low"}
    for n in range(24)
]
COLUMNS = 'columns = {text = "review", label = "stars"}\n'


def write(rows: list[dict[str, Any]], path: Path) -> Path:
    if path.suffix == ".csv":
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        pd.DataFrame(rows).to_parquet(path)
    return path


def weights(folder: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return dict(load_file(folder / "weights.safetensors"))


def run(folder: Path, **options: Any) -> Trained:
    return train(folder, device="cpu", progress=False, **options)


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
        training=f"epochs = 3\ndropout = 0.2\nevaluate_every = 2\ncheckpoint_every = {every}",
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


class TestStart:
    """`training.start`: another pipeline's tuned encoder as the beginning."""

    LORA = 'tuning = "lora"\nrank = 2\nalpha = 4.0'

    @pytest.fixture
    def first(self, tiny_encoder: Path, tmp_path: Path) -> Path:
        source = write(ROWS, tmp_path / "rows.csv")
        folder = folder_of(
            tmp_path / "first", tiny_encoder, source, tuning=self.LORA,
            training="epochs = 4", data=COLUMNS + "holdout = 0.0",
        )  # fmt: skip
        run(folder)
        return folder

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

    def test_the_encoder_is_taken_and_the_head_is_not(
        self, first: Path, tiny_encoder: Path
    ) -> None:
        folder = self.second(first, tiny_encoder, str(first))
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
            ("FIRST", 'tuning = "lora"\nrank = 3\nalpha = 4.0', "has shape"),
            ("FIRST", 'tuning = "all"', "lack tensor"),
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
