"""Makes `nlpkit/evaluation/wordnet_data/synonyms.txt.gz` from WordNet's own files.

Reads the folder `dict` of Princeton WordNet 3.0 (`data.*` and `*.exc`), as Debian's package
`wordnet-base` has it under /usr/share/wordnet: `apt-get download wordnet-base`, then
`dpkg-deb -x wordnet-base_*.deb DIR`. Line ends and byte offsets do not matter, so files that were
rewritten with other line ends give the same table, byte for byte.

The table has what METEOR's third stage can use and no more. Four parts for the synsets of nouns,
verbs, adjectives and adverbs, each a synset a line, then four for the exceptions to the rules of
inflection (a form and its lemmas). An empty line ends a part. Names are in lower case; one that
WordNet writes with a capital has a `^` before it: it leads to the synset, but METEOR, which
compares words in lower case, can never match it. Synsets of which no name can match (capitals or
several words) are left out.
"""

from __future__ import annotations

import argparse
import gzip
import re
from collections.abc import Iterator
from pathlib import Path

TARGET = (
    Path(__file__)
    .resolve()
    .parent.parent.joinpath("nlpkit", "evaluation", "wordnet_data", "synonyms.txt.gz")
)
PARTS = ("noun", "verb", "adj", "adv")
# Adjectives may carry a mark of their place: `galore(ip)`.
_MARKED = re.compile(r"\([^()]*\)$")


def synsets(file: Path) -> Iterator[list[str]]:
    """The names of each synset of a data file, as written."""
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith(" "):  # the licence
                continue
            fields = line.split()
            count = int(fields[3], 16)
            yield [_MARKED.sub("", name) for name in fields[4 : 4 + 2 * count : 2]]


def packed(names: list[str]) -> str | None:
    """A synset's line; None if METEOR could match none of its names."""
    if not any(name == name.lower() and "_" not in name for name in names):
        return None
    marked = {("" if name == name.lower() else "^") + name.lower(): None for name in names}
    return " ".join(marked)


def table(folder: Path) -> str:
    """The whole table; a part's lines are sorted, for they pack better."""
    parts = [
        sorted({line for names in synsets(folder / f"data.{part}") if (line := packed(names))})
        for part in PARTS
    ]
    for part in PARTS:
        text = (folder / f"{part}.exc").read_text(encoding="utf-8")
        parts.append([" ".join(line.split()) for line in text.splitlines() if line.strip()])
    return "\n".join("".join(f"{line}\n" for line in part) for part in parts)


def main() -> None:
    """Writes the table and says how large it is."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dict", type=Path, help="folder with WordNet 3.0's data.* and *.exc")
    parser.add_argument("--output", type=Path, default=TARGET)
    args = parser.parse_args()
    text = table(args.dict)
    args.output.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{text.count(chr(10)):,} lines, {args.output.stat().st_size:,} bytes: {args.output}")


if __name__ == "__main__":
    main()
