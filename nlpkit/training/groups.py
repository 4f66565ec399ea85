"""Which rows belong together when some are set aside from training.

A held-out value is fair only if what is measured was not read in training. Rows that share text
are one group, and a group stays on one side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nlpkit.recipe import Recipe
from nlpkit.training.overlap import Fingerprints, fingerprints, texts, words

if TYPE_CHECKING:
    import pandas as pd

Groups = NDArray[np.intp]

# Shorter phrases ("one of the") stand in many sentences: a common one would make one group of
# all of them, and says little about any.
_PHRASE = 4

# A larger group cannot be set aside and is not worth having: then less is asked for.
_LARGEST = 0.1

# Pairs of a phrase and a place looked at in one go: bounds the memory.
_AT_ONCE = 1 << 20


def groups(frame: pd.DataFrame, recipe: Recipe) -> Groups:
    """The group of each row, numbered from 0 in order of appearance.

    - Question answering: rows with the same title, or without a title the same passage.
    - Summarization: rows whose documents start with the same 300 letters and digits.
    - Classification of texts: rows with the same text; and a phrase of four words or more that
      another row's text contains, word by word, is in that row's group (as SST-2's phrases in
      their sentences). Shorter phrases are grouped with themselves only.
    - Classification of pairs: rows that share a text, on either side.

    Texts are the same where `nlpkit.training.overlap.normalised` makes them so. A group is what
    hangs together by any chain of shared texts. Where one would hold more than a tenth of the
    rows, pairs are grouped by their first text, and if that is no better, or for single texts,
    only rows with the same whole input are one group.

    Args:
        frame: rows with the columns of `nlpkit.rows.COLUMNS`.
        recipe: says the task.

    Raises:
        DataError: a column is not there or holds something else than texts.

    >>> import pandas as pd
    >>> from types import SimpleNamespace
    >>> recipe = SimpleNamespace(task="classification")
    >>> rows = ["a film that is truly moving", "Dull.", "that is truly moving", "dull"] + [
    ...     f"row {n}" for n in range(30)]
    >>> groups(pd.DataFrame({"text": rows}), recipe)[:5].tolist()
    [0, 1, 0, 1, 2]
    """
    if recipe.task == "question_answering":
        return _numbered(_titles(frame))
    found = texts(frame, recipe.task)
    if recipe.task == "summarization":
        return _numbered(found["start"])
    if "pair" not in found:
        tries = [by_phrases(list(frame["text"]))]
        whole = _numbered(found["text"])
    else:
        first, second = _numbered(found["text"]), _numbered(found["pair"])
        tries = [by_shared(found["text"], found["pair"]), first]
        whole = _numbered(first * (second.max(initial=0) + 1) + second)
    return next((got for got in tries if _small(got)), whole)


def _titles(frame: pd.DataFrame) -> Fingerprints:
    """Of each row the title, or the passage where there is no title."""
    passages = fingerprints(frame["context"])
    if "title" not in frame.columns:
        return passages
    titles = [title if isinstance(title, str) else "" for title in frame["title"]]
    given = np.array([bool(title.strip()) for title in titles], bool)
    return np.where(given, fingerprints(titles), passages)


def _small(numbers: Groups) -> bool:
    return bool(np.bincount(numbers, minlength=1).max() <= _LARGEST * len(numbers))


def by_shared(one: Fingerprints, other: Fingerprints) -> Groups:
    """Groups of rows that share a text, in either of two columns.

    >>> by_shared(np.uint64([7, 8, 9]), np.uint64([1, 7, 2])).tolist()
    [0, 0, 1]
    """
    rows = np.tile(np.arange(len(one)), 2)
    # Rows and texts are nodes, and each row is tied to its two.
    nodes = len(one) + _numbered(np.concatenate([one, other]))
    count = int(nodes.max(initial=-1)) + 1
    return _numbered(_components(count, rows, nodes)[: len(one)])


def by_phrases(values: list[str]) -> Groups:
    """Groups of texts of which one contains the other as a run of at least four words.

    Near linear: sorts of all words, as many as there are doublings of four up to the longest text,
    and one look at each place where the first half or more of a phrase stands.

    >>> by_phrases(["so it is a film", "it is a film", "is a", "a film", "It is a Film!"]).tolist()
    [0, 0, 1, 2, 0]
    """
    split = [words(value) for value in values]
    joined = _numbered_texts([" ".join(row) for row in split])
    # "don't" and "do n't" are the same text in other words.
    same = _numbered_texts(["".join(row) for row in split])
    _, first = np.unique(joined, return_index=True)
    phrase, place = _contained([split[row] for row in first])
    rows = np.arange(len(values))
    heads = np.unique(same, return_index=True)[1][same]
    one = np.concatenate([rows, rows, first[phrase]])
    other = np.concatenate([first[joined], heads, first[place]])
    return _numbered(_components(len(values), one, other))


def _contained(split: list[list[str]]) -> tuple[Groups, Groups]:
    """All pairs (a, b) of different texts of which text b contains a as a run of words."""
    lengths = np.array([len(row) for row in split], np.intp)
    ends = np.cumsum(lengths)
    starts = ends - lengths
    owner = np.repeat(np.arange(len(split)), lengths)
    # `runs[x]` numbers the run of `size` words from x on, -1 where the text ends before.
    runs = _numbered_texts([word for row in split for word in row]).astype(np.int64)
    pairs: list[tuple[Groups, Groups]] = []
    size = 1
    while size <= lengths.max(initial=0):
        if size >= _PHRASE:
            phrases = np.flatnonzero((lengths >= size) & (lengths < 2 * size))
            pairs.extend(_found(phrases, runs, size, starts, ends, owner))
        runs = _doubled(runs, size, ends[owner])
        size *= 2
    return (
        np.concatenate([a for a, _ in pairs] or [np.empty(0, np.intp)]),
        np.concatenate([b for _, b in pairs] or [np.empty(0, np.intp)]),
    )


def _doubled(runs: NDArray[np.int64], size: int, ends: Groups) -> NDArray[np.int64]:
    """The numbers of runs of twice the size: each is made of two."""
    found = np.full(len(runs), -1, np.int64)
    at = np.flatnonzero(np.arange(len(runs)) + 2 * size <= ends)
    codes = runs[at] * (runs.max(initial=0) + 1) + runs[at + size]
    found[at] = np.unique(codes, return_inverse=True)[1]
    return found


def _found(
    phrases: Groups,
    runs: NDArray[np.int64],
    size: int,
    starts: Groups,
    ends: Groups,
    owner: Groups,
) -> list[tuple[Groups, Groups]]:
    """Where phrases of `size` up to under `2 * size` words stand.

    A phrase stands where its first `size` words do and, so much later, its last `size` words.
    """
    order = np.argsort(runs, kind="stable")
    numbers = runs[order]
    first = runs[starts[phrases]]
    left = np.searchsorted(numbers, first, "left")
    counts = np.searchsorted(numbers, first, "right") - left
    pairs = []
    cuts = np.searchsorted(np.cumsum(counts), np.arange(0, counts.sum(), _AT_ONCE), "right")
    for part in np.split(np.arange(len(phrases)), cuts[1:]):
        many = counts[part]
        phrase = np.repeat(phrases[part], many)
        within = np.arange(len(phrase)) - np.repeat(np.cumsum(many) - many, many)
        place = order[np.repeat(left[part], many) + within]
        length = ends[phrase] - starts[phrase]
        fits = (place + length <= ends[owner[place]]) & (owner[place] != phrase)
        phrase, place, length = phrase[fits], place[fits], length[fits]
        later = length - size
        same = runs[place + later] == runs[starts[phrase] + later]
        pairs.append((phrase[same], owner[place[same]]))
    return pairs


def _components(count: int, one: Groups, other: Groups) -> Groups:
    """The lowest node that each of `count` nodes hangs together with, by edges (one, other)."""
    lowest = np.arange(count)
    while True:
        a, b = lowest[one], lowest[other]
        if (a == b).all():
            return lowest
        np.minimum.at(lowest, np.maximum(a, b), np.minimum(a, b))
        while (lowest != lowest[lowest]).any():
            lowest = lowest[lowest]


def _numbered(values: NDArray[np.uint64] | Groups) -> Groups:
    """Numbers for values, from 0 in order of appearance."""
    _, first, inverse = np.unique(values, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]


def _numbered_texts(values: list[str]) -> Groups:
    known: dict[str, int] = {}
    return np.array([known.setdefault(value, len(known)) for value in values], np.intp)
