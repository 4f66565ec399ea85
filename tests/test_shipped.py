"""The pipelines that come inside the package, on the sample data of the repository."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import nlpkit
from nlpkit import recipe as recipes
from nlpkit.corpora import read
from nlpkit.evaluation.squad import exact_match, f1
from nlpkit.shipped import available, shipped_folder
from nlpkit.training.record import recipe_fingerprint

DATA = Path(__file__).parent.parent / "data"
PAIRS = ("mnli", "mrpc", "qnli", "qqp", "rte", "stsb")
NAMES = ("cola", *PAIRS, "question_answering", "sst2", "summarization", "summarization_pair")

pytestmark = pytest.mark.shipped


def test_all_are_there_with_their_cards() -> None:
    assert set(NAMES) <= set(available())
    for name in available():
        card = (shipped_folder() / name / "README.md").read_text(encoding="utf-8")
        assert "## Data" in card
        assert "## Limits" in card


def test_together_they_are_small() -> None:
    files = [p for name in available() for p in (shipped_folder() / name).iterdir() if p.is_file()]
    assert sum(p.stat().st_size for p in files) < 60_000_000
    assert {p.suffix for p in files} - {".json"} == {".toml", ".safetensors", ".md"}


@pytest.mark.parametrize("name", NAMES)
def test_what_is_said_of_its_training_is_of_its_recipe_and_weights(name: str) -> None:
    recipe = recipes.read(shipped_folder() / name)
    said = json.loads((shipped_folder() / name / "training.json").read_text(encoding="utf-8"))
    assert recipe.weights is not None
    assert said["weights"] == recipe.weights.sha256
    assert said["recipe"] == recipe_fingerprint(recipe)


@pytest.mark.parametrize("name", NAMES)
def test_saved_again_it_is_the_same(name: str, tmp_path: Path) -> None:
    pipeline = nlpkit.load(name)
    again = nlpkit.load(pipeline.save(tmp_path / name))
    pair = ("Who came?", "Anna came late.")
    text = "Rain fell. The bridge broke. Nobody was hurt. He waved."
    one = pair if name in (*PAIRS, "question_answering") else text
    assert pipeline(one) == again(one)


def test_summaries_are_the_document_s_own_words() -> None:
    for path in sorted((DATA / "documents").glob("*.txt")):
        text = path.read_bytes().decode("utf-8")
        summary = nlpkit.summarize(text)
        assert min(2, len(summary.scores)) <= len(summary.sentences) <= 5
        assert all(text[s.start : s.end] == s.text for s in summary.sentences)
        three = nlpkit.summarize(text, sentences=3)
        assert len(three.sentences) == min(3, len(three.scores))


def test_questions_over_the_sample_passages() -> None:
    rows = read(DATA / "questions.json").to_dict("records")
    answers = nlpkit.load("question_answering")([(r["question"], r["context"]) for r in rows])
    answerable = [(a, r) for a, r in zip(answers, rows, strict=True) if r["answers"]["text"]]
    overlap = [f1(a.text, r["answers"]["text"]) for a, r in answerable]
    assert sum(overlap) / len(overlap) > 0.6
    silent = [not a for a, r in zip(answers, rows, strict=True) if not r["answers"]["text"]]
    assert sum(silent) / len(silent) > 0.3
    assert all(0 <= a.score <= 1 and 0 <= a.no_answer <= 1 for a in answers)


def test_the_best_of_many_passages_is_found() -> None:
    paths = sorted((DATA / "passages").glob("*.txt"))
    passages = [path.read_text("utf-8") for path in paths]
    rows = read(DATA / "questions.json").to_dict("records")
    asked = [r for r in rows if r["answers"]["text"]][::5]  # each reads all the passages
    answers = nlpkit.load("question_answering")(
        [(r["question"], passages) for r in asked], threshold=0
    )
    found = [paths[a.passage].stem == r["title"] for a, r in zip(answers, asked, strict=True)]
    assert sum(found) / len(found) > 0.7
    right = [exact_match(a.text, r["answers"]["text"]) for a, r in zip(answers, asked, strict=True)]
    assert sum(right) > 0


def test_pairs_are_told_apart() -> None:
    same = ("A dog runs on the beach.", "A dog is running along the shore.")
    other = ("A dog runs on the beach.", "The bank lowered its rates on Friday.")
    alike = nlpkit.load("stsb")
    assert 0 <= alike(other).score < 2 < alike(same).score <= 5
    assert nlpkit.classify(same, pipeline="mrpc").label == "equivalent"
    assert nlpkit.classify(other, pipeline="mrpc").label == "not_equivalent"
    denied = ("A man plays a guitar on stage.", "Nobody is playing any instrument.")
    assert nlpkit.classify(denied, pipeline="mnli").label == "contradiction"


def test_reviews_are_told_apart() -> None:
    rows = read(DATA / "reviews.csv").to_dict("records")
    labels = nlpkit.load("sst2")([row["sentence"] for row in rows])
    right = [label.label == row["label"] for label, row in zip(labels, rows, strict=True)]
    # They are not film reviews: far from what it was trained on, and near chance.
    assert sum(right) / len(right) > 0.55
