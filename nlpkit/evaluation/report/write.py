"""Writing a report: made whole in a folder of its own, then put in place file by file."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from nlpkit.errors import DataError, InputError, NlpkitError
from nlpkit.evaluation.report.content import build
from nlpkit.evaluation.report.html import html
from nlpkit.evaluation.report.markdown import PLOTS, markdown
from nlpkit.evaluation.report.published import checked

if TYPE_CHECKING:
    from nlpkit.evaluation.published import Published
    from nlpkit.evaluation.report.blocks import Report
    from nlpkit.evaluation.result import Evaluation

MARKDOWN, HTML = "report.md", "report.html"
_NEEDED = ("matplotlib", "jinja2", "pandas")


def write_report(
    folder: str | os.PathLike[str],
    evaluations: Sequence[Evaluation],
    published: Iterable[Published] = (),
    *,
    title: str = "Benchmark",
    command: str | None = None,
    machine: str | None = None,
    date: str | None = None,
    notes: Mapping[str, Sequence[str]] | None = None,
    skipped: Mapping[str, str] | None = None,
    pipelines: Collection[str] | None = None,
    bounds: Collection[str] | None = None,
    worst: int = 20,
    show_examples: bool = True,
    samples: int = 10_000,
    seed: int = 0,
) -> Path:
    """Writes `report.md` with `plots/*.svg`, and `report.html`, which is one file.

    The same arguments give the same bytes: nothing is dated unless `date` says so. The report is
    made whole before the first file of an older one is touched, each file is replaced at once,
    and plots that only the older report had are removed. Other files in the folder stay.

    Args:
        folder: where to; made if it is not there.
        evaluations: one for each system and data set, in the order of the report.
        published: numbers that `nlpkit.evaluation.published` gives. Those of a data set stand in
            its section, each split in a table of its own; those of data sets that were not
            measured are left out, but for GLUE's, which are in the table of its tasks.
        title: the report's heading.
        command, machine, date: what was run, on what, when; as the header says it.
        notes: what to say of a data set, by its heading: `squad, validation`, or the data set's
            name where there is no split.
        skipped: data sets that were not measured, with the reason.
        pipelines: the systems that come first and are tested against the best baseline; None
            takes those whose signature says their weights.
        bounds: the systems that see the references, and so are no baseline; None takes `oracle`
            and `oracle-…`.
        worst: how many of each pipeline's worst examples to list; 0 lists none.
        show_examples: with their texts, cut for display; False gives ids and scores only, for
            data that may not be passed on. Apart from labels, no text is then in the report.
        samples: of the paired bootstrap.
        seed: of the paired bootstrap.

    Returns:
        The path of `report.html`.

    Raises:
        InputError: no evaluations, a system twice on one data set, `worst` or `samples` out of
            range, a published row without a number.
        InputTypeError: a published row of another type.
        DataError: the folder cannot be written.
        NlpkitError: matplotlib, jinja2 or pandas is missing.
    """
    for package in _NEEDED:
        if find_spec(package) is None:
            raise NlpkitError(
                f"the report needs the package {package}: pip install nlpkit[evaluate]"
            )
    for name, value, least in (("worst", worst, 0), ("samples", samples, 1)):
        if value < least:
            raise InputError(f"{name} = {value} is not allowed; it must be at least {least}")
    report = build(
        list(evaluations),
        checked(published),
        title=title,
        facts=(("date", date), ("machine", machine), ("command", command)),
        notes=notes or {},
        skipped=skipped or {},
        pipelines=pipelines,
        bounds=bounds,
        worst=worst,
        show_examples=show_examples,
        samples=samples,
        seed=seed,
    )
    return _put(Path(folder), report)


def _put(folder: Path, report: Report) -> Path:
    files = {f"{PLOTS}/{plot.name}.svg": plot.svg for plot in report.plots}
    # The texts come last: until then the older ones, and all the plots that they show, are there.
    files |= {MARKDOWN: markdown(report), HTML: html(report)}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        taken = [name for name in files if (folder / name).is_dir()]
        if taken:
            raise DataError(f"{folder / taken[0]} is a folder, so the report cannot be put there")
        before = _plots_of(folder / MARKDOWN)
        # Within the folder, and so on the same disk: only there a file is replaced at once.
        with tempfile.TemporaryDirectory(prefix=".report-", dir=folder) as made:
            for name, text in files.items():
                path = Path(made, name)
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(text.encode("utf-8"))
            (folder / PLOTS).mkdir(exist_ok=True)
            for name in files:
                Path(made, name).replace(folder / name)
        for name in before - files.keys():
            (folder / name).unlink(missing_ok=True)
        if not any((folder / PLOTS).iterdir()):
            shutil.rmtree(folder / PLOTS)
    except OSError as error:
        raise DataError(f"the report cannot be written to {folder}: {error.strerror}") from error
    return folder / HTML


def _plots_of(file: Path) -> set[str]:
    """The plots that an older report shows, relative to it."""
    if not file.is_file():
        return set()
    text = file.read_text(encoding="utf-8", errors="replace")
    return set(re.findall(rf"\]\(({PLOTS}/[a-z0-9-]+\.svg)\)", text))
