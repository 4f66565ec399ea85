"""From the arguments of a command to inputs, and through a pipeline to results in their places."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Generic, TypeVar

import click

from nlpkit.errors import NlpkitError
from nlpkit.files import STANDARD_INPUT, iter_lines, read_text

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Source(Generic[Value]):
    """One input and where it came from; `value` is None where it could not be read.

    >>> Source("notes.txt", "Some text.", line=7).name
    'notes.txt:7'
    """

    file: str | None
    value: Value | None
    line: int | None = None
    error: NlpkitError | None = None

    @property
    def name(self) -> str:
        """The file, and the line where each line is an input."""
        file = "standard input" if self.file in (None, STANDARD_INPUT) else str(self.file)
        return file if self.line is None else f"{file}:{self.line}"

    def place(self) -> dict[str, Any]:
        """The file and the line for JSON; nothing where the input was an argument."""
        place: dict[str, Any] = {} if self.file is None else {"file": self.file}
        return place if self.line is None else {**place, "line": self.line}


def text_sources(files: Sequence[str], *, lines: bool, quiet: bool) -> Iterator[Source[str]]:
    """The text of each file, or of each line that is not blank; standard input without files.

    A file that cannot be read comes as a source with its `error`, and the others go on.
    """
    for file in files or (STANDARD_INPUT,):
        if file == STANDARD_INPUT:
            note_waiting(quiet=quiet)
        if lines:
            yield from line_sources(file)
            continue
        try:
            source: Source[str] = Source(file, read_text(file))
        except NlpkitError as error:
            source = Source(file, None, error=error)
        yield source


def line_sources(file: str) -> Iterator[Source[str]]:
    """Each line of a file that is not blank, read as it is asked for."""
    number = 0
    try:
        for number, line in enumerate(iter_lines(file), start=1):
            if line.strip():
                yield Source(file, line, line=number)
    except NlpkitError as error:
        yield Source(file, None, line=number + 1, error=error)


def note_waiting(*, quiet: bool) -> None:
    """Tells a person at a terminal that the command waits for them to type."""
    if not quiet and sys.stdin is not None and sys.stdin.isatty():
        click.echo("nlpkit: reading from the terminal; end with Ctrl-D", err=True)


def process(
    load: Callable[[], Any],
    sources: Iterable[Source[Value]],
    *,
    progress: bool,
    **options: Any,
) -> Iterator[tuple[Source[Value], Any]]:
    """Each source with its result, in order and as they come.

    Where a source could not be read or processed, the result is its `NlpkitError`. The pipeline is
    loaded once the first source could be read, so that a wrong path is reported at once. Only
    the inputs that the pipeline reads ahead are in memory.
    """
    remaining = iter(sources)
    for source in remaining:
        if source.error is None:
            break
        yield source, source.error
    else:
        return
    waiting: deque[Source[Value]] = deque()

    def inputs() -> Iterator[Value | None]:
        for source in chain((source_first,), remaining):
            waiting.append(source)
            if source.error is None:
                yield source.value

    source_first = source
    pipeline = load()
    for result in pipeline(inputs(), errors="return", progress=progress, **options):
        yield from _unreadable(waiting)
        failure = getattr(result, "error", None)
        yield waiting.popleft(), failure if isinstance(failure, NlpkitError) else result
    yield from _unreadable(waiting)


def _unreadable(
    waiting: deque[Source[Value]],
) -> Iterator[tuple[Source[Value], NlpkitError]]:
    while waiting and (error := waiting[0].error) is not None:
        yield waiting.popleft(), error
