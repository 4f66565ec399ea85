"""Sentences as they were written, and the same with a fault put in: what `cola` learns first.

Telling which is which needs no label. As in ELECTRA (Clark et al. 2020) a model learns from it what
fits where, which an encoder tuned to compare meanings has largely lost. The faults are those of
grammar: a word dropped, moved, doubled, put in or replaced by another of its kind (one preposition,
pronoun or auxiliary by another), an ending changed. Sentences come from the train parts of the
reference sets. Writes a parquet file with the columns `text` and `label`.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from nlpkit import corpora
from nlpkit.text import split_sentences

RESULT = Path(__file__).resolve().parent / "made" / "changed_sentences.parquet"

# Set, column, and how many of its sentences at most.
SOURCES = (
    ("glue/cola", "sentence", 6000),
    ("glue/mnli", "hypothesis", 22000),
    ("glue/mnli", "premise", 10000),
    ("glue/rte", "sentence2", 2000),
    ("glue/qnli", "sentence", 10000),
    ("cnn_dailymail", "article", 30000),
)

WORDS = (4, 18)
"""The fewest and the most words of a sentence."""

_KINDS = (
    "of in to for with on at by from about into over after under between through against",
    "the a an this that these those some any every no each",
    "is are was were be been being am",
    "has have had having",
    "do does did done doing",
    "will would can could may might must shall should",
    "he him his himself",
    "she her hers herself",
    "they them their theirs themselves",
    "i me my mine myself",
    "we us our ours ourselves",
    "it its itself",
    "who whom whose which what that",
    "when where why how whether if because although while",
    "and or but nor so",
    "much many few little more most less several",
    "not never ever already yet still too either",
    "there here it",
)
_OTHERS = {
    word: tuple(other for other in kind.split() if other != word)
    for kind in _KINDS
    for word in kind.split()
}
_COMMON = tuple(sorted(_OTHERS))
_ENDINGS = ("s", "ed", "ing", "ly", "er", "")
_STEM = re.compile(r"(.{3,}?)(s|ed|ing|ly|er)?")


def fault(words: list[str], rng: np.random.Generator) -> list[str]:
    """The words with one fault of grammar put in; the same where the one drawn does not fit.

    >>> fault("she has seen him".split(), np.random.default_rng(3)) != "she has seen him".split()
    True
    """
    ways: tuple[Callable[[list[str], np.random.Generator], list[str]], ...] = (
        _kin, _kin, _kin, _ending, _ending, _ending, _dropped, _dropped, _moved, _swapped,
        _inserted, _doubled,
    )  # fmt: skip
    return ways[int(rng.integers(len(ways)))](list(words), rng)


def _kin(words: list[str], rng: np.random.Generator) -> list[str]:
    places = [place for place, word in enumerate(words) if word.lower() in _OTHERS]
    if places:
        place = int(rng.choice(places))
        others = _OTHERS[words[place].lower()]
        words[place] = _like(words[place], others[int(rng.integers(len(others)))])
    return words


def _ending(words: list[str], rng: np.random.Generator) -> list[str]:
    places = [
        place
        for place, word in enumerate(words)
        if len(word) > 3 and word.isalpha() and word.islower() and word not in _OTHERS
    ]
    if places:
        place = int(rng.choice(places))
        found = _STEM.fullmatch(words[place])
        assert found is not None, "four letters or more"
        stem, own = found[1], found[2] or ""
        words[place] = stem + str(rng.choice([end for end in _ENDINGS if end != own]))
    return words


def _dropped(words: list[str], rng: np.random.Generator) -> list[str]:
    common = [place for place, word in enumerate(words) if word.lower() in _OTHERS]
    places = common if common and rng.random() < 0.6 else list(range(len(words)))
    del words[int(rng.choice(places))]
    return words


def _moved(words: list[str], rng: np.random.Generator) -> list[str]:
    word = words.pop(int(rng.integers(len(words))))
    words.insert(int(rng.integers(len(words) + 1)), word)
    return words


def _swapped(words: list[str], rng: np.random.Generator) -> list[str]:
    place = int(rng.integers(len(words) - 1))
    words[place : place + 2] = words[place + 1], words[place]
    return words


def _inserted(words: list[str], rng: np.random.Generator) -> list[str]:
    words.insert(int(rng.integers(1, len(words) + 1)), _COMMON[int(rng.integers(len(_COMMON)))])
    return words


def _doubled(words: list[str], rng: np.random.Generator) -> list[str]:
    word = words[int(rng.integers(len(words)))].lower()
    words.insert(int(rng.integers(1, len(words) + 1)), word)
    return words


def _like(old: str, new: str) -> str:
    return new[0].upper() + new[1:] if old[:1].isupper() else new


def sentences(source: str, column: str, most: int, data: Path | None, seed: int) -> list[str]:
    """Sentences of a set's train part that are neither very short nor long, in random order."""
    frame = corpora.read(source, "train", root=data)
    if source == "glue/cola":
        frame = frame[frame["label"] == 1]
    frame = frame.sample(n=min(len(frame), 4 * most), random_state=seed)
    found: dict[str, None] = {}
    for text in frame[column]:
        for start, end in split_sentences(text):
            sentence = " ".join(text[start:end].split())
            fits = WORDS[0] <= len(sentence.split()) <= WORDS[1]
            if fits and sentence[0].isalpha() and sentence[-1] in ".?!" and '"' not in sentence:
                found[sentence] = None
        if len(found) >= 2 * most:
            break
    order = np.random.default_rng(seed).permutation(len(found))[:most]
    every = list(found)
    return [every[place] for place in order]


def pairs(every: list[str], rng: np.random.Generator) -> Iterator[tuple[str, int]]:
    """Each sentence, and a copy with one fault, in one case of four with two."""
    for sentence in every:
        words = sentence[:-1].split()
        changed = words
        for _ in range(1 + int(rng.random() < 0.25)):
            for _ in range(5):
                faulty = fault(changed, rng)
                if faulty != changed:
                    changed = faulty
                    break
        if changed == words:
            continue
        yield sentence, 1
        yield " ".join(changed) + sentence[-1], 0


def main() -> None:
    """Makes the set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of the reference data sets")
    parser.add_argument("--seed", type=int, default=0, help="of all choices (%(default)s)")
    parser.add_argument("-o", "--output", type=Path, default=RESULT, help="file (%(default)s)")
    options = parser.parse_args()
    every: dict[str, None] = {}
    for source, column, most in SOURCES:
        every |= dict.fromkeys(sentences(source, column, most, options.data, options.seed))
    rows = list(pairs(list(every), np.random.default_rng(options.seed)))
    frame = pd.DataFrame(rows, columns=["text", "label"])
    options.output.parent.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(options.output)
    print(f"{len(frame):,} rows written to {options.output}")


if __name__ == "__main__":
    main()
