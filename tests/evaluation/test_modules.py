from __future__ import annotations

import json
import math
import socket
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from nlpkit.errors import InputError, InputTypeError, NlpkitWarning, UndefinedScoreError
from nlpkit.evaluation import glue, squad, summaries
from nlpkit.evaluation.calibration import expected_calibration_error
from nlpkit.evaluation.glue import GLUE
from nlpkit.evaluation.meteor import meteor
from nlpkit.evaluation.modules import load, names
from nlpkit.evaluation.rouge import rouge

SAID = ["The dam broke.\nNobody was hurt.", "Rain fell."]
WANTED = ["The old dam broke at noon.\nNobody fell.", "It rained for days.\nRain fell again."]
SPLIT = [text.split("\n") for text in SAID], [text.split("\n") for text in WANTED]

ANSWERS = [
    {"id": "q1", "prediction_text": "the Rome", "no_answer_probability": 0.1},
    {"id": "q2", "prediction_text": "1066", "no_answer_probability": 0.8},
    {"id": "q3", "prediction_text": "in old Paris", "no_answer_probability": 0.2},
]
GOLDS: list[dict[str, Any]] = [
    {"id": "q3", "answers": {"text": ["Paris", "old Paris"], "answer_start": [3, 0]}},
    {"id": "q1", "answers": {"text": ["Rome"], "answer_start": [7]}},
    {"id": "q2", "answers": {"text": [], "answer_start": []}},
]


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> NoReturn:
        raise AssertionError("a metric asked for the network")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)


def plain(scores: Any) -> dict[str, float]:
    return {name: score.value for name, score in scores.items()}


EXAMPLES: dict[str, tuple[Any, Any]] = {
    "rouge": (SAID, WANTED),
    "meteor": (SAID, WANTED),
    "compression": (SAID, WANTED),
    "order": (SAID, WANTED),
    "redundancy": (SAID, None),
    "squad": ([{k: a[k] for k in ("id", "prediction_text")} for a in ANSWERS[::2]], GOLDS[:2]),
    "squad_v2": (ANSWERS, GOLDS),
    "accuracy": ([0, 1, 1, 0], [0, 1, 0, 1]),
    "f1": ([0, 1, 1, 1], [0, 1, 0, 1]),
    "matthews_correlation": ([0, 1, 1, 1], [0, 1, 0, 1]),
    "pearsonr": ([0.5, 1.5, 3.25, 1], [0.0, 1.0, 5.0, 3.5]),
    "spearmanr": ([0.5, 1.5, 3.25, 1], [0.0, 1.0, 5.0, 3.5]),
    "glue": ([0, 1, 1, 1], [0, 1, 0, 1]),
    "ece": ([0.9, 0.9, 0.6, 0.6], [True, True, True, False]),
}


def metric_of(name: str, **options: Any) -> Any:
    return load(name, "mrpc" if name == "glue" else None, **options)


def test_every_metric_has_an_example() -> None:
    assert set(EXAMPLES) == set(names())


@pytest.mark.parametrize("name", names())
def test_all_at_once_one_by_one_and_in_batches(name: str) -> None:
    import evaluate

    said, wanted = EXAMPLES[name]
    metric = metric_of(name)
    assert isinstance(metric, evaluate.Metric)
    assert metric.name == name
    inputs = {"predictions": said} | ({} if wanted is None else {"references": wanted})
    whole = metric.compute(**inputs)
    assert json.loads(json.dumps(whole)) == whole
    assert all(type(value) in (int, float) for value in whole.values())

    for i, prediction in enumerate(said):
        metric.add(prediction=prediction, reference=wanted and wanted[i])
    assert len(metric) == len(said)
    assert metric.compute() == whole

    metric.add_batch(**{key: values[:1] for key, values in inputs.items()})
    metric.add_batch(**{key: values[1:] for key, values in inputs.items()})
    assert metric.compute() == whole


def test_values_are_those_of_the_functions() -> None:
    def computed(name: str, **options: Any) -> dict[str, float]:
        said, wanted = EXAMPLES[name]
        result: dict[str, float] = metric_of(name, **options).compute(
            predictions=said, references=wanted
        )
        return result

    types = ("rouge1", "rouge2", "rougeL", "rougeLsum")
    assert computed("rouge") == plain(rouge(*SPLIT, types=types))
    assert computed("rouge", stem=False, types=["rouge2"]) == plain(
        rouge(*SPLIT, types=["rouge2"], stem=False)
    )
    assert computed("meteor", gamma=0.2)["meteor"] == meteor(SAID, WANTED, gamma=0.2).value
    assert computed("compression")["compression"] == summaries.compression(SPLIT[0], WANTED).value
    assert computed("redundancy")["redundancy"] == summaries.redundancy(SPLIT[0]).value
    # The document is one sentence of two lines; then, of two, the second.
    assert load("order").compute(
        predictions=["Rain fell."], references=["It rained for days. Rain fell again."]
    ) == {"order": 1.0}
    classes = EXAMPLES["f1"]
    assert computed("f1") == {"f1": glue.f1(*classes).value}
    assert computed("f1", positive=0) == {"f1": glue.f1(*classes, positive=0).value}
    assert computed("matthews_correlation") == {
        "matthews_correlation": glue.matthews(*classes).value
    }
    assert computed("pearsonr") == {"pearsonr": glue.pearson(*EXAMPLES["pearsonr"]).value}
    assert computed("spearmanr") == {"spearmanr": glue.spearman(*EXAMPLES["pearsonr"]).value}
    ece = expected_calibration_error(*EXAMPLES["ece"], bins=4).value
    assert computed("ece", bins=4) == {"ece": ece}
    assert load("pearson").name == "pearsonr"


def test_squad() -> None:
    said, golds = EXAMPLES["squad"]
    expected = squad.squad_v1(
        {"q1": "the Rome", "q3": "in old Paris"}, {"q1": ["Rome"], "q3": ["Paris", "old Paris"]}
    )
    assert load("squad").compute(predictions=said, references=golds) == plain(expected)
    bare = [{"id": gold["id"], "answers": {"text": gold["answers"]["text"]}} for gold in golds]
    assert load("squad").compute(predictions=said, references=bare) == plain(expected)


def test_squad_v2_has_the_keys_of_the_hub() -> None:
    result = load("squad_v2").compute(predictions=ANSWERS, references=GOLDS)
    assert result == pytest.approx(
        {
            "exact": 100 / 3,
            "f1": 100 * 1.8 / 3,
            "total": 3,
            "HasAns_exact": 50.0,
            "HasAns_f1": 90.0,
            "HasAns_total": 2,
            "NoAns_exact": 0.0,
            "NoAns_f1": 0.0,
            "NoAns_total": 1,
            "best_exact": 200 / 3,
            "best_exact_thresh": 0.1,
            "best_f1": 100 * 2.8 / 3,
            "best_f1_thresh": 0.2,
        }
    )
    sure = [{k: a[k] for k in ("id", "prediction_text")} for a in ANSWERS]
    without = load("squad_v2").compute(predictions=sure, references=GOLDS)
    assert without == {key: value for key, value in result.items() if "best" not in key}
    at = load("squad_v2", threshold=0.5).compute(predictions=ANSWERS, references=GOLDS)
    assert at["NoAns_exact"] == 100.0
    assert load("squad_v2").compute(predictions=ANSWERS, references=GOLDS, threshold=0.5) == at


@pytest.mark.parametrize("task", [*GLUE, "mnli_matched", "mnli_mismatched"])
def test_glue(task: str) -> None:
    said, true = [0, 1, 1, 0, 1], np.array([0, 1, 0, 1, 1])
    result = load("glue", task).compute(predictions=said, references=true)
    scores = plain(glue.glue_scores(task.partition("_")[0], said, true))
    assert list(result.values()) == list(scores.values())
    keys = {"stsb": {"pearson", "spearmanr"}, "cola": {"matthews_correlation"}}
    paraphrase = {"accuracy", "f1"} if task in ("mrpc", "qqp") else {"accuracy"}
    assert set(result) == keys.get(task, paraphrase)


def test_names_of_labels() -> None:
    names = GLUE["mrpc"].labels
    assert names is not None
    said, true = [[names[i] for i in side] for side in EXAMPLES["glue"]]
    by_number = load("glue", "mrpc").compute(
        predictions=EXAMPLES["glue"][0], references=EXAMPLES["glue"][1]
    )
    assert load("glue", "mrpc").compute(predictions=said, references=true) == by_number
    assert load("f1", positive=names[1]).compute(predictions=said, references=true) == {
        "f1": by_number["f1"]
    }


def test_combined() -> None:
    import evaluate

    said, true = EXAMPLES["f1"]
    both = evaluate.combine([load("accuracy"), load("f1"), load("matthews")])
    whole = both.compute(predictions=said, references=true)
    assert set(whole) == {"accuracy", "f1", "matthews_correlation"}
    both.add_batch(predictions=said[:2], references=true[:2])
    for prediction, reference in zip(said[2:], true[2:], strict=True):
        both.add(prediction=prediction, reference=reference)
    assert both.compute() == whole
    summary = evaluate.combine([load("rouge"), load("meteor"), load("redundancy")])
    summary.add_batch(predictions=SAID, references=WANTED)
    assert set(summary.compute()) == {
        "rouge1", "rouge2", "rougeL", "rougeLsum", "meteor", "redundancy",
    }  # fmt: skip


def test_summaries_as_lists_of_sentences() -> None:
    lists = load("rouge").compute(predictions=SPLIT[0], references=SPLIT[1])
    assert lists == load("rouge").compute(predictions=SAID, references=WANTED)


def test_unsplit_summaries_are_warned_about() -> None:
    said, wanted = ([" ".join(lines) for lines in side] for side in SPLIT)
    with pytest.warns(NlpkitWarning, match="rougeLsum is the same as rougeL"):
        unsplit = load("rouge").compute(predictions=said, references=wanted)
    assert unsplit["rougeLsum"] == unsplit["rougeL"]
    split = load("rouge", split=True).compute(predictions=said, references=wanted)
    assert split == load("rouge").compute(predictions=SAID, references=WANTED)


def test_several_references_and_tokens_for_meteor() -> None:
    several = [[text, "It rained."] for text in WANTED]
    assert load("meteor").compute(predictions=SAID, references=several) == {
        "meteor": meteor(SAID, several).value
    }
    said, wanted = ([text.split() for text in side] for side in (SAID, WANTED))
    assert load("meteor").compute(predictions=said, references=wanted) == {
        "meteor": meteor(said, wanted).value
    }
    several_tokens = [[tokens, ["Rain"]] for tokens in wanted]
    assert load("meteor").compute(predictions=said, references=several_tokens) == {
        "meteor": meteor(said, several_tokens).value
    }


def test_files_are_written_only_where_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, true = EXAMPLES["accuracy"]
    metric = load("accuracy", cache_dir=str(tmp_path / "memory"))
    metric.add_batch(predictions=said, references=true)
    assert metric.compute() == {"accuracy": 0.5}
    assert list(tmp_path.iterdir()) == []
    on_disk = load("accuracy", cache_dir=str(tmp_path), keep_in_memory=False)
    on_disk.add_batch(predictions=said, references=true)
    assert [path for path in tmp_path.rglob("*.arrow") if path.parent.parent.name == "accuracy"]
    assert on_disk.compute() == {"accuracy": 0.5}
    assert list(tmp_path.rglob("*.arrow")) == []


@pytest.mark.parametrize(
    ("name", "said", "wanted", "error", "message"),
    [
        ("accuracy", [], [], InputError, "no predictions"),
        ("accuracy", [1, 0], [1], InputError, "2 predictions and 1 references"),
        ("accuracy", [1, 0], None, InputError, "references are missing"),
        ("accuracy", [1, 0.4], [1, 0], InputError, "0.4 at index 1"),
        ("accuracy", [1, None], [1, 0], InputTypeError, "prediction is None, not a number"),
        ("accuracy", [1, "no"], [1, "no"], InputTypeError, "example 1 .* another form"),
        ("accuracy", ["yes", 1], ["yes", "no"], InputTypeError, "is 'no', not a number"),
        ("accuracy", "10", "10", InputTypeError, "predictions are of type str"),
        ("pearsonr", [1.0, math.nan], [1, 2], InputError, "nan at index 1"),
        ("spearmanr", [1, 2], [3, 3], UndefinedScoreError, "all labels are equal"),
        ("pearsonr", [1, 2], ["1", "2"], InputTypeError, "reference is '1'"),
        ("glue", [3, 1], [0, 1], InputError, "no label of mrpc: allowed are 0, 1"),
        ("ece", [1.5], [1], InputError, "from 0 to 1"),
        ("rouge", [5], ["a"], InputTypeError, "prediction is 5"),
        ("rouge", ["a"], [["a"]], InputTypeError, "two forms"),
        ("meteor", ["a"], [[]], InputError, "no reference"),
        ("squad", ["Rome"], GOLDS[:1], InputTypeError, "not a dict with id, prediction_text"),
        ("squad", [{"id": "q1"}], GOLDS[:1], InputError, "no 'prediction_text'; there are id"),
        ("squad", [ANSWERS[0]] * 2, GOLDS[:2], InputError, "1 predictions have the id of another"),
        ("squad", ANSWERS[:1], GOLDS[:1], InputError, "None of the 1 predictions"),
        ("squad", [{"id": "q1", "prediction_text": None}], GOLDS[:1], InputTypeError, "'q1' is No"),
        ("squad", [{"id": 1, "prediction_text": ""}], GOLDS[:1], InputTypeError, "id is 1, not"),
        ("squad_v2", [ANSWERS[0], {"id": "q2", "prediction_text": ""}], GOLDS[1:], InputTypeError,
         "another form"),
        ("squad_v2", [ANSWERS[0] | {"no_answer_probability": math.inf}], GOLDS[1:2], InputError,
         "'q1' is inf"),
    ],
)  # fmt: skip
def test_wrong_inputs(
    name: str, said: Any, wanted: Any, error: type[Exception], message: str
) -> None:
    metric = metric_of(name)
    with pytest.raises(error, match=message):
        metric.compute(predictions=said, references=wanted)
    # An error leaves nothing behind.
    right, true = EXAMPLES[name]
    fresh = metric_of(name).compute(predictions=right, references=true)
    assert metric.compute(predictions=right, references=true) == fresh


def test_wrong_names_and_options() -> None:
    with pytest.raises(InputError, match="no metric 'bleu'; there are rouge, meteor"):
        load("bleu")
    with pytest.raises(InputError, match="configuration None is not known; allowed: cola, sst2"):
        load("glue")
    with pytest.raises(InputError, match="configuration 'mrpc' is not known; allowed: none"):
        load("accuracy", "mrpc")
    with pytest.raises(InputError, match="Rouge has no option 'use_stemmer'; allowed: types, stem"):
        load("rouge", use_stemmer=True)
    metric = load("accuracy")
    with pytest.raises(InputError, match="Accuracy has no option 'normalize'; allowed: none"):
        metric.compute(predictions=[1], references=[1], normalize=False)
    with pytest.raises(InputError, match="add some before compute"):
        metric.compute()
    with pytest.raises(InputError, match="no input 'sources'"):
        metric.add_batch(predictions=[1], references=[1], sources=[1])


def test_ids_without_a_partner_are_told() -> None:
    answers = {"text": ["Rome"], "answer_start": [0]}
    said = [{"id": i, "prediction_text": "Rome"} for i in ("q1", "q9")]
    gold = [{"id": i, "answers": answers} for i in ("q1", "q2")]
    told = "1 of 2 questions have no prediction, and 1 predictions are for no question"
    with pytest.warns(NlpkitWarning, match=told):
        assert load("squad").compute(predictions=said, references=gold)["f1"] == 50.0
