"""The sample data under data/: complete, well-formed, and with offsets that hold."""

from __future__ import annotations

import csv
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from nlpkit.files import iter_records, read_text

DATA = Path(__file__).parents[1] / "data"
QUESTIONS = [record for _, record in iter_records(DATA / "passages/questions.jsonl")]


@pytest.mark.parametrize("path", sorted(DATA.rglob("[!.]*.*")), ids=lambda path: path.name)
def test_every_file_is_text_without_a_byte_order_mark(path: Path) -> None:
    text = read_text(path)
    assert text.strip()
    assert text.encode() == path.read_bytes()
    assert text.endswith("\n")


def test_every_file_is_in_the_readme() -> None:
    readme = read_text(DATA / "README.md")
    for path in DATA.rglob("[!.]*.*"):
        if path.parent != DATA:
            assert path.name in readme


def test_every_document_has_one_summary_shorter_than_itself() -> None:
    rows = [record for _, record in iter_records(DATA / "documents/summaries.jsonl")]
    names = [path.name for path in (DATA / "documents").glob("*.txt")]
    assert sorted(row["document"] for row in rows) == sorted(names)
    for row in rows:
        document = read_text(DATA / "documents" / row["document"])
        assert 0 < len(row["summary"]) < len(document)


def test_documents_have_the_difficulties_they_are_for() -> None:
    mixed = read_text(DATA / "documents/mixed-scripts.txt")
    assert mixed.count("\r\n") == mixed.count("\n") > 10
    directions = {unicodedata.bidirectional(character) for character in mixed}
    assert {"R", "AL"} <= directions
    assert {"\u200b", "\u0301", "\u200d", "\t"} <= set(mixed)
    assert len(read_text(DATA / "documents/marsh-report.txt").split()) > 2_500
    assert 500 < len(read_text(DATA / "documents/harbour-bridge.txt").split()) < 800


@pytest.mark.parametrize("question", QUESTIONS, ids=[question["id"] for question in QUESTIONS])
def test_answers_stand_where_they_are_said_to(question: dict[str, object]) -> None:
    assert list(question) == ["id", "question", "passage", "answers"]
    assert str(question["question"]).endswith("?")
    passage = read_text(DATA / "passages" / str(question["passage"]))
    answers = question["answers"]
    assert isinstance(answers, dict)
    assert list(answers) == ["text", "answer_start"]
    for text, start in zip(answers["text"], answers["answer_start"], strict=True):
        assert text
        assert passage[start : start + len(text)] == text


def test_questions_cover_all_passages_and_some_have_no_answer() -> None:
    assert len({question["id"] for question in QUESTIONS}) == len(QUESTIONS) >= 24
    assert sum(not question["answers"]["text"] for question in QUESTIONS) >= 8
    asked = {question["passage"] for question in QUESTIONS}
    assert asked == {path.name for path in (DATA / "passages").glob("*.txt")}


def test_reviews_are_balanced_and_all_different() -> None:
    with (DATA / "sentences/reviews.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert Counter(row["label"] for row in rows) == {"negative": 20, "positive": 20}
    assert len({row["sentence"] for row in rows}) == len(rows)
