"""The words that ROUGE sees, as Google's `rouge-score` cuts them out of a text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache

from nlpkit.errors import NlpkitError

_OTHER = re.compile(r"[^a-z0-9]+")
_KEPT = "abcdefghijklmnopqrstuvwxyz0123456789"
# The same for ASCII, where a table is faster than a pattern.
_ASCII = {i: chr(i) if chr(i) in _KEPT else " " for i in range(128)}
_NO_LETTERS = bytes(i for i in range(128) if not chr(i).isalpha())
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
_MOST_STEMS = 1 << 18


def tokenize(text: str, *, stem: bool = True) -> list[str]:
    """The words of a text as `rouge-score` sees them, with the stems cached.

    Lower-cased runs of a-z and 0-9; every other character, letters with accents and other
    scripts among them, only separates. With `stem`, words over three letters are cut to their
    Porter stem.

    Raises:
        NlpkitError: `stem` is asked for and nltk is not installed.

    >>> tokenize("The cafés' 2 dogs barked.")
    ['the', 'caf', 's', '2', 'dog', 'bark']
    >>> tokenize("Dogs barked.", stem=False)
    ['dogs', 'barked']
    """
    text = text.lower()
    words = (text.translate(_ASCII) if text.isascii() else _OTHER.sub(" ", text)).split()
    return [_STEMS[word] for word in words] if stem else words


class _Stems(dict[str, str]):
    """The stem of each word met so far; words of three letters and fewer stay as they are."""

    def __missing__(self, word: str) -> str:
        if len(self) >= _MOST_STEMS:
            self.clear()
        found = self[word] = porter_stemmer()(word) if len(word) > 3 else word
        return found


_STEMS = _Stems()


@cache
def porter_stemmer() -> Callable[[str], str]:
    """NLTK's Porter stemmer with its extensions, which both `rouge-score` and METEOR use.

    Raises:
        NlpkitError: nltk is not installed.

    >>> porter_stemmer()("engineers")
    'engin'
    """
    try:
        from nltk.stem.porter import PorterStemmer
    except ImportError:
        raise NlpkitError("stemming needs the package nltk: pip install nlpkit[evaluate]") from None
    stem: Callable[[str], str] = PorterStemmer().stem
    return stem


def dropped_letters(texts: Iterable[str]) -> float:
    """The part of all letters that `tokenize` drops, 0 to 1: those that are not a-z.

    >>> dropped_letters(["été", "ABC 12"]), dropped_letters(["!"])
    (0.3333333333333333, 0.0)
    """
    kept = dropped = 0
    for text in texts:
        if not text.isascii():
            text = text.lower()
            beyond = "".join(_BEYOND_ASCII.findall(text))
            dropped += sum(map(str.isalpha, beyond))
        kept += len(text.encode("ascii", "ignore").translate(None, _NO_LETTERS))
    return dropped / (kept + dropped) if dropped else 0.0
