"""From evaluations and published numbers to a report: what goes where."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING

from nlpkit.errors import InputError
from nlpkit.evaluation.report.bars import Kind
from nlpkit.evaluation.report.blocks import (
    Block,
    Examples,
    Heading,
    Plot,
    Report,
    Section,
    Text,
)
from nlpkit.evaluation.report.glue import glue_section
from nlpkit.evaluation.report.plots import (
    bar_plot,
    breakdown_plots,
    label_plots,
    reliability_plots,
)
from nlpkit.evaluation.report.published import by_split, published_table
from nlpkit.evaluation.report.tables import (
    DataSet,
    Tested,
    overview_table,
    results_table,
    signatures,
    significance,
    significance_table,
)
from nlpkit.evaluation.report.worst import worst_examples
from nlpkit.evaluation.score import version

if TYPE_CHECKING:
    from nlpkit.evaluation.published import Published
    from nlpkit.evaluation.result import Evaluation

_ORDER: tuple[Kind, ...] = ("pipeline", "baseline", "bound")


def build(
    evaluations: Sequence[Evaluation],
    published: Sequence[Published],
    *,
    title: str,
    facts: Iterable[tuple[str, str | None]],
    notes: Mapping[str, Sequence[str]],
    skipped: Mapping[str, str],
    pipelines: Collection[str] | None,
    bounds: Collection[str] | None,
    worst: int,
    show_examples: bool,
    samples: int,
    seed: int,
) -> Report:
    """The whole report; see `write_report` for the arguments and errors."""
    sets = data_sets(evaluations, pipelines=pipelines, bounds=bounds)
    unique = names()
    tested = [(data, significance(data, samples=samples, seed=seed)) for data in sets]
    left_out = [Text(f"Left out: {name} ({why}).") for name, why in skipped.items()]
    overview = Section("Overview", unique("overview"), (overview_table(tested), *left_out))
    glue = glue_section(sets, published, unique("glue"))
    parts = [
        _section(
            data,
            published_for(data, published),
            tests,
            unique,
            notes=notes.get(data.title, ()),
            worst=worst,
            show_examples=show_examples,
            samples=samples,
            seed=seed,
        )
        for data, tests in tested
    ]
    said = [("version", version()), *((name, text) for name, text in facts if text)]
    return Report(title, tuple(said), (overview, *([glue] if glue else []), *parts))


def data_sets(
    evaluations: Sequence[Evaluation],
    *,
    pipelines: Collection[str] | None = None,
    bounds: Collection[str] | None = None,
) -> list[DataSet]:
    """The evaluations by data set and split, in order of first appearance.

    Within each the pipelines come first, then the baselines, then the bounds. Where `pipelines` is
    None, a system whose signature says its weights is one; where `bounds` is, a system called
    `oracle` or `oracle-…`.

    Raises:
        InputError: no evaluations, or one system twice on one data set and split.
    """
    if not evaluations:
        raise InputError("there are no evaluations to report")
    found: dict[tuple[str, str | None], list[Evaluation]] = {}
    for evaluation in evaluations:
        there = found.setdefault((evaluation.dataset, evaluation.split), [])
        if any(other.system == evaluation.system for other in there):
            raise InputError(f"{evaluation!r} is there twice; a system can stand in a table once")
        there.append(evaluation)

    def kind(evaluation: Evaluation) -> Kind:
        name = evaluation.system
        if _is_pipeline(evaluation) if pipelines is None else name in pipelines:
            return "pipeline"
        bound = re.fullmatch(r"oracle(-.*)?", name) if bounds is None else name in bounds
        return "bound" if bound else "baseline"

    sets = []
    for (dataset, split), systems in found.items():
        ordered = sorted(systems, key=lambda system: _ORDER.index(kind(system)))
        kinds = tuple(kind(system) for system in ordered)
        sets.append(DataSet(dataset, split, tuple(ordered), kinds))
    return sets


def published_for(data: DataSet, published: Iterable[Published]) -> list[Published]:
    """What is published for a data set; of a split in two parts (MNLI's) only that part."""

    def part(split: str | None) -> str:
        found = re.search(r"(?<![a-z])(mis)?matched", split or "")
        return found[0] if found else ""

    here = part(data.split)
    return [
        row
        for row in published
        if row.dataset == data.dataset and (part(row.split) or here) == here
    ]


def _is_pipeline(evaluation: Evaluation) -> bool:
    return any("weights" in score.signature for score in evaluation.values())


def names() -> Callable[[str], str]:
    """Gives each text a short name of a-z, 0-9 and hyphens that no other text has been given.

    >>> name = names()
    >>> name("glue/sst2, validation"), name("GLUE SST2 validation"), name("…")
    ('glue-sst2-validation', 'glue-sst2-validation-2', 'x')
    """
    given: set[str] = set()

    def name(text: str) -> str:
        stem = slug(text)
        free = next(
            said for n in count(1) if (said := stem if n == 1 else f"{stem}-{n}") not in given
        )
        given.add(free)
        return free

    return name


def slug(text: str) -> str:
    """The letters and figures of a text, for files and links.

    >>> slug("LEAD-3 (ours)")
    'lead-3-ours'
    """
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[-60:].strip("-") or "x"


def _section(
    data: DataSet,
    published: Sequence[Published],
    tests: Sequence[Tested],
    unique: Callable[[str], str],
    *,
    notes: Sequence[str],
    worst: int,
    show_examples: bool,
    samples: int,
    seed: int,
) -> Section:
    name = unique(data.title)
    label = names()
    labels = {system.system: label(system.system) for system in data.systems}
    blocks: list[Block] = [results_table(data), *_notes(data, notes)]
    if tests:
        blocks.append(significance_table(tests, samples=samples, seed=seed))
    if plot := bar_plot(data, published, name):
        blocks.append(plot)
    if published:
        blocks.append(Heading("Published"))
        blocks += [published_table(rows, data.headlines) for rows in by_split(published).values()]
    plots: list[Plot] = [
        *breakdown_plots(data, name),
        *reliability_plots(data, name, labels.__getitem__),
        *label_plots(data, name, labels.__getitem__),
    ]
    if plots:
        blocks += [Heading("Where it is good and where not"), *plots]
    shown = [
        Examples(f"{system.system}: the {len(found)} worst", found)
        for system in data.focus
        if (found := worst_examples(system, worst, show_texts=show_examples))
    ]
    if shown:
        blocks += [Heading("The worst examples"), *shown]
    return Section(data.title, name, tuple(blocks), signatures(data))


def _notes(data: DataSet, notes: Sequence[str]) -> list[Text]:
    said = [f"{note[:1].upper()}{note[1:]}." for note in notes]
    for system in data.systems:
        if not len(system.examples):
            said.append(f"{system.system}: there are no examples.")
        said += [f"{system.system}: {note}." for note in system.notes]
        said += [
            f"{system.system}: {metric} is not defined ({why})."
            for metric, why in system.undefined.items()
        ]
    return [Text(re.sub(r"\.\.$", ".", text)) for text in said]
