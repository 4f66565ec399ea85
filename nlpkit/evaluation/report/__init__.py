"""One report of a benchmark, as Markdown and as a single HTML page with plots."""

from nlpkit.evaluation.report.write import write_report

__all__ = ["write_report"]
