"""Copies of rows with a word or more changed, of which a teacher says what is right.

Where labels are few, other sentences with a teacher's opinion of them help a student most. Words
may be dropped, swapped and replaced by any others; or by words that are near to them in the
encoder's own word embeddings, as "walks" is to "walk" and "him" to "he" (the augmentation of Jiao
et al. 2020, "TinyBERT", 3.2, there with GloVe): then the sentence stays nearly as good as it was,
and what is learned is the difference.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nlpkit.encoder import Backbone

if TYPE_CHECKING:
    import pandas as pd

NEAREST = 10

# A word of the vocabulary, and what a text may have around it.
_WORD = re.compile(r"(\W*)([^\W\d_]+)(\W*)")
_CHUNK = 1024

Near = Mapping[str, Sequence[str]]


def changed_rows(
    frame: pd.DataFrame,
    columns: Sequence[str],
    copies: int,
    *,
    seed: int,
    alike: float = 0.0,
    near: Near | None = None,
) -> pd.DataFrame:
    """Copies of the rows with one of their texts changed by a word or more; see `change_words`."""
    import pandas as pd

    rng = np.random.default_rng((seed, copies))
    words = np.array([w for column in columns for text in frame[column] for w in text.split()])
    rows = []
    for _ in range(copies):
        for row in frame[list(columns)].itertuples(index=False, name=None):
            place = int(rng.integers(len(columns)))
            texts = list(row)
            own = texts[place].split()
            texts[place] = " ".join(change_words(own, words, rng, alike=alike, near=near))
            rows.append(texts)
    made = pd.DataFrame(rows, columns=list(columns))
    return made[(made[list(columns)].map(str.strip) != "").all(axis=1)]


def change_words(
    words: Sequence[str],
    others: NDArray[np.str_],
    rng: np.random.Generator,
    *,
    alike: float = 0.0,
    near: Near | None = None,
) -> list[str]:
    """The words with one or, in longer texts, several changes.

    Each is a word dropped, replaced by one of `others`, put in from there, or exchanged with the
    next; with the probability `alike` instead a word replaced by one of those `near` to it.

    >>> changed = change_words("it rained all day".split(), np.array(["sun"]),
    ...                        np.random.default_rng(0))
    >>> changed != "it rained all day".split()
    True
    >>> change_words(["Rains."], np.array(["sun"]), np.random.default_rng(0), alike=1.0,
    ...              near={"rains": ["rained"]})
    ['Rained.']
    """
    changed = list(words)
    for _ in range(1 + int(rng.integers(1 + len(words) // 8))):
        if not changed:
            break
        place = int(rng.integers(len(changed)))
        if near and alike and rng.random() < alike and _exchange(changed, place, near, rng):
            continue
        match int(rng.integers(4)):
            case 0 if len(changed) > 1:
                del changed[place]
            case 1 if place + 1 < len(changed):
                changed[place], changed[place + 1] = changed[place + 1], changed[place]
            case 2:
                changed.insert(place, str(others[int(rng.integers(len(others)))]))
            case _:
                changed[place] = str(others[int(rng.integers(len(others)))])
    return changed


def _exchange(words: list[str], place: int, near: Near, rng: np.random.Generator) -> bool:
    """Puts a near word in that place, in the same case; False where none is known."""
    found = _WORD.fullmatch(words[place])
    known = near.get(found[2].lower(), ()) if found else ()
    if found is None or not known:
        return False
    words[place] = dressed_as(found, known[int(rng.integers(len(known)))])
    return True


def dressed_as(found: re.Match[str], word: str) -> str:
    """Another word with the case of the one that was found, and what stands around it.

    >>> dressed_as(_WORD.fullmatch('"Rain,'), "snow")
    '"Snow,'
    """
    before, old, behind = found.groups()
    return before + (word[0].upper() + word[1:] if old[0].isupper() else word) + behind


def near_words(texts: Iterable[str], shared: Backbone) -> dict[str, list[str]]:
    """For each word of the texts the words whose embeddings are nearest to its own (cosine).

    Args:
        texts: whose words are looked up.
        shared: the encoder, whose vocabulary the words are from.

    Returns:
        Lower-cased words, each with `NEAREST` others at most, nearest first; words that are not
        in the vocabulary as a whole are left out, and so are special tokens, parts of words and
        what has other signs than letters.
    """
    vocabulary = _whole_words(shared)
    wanted = {found[2].lower() for t in texts for w in t.split() if (found := _WORD.fullmatch(w))}
    words = list(vocabulary)
    asked = [number for number, word in enumerate(words) if word in wanted]
    if len(words) < 2:
        return {}
    embeddings: Tensor = shared.model.get_input_embeddings().weight.detach()  # type: ignore[operator]
    vectors = torch.nn.functional.normalize(embeddings[list(vocabulary.values())].float(), dim=1)
    near: dict[str, list[str]] = {}
    for start in range(0, len(asked), _CHUNK):
        rows = torch.tensor(asked[start : start + _CHUNK])
        cosines = vectors[rows] @ vectors.T
        cosines[torch.arange(len(rows)), rows] = -torch.inf
        nearest = cosines.topk(min(NEAREST, len(words) - 1)).indices
        for row, others in zip(rows.tolist(), nearest.tolist(), strict=True):
            near[words[row]] = [words[other] for other in others]
    return near


def _whole_words(shared: Backbone) -> dict[str, int]:
    """Lower-cased words that are one token, and its number."""
    backend = shared.tokenizer.backend
    size = backend.get_vocab_size()
    spelled = [backend.decode([number]).strip() for number in range(size)]
    places = [n for n, word in enumerate(spelled) if word.isalpha() and word == word.lower()]
    tokens = shared.tokenizer.encode([spelled[number] for number in places])
    return {
        spelled[number]: number
        for number, own in zip(places, tokens, strict=True)
        if own.ids.tolist() == [number]
    }
