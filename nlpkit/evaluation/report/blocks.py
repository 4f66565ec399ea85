"""What a report consists of, before it is Markdown or HTML: sections of tables, plots and texts.

Everything here is plain values, so that both forms say the same and neither knows where the
numbers come from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeAlias

# Neither HTML nor SVG can hold these: control characters but tab and line ends, lone surrogates,
# and the two that XML leaves out.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def clean(text: str) -> str:
    r"""The text with every character that a page cannot hold replaced by U+FFFD.

    >>> clean("a\x00b\ud800c\n") == "a\ufffdb\ufffdc\n"
    True
    """
    return _FORBIDDEN.sub(REPLACEMENT, text)


def cut(text: str, limit: int, *, around: int = 0) -> str:
    """At most `limit` characters of the text, for display; what is left out is marked.

    Args:
        text: any text.
        limit: how many characters to show.
        around: the character that has to be among them.

    >>> cut("a short text", 20)
    'a short text'
    >>> cut("a somewhat longer text", 10)
    'a somewhat[…12 more characters]'
    >>> cut("a somewhat longer text", 6, around=11)
    '[8 characters…]at lon[…8 more characters]'
    """
    if len(text) <= limit:
        return text
    start = min(max(0, around - limit // 2), len(text) - limit)
    shown, after = text[start : start + limit], len(text) - start - limit
    return (
        (f"[{start:,} characters…]" if start else "")
        + shown
        + (f"[…{after:,} more characters]" if after else "")
    )


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table: what it says, and in smaller type what goes with it."""

    text: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table; every row has a cell a column.

    Attributes:
        columns: the head.
        rows: the body.
        caption: what the table shows.
        texts: the columns that hold words, not numbers, and are set to the left.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""
    texts: frozenset[int] = frozenset({0})

    def __post_init__(self) -> None:
        assert all(len(row) == len(self.columns) for row in self.rows), "a row of another width"


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading within a section."""

    text: str


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawing.

    Attributes:
        name: of its file, without `.svg`; no other plot of the report has it.
        caption: what it shows and how to read it; also for those who cannot see it.
        svg: the whole file, with a white ground.
    """

    name: str
    caption: str
    svg: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Example:
    """One example to look at: its id, its scores, and its texts by name (none when left out)."""

    id: str
    scores: tuple[tuple[str, str], ...]
    texts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Examples:
    """Examples of one system, folded where the page can fold."""

    title: str
    examples: tuple[Example, ...]


Block: TypeAlias = Table | Text | Heading | Plot | Examples


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report: one data set, or what goes over several.

    Attributes:
        title: its heading.
        anchor: its name in links.
        blocks: what it holds, in order.
        signatures: how each number was computed: system and signature.
    """

    title: str
    anchor: str
    blocks: tuple[Block, ...]
    signatures: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report: the title, what was run where, and the sections."""

    title: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]

    @property
    def plots(self) -> list[Plot]:
        """All plots, in order."""
        return [block for part in self.sections for block in part.blocks if isinstance(block, Plot)]
