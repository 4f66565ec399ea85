"""`evaluate`: the official metrics of what the pipeline itself says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nlpkit.errors import DataError, InputError, InputTypeError, UndefinedScoreError
from nlpkit.evaluation import glue, squad
from nlpkit.evaluation.calibration import expected_calibration_error
from nlpkit.evaluation.evaluate import evaluate, measure
from nlpkit.evaluation.rouge import rouge
from nlpkit.evaluation.scoring.summarization import lines
from nlpkit.tasks.loading import load


def values(scores: Any) -> dict[str, float]:
    return {name: score.value for name, score in scores.items()}


TEXTS = ["zz zz", "a good one", "bad!", "it is so-so " * 9, "q", "why not, then"]


@pytest.fixture(scope="module")
def opened(tiny_pipelines: dict[str, Path]) -> dict[str, Any]:
    return {name: load(folder, device="cpu") for name, folder in tiny_pipelines.items()}


@pytest.mark.parametrize("named", [True, False])
def test_classification(opened: dict[str, Any], named: bool) -> None:
    pipeline = opened["classification"]
    gold = [0, 1, 1, 0, 1, 0]
    labels = [pipeline.labels[g] for g in gold] if named else gold
    result = evaluate(pipeline, pd.DataFrame({"sentence": TEXTS, "label": labels}))
    results = pipeline(TEXTS)
    said = [pipeline.labels.index(result.label) for result in results]
    right = [s == g for s, g in zip(said, gold, strict=True)]
    assert next(iter(result)) == "accuracy"
    assert result["accuracy"].value == pytest.approx(sum(right) / 6)
    assert result["f1"].value == pytest.approx(glue.f1(said, gold).value)
    assert result["matthews"].value == pytest.approx(glue.matthews(said, gold).value)
    scores = [label.score for label in results]
    ece = expected_calibration_error(scores, right)
    assert result["ece"].value == pytest.approx(ece.value, abs=1e-6)
    again = pipeline.evaluate(pd.DataFrame({"text": TEXTS, "label": labels}))
    assert values(again) == values(result)
    assert list(result.examples["prediction"]) == [label.label for label in results]
    assert list(result.examples["correct"]) == right
    assert [str(s.signature) for s in result.values()] == [str(s.signature) for s in again.values()]


def test_rows_without_a_label_do_not_count(opened: dict[str, Any]) -> None:
    pipeline = opened["classification"]
    frame = pd.DataFrame({"text": TEXTS, "label": [0, -1, 1, -1, 1, 0]})
    kept = frame[frame["label"] >= 0]
    result = evaluate(pipeline, frame)
    assert values(result) == values(evaluate(pipeline, kept))
    assert result.notes == ("2 of 6 rows have no label and are left out",)
    with pytest.raises(DataError, match="no row of the data frame has a label"):
        evaluate(pipeline, frame.assign(label=-1))


def test_pairs(opened: dict[str, Any]) -> None:
    pipeline = opened["pair"]
    frame = pd.DataFrame({"text": TEXTS, "pair": TEXTS[::-1], "label": [0, 1] * 3})
    said = [pipeline((a, b)).label for a, b in zip(TEXTS, TEXTS[::-1], strict=True)]
    right = [s == pipeline.labels[g] for s, g in zip(said, [0, 1] * 3, strict=True)]
    assert evaluate(pipeline, frame)["accuracy"].value == pytest.approx(np.mean(right))
    with pytest.raises(DataError, match="pair"):
        evaluate(pipeline, frame.drop(columns="pair"))


def test_regression(opened: dict[str, Any]) -> None:
    pipeline = opened["regression"]
    gold = [0.0, 5.0, 2.5, 3.25, 1.0, 4.0]
    result = evaluate(pipeline, pd.DataFrame({"text": TEXTS, "label": gold}))
    said = [label.score for label in pipeline(TEXTS)]
    assert result["pearson"].value == pytest.approx(np.corrcoef(said, gold)[0, 1], abs=1e-5)
    assert result["spearman"].value == pytest.approx(glue.spearman(said, gold).value)


def test_regression_without_a_correlation(opened: dict[str, Any]) -> None:
    same = pd.DataFrame({"text": ["zz"] * 3, "label": [0.0, 1.0, 2.0]})
    result = evaluate(opened["regression"], same)
    assert not result
    assert set(result.undefined) == {"pearson", "spearman"}
    assert "predictions" in result.undefined["pearson"]
    with pytest.raises(UndefinedScoreError, match="pearson is not defined"):
        result["pearson"]
    # Training goes on where its first evaluations have no correlation.
    assert measure(opened["regression"], same) == {"pearson": 0.0, "spearman": 0.0}


def test_multi_label(opened: dict[str, Any]) -> None:
    pipeline = opened["multi_label"]
    names = pipeline.labels
    gold = [[], [names[0]], list(names), [names[1], names[2]], [names[2]], [names[0], names[2]]]
    result = evaluate(pipeline, pd.DataFrame({"text": TEXTS, "label": gold}))
    said = [set(label.labels) for label in pipeline(TEXTS)]
    hits = sum(len(s & set(g)) for s, g in zip(said, gold, strict=True))
    total = sum(len(s) + len(g) for s, g in zip(said, gold, strict=True))
    assert result["f1"].value == pytest.approx(2 * hits / total)
    exact = [s == set(g) for s, g in zip(said, gold, strict=True)]
    assert result["accuracy"].value == pytest.approx(np.mean(exact))


PASSAGES = [f"In {year} it rained. Anna came in May." for year in range(1950, 1956)]


def questions(unanswerable: int) -> pd.DataFrame:
    golds = [{"text": [p[3:7], p[:7]], "answer_start": [3, 0]} for p in PASSAGES]
    for index in range(unanswerable):
        golds[index] = {"text": [], "answer_start": []}
    return pd.DataFrame({
        "id": [f"q{n}" for n in range(6)],
        "question": ["when did it rain?"] * 6,
        "context": PASSAGES,
        "answers": golds,
    })  # fmt: skip


def test_questions_that_all_have_an_answer(opened: dict[str, Any]) -> None:
    pipeline = opened["question_answering"]
    frame = questions(0)
    result = evaluate(pipeline, frame)
    said = {
        row.id: pipeline(row.question, row.context, threshold=0).text for row in frame.itertuples()
    }
    golds = {row.id: row.answers["text"] for row in frame.itertuples()}
    assert list(result) == ["f1", "exact_match"]
    assert values(result) == pytest.approx(values(squad.squad_v1(said, golds)))
    by_hand = [max(squad.f1(said[i], [text]) for text in golds[i]) for i in golds]
    assert result["f1"].value == pytest.approx(100 * np.mean(by_hand))
    assert list(result.examples["f1"]) == pytest.approx(by_hand)


def test_questions_without_an_answer(opened: dict[str, Any]) -> None:
    pipeline = opened["question_answering"]
    frame = questions(3)
    result = evaluate(pipeline, frame)
    said = {row.id: pipeline(row.question, row.context).text for row in frame.itertuples()}
    golds = {row.id: row.answers["text"] for row in frame.itertuples()}
    official = values(squad.squad_v2(said, golds))
    assert next(iter(result)) == "f1"
    assert {k: v for k, v in values(result).items() if k in official} == pytest.approx(official)
    assert dict(zip(result.examples["id"], result.examples["prediction"], strict=True)) == said
    # The best threshold is at least as good as the pipeline's own.
    assert result["best_f1"].value >= result["f1"].value
    assert result["f1"].signature["min_score"] == "0.5"


def test_questions_need_ids_of_their_own(opened: dict[str, Any]) -> None:
    pipeline = opened["question_answering"]
    with pytest.raises(DataError, match="'q' stands in two rows"):
        evaluate(pipeline, questions(0).assign(id="q"))
    numbered = evaluate(pipeline, questions(0).drop(columns="id"))
    assert values(numbered) == pytest.approx(values(evaluate(pipeline, questions(0))))


DOCUMENTS = [
    "It rained. The old bridge fell at noon. Nobody was hurt. He waved. They went home.",
    "One. Two came late. Three stayed where they were. Four left. Five slept.",
]
SUMMARIES = ["The bridge fell.\nNobody was hurt.", "Three stayed and four left."]


@pytest.mark.parametrize("name", ["summarization", "pair_scorer"])
def test_summarization(opened: dict[str, Any], name: str) -> None:
    pipeline = opened[name]
    result = evaluate(pipeline, pd.DataFrame({"article": DOCUMENTS, "highlights": SUMMARIES}))
    references = [["The bridge fell.", "Nobody was hurt."], ["Three stayed and four left."]]
    said = [[s.text for s in pipeline(document).sentences] for document in DOCUMENTS]
    ours = rouge(said, references)
    assert list(result)[:3] == list(ours)
    for metric, score in ours.items():
        assert result[metric].value == pytest.approx(score.value)
    assert list(result.examples["prediction"]) == ["\n".join(sentences) for sentences in said]
    assert set(result) >= {"compression", "redundancy", "order"}


def test_an_empty_reference_names_its_row(opened: dict[str, Any]) -> None:
    frame = pd.DataFrame({"document": DOCUMENTS, "summary": ["Fine.", "  "]})
    with pytest.raises(DataError, match="summary of row 1 of the data frame is empty"):
        evaluate(opened["summarization"], frame)


def test_inputs_that_cannot_be_read_count_as_wrong(opened: dict[str, Any]) -> None:
    frame = pd.DataFrame({"text": [*TEXTS, " "], "label": [0, 1, 1, 0, 1, 0, 0]})
    result = evaluate(opened["classification"], frame)
    assert result["accuracy"].n == 7
    assert result.examples["correct"].iloc[-1] == 0
    assert result.notes == ("1 rows have no prediction and count as wrong",)


def test_a_file_and_a_limit(opened: dict[str, Any], tmp_path: Path) -> None:
    pipeline = opened["classification"]
    frame = pd.DataFrame({"text": TEXTS, "label": [0, 1] * 3, "more": "x"})
    whole, part = values(evaluate(pipeline, frame)), values(evaluate(pipeline, frame, limit=4))
    for suffix in ("csv", "parquet"):
        path = tmp_path / f"rows.{suffix}"
        frame.to_csv(path, index=False) if suffix == "csv" else frame.to_parquet(path)
        assert values(evaluate(pipeline, path)) == pytest.approx(whole)
        assert values(evaluate(pipeline, str(path), limit=4)) == pytest.approx(part)
    assert part == values(evaluate(pipeline, frame.iloc[:4]))


def test_a_dataset_of_the_hub_s_library(opened: dict[str, Any]) -> None:
    datasets = pytest.importorskip("datasets")
    pipeline = opened["classification"]
    # Numbers count by the data set's own names, which are in another order here.
    names = list(reversed(pipeline.labels))
    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=names)}
    )
    gold = [0, 1, 1, 0, 1, 0]
    table = datasets.Dataset.from_dict({"text": TEXTS, "label": gold}, features=features)
    by_name = pd.DataFrame({"text": TEXTS, "label": [names[g] for g in gold]})
    assert values(evaluate(pipeline, table)) == values(evaluate(pipeline, by_name))


def test_predictions_are_kept_and_taken_up(opened: dict[str, Any], tmp_path: Path) -> None:
    pipeline = opened["classification"]
    frame = pd.DataFrame({"text": TEXTS, "label": [0, 1] * 3})
    path = tmp_path / "deep" / "predictions.jsonl"
    whole = evaluate(pipeline, frame, predictions=path)
    written = path.read_text()
    # A run that was killed within the fifth prediction.
    lines_ = written.splitlines(keepends=True)
    path.write_text("".join(lines_[:5]) + lines_[5][:7])
    resumed = evaluate(pipeline, frame, predictions=path)
    assert values(resumed) == pytest.approx(values(whole))
    assert list(resumed.examples["prediction"]) == list(whole.examples["prediction"])
    assert len(path.read_text().splitlines()) == 7
    with pytest.raises(DataError, match="holds other predictions"):
        evaluate(pipeline, frame.iloc[:4], predictions=path)
    fresh = evaluate(pipeline, frame.iloc[:4], predictions=path, resume=False)
    assert fresh["accuracy"].n == 4


def test_kept_predictions_are_believed(opened: dict[str, Any], tmp_path: Path) -> None:
    pipeline = opened["classification"]
    frame = pd.DataFrame({"text": TEXTS, "label": [0, 1] * 3})
    evaluate(pipeline, frame, predictions=tmp_path)
    (file,) = tmp_path.iterdir()
    header, *rows = file.read_text().splitlines()
    other = ['{"label": "' + pipeline.labels[n % 2] + '", "score": 1.0}' for n in range(len(rows))]
    file.write_text("\n".join([header, *other]) + "\n")
    assert evaluate(pipeline, frame, predictions=tmp_path)["accuracy"].value == 1.0


def test_no_data_set_at_all(opened: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="names none in its"):
        evaluate(opened["classification"])
    with pytest.raises(InputTypeError, match="of type int"):
        evaluate(opened["classification"], 5)


@pytest.mark.parametrize("name", ["classification", "question_answering", "summarization"])
def test_no_rows_and_no_columns(opened: dict[str, Any], name: str) -> None:
    columns = {
        "classification": ["text", "label"],
        "question_answering": ["question", "context", "answers"],
        "summarization": ["document", "summary"],
    }[name]
    with pytest.raises(DataError, match="no rows"):
        evaluate(opened[name], pd.DataFrame({column: [] for column in columns}))
    with pytest.raises(DataError, match=rf"{columns[-1]}.*other"):
        evaluate(opened[name], pd.DataFrame({columns[0]: [], "context": [], "other": []}))


def test_an_unknown_label(opened: dict[str, Any]) -> None:
    frame = pd.DataFrame({"text": TEXTS, "label": ["ugly"] * 6})
    known = ", ".join(map(repr, opened["classification"].labels))
    with pytest.raises(DataError, match=f"has the labels 'ugly', and .* knows {known}"):
        evaluate(opened["classification"], frame)
    numbers = frame.assign(label=[0, 1, 2, 3, 4, 9])
    with pytest.raises(DataError, match=f"'9', and .* knows {known}"):
        evaluate(opened["classification"], numbers)


def test_reference_summaries_as_lists() -> None:
    assert lines(["One.", "Two."]) == ["One.", "Two."]
