"""What runtimes and number types do to the metrics of the shipped pipelines.

Every pipeline on its own evaluation sets: the main metric on torch in float32, and by how many
points the others differ. Writes a Markdown table; with names, only their rows are new in it.
With `--write` it also puts `runtimes.json` beside each pipeline's weights, from which
`runtime="auto"` chooses: the greatest change of a score on the probe set, and what is excluded
because a metric moved by more than half a point.

int8 is measured on any machine (without 8-bit products the same integers are multiplied in
float32), bfloat16 where it is native: without that it takes too long.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import nlpkit
from nlpkit import recipe as recipes
from nlpkit.runtimes.choice import CANDIDATES, EXACT, Candidate, checkable, useful
from nlpkit.runtimes.machine import machine
from nlpkit.tasks import checks
from nlpkit.tasks.ahead import export_pipeline
from nlpkit.tasks.folders import find, weights_file
from nlpkit.tasks.loading import as_elsewhere

RESULT = Path(__file__).resolve().parent / "results" / "runtimes.md"

# The most that a metric may move, in points.
MOST = 0.5


def candidates() -> list[Candidate]:
    """What is measured here, torch in float32 first."""
    here = machine()
    others = [c for c in reversed(CANDIDATES) if checkable(c, here)]
    return [EXACT, *(c for c in others if c.dtype != "bfloat16" or useful(c, "cpu", here))]


def points(
    name: str, source: str, candidate: Candidate, *, data: Path | None, limit: int | None
) -> tuple[str, int, float]:
    """The main metric's name, how many rows it is of, and its value."""
    folder = find(name)
    recipe = recipes.read(folder)
    pipeline = as_elsewhere(recipe, weights_file(recipe, folder), candidate)
    split = pipeline.recipe.evaluation.split
    result = pipeline.evaluate(source, split=split, data=data, limit=limit, predictions=True)
    main = next(iter(result))
    return main, result[main].n, result[main].points


def row(
    name: str,
    source: str,
    among: Sequence[Candidate],
    moved: set[Candidate],
    *,
    data: Path | None,
    limit: int | None,
) -> str:
    """A line of the table; adds to `moved` what changes the metric by too much."""
    cells = []
    metric, rows, exact = points(name, source, among[0], data=data, limit=limit)
    for candidate in among[1:]:
        value = points(name, source, candidate, data=data, limit=limit)[2]
        cells.append(f"{value - exact:+.2f}")
        if abs(value - exact) > MOST:
            moved.add(candidate)
            cells[-1] = f"**{cells[-1]}**"
    return f"| {name} | {source} | {rows:,} | {metric} | {exact:.2f} | {' | '.join(cells)} |"


def heads(among: Sequence[Candidate]) -> list[str]:
    """The first two lines of the table."""
    return [
        f"| pipeline | data | rows | metric | {' | '.join(map(str, among))} |",
        f"|---|---|---:|---|{'---:|' * len(among)}",
    ]


def measured(
    names: Sequence[str],
    among: Sequence[Candidate],
    *,
    data: Path | None,
    limit: int | None,
    write: bool,
) -> Iterator[str]:
    """The rows of the table, each as soon as it is measured."""
    for name in names:
        folder = find(name)
        recipe = recipes.read(folder)
        moved: set[Candidate] = set()
        for source in recipe.evaluation.data:
            yield row(name, source, among, moved, data=data, limit=limit)
        if write:
            changes = export_pipeline(folder, check=True).changes
            excluded = tuple(sorted(map(str, moved)))
            path = folder / checks.FILE_NAME
            checks.write(recipe, path, checks.Checks(changes, excluded))


def beside(new: Sequence[str], former: Sequence[str]) -> list[str]:
    """The rows of a table, those of pipelines that were measured again in the place of theirs.

    >>> beside(["| b | 2 |"], ["| a | 1 |", "| b | 1 |", "| c | 1 |"])
    ['| a | 1 |', '| b | 2 |', '| c | 1 |']
    """

    def by_name(lines: Sequence[str]) -> dict[str, list[str]]:
        rows: dict[str, list[str]] = {}
        for line in lines:
            rows.setdefault(line.split("|")[1], []).append(line)
        return rows

    return [line for rows in (by_name(former) | by_name(new)).values() for line in rows]


def main() -> None:
    """Measures and writes the table, and shows it meanwhile."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="pipelines (all that are shipped)")
    parser.add_argument("--data", type=Path, help="folder of the reference data sets")
    parser.add_argument("--limit", type=int, help="most rows a set (all)")
    parser.add_argument("--write", action="store_true", help="write each runtimes.json too")
    parser.add_argument("-o", "--output", type=Path, default=RESULT, help="file (%(default)s)")
    options = parser.parse_args()
    among = candidates()
    lines = [
        "The main metric of each shipped pipeline on torch in float32, in points, and how much",
        f"other runtimes and number types change it. More than {MOST} points (bold) exclude one",
        "from `auto`.",
        "",
        *heads(among),
    ]
    former: list[str] = []
    if options.names and options.output.exists():
        former = options.output.read_text(encoding="utf-8").splitlines()
        if former[: len(lines)] != lines:
            parser.error(f"{options.output} has other columns: give --output, or no names")
    rows: list[str] = []
    names = options.names or nlpkit.pipelines()
    for line in measured(names, among, data=options.data, limit=options.limit, write=options.write):
        print(line, flush=True)
        rows.append(line)
    rows = beside(rows, former[len(lines) :])
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text("\n".join([*lines, *rows]) + "\n", encoding="utf-8")
    print(f"written to {options.output}", file=sys.stderr)


if __name__ == "__main__":
    main()
