"""What the systems read: rows of the reference sets, or texts made of the project's sample data."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from nlpkit import corpora
from nlpkit.text import split_sentences

Row = dict[str, Any]

SAMPLES = Path(__file__).resolve().parents[2] / "data"
PASSAGE_CHARACTERS = 30_000
# Questions of one paragraph stand together in SQuAD, and stay so: neighbours are drawn together.
_BLOCK = 20
# About as long as the reference sets' texts.
_DOCUMENT_CHARACTERS, _PASSAGE_CHARACTERS = 4000, 750


def rows_for(kind: str, count: int, data: str | None, lengths: Sequence[int] = ()) -> list[Row]:
    """The rows of a job.

    Args:
        kind: documents, questions, passage, sentences, pairs or lengths.
        count: how many; a smaller set gives what it has.
        data: the folder of the reference sets; None makes texts of the sample data.
        lengths: for `lengths`, how many characters each document has.

    What a row's `reference` holds is not for the systems: a summary, or the right answers.
    """
    makers = _FROM_DATA if data else _MADE
    if kind == "lengths":
        stream = "\n\n".join(_enough(_articles(data) if data else _endless(), max(lengths)))
        return [{"document": stream[:length]} for length in sorted(lengths)]
    return makers[kind](count, data)


def source_of(kind: str, data: str | None) -> str:
    """Where rows of that kind come from, for the report."""
    if not data:
        return "made of the project's sample data: speed only"
    return _SOURCES[kind]


def spread(total: int, count: int, block: int = 1) -> list[int]:
    """`count` of the numbers below `total`, in blocks spread evenly over all.

    >>> spread(100, 6, 2), spread(3, 10)
    ([0, 1, 33, 34, 66, 67], [0, 1, 2])
    """
    if count >= total:
        return list(range(total))
    block = min(block, count)
    blocks = -(-count // block)
    if blocks * block > total:  # blocks would overlap
        block, blocks = 1, count
    starts = [number * total // blocks for number in range(blocks)]
    return [start + step for start in starts for step in range(block) if start + step < total][
        :count
    ]


# From the reference sets


def _documents(count: int, data: str | None) -> list[Row]:
    frame = corpora.read("cnn_dailymail", "test", root=data, columns=["article", "highlights"])
    chosen = frame.iloc[spread(len(frame), count)]
    return [
        {"document": article, "reference": summary}
        for article, summary in zip(chosen["article"], chosen["highlights"], strict=True)
    ]


def _questions(count: int, data: str | None) -> list[Row]:
    frame = corpora.read("squad", "validation", root=data)
    chosen = frame.iloc[spread(len(frame), count, _BLOCK)]
    return [
        {"question": question, "passage": context, "reference": list(answers["text"])}
        for question, context, answers in zip(
            chosen["question"], chosen["context"], chosen["answers"], strict=True
        )
    ]


def _passage(count: int, data: str | None) -> list[Row]:
    frame = corpora.read("squad", "validation", root=data)
    parts = list(_enough(iter(dict.fromkeys(frame["context"])), PASSAGE_CHARACTERS))
    passage = "\n\n".join(parts)[:PASSAGE_CHARACTERS]
    asked = list(frame.loc[frame["context"].isin(parts[:-1]), "question"])
    return [{"question": asked[i], "passage": passage} for i in spread(len(asked), count)]


def _sentences(count: int, data: str | None) -> list[Row]:
    frame = corpora.read("glue/sst2", "validation", root=data)
    return [{"text": frame["sentence"].iloc[i]} for i in spread(len(frame), count)]


def _pairs(count: int, data: str | None) -> list[Row]:
    frame = corpora.read("glue/qnli", "validation", root=data)
    chosen = frame.iloc[spread(len(frame), count)]
    return [
        {"text": question, "pair": sentence}
        for question, sentence in zip(chosen["question"], chosen["sentence"], strict=True)
    ]


def _articles(data: str | None) -> Iterator[str]:
    for split in ("test", "validation", "train"):
        yield from corpora.read("cnn_dailymail", split, root=data, columns=["article"])["article"]
    yield from _endless()


_FROM_DATA = {
    "documents": _documents,
    "questions": _questions,
    "passage": _passage,
    "sentences": _sentences,
    "pairs": _pairs,
}
_SOURCES = {
    "documents": "CNN/DailyMail, test",
    "questions": "SQuAD 1.1, validation",
    "passage": f"contexts of SQuAD 1.1's validation joined to {PASSAGE_CHARACTERS:,} characters",
    "sentences": "SST-2, validation",
    "pairs": "QNLI, validation",
    "lengths": "CNN/DailyMail's articles joined",
}


# Made of the sample data. No text comes twice: a system may remember one.


def _made_documents(count: int, data: str | None) -> list[Row]:
    sizes, draw = random.Random(1), _drawn(0)
    return [
        {"document": _text(draw, int(_DOCUMENT_CHARACTERS * sizes.uniform(0.4, 1.6)))}
        for _ in range(count)
    ]


def _made_questions(count: int, data: str | None) -> list[Row]:
    asked, draw, rows = _asked(), _drawn(2), []
    for number in range(count):
        if number % 5 == 0:  # as in SQuAD, some questions are about the same passage
            passage = _text(draw, _PASSAGE_CHARACTERS)
        question = f"{number}. {asked[number % len(asked)]}"
        rows.append({"question": question, "passage": passage})
    return rows


def _made_passage(count: int, data: str | None) -> list[Row]:
    passage, asked = _text(_drawn(3), PASSAGE_CHARACTERS), _asked()
    return [
        {"question": f"{i}. {asked[i % len(asked)]}", "passage": passage[:PASSAGE_CHARACTERS]}
        for i in range(count)
    ]


def _made_sentences(count: int, data: str | None) -> list[Row]:
    draw = _drawn(4)
    return [{"text": next(draw)} for _ in range(count)]


def _made_pairs(count: int, data: str | None) -> list[Row]:
    asked, draw = _asked(), _drawn(5)
    return [{"text": asked[i % len(asked)], "pair": next(draw)} for i in range(count)]


def _endless() -> Iterator[str]:
    draw = _drawn(6)
    while True:
        yield _text(draw, _DOCUMENT_CHARACTERS)


_MADE = {
    "documents": _made_documents,
    "questions": _made_questions,
    "passage": _made_passage,
    "sentences": _made_sentences,
    "pairs": _made_pairs,
}


def _drawn(seed: int) -> Iterator[str]:
    """The sample data's sentences in random order, again and again, each with its number."""
    paths = sorted([*SAMPLES.glob("documents/*.txt"), *SAMPLES.glob("passages/*.txt")])
    texts = [path.read_text(encoding="utf-8") for path in paths]
    sentences = [text[a:b] for text in texts for a, b in split_sentences(text) if b - a > 20]
    generator = random.Random(seed)
    number = 0
    while True:
        for sentence in generator.sample(sentences, len(sentences)):
            number += 1
            yield f"In part {number}, {sentence}"


def _text(sentences: Iterator[str], characters: int) -> str:
    return " ".join(_enough(sentences, characters))


def _asked() -> list[str]:
    content = json.loads((SAMPLES / "questions.json").read_text(encoding="utf-8"))
    paragraphs = [paragraph for article in content["data"] for paragraph in article["paragraphs"]]
    return [question["question"] for paragraph in paragraphs for question in paragraph["qas"]]


def _enough(texts: Iterator[str], characters: int) -> Iterator[str]:
    """Texts until they have so many characters together."""
    size = 0
    for text in texts:
        yield text
        size += len(text)
        if size >= characters:
            return
