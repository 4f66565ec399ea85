"""`evaluate`: the official metrics of what the pipeline itself says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nlpkit.errors import DataError
from nlpkit.evaluation import glue, squad
from nlpkit.evaluation.calibration import expected_calibration_error
from nlpkit.evaluation.evaluate import evaluate, lines
from nlpkit.evaluation.rouge import rouge
from nlpkit.tasks.loading import load
from nlpkit.text import split_sentences

TEXTS = ["zz zz", "a good one", "bad!", "it is so-so " * 9, "q", "why not, then"]


@pytest.fixture(scope="module")
def opened(tiny_pipelines: dict[str, Path]) -> dict[str, Any]:
    return {name: load(folder, device="cpu") for name, folder in tiny_pipelines.items()}


@pytest.mark.parametrize("named", [True, False])
def test_classification(opened: dict[str, Any], named: bool) -> None:
    pipeline = opened["classification"]
    gold = [0, 1, 1, 0, 1, 0]
    labels = [pipeline.labels[g] for g in gold] if named else gold
    values = evaluate(pipeline, pd.DataFrame({"sentence": TEXTS, "label": labels}))
    results = pipeline(TEXTS)
    said = [pipeline.labels.index(result.label) for result in results]
    right = [s == g for s, g in zip(said, gold, strict=True)]
    assert next(iter(values)) == "accuracy"
    assert values["accuracy"] == pytest.approx(sum(right) / 6)
    assert values["f1"] == pytest.approx(glue.f1(said, gold))
    assert values["matthews"] == pytest.approx(glue.matthews(said, gold))
    scores = [result.score for result in results]
    assert values["ece"] == pytest.approx(expected_calibration_error(scores, right), abs=1e-6)
    assert pipeline.evaluate(pd.DataFrame({"text": TEXTS, "label": labels})) == values


def test_rows_without_a_label_do_not_count(opened: dict[str, Any]) -> None:
    pipeline = opened["classification"]
    frame = pd.DataFrame({"text": TEXTS, "label": [0, -1, 1, -1, 1, 0]})
    kept = frame[frame["label"] >= 0]
    assert evaluate(pipeline, frame) == evaluate(pipeline, kept)
    with pytest.raises(DataError, match="no row has a label"):
        evaluate(pipeline, frame.assign(label=-1))


def test_pairs(opened: dict[str, Any]) -> None:
    pipeline = opened["pair"]
    frame = pd.DataFrame({"text": TEXTS, "pair": TEXTS[::-1], "label": [0, 1] * 3})
    said = [pipeline((a, b)).label for a, b in zip(TEXTS, TEXTS[::-1], strict=True)]
    right = [s == pipeline.labels[g] for s, g in zip(said, [0, 1] * 3, strict=True)]
    assert evaluate(pipeline, frame)["accuracy"] == pytest.approx(np.mean(right))
    with pytest.raises(DataError, match="pair"):
        evaluate(pipeline, frame.drop(columns="pair"))


def test_regression(opened: dict[str, Any]) -> None:
    pipeline = opened["regression"]
    gold = [0.0, 5.0, 2.5, 3.25, 1.0, 4.0]
    values = evaluate(pipeline, pd.DataFrame({"text": TEXTS, "label": gold}))
    said = [result.score for result in pipeline(TEXTS)]
    assert values["pearson"] == pytest.approx(np.corrcoef(said, gold)[0, 1], abs=1e-5)
    assert values["spearman"] == pytest.approx(glue.spearman(said, gold))


def test_regression_without_a_correlation(opened: dict[str, Any]) -> None:
    none = {"pearson": 0.0, "spearman": 0.0}
    same = pd.DataFrame({"text": ["zz"] * 3, "label": [0.0, 1.0, 2.0]})
    assert evaluate(opened["regression"], same) == none
    assert evaluate(opened["regression"], same, limit=1) == none


def test_multi_label(opened: dict[str, Any]) -> None:
    pipeline = opened["multi_label"]
    names = pipeline.labels
    gold = [[], [names[0]], list(names), [names[1], names[2]], [names[2]], [names[0], names[2]]]
    values = evaluate(pipeline, pd.DataFrame({"text": TEXTS, "label": gold}))
    said = [set(result.labels) for result in pipeline(TEXTS)]
    hits = sum(len(s & set(g)) for s, g in zip(said, gold, strict=True))
    total = sum(len(s) + len(g) for s, g in zip(said, gold, strict=True))
    assert values["f1"] == pytest.approx(2 * hits / total)
    exact = [s == set(g) for s, g in zip(said, gold, strict=True)]
    assert values["accuracy"] == pytest.approx(np.mean(exact))


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
    values = evaluate(pipeline, frame)
    said = {
        row.id: pipeline(row.question, row.context, threshold=0).text for row in frame.itertuples()
    }
    golds = {row.id: row.answers["text"] for row in frame.itertuples()}
    official = squad.evaluate_v1(said, golds)
    assert list(values) == ["f1", "exact_match"]
    assert values == pytest.approx({name: official[name] for name in values})
    by_hand = [max(squad.f1(said[i], [text]) for text in golds[i]) for i in golds]
    assert values["f1"] == pytest.approx(100 * np.mean(by_hand))


def test_questions_without_an_answer(opened: dict[str, Any]) -> None:
    pipeline = opened["question_answering"]
    frame = questions(3)
    values = evaluate(pipeline, frame)
    said = {row.id: pipeline(row.question, row.context).text for row in frame.itertuples()}
    golds = {row.id: row.answers["text"] for row in frame.itertuples()}
    official = squad.evaluate_v2(said, golds)
    assert next(iter(values)) == "f1"
    assert values == pytest.approx(official)


def test_questions_need_ids_of_their_own(opened: dict[str, Any]) -> None:
    pipeline = opened["question_answering"]
    with pytest.raises(DataError, match="not unique"):
        evaluate(pipeline, questions(0).assign(id="q"))
    numbered = evaluate(pipeline, questions(0).drop(columns="id"))
    assert numbered == pytest.approx(evaluate(pipeline, questions(0)))


@pytest.mark.parametrize("name", ["summarization", "pair_scorer"])
def test_summarization(opened: dict[str, Any], name: str) -> None:
    pipeline = opened[name]
    documents = [
        "It rained. The old bridge fell at noon. Nobody was hurt. He waved. They went home.",
        "One. Two came late. Three stayed where they were. Four left. Five slept.",
    ]
    written = ["The bridge fell.\nNobody was hurt.", "Three stayed and four left."]
    values = evaluate(pipeline, pd.DataFrame({"article": documents, "highlights": written}))
    references = [["The bridge fell.", "Nobody was hurt."], ["Three stayed and four left."]]
    said = [[s.text for s in pipeline(document).sentences] for document in documents]
    lead = [[d[a:b] for a, b in split_sentences(d)[:3]] for d in documents]
    ours, first = rouge(said, references), rouge(lead, references)
    assert set(values) == {*ours, *(f"lead_{metric}" for metric in first)}
    for metric, value in ours.items():
        assert values[metric] == pytest.approx(100 * value)
        assert values[f"lead_{metric}"] == pytest.approx(100 * first[metric])


def test_a_file_and_a_limit(opened: dict[str, Any], tmp_path: Path) -> None:
    pipeline = opened["classification"]
    frame = pd.DataFrame({"text": TEXTS, "label": [0, 1] * 3, "more": "x"})
    for suffix in ("csv", "parquet"):
        path = tmp_path / f"rows.{suffix}"
        frame.to_csv(path, index=False) if suffix == "csv" else frame.to_parquet(path)
        assert evaluate(pipeline, path) == pytest.approx(evaluate(pipeline, frame))
        assert evaluate(pipeline, str(path), limit=4) == pytest.approx(
            evaluate(pipeline, frame, limit=4)
        )
    assert evaluate(pipeline, frame, limit=4) == evaluate(pipeline, frame.iloc[:4])


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
    with pytest.raises(DataError, match=r"row 0 is 'ugly'"):
        evaluate(opened["classification"], frame)


def test_reference_summaries_as_lists() -> None:
    assert lines(["One.", "Two."]) == ["One.", "Two."]
