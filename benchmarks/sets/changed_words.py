"""Sentences in which words were changed, with the places where: an exercise before `cola`.

What is wrong in a sentence is learned from the places where it was made wrong, as in ELECTRA (Clark
et al. 2020: telling replaced tokens from the others teaches a small encoder more than filling gaps
does), and needs no teacher. A word is put in the place of another one of its class, of one that is
near to it in the encoder's word embeddings ("walks" for "walk"), or of any that has stood beside
the same word elsewhere; or it is dropped, put in, exchanged with the next, or moved. Three of ten
sentences stay as they are.

The sentences are of the train parts of MultiNLI, QQP and SQuAD and of news; none of CoLA, which
would tell of the rows set aside there which ones are acceptable. Writes a parquet file with the
columns `text`, `label` and `rationale` (what was changed; of a dropped word the one after the gap).
"""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import accumulate, groupby, pairwise
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from benchmarks.sets import command
from benchmarks.sets.single_sentences import drawn
from nlpkit.encoder import backbone
from nlpkit.training.changed_rows import dressed_as, near_words

RESULT = Path(__file__).resolve().parent / "made" / "changed_words.parquet"

LABELS = ("changed", "unchanged")

ENCODER = "sentence-transformers/all-MiniLM-L6-v2"

# Set, column, whether its texts have several sentences, and sentences taken of 100.
SOURCES = [
    ("glue/mnli", "hypothesis", False, 15),
    ("glue/mnli", "premise", True, 10),
    ("glue/qqp", "question1", False, 17),
    ("squad", "question", False, 10),
    ("squad", "context", True, 18),
    ("cnn_dailymail", "article", True, 30),
]
WORDS = (3, 22)
UNCHANGED = 0.3

# From so many words on there may be two changes.
LONG = 8

# Words that stand for each other.
CLASSES = [
    "the a an this that these those some any every each no",
    "of in on at to for with by from about into over under after before between through",
    "he she it they him her them his its their himself herself themselves itself",
    "i me my we us our you your who whom whose which what",
    "is are was were be been being am has have had having do does did done doing",
    "can could will would shall should may might must",
    "and or but because although if when while that than as since unless whether",
    "not never always often seldom only even also too very much many few little",
]

_SENTENCE = re.compile(r"[A-Z\"'(][^\n]*[A-Za-z'\")][.?!]?")
_WORD = re.compile(r"(\W*)([\w'’-]*\w)(\W*)")


class Word(NamedTuple):
    """A word with the signs around it, and whether it was put there by a change."""

    text: str
    changed: bool = False


def sentences(data: Path | None, rows: int, seed: int) -> list[str]:
    """Sentences of all kinds, mixed."""
    found: list[str] = []
    for name, column, several, share in SOURCES:
        most = rows * share // 100
        found += drawn((name, column), plain, most, several=several, data=data, seed=seed)
    random.Random(seed).shuffle(found)
    return found


def plain(text: str) -> str | None:
    """A text that is one sentence, its words apart by one space each.

    >>> plain("He left  at noon."), plain("left at noon"), plain("Go.")
    ('He left at noon.', None, None)
    """
    fewest, most = WORDS
    words = text.split()
    sentence = " ".join(words)
    return sentence if fewest <= len(words) <= most and _SENTENCE.fullmatch(sentence) else None


def bare(word: str) -> str:
    """A word in lower case, without what stands around it.

    >>> bare('"Rain,'), bare("don't"), bare("--")
    ('rain', "don't", '--')
    """
    found = _WORD.fullmatch(word)
    return (found[2] if found else word).lower()


def dressed(word: str, new: str) -> str:
    """Another word with the case and the signs of the first.

    >>> dressed('"Rain,', "snow")
    '"Snow,'
    """
    found = _WORD.fullmatch(word)
    return dressed_as(found, new) if found else new


class Choice(NamedTuple):
    """Words to draw from, and what their weights sum up to from the first to each."""

    words: list[str]
    sums: list[float]

    @classmethod
    def of(cls, counts: Counter[str]) -> Choice:
        """Less often the most frequent ones, as is done for the negative words of word2vec.

        >>> Choice.of(Counter({"rain": 16, "": 9, "snow": 1}))
        Choice(words=['rain', 'snow'], sums=[8.0, 9.0])
        """
        words = [word for word in counts if word]
        return cls(words, list(accumulate(counts[word] ** 0.75 for word in words)))


class Changes:
    """Changes words of sentences, by what words there are and how they follow each other.

    Args:
        texts: the sentences.
        near: for each word those that are near to it.
        seed: of what is drawn.
    """

    def __init__(self, texts: Sequence[str], near: dict[str, list[str]], seed: int) -> None:
        self.rng = random.Random(seed)
        self.near = near
        after: dict[str, Counter[str]] = defaultdict(Counter)
        before: dict[str, Counter[str]] = defaultdict(Counter)
        for text in texts:
            words = ["", *map(bare, text.split()), ""]
            for one, other in pairwise(words):
                after[one][other] += 1
                before[other][one] += 1
        self.after = {word: Choice.of(counts) for word, counts in after.items()}
        self.before = {word: Choice.of(counts) for word, counts in before.items()}
        groups = [group.split() for group in CLASSES]
        self.others = {w: [o for o in group if o != w] for group in groups for w in group}
        self.functional = list(self.others)

    def __call__(self, text: str) -> list[Word]:
        """The sentence with one change, one of eight words or more often with two."""
        words = old = [Word(word) for word in text.split()]
        count = 1 + (len(words) >= LONG and self.rng.random() < 0.5)
        kinds = [self._other, self._near, self._likely, self._dropped, self._added, self._swapped]
        for _ in range(count):
            kind = self.rng.choices([*kinds, self._moved], (20, 22, 18, 15, 10, 8, 7))[0]
            words = kind(words) or words
        same = [bare(word.text) for word in words] == [bare(word.text) for word in old]
        return old if same else words

    # Each of these gives the changed words, or None where there is nothing to change.

    def _other(self, words: list[Word]) -> list[Word] | None:
        place = self._functional(words)
        if place is None:
            return None
        return self._put(words, place, self.rng.choice(self.others[bare(words[place].text)]))

    def _near(self, words: list[Word]) -> list[Word] | None:
        place = self._place(words)
        near = self.near.get(bare(words[place].text))
        return self._put(words, place, self.rng.choice(near)) if near else None

    def _likely(self, words: list[Word]) -> list[Word] | None:
        place = self._place(words)
        if self.rng.random() < 0.5:
            likely = self.after.get(bare(words[place - 1].text) if place else "")
        else:
            likely = self.before.get(bare(words[place + 1].text) if place + 1 < len(words) else "")
        new = self._drawn(likely)
        return self._put(words, place, new) if new else None

    def _dropped(self, words: list[Word]) -> list[Word] | None:
        if len(words) < 4:
            return None
        place = self._functional(words) if self.rng.random() < 0.5 else None
        place = self._place(words) if place is None else place
        left = words[:place] + words[place + 1 :]
        gap = min(place, len(left) - 1)
        left[gap] = Word(left[gap].text, changed=True)
        return left

    def _added(self, words: list[Word]) -> list[Word] | None:
        place = self._place(words)
        likely = self.after.get(bare(words[place - 1].text) if place else "")
        any_one = self.rng.random() >= 0.5
        new = self.rng.choice(self.functional) if any_one else self._drawn(likely)
        return [*words[:place], Word(new, changed=True), *words[place:]] if new else None

    def _swapped(self, words: list[Word]) -> list[Word] | None:
        if len(words) < 3:
            return None
        place = self.rng.randrange(len(words) - 1)
        one, other = (word.text for word in words[place : place + 2])
        put = [dressed(one, bare(other)), dressed(other, bare(one))]
        changed = [Word(text, changed=True) for text in put]
        return [*words[:place], *changed, *words[place + 2 :]]

    def _moved(self, words: list[Word]) -> list[Word] | None:
        if len(words) < 4:
            return None
        left = list(words)
        word = left.pop(self._place(words))
        place = self.rng.randrange(len(left) + 1)
        return [*left[:place], Word(word.text, changed=True), *left[place:]]

    def _place(self, words: list[Word]) -> int:
        return self.rng.randrange(len(words))

    def _functional(self, words: list[Word]) -> int | None:
        places = [n for n, word in enumerate(words) if bare(word.text) in self.others]
        return self.rng.choice(places) if places else None

    def _drawn(self, likely: Choice | None) -> str | None:
        if likely is None or not likely.words:
            return None
        return self.rng.choices(likely.words, cum_weights=likely.sums)[0]

    def _put(self, words: list[Word], place: int, new: str) -> list[Word]:
        put = Word(dressed(words[place].text, new), changed=True)
        return [*words[:place], put, *words[place + 1 :]]


def row(words: Sequence[Word]) -> dict[str, object]:
    """Text, label and rationale of a sentence; words changed side by side are one place.

    >>> row([Word("It"), Word("rain", True), Word("had.", True)])["rationale"]
    {'text': ['rain had.'], 'answer_start': [3]}
    """
    parts: list[str] = []
    starts: list[int] = []
    at = 0
    for changed, group in groupby(words, key=lambda word: word.changed):
        part = " ".join(word.text for word in group)
        if changed:
            parts.append(part)
            starts.append(at)
        at += len(part) + 1
    return {
        "text": " ".join(word.text for word in words),
        "label": LABELS[0] if parts else LABELS[1],
        "rationale": {"text": parts, "answer_start": starts},
    }


def rows(texts: Sequence[str], change: Changes) -> Iterator[dict[str, object]]:
    """A row of each sentence, `UNCHANGED` of them as they are."""
    for text in texts:
        stays = change.rng.random() < UNCHANGED
        yield row([Word(word) for word in text.split()] if stays else change(text))


def changed_words(data: Path | None, count: int, seed: int) -> pd.DataFrame:
    """The set: each text once."""
    texts = sentences(data, count, seed)
    change = Changes(texts, near_words(texts, backbone(ENCODER)), seed)
    return pd.DataFrame(rows(texts, change)).drop_duplicates("text", ignore_index=True)


if __name__ == "__main__":
    command.run(changed_words, RESULT, rows=700_000, description=__doc__)
