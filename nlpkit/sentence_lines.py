"""What line breaks say about sentences: blank lines, list items and headings.

A blank line always ends a sentence. A single line break by itself does not, since text may be
wrapped at any width; it does before a list item, and after a heading that opens a paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nlpkit.sentence_repairs import INVISIBLE

_BREAK = "(?:\r\n|\r(?!\n)|[\n\x85\u2028])"
_BLANK_LINES = re.compile(f"{_BREAK}[\\s{INVISIBLE}]*{_BREAK}\\s*|\u2029\\s*")
_LINE_BREAK = re.compile(_BREAK)
_BULLETS = "•▪◦‣●○■□▶➢►✓✔∙"
_ITEM = re.compile(
    f"(?:(?<![^\n\r\x85\u2028])|\\A)[ \t]*(?P<label>(?P<bullet>[{_BULLETS}*+·–—-])|"
    r"\(?(?:(?P<number>\d{1,3})(?:\.\d{1,3}){0,4}|[A-Za-z]|[ivxIVX]{1,5})(?P<stop>\.)?\)?)"
    r"[ \t]+(?=\S)"
)
_HEADING = re.compile(
    r"[ \t]*(?P<number>(?:\d{1,2}(?:\.\d{1,2}){0,4}|[IVX]{1,5})\.?[ \t]+)?"
    r"(?P<title>[^\s.!?][^\n\r]{0,80})"
)
# A heading does not end in one of these.
_SMALL_WORD = re.compile(
    "(?:an?|and|as|at|but|by|for|from|in|into|is|nor|of|on|or|the|to|via|with)$", re.I
)


def paragraphs(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of what stands between blank lines, in order.

    >>> list(paragraphs("One\\n\\n  Two\\nlines"))
    [(0, 3), (7, 16)]
    """
    start = 0
    for blank in _BLANK_LINES.finditer(text):
        if blank.start() > start:
            yield start, blank.start()
        start = blank.end()
    if start < len(text):
        yield start, len(text)


def line_borders(text: str, start: int, end: int) -> tuple[list[int], set[int]]:
    """The borders that lines make in the paragraph `text[start:end]`.

    Returns the offsets at which a line begins a new sentence, and the offsets of stops that are
    part of a list item's label and so end nothing.

    >>> line_borders("Buy:\\n1. Milk\\n- Eggs", 0, 19)
    ([5], {6})
    """
    if _LINE_BREAK.search(text, start, end) is None:
        first = _ITEM.match(text, start, end)
        return [], {first.start("stop")} if first and first["stop"] else set()
    borders: list[int] = []
    stops: set[int] = set()
    items = [m for m in _ITEM.finditer(text, start, end) if m["bullet"] or m["label"][-1] in ".)"]
    for index, item in enumerate(items):
        around = items[max(0, index - 1) : index] + items[index + 1 : index + 2]
        if _is_item(text, start, item, around):
            borders.append(item.start("label"))
            if item["stop"]:
                stops.add(item.start("stop"))
    heading = _heading_end(text, start, end)
    if heading is not None:
        borders.append(heading)
    return borders, stops


def _is_item(text: str, start: int, item: re.Match[str], around: list[re.Match[str]]) -> bool:
    if item["bullet"] and item["bullet"] in _BULLETS:
        return True
    left = text[max(start, item.start() - 8) : item.start()].rstrip()
    if not left:
        return not item["bullet"] or not text[item.end()].islower()
    if left[-1] in ".:;!?":
        return True
    return any(_is_sibling(item, other) for other in around)


def _is_sibling(item: re.Match[str], other: re.Match[str]) -> bool:
    if item["bullet"] or other["bullet"]:
        return item["bullet"] == other["bullet"]
    if item["number"] and other["number"]:
        return abs(int(item["number"]) - int(other["number"])) == 1
    return False


def _heading_end(text: str, start: int, end: int) -> int | None:
    """The end of a heading that is the paragraph's first line, or None.

    A heading is short, has no stop at its end, is numbered, in title case or in capitals, and the
    next line begins with a capital and is longer.
    """
    found = _HEADING.match(text, start, end)
    if found is None or found.end() >= end or not text[found.end()].isspace():
        return None
    line_end = found.end()
    if _LINE_BREAK.match(text, line_end) is None:
        return None
    title = found["title"].rstrip()
    follow = text[line_end : line_end + 200].lstrip().lstrip("\"'“‘(")
    if not follow[:1].isupper() or title[-1] in ".!?,;:-–—…(&" or not title[0].isalnum():
        return None
    words = title.split()
    if _SMALL_WORD.match(words[-1]):
        return None
    next_line = _LINE_BREAK.split(follow, maxsplit=1)[0]
    numbered = found["number"] is not None and title[0].isupper()
    capitals = all(word[0].isupper() or word[0].isdigit() for word in words if len(word) > 3)
    titled = words[0][0].isupper() and capitals
    longer = len(next_line) > (1.0 if numbered else 1.6) * (line_end - start)
    return line_end if (numbered or titled) and longer else None
