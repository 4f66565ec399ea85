"""A report as one HTML file: everything inside, nothing fetched, no script."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from nlpkit.evaluation.report.blocks import Block, Report, clean
from nlpkit.evaluation.report.svg import inline

TEMPLATE = "template.html.jinja"


def html(report: Report) -> str:
    """The whole page. All texts are escaped; only the plots' SVG goes in as it is."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["inline"] = lambda plot: Markup(inline(plot))
    environment.filters["runs"] = _runs
    return clean(environment.get_template(TEMPLATE).render(report=report))


def _runs(blocks: Iterable[Block]) -> list[tuple[str, list[Block]]]:
    """Neighbours of one kind together, by the kind's name: plots stand side by side."""
    return [(kind.__name__, list(run)) for kind, run in groupby(blocks, key=type)]
