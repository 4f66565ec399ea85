"""Text to tokens and back: ids, and for each token its characters in the caller's own string.

The Rust `tokenizers` library is used directly. Where special tokens go is read off the
tokenizer itself (BERT, RoBERTa, GPT-2 and BART all differ), so windows can be built from tokens
that were computed once for a whole text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nlpkit.errors import WeightsError

if TYPE_CHECKING:
    from tokenizers import Encoding
    from tokenizers import Tokenizer as RustTokenizer

# A lone surrogate cannot be encoded as UTF-8, which the Rust side needs; U+FFFD takes its place
# there, one character for one, so that offsets still hold in the caller's string.
_SURROGATES = re.compile("[\ud800-\udfff]")
# Where a long text may be cut: after a word, before the white space that follows it. Within a run
# of white space byte-pair tokenizers look ahead, and BERT's drops all control characters but
# these three, so that a word goes on after them.
_SPACE = re.compile(r"(?<=\S)[ \t\n\r]")

# A longer text is tokenised in pieces of about this many characters, to bound memory.
_PIECE = 50_000

# What the tokenizer says of a text takes a hundred bytes a token; so many characters are told apart
# from the next ones at a time, which is enough to share the cores.
_AT_ONCE = 500_000


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of one text, without special tokens.

    `ids` has shape `(tokens,)`; `offsets` has shape `(tokens, 2)`: for each token the first
    character and the one after the last, in the text that was given.
    """

    ids: NDArray[np.int32]
    offsets: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Template:
    """Which special tokens stand around one text, or around two, and their token types.

    `single` holds the runs of special ids before and after the text, `pair` those before the
    first text, between the two and after the second. `*_types` are the types of the texts' own
    tokens; special tokens take the type of the run that they belong to.
    """

    single: tuple[tuple[int, ...], tuple[int, ...]]
    pair: tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]
    pair_types: tuple[int, int]
    pair_special_types: tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]

    @property
    def single_extra(self) -> int:
        """How many special tokens one text gets."""
        return sum(map(len, self.single))

    @property
    def pair_extra(self) -> int:
        """How many special tokens two texts get."""
        return sum(map(len, self.pair))


class Tokenizer:
    """A fast tokenizer that keeps characters.

    Args:
        backend: the `tokenizers.Tokenizer` to use; its own truncation and padding are turned
            off, since cutting is done by `nlpkit.windows` where nothing is lost.
    """

    def __init__(self, backend: RustTokenizer) -> None:
        backend.no_truncation()
        backend.no_padding()
        self.backend = backend
        self.template = _probe(backend)

    @property
    def mask_id(self) -> int | None:
        """The token that stands for a hidden one; None where the vocabulary has none."""
        # MPNet's vocabulary has both, the first one as an unused entry of BERT's.
        ids = (self.backend.token_to_id(mask) for mask in ("<mask>", "[MASK]"))
        return next((id_ for id_ in ids if id_ is not None), None)

    @classmethod
    def from_file(cls, path: Path) -> Tokenizer:
        """Reads a `tokenizer.json`.

        Raises:
            WeightsError: when the file is missing or is not a tokenizer.
        """
        from tokenizers import Tokenizer as RustTokenizer

        try:
            return cls(RustTokenizer.from_file(str(path)))
        except Exception as error:  # the Rust side raises plain Exception
            raise WeightsError(f"cannot read the tokenizer {path}: {error}") from error

    def encode(self, texts: Sequence[str], *, piece: int = _PIECE) -> list[Tokens]:
        """The tokens of each text, in bulk; the texts may be of any length.

        A text of more than `piece` characters is tokenised in pieces, to bound memory. Cutting
        it between a word and the white space behind it changes no token: both word-piece and
        byte-pair tokenizers start a new word there. Only where twice as many characters have no
        white space is a word itself cut.
        """
        pieces: list[str] = []
        starts: list[list[int]] = []
        for text in texts:
            clean = _SURROGATES.sub("\ufffd", text)
            own: list[int] = []
            for start, stop in _pieces(clean, piece):
                own.append(start)
                pieces.append(clean[start:stop])
            starts.append(own)
        encoded = self._encoded(pieces)
        return [_join(list(islice(encoded, len(own))), own) for own in starts]

    def _encoded(self, pieces: Sequence[str]) -> Iterator[Tokens]:
        """The tokens of each piece; of those before it the tokenizer holds few at a time."""
        at = 0
        while at < len(pieces):
            end, size = at, 0
            while end < len(pieces) and (end == at or size + len(pieces[end]) <= _AT_ONCE):
                size += len(pieces[end])
                end += 1
            for encoding in self.backend.encode_batch(pieces[at:end], add_special_tokens=False):
                offsets = np.array(encoding.offsets, dtype=np.int32).reshape(-1, 2)
                yield Tokens(np.array(encoding.ids, dtype=np.int32), offsets)
            at = end

    def __call__(self, text: str) -> Tokens:
        """The tokens of one text."""
        return self.encode([text])[0]


def _pieces(text: str, size: int) -> Iterator[tuple[int, int]]:
    start = 0
    while len(text) - start > size:
        space = _SPACE.search(text, start + size, start + 2 * size)
        if space is None and len(text) - start <= 2 * size:
            break
        stop = space.start() if space else start + size
        yield start, stop
        start = stop
    yield start, len(text)


def _join(pieces: Sequence[Tokens], starts: Sequence[int]) -> Tokens:
    """The tokens of a text from those of its pieces, which start at these characters of it."""
    if len(pieces) == 1:
        return pieces[0]
    offsets = [own.offsets + np.int32(start) for own, start in zip(pieces, starts, strict=True)]
    return Tokens(np.concatenate([own.ids for own in pieces]), np.concatenate(offsets))


def _probe(backend: RustTokenizer) -> Template:
    """Reads the template off two encodings, which works for every post-processor."""
    one = _runs(backend.encode("a"), 1)
    two = _runs(backend.encode("a", "b"), 2)
    encoding = backend.encode("a", "b")
    types = dict(zip(encoding.sequence_ids, encoding.type_ids, strict=True))
    return Template(
        single=(one[0][0], one[1][0]),
        pair=(two[0][0], two[1][0], two[2][0]),
        pair_types=(types.get(0, 0), types.get(1, 0)),
        pair_special_types=(two[0][1], two[1][1], two[2][1]),
    )


def _runs(encoding: Encoding, texts: int) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """The special tokens before, between and after the texts, as (ids, types)."""
    runs: list[tuple[list[int], list[int]]] = [([], []) for _ in range(texts + 1)]
    at = 0
    for id_, kind, sequence in zip(
        encoding.ids, encoding.type_ids, encoding.sequence_ids, strict=True
    ):
        if sequence is None:
            runs[at][0].append(id_)
            runs[at][1].append(kind)
        else:
            at = sequence + 1
    return [(tuple(ids), tuple(kinds)) for ids, kinds in runs]
