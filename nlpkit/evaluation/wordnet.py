"""The synonyms that METEOR asks WordNet for, from a table that comes with nlpkit.

Princeton WordNet 3.0 (Fellbaum, 1998; https://wordnet.princeton.edu), packed by
`benchmarks/pack_wordnet.py`; its licence stands beside it in `wordnet_data/LICENSE`. No download
and no other package is needed. What a word leads to is decided as in NLTK's `wordnet.synsets`:
the word as it is, and its lemmas by the exceptions and rules of `morphy`, in all parts of speech.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

# Endings and what stands there in the lemma, by part of speech, as in NLTK's morphy: nouns, verbs,
# adjectives, adverbs.
_RULES: tuple[tuple[tuple[str, str], ...], ...] = (
    (
        ("s", ""),
        ("ses", "s"),
        ("ves", "f"),
        ("xes", "x"),
        ("zes", "z"),
        ("ches", "ch"),
        ("shes", "sh"),
        ("men", "man"),
        ("ies", "y"),
    ),
    (
        ("s", ""),
        ("ies", "y"),
        ("es", "e"),
        ("es", ""),
        ("ed", "e"),
        ("ed", ""),
        ("ing", "e"),
        ("ing", ""),
    ),
    (("er", ""), ("est", ""), ("er", "e"), ("est", "e")),
    (),
)


class _Part(NamedTuple):
    """One part of speech: the synsets (lines) of each lemma, and irregular forms' lemmas."""

    synsets: dict[str, list[str]]
    exceptions: dict[str, list[str]]


@lru_cache(maxsize=1 << 16)
def synonyms(word: str) -> frozenset[str]:
    """The word itself and all single-word, lower-case names of its synsets and its lemmas' synsets.

    Names with a capital or of several words, which METEOR can never match, are left out.

    >>> sorted(synonyms("cars"))
    ['auto', 'automobile', 'car', 'cars', 'gondola', 'machine', 'motorcar', 'railcar']
    >>> sorted(synonyms("qwertz"))
    ['qwertz']
    """
    found = {word}
    form = word.lower()
    for part, rules in zip(_parts(), _RULES, strict=True):
        for lemma in _lemmas(form, part, rules):
            for synset in part.synsets.get(lemma, ()):
                found.update(n for n in synset.split() if n[0] != "^" and "_" not in n)
    return frozenset(found)


def _lemmas(form: str, part: _Part, rules: tuple[tuple[str, str], ...]) -> Iterator[str]:
    yield form
    irregular = part.exceptions.get(form)
    if irregular is not None:
        yield from irregular
        return
    for old, new in rules:
        if form.endswith(old):
            yield form[: -len(old)] + new


@cache
def _parts() -> tuple[_Part, ...]:
    packed = files("nlpkit.evaluation").joinpath("wordnet_data", "synonyms.txt.gz").read_bytes()
    blocks = gzip.decompress(packed).decode().split("\n\n")
    parts = []
    for names, irregular in zip(blocks[:4], blocks[4:], strict=True):
        synsets: dict[str, list[str]] = {}
        for line in names.splitlines():
            for name in line.replace("^", "").split():
                synsets.setdefault(name, []).append(line)
        exceptions = {form: lemmas for form, *lemmas in map(str.split, irregular.splitlines())}
        parts.append(_Part(synsets, exceptions))
    return tuple(parts)
