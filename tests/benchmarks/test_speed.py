"""The speed benchmark: its arithmetic, its table, its workers' protocol, the converted models."""

from __future__ import annotations

import doctest
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.speed import convert, environments, figures, inputs, plots, process, report
from benchmarks.speed.jobs import JOBS, Job, Ratio, System
from benchmarks.speed.measure import Measured, Runs, State

SPEEDS = st.lists(st.floats(0.01, 100), min_size=1, max_size=9)


@pytest.mark.parametrize("module", [environments, figures, inputs, report])
def test_the_examples_hold(module: Any) -> None:
    found = doctest.testmod(module)
    assert found.attempted
    assert not found.failed


# Arithmetic


@given(SPEEDS, st.floats(0.1, 10))
def test_a_system_twice_as_slow_in_every_round_has_one_ratio(
    seconds: list[float], factor: float
) -> None:
    found = figures.ratios(seconds, [factor * value for value in seconds])
    assert found == pytest.approx((factor, factor, factor))


@given(st.floats(0.2, 3), st.floats(1e-6, 1))
def test_growth_is_the_exponent(exponent: float, scale: float) -> None:
    sizes = [10.0**power for power in range(4, 8)]
    found = figures.growth(sizes, [scale * size**exponent for size in sizes])
    assert found == pytest.approx(exponent)


def test_operations_are_those_that_torch_counts() -> None:
    from torch.utils.flop_counter import FlopCounterMode
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=30, hidden_size=24, num_hidden_layers=3, num_attention_heads=2,
        intermediate_size=40, attn_implementation="eager",
    )  # fmt: skip
    encoder = BertModel(config, add_pooling_layer=False).eval()
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        encoder(input_ids=torch.ones(5, 17, dtype=torch.long))
    expected = figures.operations([17] * 5, layers=3, hidden=24, intermediate=40)
    assert expected == counter.get_total_flops()


# Inputs


@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 40))
def test_rows_are_spread_without_repetition(total: int, count: int, block: int) -> None:
    found = inputs.spread(total, count, block)
    assert len(found) == min(total, count)
    assert found == sorted(set(found))
    assert all(0 <= index < total for index in found)


@pytest.mark.parametrize("kind", ["documents", "questions", "sentences", "pairs"])
def test_made_rows_are_all_different(kind: str) -> None:
    rows = inputs.rows_for(kind, 60, None)
    assert len({tuple(row.values()) for row in rows}) == 60


def test_made_long_texts_have_the_length_asked_for() -> None:
    assert {len(row["passage"]) for row in inputs.rows_for("passage", 3, None)} == {30_000}
    lengths = inputs.rows_for("lengths", 0, None, (200_000, 10))
    assert [len(row["document"]) for row in lengths] == [10, 200_000]


# The table


def measured(*, peer_failed: str | None = None) -> Measured:
    """nlpkit at 10 a second, a peer at 2 with a batch of 1 and 4 with a batch of 8."""
    systems = (System("nlpkit", "", ""), System("peer", "", "", batches=(1, 8)))
    job = Job("job", "A job", "summarization", "documents", "documents", 20, systems, (
        Ratio("peer", at_least=2.5), Ratio("peer", at_least=2, goal=2.4), Ratio("left out"),
    ))  # fmt: skip
    states = [State("nlpkit"), State("peer", failed=peer_failed)]
    runs = [
        Runs("nlpkit", None, 0, 20, 20, [2.0, 4.0, 1.0]),
        Runs("peer", 1, 0, 20, 20, [10.0, 20.0, 5.0]),
        Runs("peer", 8, 0, 20, 20, [5.0, 9.6, 2.4]),
    ]
    return Measured(job, [{"document": "a"}], "somewhere", states, runs)


def test_the_peers_best_batch_counts_and_the_verdict_follows_the_median() -> None:
    rows = report.ratio_table([measured()]).splitlines()[2:]
    assert rows == [
        "| job | nlpkit | peer | 8 | 10 against 4 documents | **2.4×** (2.4–2.5) | 2.5× | **no** |",
        "| job | nlpkit | peer | 8 | 10 against 4 documents | **2.4×** (2.4–2.5) | 2×, goal 2.4× "
        "| goal |",
    ]


def test_a_peer_that_failed_is_a_line_with_the_reason() -> None:
    job = measured(peer_failed="ImportError: no a|b")
    page = report.page(
        [job],
        {"processor": "x", "cores": 2, "threads": 2, "system": "y", "python": "3", "device": "cpu"},
        rounds=3, date="today", useful=None, plots=[],
    )  # fmt: skip
    assert page.count("failed: ImportError: no a/b") == 3  # two ratios, and the table of speeds
    assert "4 documents" not in page


def test_plots_show_every_system_that_ran(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    by_length = measured()
    by_length.job = replace(by_length.job, each=True)
    by_length.runs = [
        Runs("nlpkit", None, 0, 1, 1000, [1.0, 2.0]), Runs("nlpkit", None, 1, 2, 5000, [5.0]),
    ]  # fmt: skip
    assert plots.write([measured(), by_length], tmp_path) == [
        "throughput-by-batch.svg", "throughput-by-length.svg"
    ]  # fmt: skip
    batch = (tmp_path / "throughput-by-batch.svg").read_text()
    assert ">peer<" in batch
    assert ">nlpkit<" in batch
    length = (tmp_path / "throughput-by-length.svg").read_text()
    assert ">5,000<" in length
    assert ">peer<" not in length
    assert plots.write([measured(peer_failed="no")], tmp_path / "none") == []


def test_every_ratio_compares_systems_of_its_job() -> None:
    for job in JOBS.values():
        labels = {system.label for system in job.systems}
        assert len(labels) == len(job.systems)
        assert {ratio.ours for ratio in job.ratios} | {r.peer for r in job.ratios} <= labels
        assert {system.environment for system in job.systems} <= {
            environments.HERE, *environments.REQUIREMENTS
        }  # fmt: skip


# Workers

SCRIPT = f"""
import sys
sys.path.insert(0, {str(process.WORKERS)!r})
from serve import System, serve

def load(config):
    if config.model == "broken":
        raise ImportError("nothing of that name")
    if config.model == "dead":
        sys.exit("ValueError: out of luck")
    print("a library talks", flush=True)

    def run(rows, batch):
        print("and talks")
        if batch == 7:
            raise ValueError("not\\n7")
        return [row["document"] * (batch or 1) for row in rows]

    return System(run, info={{"threads": config.threads}})

serve(load, ["pytest", "no-such-package"])
"""


def worker(folder: Path, model: str = "fine") -> process.Worker:
    (folder / "script.py").write_text(SCRIPT)
    (folder / "rows").write_text('{"document": "a"}\n{"document": "b"}\n{"document": "c"}\n')
    config = {
        "task": "summarization", "inputs": str(folder / "rows"), "model": model, "device": "cpu",
        "threads": 1, "options": {},
    }  # fmt: skip
    return process.Worker(
        sys.executable, str(folder / "script"), config,
        folder=folder, environment=environments.HERE, timeout=60,
    )  # fmt: skip


def test_a_worker_runs_the_rows_that_it_is_told(tmp_path: Path) -> None:
    found = worker(tmp_path)
    try:
        assert found.ready["info"] == {"threads": 1}
        assert set(found.ready["versions"]) == {"pytest"}
        answer = found.run(1, 3, 2, outputs=True)
        assert answer["outputs"] == ["bb", "cc"]
        assert 0 <= answer["seconds"] < found.seconds + 60
        with pytest.raises(process.WorkerError, match="ValueError: not 7"):
            found.run(0, 1, 7)
        assert "outputs" not in found.run(0, 1, None)  # it goes on after an error
    finally:
        found.close()


@pytest.mark.parametrize(
    ("model", "reason"), [("broken", "nothing of that name"), ("dead", "out of luck")]
)
def test_a_worker_that_cannot_load_says_why(tmp_path: Path, model: str, reason: str) -> None:
    with pytest.raises(process.WorkerError, match=reason):
        worker(tmp_path, model)


# Converted models


def test_a_converted_span_model_gives_the_pipelines_logits(
    tmp_path: Path, tiny_pipelines: dict[str, Path]
) -> None:
    from transformers import AutoModelForQuestionAnswering, PreTrainedTokenizerFast

    import nlpkit
    from nlpkit.tasks.question_answering import question_windows

    pipeline: Any = nlpkit.load(tiny_pipelines["question_answering"], device="cpu")
    folder = convert.model_folder(str(tiny_pipelines["question_answering"]), "span", tmp_path)
    question, passage = "who?", "a dog and a cat"
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
    ids = tokenizer(question, passage, return_tensors="pt")["input_ids"]
    encode = pipeline.tokenizer.encode
    window = question_windows(
        pipeline.tokenizer.template, *encode([question, passage]), size=64, stride=None
    )[0]
    assert window.ids.tolist() == ids[0].tolist()
    model = AutoModelForQuestionAnswering.from_pretrained(folder).eval()
    with torch.inference_mode():
        output = model(input_ids=ids, token_type_ids=torch.from_numpy(window.types)[None].long())
    theirs = torch.stack([output.start_logits[0], output.end_logits[0]], dim=-1)
    (ours,) = pipeline.runtime([window])
    torch.testing.assert_close(torch.from_numpy(ours), theirs, atol=1e-5, rtol=1e-4)


def test_a_converted_classifier_has_the_encoder_and_the_labels(
    tmp_path: Path, tiny_pipelines: dict[str, Path]
) -> None:
    from transformers import AutoModel, AutoModelForSequenceClassification

    name = str(tiny_pipelines["classification"])
    folder = convert.model_folder(name, "labels", tmp_path)
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    assert model.config.id2label == {0: "bad", 1: "good"}
    plain = AutoModel.from_pretrained(convert.model_folder(name, "encoder", tmp_path))
    for key, tensor in plain.encoder.state_dict().items():
        assert torch.equal(tensor, model.bert.encoder.state_dict()[key]), key
    # The second time it is there already.
    before = (folder / "config.json").stat().st_mtime_ns
    assert convert.model_folder(name, "labels", tmp_path) == folder
    assert (folder / "config.json").stat().st_mtime_ns == before


def test_a_head_that_does_not_fit_is_refused(
    tmp_path: Path, tiny_pipelines: dict[str, Path]
) -> None:
    with pytest.raises(ValueError, match="'labels', not 'span'"):
        convert.model_folder(str(tiny_pipelines["classification"]), "span", tmp_path)
    assert not (tmp_path / "models").exists()
