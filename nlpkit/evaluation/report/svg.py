"""From a matplotlib figure to SVG: the same bytes for the same drawing, alone or in a page."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

from nlpkit.evaluation.report.blocks import Plot, clean

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Text and lines have this colour, and nothing else has: in a page it becomes the page's own, so
# that a plot is legible on a light and on a dark ground.
INK = "#1b1f24"
PAPER = "#ffffff"

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # real text: small, selectable, readable by machines
    "font.family": ["DejaVu Sans"],
    "font.size": 10.0,
    "axes.titlesize": 10.0,
    "axes.labelsize": 10.0,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.facecolor": "none",
    "axes.unicode_minus": True,
    "figure.constrained_layout.w_pad": 0.08,
    "figure.facecolor": "none",
    "grid.color": INK,
    "grid.alpha": 0.15,
    "hatch.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 9.0,
    "path.simplify": False,
    "text.color": INK,
    "text.parse_math": False,  # a "$" in a name is a dollar
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 9.0,
    "ytick.labelsize": 9.0,
}
# Plots in a page take the reader's own sans serif; DejaVu, by which the space was measured, is
# wider than any of these.
_FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"


@contextmanager
def style() -> Iterator[None]:
    """The look of all plots; figures are made and saved inside, and nothing stays behind."""
    import matplotlib

    # A user's own settings (matplotlibrc) must not change the report.
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)
        yield


def svg(figure: Figure, name: str) -> str:
    """The figure as a file of SVG on white, without a date; call within `style`."""
    import matplotlib

    # The names inside come from a hash of this, and so differ between plots on one page.
    matplotlib.rcParams["svg.hashsalt"] = name
    file = io.StringIO()
    metadata = {"Date": None, "Creator": "nlpkit"}
    with warnings.catch_warnings():
        # The reader's own font draws the text; DejaVu is only measured by.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        _settle(figure)
        figure.savefig(file, format="svg", metadata=metadata, dpi=150)
    text = clean(file.getvalue())
    text = re.sub(r"font: (\S+) 'DejaVu Sans'", rf"font: \1 {_FONTS}", text)
    text = re.sub(r"(?<=\d) 'DejaVu Sans'", f" {_FONTS}", text)
    body = text[text.index("<svg") :]
    head, rest = body.split(">", 1)
    ground = f'<rect class="paper" width="100%" height="100%" fill="{PAPER}"/>'
    # matplotlib ends some lines with blanks, which version control complains of.
    lines = (line.rstrip() for line in f"{head}>\n {ground}{rest}".splitlines())
    return '<?xml version="1.0" encoding="utf-8"?>\n' + "\n".join(lines) + "\n"


def _settle(figure: Figure) -> None:
    """Fixes the layout on round numbers: the solver's last digits differ from run to run."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes in figure.axes:
        left, bottom, width, height = axes.get_position(original=True).bounds
        axes.set_position((round(left, 5), round(bottom, 5), round(width, 5), round(height, 5)))


def inline(plot: Plot) -> str:
    """The plot as part of an HTML page: no ground, the page's colour, names that are its own.

    >>> drawn = '<svg viewBox="0 0 1 1"><g id="a"/><use href="#a"/></svg>'
    >>> print(inline(Plot("f1", "Bars & more", drawn)))
    <svg role="img" aria-label="Bars &amp; more" viewBox="0 0 1 1"><g id="f1-a"/><use
    href="#f1-a"/></svg>
    """
    text = plot.svg[plot.svg.index("<svg") :]
    text = re.sub(r'<rect class="paper"[^>]*/>', "", text)
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'(?<= )id="([^"]+)"', rf'id="{plot.name}-\1"', text)
    text = re.sub(r'href="#([^"]+)"', rf'href="#{plot.name}-\1"', text)
    text = re.sub(r"url\(#([^)]+)\)", rf"url(#{plot.name}-\1)", text)
    text = text.replace(INK, "currentColor")
    label = f'<svg role="img" aria-label={quoteattr(plot.caption)} '
    return text.replace("<svg ", label, 1).rstrip()
