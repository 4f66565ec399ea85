"""Single sentences out of the texts of the reference sets, for sets that are made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

from nlpkit import corpora
from nlpkit.text import split_sentences

# What a text or a part of one is as a sentence; None where it is none that is wanted.
Clean = Callable[[str], str | None]


def single_sentences(texts: Iterable[str], clean: Clean, *, several: bool) -> Iterator[str]:
    """The sentences of texts that are wanted, each once.

    Args:
        texts: of one sentence each, or of several.
        clean: gives a sentence as it is to be, or None.
        several: whether the texts are to be split.

    >>> list(single_sentences(["It rains. It pours. It rains."], str.strip, several=True))
    ['It rains.', 'It pours.']
    """
    seen: set[str] = set()
    for text in texts:
        for part in [text[a:b] for a, b in split_sentences(text)] if several else [text]:
            sentence = clean(part)
            if sentence is not None and sentence not in seen:
                seen.add(sentence)
                yield sentence


def drawn(
    source: tuple[str, str], clean: Clean, most: int, *, several: bool, data: Path | None, seed: int
) -> list[str]:
    """Sentences of the train part of a reference set, of texts in random order.

    Args:
        source: the set's name and the column.
        clean: as in `single_sentences`.
        most: how many.
        several: as in `single_sentences`.
        data: folder of the reference sets.
        seed: of the order.
    """
    name, column = source
    texts = corpora.read(name, "train", root=data)[column].drop_duplicates()
    mixed = texts.sample(frac=1.0, random_state=seed)
    return list(islice(single_sentences(mixed, clean, several=several), most))
