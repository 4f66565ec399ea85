"""A report as Markdown (GitHub's), with its plots in files beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nlpkit.evaluation.report.blocks import (
    Block,
    Cell,
    Example,
    Examples,
    Heading,
    Plot,
    Report,
    Section,
    Table,
    Text,
    clean,
)

PLOTS = "plots"

# An underscore within a word is only that.
_SPECIAL = re.compile(r"([\\`*\[\]<>&|~$]|(?<![^\W_])_|_(?![^\W_]))")
# At the start of a line these make a list, a heading or a rule.
_START = re.compile(r"^(\d+(?=[.)](?:\s|$))|)([-+#=.)])")


def markdown(report: Report) -> str:
    """The whole text; ends with one line end."""
    lines = [f"# {escaped(report.title)}", ""]
    lines += [f"- {escaped(name)}: {_code(text)}" for name, text in report.facts]
    lines.append("")
    for section in report.sections:
        lines += [f"## {escaped(section.title)}", ""]
        for block in section.blocks:
            lines += [*_block(block), ""]
    lines += _signatures(report.sections)
    return clean("\n".join(lines).rstrip("\n") + "\n")


def escaped(text: str) -> str:
    r"""A text as Markdown that shows it as it is, on one line.

    >>> print(escaped("a|b\n<i>*c*</i>"))
    a\|b \<i\>\*c\*\</i\>
    """
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _paragraph(text: str) -> str:
    r"""The same for a line of its own.

    >>> print(_paragraph("- no list"))
    \- no list
    """
    return _START.sub(r"\1\\\2", escaped(text))


def _code(text: str) -> str:
    said = " ".join(text.split())
    fence = "`" * (max((len(run) for run in re.findall("`+", said)), default=0) + 1)
    room = " " if "`" in said[:1] + said[-1:] else ""
    return f"{fence}{room}{said}{room}{fence}" if said else ""


def _block(block: Block) -> Iterator[str]:
    match block:
        case Table():
            yield from _table(block)
        case Text(text):
            yield _paragraph(text)
        case Heading(text):
            yield f"### {escaped(text)}"
        case Plot(name, caption):
            yield f"![{escaped(caption)}]({PLOTS}/{name}.svg)"
            yield ""
            yield _paragraph(caption)
        case Examples(title, examples):
            yield f"#### {escaped(title)}"
            yield ""
            for number, example in enumerate(examples, start=1):
                yield from _example(number, example)


def _table(table: Table) -> Iterator[str]:
    if table.caption:
        yield _paragraph(table.caption.rstrip(".")) + ":"
        yield ""
    yield _line([escaped(name) for name in table.columns])
    yield _line(["---" if i in table.texts else "---:" for i in range(len(table.columns))])
    for row in table.rows:
        yield _line([_cell(cell) for cell in row])


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell) -> str:
    said = escaped(cell.text)
    return f"{said} ({escaped(cell.detail)})" if cell.detail else said


def _example(number: int, example: Example) -> Iterator[str]:
    scores = ", ".join(f"{escaped(name)} {escaped(value)}" for name, value in example.scores)
    yield f"{number}. {_code(example.id)}{': ' if scores else ''}{scores}"
    for name, text in example.texts:
        yield f"   - {escaped(name)}: {escaped(text)}"


def _signatures(sections: tuple[Section, ...]) -> Iterator[str]:
    there = [section for section in sections if section.signatures]
    if not there:
        return
    yield "## Signatures"
    yield ""
    yield "How each number was computed; two with one signature can be compared."
    yield ""
    for section in there:
        yield f"### {escaped(section.title)}"
        yield ""
        yield from (f"- {_code(signature)}" for _, signature in section.signatures)
        yield ""
