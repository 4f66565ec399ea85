from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

from nlpkit.evaluation.report import write_report

VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """Checks that tags close in order, and collects what a page has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.text: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        found = dict(attributes)
        if "id" in found:
            self.ids.append(found["id"])
        for name in ("href", "src", "xlink:href", "srcset", "data"):
            if name in found:
                self.links.append(found[name])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.text.append(data)


@pytest.fixture(scope="module")
def everything(made: SimpleNamespace, tmp_path_factory) -> SimpleNamespace:
    evaluations = [
        made.reader("reader", 12, weights="a", notes=["2 questions lack a prediction"]),
        made.reader("sliding-window", 4),
        made.summarizer("summarizer", weights="b"),
        made.summarizer("lead-3", 0.3),
        made.summarizer("oracle-3", 0.8),
        made.classifier(weights="c"),
        made.regressor(weights="d"),
    ]
    published = [
        made.row("BERT-base", "squad", "dev", "f1", 88.4),
        made.row("BERT-large", "squad", "test", "f1", 91.8),
        made.row("BERT-base", "glue/cola", "test", "matthews", 52.1),
        made.row("BERT-base", "xsum", "test", "rouge1", 11.11),
    ]
    folder = tmp_path_factory.mktemp("whole") / "new" / "report"
    options = {
        "title": "A <b>report</b>",
        "command": "nlpkit benchmark all --data FOLDER",
        "machine": "two cores",
        "notes": {"squad, validation": ["the first 20 of 10,570 rows"]},
        "skipped": {"xsum, test": "not there"},
        "samples": 100,
    }
    path = write_report(folder, evaluations, published, **options)
    return SimpleNamespace(
        folder=folder,
        path=path,
        evaluations=evaluations,
        published=published,
        options=options,
        markdown=(folder / "report.md").read_text(encoding="utf-8"),
        html=path.read_text(encoding="utf-8"),
    )


def test_the_page_is_whole_and_fetches_nothing(everything: SimpleNamespace) -> None:
    page = Page(everything.html)
    assert everything.path == everything.folder / "report.html"
    assert "script" not in page.tags
    assert all(link.startswith(("#", "data:image/")) for link in page.links)
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    used = re.findall(r"url\(([^)]*)\)", everything.html)
    assert {name[1:] for name in used} <= set(page.ids)
    assert "@import" not in everything.html


def test_every_plot_is_in_both_forms_and_a_file(everything: SimpleNamespace) -> None:
    shown = re.findall(r"!\[.*\]\((plots/[^)]+)\)", everything.markdown)
    files = sorted(f"plots/{path.name}" for path in (everything.folder / "plots").iterdir())
    assert sorted(shown) == files
    assert Page(everything.html).tags.count("svg") == len(files)
    kinds = {name.rsplit("validation-")[-1].rsplit("test-")[-1] for name in files}
    assert kinds == {
        "scores.svg",
        "question-type.svg",
        "passage-length.svg",
        "reader-calibration.svg",
        "document-length.svg",
        "positions.svg",
        "sst2-calibration.svg",
        "sst2-confusion.svg",
        "stsb-scatter.svg",
    }
    for name in files:
        root = ElementTree.parse(everything.folder / name).getroot()
        assert root.tag.endswith("svg")


def test_the_same_input_gives_the_same_bytes(everything: SimpleNamespace, tmp_path: Path) -> None:
    write_report(tmp_path, everything.evaluations, everything.published, **everything.options)
    files = [path for path in everything.folder.rglob("*") if path.is_file()]
    assert len(files) > 10
    for path in files:
        assert (tmp_path / path.relative_to(everything.folder)).read_bytes() == path.read_bytes()


def test_both_forms_say_the_same(everything: SimpleNamespace) -> None:
    page = " ".join("".join(Page(everything.html).text).split())
    text = everything.markdown
    score = everything.evaluations[0]["f1"]
    for said in (
        "nlpkit benchmark all --data FOLDER",
        "two cores",
        str(score),
        f"{score.interval[0]:.2f} to {score.interval[1]:.2f}",
        f"{score.signature}|interval:{score.resampling}",
        "The first 20 of 10,570 rows.",
        "2 questions lack a prediction.",
        "Left out: xsum, test (not there).",
        "88.4",
        "52.1",
        "A paper, 2019",
    ):
        assert said in page
        assert said in text
    assert "11.11" not in page + text  # of a data set that was not measured


def test_test_and_dev_numbers_are_in_different_tables(everything: SimpleNamespace) -> None:
    tables = re.findall(r"(?:^\|.*\n)+", everything.markdown, flags=re.MULTILINE)
    assert any("88.4" in table for table in tables)
    assert not any("88.4" in table and "91.8" in table for table in tables)
    published = [table for table in tables if "BERT" in table]
    assert not any("sliding-window" in table for table in published)


def test_texts_are_escaped(everything: SimpleNamespace, made: SimpleNamespace) -> None:
    assert f"<script>{made.secret}" not in everything.html
    assert f"&lt;script&gt;{made.secret}" in everything.html
    assert "A &lt;b&gt;report&lt;/b&gt;" in everything.html
    assert rf"\<script\>{made.secret}" in everything.markdown
    assert r"\</script\> \| \*x\* \$y\$" in everything.markdown


def test_without_examples_no_text_is_there(
    everything: SimpleNamespace, made: SimpleNamespace, tmp_path: Path
) -> None:
    assert made.secret in everything.html
    write_report(tmp_path, everything.evaluations, samples=10, show_examples=False)
    for path in tmp_path.rglob("*.*"):
        if path.is_file():
            assert made.secret not in path.read_text(encoding="utf-8")
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "reader: the 20 worst" in text
    assert "`q19`: f1 0.250" in text


def test_no_worst_examples_where_none_are_wanted(made: SimpleNamespace, tmp_path: Path) -> None:
    write_report(tmp_path, [made.regressor()], samples=10, worst=0)
    assert "worst" not in (tmp_path / "report.md").read_text(encoding="utf-8")
