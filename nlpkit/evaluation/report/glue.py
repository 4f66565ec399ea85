"""GLUE as one table: systems by tasks with the averages, and published ones a table a split."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nlpkit.evaluation.glue import GLUE
from nlpkit.evaluation.glue_average import RULES, glue_average
from nlpkit.evaluation.report.bars import Kind
from nlpkit.evaluation.report.blocks import Block, Cell, Heading, Section, Table
from nlpkit.evaluation.report.columns import shown
from nlpkit.evaluation.report.published import MISSING, published_cell, size

if TYPE_CHECKING:
    from nlpkit.evaluation.published import Published
    from nlpkit.evaluation.report.tables import DataSet
    from nlpkit.evaluation.result import Evaluation

PREFIX = "glue/"
# The results that the averages are made of, in the order of the BERT paper's table; WNLI last.
_RESULTS = (*RULES["bert"], "wnli")
_AVERAGES = (("bert", "average, BERT's rules"), ("leaderboard", "average, leaderboard's rules"))


def result_name(dataset: str, split: str | None) -> str | None:
    """Which of GLUE's results a data set and split is; None for any other.

    >>> result_name("glue/mnli", "validation_mismatched"), result_name("glue/sst2", "dev")
    ('mnli_mismatched', 'sst2')
    >>> result_name("glue/ax", "test"), result_name("squad", "validation")
    (None, None)
    """
    if not dataset.startswith(PREFIX):
        return None
    task = dataset.removeprefix(PREFIX)
    if task == "mnli":
        task += "_mismatched" if "mismatched" in (split or "") else "_matched"
    return task if task in _RESULTS else None


def glue_section(
    sets: Sequence[DataSet], published: Sequence[Published], anchor: str
) -> Section | None:
    """The section on GLUE; None where nothing of it was measured."""
    measured = [(name, data) for data in sets if (name := result_name(data.dataset, data.split))]
    if not measured:
        return None
    blocks: list[Block] = [measured_table(measured)]
    tables = published_tables(published)
    if tables:
        blocks += [Heading("Published"), *tables]
    return Section("GLUE", anchor, tuple(blocks))


def measured_table(measured: Sequence[tuple[str, DataSet]]) -> Table:
    """Systems by tasks, on splits with public labels.

    The pipelines, which are made for a task each, are one row, unless a task has several.
    """
    rows: dict[str, dict[str, Evaluation]] = {}
    kinds: dict[str, Kind] = {}
    together = all(len(data.of("pipeline")) < 2 for _, data in measured)
    for name, data in measured:
        for system, kind in zip(data.systems, data.kinds, strict=True):
            row = "nlpkit's pipelines" if together and kind == "pipeline" else system.system
            rows.setdefault(row, {})[name] = system
            kinds[row] = kind
    names = [name for name in _RESULTS if any(name == there for there, _ in measured)]
    body = []
    for row in sorted(rows, key=lambda row: kinds[row] != "pipeline"):
        cells = [_measured_cell(name, rows[row].get(name)) for name in names]
        averages = [_average_cell(rows[row], rules) for rules, _ in _AVERAGES]
        body.append((Cell(row), *cells, *averages))
    head = ("system", *map(_column, names), *(title for _, title in _AVERAGES))
    caption = (
        "GLUE, measured on the validation splits, in points. The averages are the BERT paper's"
        " (MNLI twice, F1 of QQP and MRPC, Spearman of STS-B, no WNLI) and the leaderboard's (nine"
        " tasks, each the mean of its metrics); given where nothing is missing."
    )
    return Table(head, tuple(body), caption)


def _metrics(name: str) -> tuple[str, ...]:
    return GLUE[name.split("_")[0]].metrics


def _column(name: str) -> str:
    metrics = " / ".join(shown(metric) for metric in _metrics(name))
    return f"{name.replace('_', ' ')} ({metrics})"


def _measured_cell(name: str, system: Evaluation | None) -> Cell:
    if system is None:
        return Cell(MISSING)
    there = list(system)
    values = [str(system[metric]) if metric in there else MISSING for metric in _metrics(name)]
    return Cell(" / ".join(values))


def _average_cell(results: dict[str, Evaluation], rules: str) -> Cell:
    values = {
        name: {metric: system[metric] for metric in system if metric in _metrics(name)}
        for name, system in results.items()
    }
    needed = sum(len(parts) for parts in RULES[rules].values())
    there = sum(
        metric in values.get(name, {}) for parts in RULES[rules].values() for name, metric in parts
    )
    if there < needed:
        return Cell(MISSING, f"{there} of {needed} values")
    return Cell(f"{100 * glue_average(values, rules=rules).value:.2f}")  # type: ignore[arg-type]


def published_tables(published: Sequence[Published]) -> list[Table]:
    """Published GLUE results: a table a split, a row a system and source.

    The first row is how many examples each task is trained with, where that is known.
    """
    splits: dict[str, list[tuple[tuple[int, str], Published]]] = {}
    for row in published:
        place = _published_place(row)
        if place is not None:
            # MNLI's two parts, such as test_matched, stand beside the other tasks' test.
            split = row.split.replace("_mismatched", "").replace("_matched", "")
            splits.setdefault(split, []).append((place, row))
    return [_published_table(split, rows) for split, rows in splits.items()]


def _published_table(split: str, rows: Sequence[tuple[tuple[int, str], Published]]) -> Table:
    columns = sorted({place for place, _ in rows})
    lines: dict[tuple[str, int | None, str], dict[tuple[int, str], list[Published]]] = {}
    train: dict[tuple[int, str], int] = {}
    for place, row in rows:
        line = lines.setdefault((row.system, row.parameters, row.source), {})
        line.setdefault(place, []).append(row)
        if row.train is not None:
            train.setdefault(place, row.train)
    body = []
    for (system, parameters, source), line in lines.items():
        values = [published_cell(line.get(place, [])) for place in columns]
        notes = dict.fromkeys(
            f"{place[1]}: {row.note}"
            for place in columns
            for row in line.get(place, [])
            if row.note
        )
        first = (Cell(system), Cell(size(parameters)))
        body.append((*first, *values, Cell(source), Cell("; ".join(notes))))
    if train:
        counts = [f"{train[place]:,}" if place in train else MISSING for place in columns]
        body.insert(0, tuple(map(Cell, ("training examples", MISSING, *counts, MISSING, ""))))
    head = ("system", "parameters", *(name for _, name in columns), "source", "note")
    if not any(row.note for _, row in rows):
        head, body = head[:-1], [line[:-1] for line in body]
    caption = f"GLUE, published for the {split} split, in points"
    return Table(head, tuple(body), caption, frozenset({0, *range(2 + len(columns), len(head))}))


def _published_place(row: Published) -> tuple[int, str] | None:
    """A column and its rank; None for what is not of GLUE."""
    if row.dataset == "glue":
        return len(_RESULTS), row.metric
    name = result_name(row.dataset, row.split)
    if name is None:
        return None
    return _RESULTS.index(name), f"{name.replace('_', ' ')} ({shown(row.metric)})"
