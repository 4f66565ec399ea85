"""The sample data under data/: complete, well-formed, and with offsets that hold."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pandas")

from nlpkit.corpora import read
from nlpkit.files import read_text

DATA = Path(__file__).parents[1] / "data"
SUMMARIES: list[dict[str, Any]] = read(DATA / "summaries.jsonl").to_dict("records")
QUESTIONS: list[dict[str, Any]] = read(DATA / "questions.json").to_dict("records")
REVIEWS: list[dict[str, Any]] = read(DATA / "reviews.csv").to_dict("records")
PASSAGES = {row["title"]: row["context"] for row in QUESTIONS}


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def phrases(text: str, length: int = 8) -> set[tuple[str, ...]]:
    found = words(text)
    return {tuple(found[i : i + length]) for i in range(len(found) - length + 1)}


@pytest.mark.parametrize("path", sorted(DATA.rglob("[!.]*.*")), ids=lambda path: path.name)
def test_every_file_is_text_without_a_byte_order_mark(path: Path) -> None:
    text = read_text(path)
    assert text.strip()
    assert text.encode() == path.read_bytes()
    assert text.endswith("\n")


def test_the_readme_names_every_file_and_every_text() -> None:
    readme = read_text(DATA / "README.md")
    for path in DATA.glob("*.[jc]s*"):
        assert f"| `{path.name}` |" in readme
    for name in [*(row["id"] for row in SUMMARIES), *PASSAGES]:
        assert f"| `{name}` |" in readme
    assert f"| {len(SUMMARIES)} |" in readme
    assert f"| {len(QUESTIONS)} |" in readme
    assert f"| {len(REVIEWS)} |" in readme
    unanswerable = sum(not row["answers"]["text"] for row in QUESTIONS)
    assert f"about {len(PASSAGES)} passages; {unanswerable} of them have no answer" in readme


@pytest.mark.parametrize("rows", [SUMMARIES, list(PASSAGES.items())], ids=["summaries", "passages"])
def test_the_readme_s_word_counts_are_right(rows: Any) -> None:
    readme = read_text(DATA / "README.md")
    for row in rows:
        name, text = (row["id"], row["document"]) if isinstance(row, dict) else row
        (line,) = [line for line in readme.splitlines() if line.startswith(f"| `{name}` |")]
        said = int(line.split("|")[3].replace(",", ""))
        assert said == pytest.approx(len(text.split()), rel=0.1)


def test_summaries_are_short_and_of_their_own_wording() -> None:
    assert len(SUMMARIES) >= 20
    assert len({row["id"] for row in SUMMARIES}) == len(SUMMARIES)
    for row in SUMMARIES:
        assert list(row) == ["id", "document", "summary"]
        document, summary = row["document"], row["summary"]
        assert 0 < len(summary) < len(document)
        assert document == document.strip()
        if row["id"] != "short-notice":
            assert 40 <= len(summary.split()) <= 100
            # Not the document's beginning, and not sentences of it put together.
            assert not phrases(summary, 15) & phrases(document, 15)


def test_new_documents_are_as_long_as_the_readme_promises() -> None:
    files = {path.stem for path in (DATA / "documents").glob("*.txt")}
    lengths = {row["id"]: len(row["document"].split()) for row in SUMMARIES}
    assert all(250 <= lengths[name] <= 600 for name in lengths.keys() - files)


def test_the_plain_files_are_the_same_texts() -> None:
    documents = {row["id"]: row["document"] for row in SUMMARIES}
    for path in (DATA / "documents").glob("*.txt"):
        assert documents[path.stem] == read_text(path).rstrip("\r\n")
    files = {path.stem: read_text(path) for path in (DATA / "passages").glob("*.txt")}
    assert files == {title: f"{context}\n" for title, context in PASSAGES.items()}


def test_documents_have_the_difficulties_they_are_for() -> None:
    mixed = read_text(DATA / "documents/mixed-scripts.txt")
    assert mixed.count("\r\n") == mixed.count("\n") > 10
    directions = {unicodedata.bidirectional(character) for character in mixed}
    assert {"R", "AL"} <= directions
    assert {"\u200b", "\u0301", "\u200d", "\t"} <= set(mixed)
    assert len(read_text(DATA / "documents/marsh-report.txt").split()) > 2_500
    assert 500 < len(read_text(DATA / "documents/harbour-bridge.txt").split()) < 800


@pytest.mark.parametrize("question", QUESTIONS, ids=[question["id"] for question in QUESTIONS])
def test_answers_stand_where_they_are_said_to(question: dict[str, Any]) -> None:
    assert list(question) == ["id", "title", "context", "question", "answers"]
    assert question["question"].endswith("?")
    assert question["id"].rpartition("-")[0] == question["title"]
    context, answers = question["context"], question["answers"]
    assert len(set(answers["text"])) == len(answers["text"])
    for text, start in zip(answers["text"], answers["answer_start"], strict=True):
        assert text == text.strip() != ""
        assert context[start : start + len(text)] == text
        assert not context[start - 1 : start].isalnum()
        assert not context[start + len(text) : start + len(text) + 1].isalnum()


def test_there_are_enough_questions_of_both_kinds_for_each_passage() -> None:
    assert len({row["id"] for row in QUESTIONS}) == len(QUESTIONS) >= 60
    assert sum(not row["answers"]["text"] for row in QUESTIONS) >= 20
    for title in PASSAGES:
        kinds = {bool(row["answers"]["text"]) for row in QUESTIONS if row["title"] == title}
        assert kinds == {True, False}


def test_unanswerable_questions_are_about_something_near() -> None:
    """Each has words of four letters or more in common with its passage, as answerable ones do."""
    for row in QUESTIONS:
        said = {word[:5] for word in words(row["question"]) if len(word) > 3}
        assert said & {word[:5] for word in words(row["context"])}


def test_questions_say_twice_whether_they_are_answerable() -> None:
    content = json.loads(read_text(DATA / "questions.json"))
    asked = [q for a in content["data"] for p in a["paragraphs"] for q in p["qas"]]
    assert [q["is_impossible"] for q in asked] == [not row["answers"]["text"] for row in QUESTIONS]


def test_reviews_are_balanced_and_all_different() -> None:
    labels = Counter(row["label"] for row in REVIEWS)
    assert set(labels) == {"negative", "positive"}
    assert labels["negative"] == labels["positive"] >= 50
    sentences = [" ".join(words(row["sentence"])) for row in REVIEWS]
    assert len(set(sentences)) == len(sentences)
    # Neither label is given away by how long its sentences are.
    length = {
        label: sum(len(row["sentence"]) for row in REVIEWS if row["label"] == label)
        for label in labels
    }
    assert 0.8 < length["negative"] / length["positive"] < 1.25


def test_no_two_texts_share_a_passage() -> None:
    texts = [row["document"] for row in SUMMARIES] + list(PASSAGES.values())
    for one, other in combinations(map(phrases, texts), 2):
        assert not one & other
    reviews = [phrases(row["sentence"], 5) for row in REVIEWS]
    for one, other in combinations(reviews, 2):
        assert not one & other
    assert len({row["question"] for row in QUESTIONS}) == len(QUESTIONS)
