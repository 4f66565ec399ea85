"""Files of examples: every format gives the same table, and what does not fit is located."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pd = pytest.importorskip("pandas")
pytest.importorskip("pyarrow")

from nlpkit.errors import DataError  # noqa: E402
from nlpkit.tables import checked_labels, read_table  # noqa: E402

Write = Callable[[str, str], Path]
ROWS = [
    {"text": 'She said "no", twice.', "label": 1, "score": 0.5},
    {"text": "Two\nlines,\tand a tab", "label": 0, "score": -2.0},
    {"text": "naïve 漢字 🙂 a\u2028b\x0cc", "label": 1, "score": 0.0},
]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def writing(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode())
        return path

    return writing


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".json", ".parquet", ".CSV"])
def test_every_format_gives_the_same_table(tmp_path: Path, suffix: str) -> None:
    frame, path = pd.DataFrame(ROWS), tmp_path / f"data{suffix}"
    if suffix == ".parquet":
        frame.to_parquet(path)
    elif suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    elif suffix == ".json":
        path.write_text(json.dumps(ROWS, indent=1))
    else:
        frame.to_csv(path, index=False, sep="\t" if suffix == ".tsv" else ",")
    assert read_table(path, None, None).to_dict("records") == ROWS
    part = read_table(path, ["label", "text"], 2)
    assert list(part.columns) == ["label", "text"]
    assert part.to_dict("records") == [
        {"label": row["label"], "text": row["text"]} for row in ROWS[:2]
    ]
    with pytest.raises(DataError, match=r"data\.\w+.* no column 'stars'; there are text, label"):
        read_table(path, ["text", "stars"], None)


CELLS = st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=8)


@given(st.lists(st.tuples(CELLS, CELLS)))
def test_csv_gives_back_every_text(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    rows = [("text", "text"), *rows]  # so that no column is made of numbers
    path = tmp_path_factory.getbasetemp() / "any.csv"
    pd.DataFrame(rows, columns=["a", "b"], dtype=object).to_csv(path, index=False)
    frame = read_table(path, None, None)
    assert list(zip(frame["a"], frame["b"], strict=True)) == rows


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["0", "1", "-12"], [0, 1, -12]),
        (["0", "1.5", "-2e3"], [0.0, 1.5, -2000.0]),
        (["007", "12"], ["007", "12"]),
        (["NA", "null"], ["NA", "null"]),
        (["nan", "1"], ["nan", "1"]),
        (["1", ""], ["1", ""]),
        (["1_000", " 1"], ["1_000", " 1"]),
        (["9" * 25, "1"], [float("9" * 25), 1.0]),
        (["True", "False"], ["True", "False"]),
    ],
)
def test_only_plain_numbers_become_numbers(
    write: Write, cells: list[str], expected: list[object]
) -> None:
    path = write("cells.csv", "a,b\n" + "".join(f"{cell},x\n" for cell in cells))
    values = read_table(path, None, None)["a"].tolist()
    assert values == expected
    assert [type(value) for value in values] == [type(value) for value in expected]


def test_csv_values_may_be_whole_documents(write: Write) -> None:
    document = "word " * 100_000
    assert read_table(write("long.csv", f'text\n"{document}"\n'), None, None)["text"][0] == document


def test_csv_blank_lines_and_line_ends(write: Write) -> None:
    frame = read_table(write("crlf.csv", '\ufeffa,b\r\n1,"x\r\ny"\r\n\r\n2,z\r\n'), None, None)
    assert frame.to_dict("records") == [{"a": 1, "b": "x\r\ny"}, {"a": 2, "b": "z"}]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "a,b\n1,2\n3\n", "a.csv, line 3: 1 values, but the header has 2 columns"),
        ("a.csv", 'a,b\n"1\n1",2\n3,4,5\n', "a.csv, line 4: 3 values, but the header has 2"),
        ("a.csv", 'a,b\n"1"x,2\n', "a.csv, line 2: .* double quote"),
        ("a.csv", 'a,b\n1,"2\n', "a.csv, line 2: unexpected end"),
        ("a.csv", "a,a\n1,2\n", "a.csv has the column 'a' more than once"),
        ("a.csv", "a,b\n", "a.csv has no rows"),
        ("a.csv", "\n\n", "a.csv is empty"),
        ("a.csv", "", "a.csv is empty"),
        ("a.jsonl", "", "a.jsonl is empty"),
        ("a.jsonl", "\n", "a.jsonl has no rows"),
        ("a.jsonl", '{"a": 1}\n{"a": }\n', "a.jsonl, line 2, column 7: not JSON"),
        ("a.json", "[1", "a.json, line 1, column 3: not JSON"),
        ("a.json", "[]", "a.json has no rows"),
        ("a.json", '"text"', "a.json: allowed is a list of objects"),
        ("a.json", '{"rows": []}', "a.json: allowed is a list of objects"),
        ("a.json", '[{"a": 1}, 2]', "a.json, row 2: expected an object, found 2"),
        ("a.parquet", "", "a.parquet is empty"),
        ("a.parquet", "PAR1 and no more", "a.parquet is not a parquet file"),
        ("a.xlsx", "x", r"a.xlsx has the ending '.xlsx'; allowed are .csv, .tsv, .jsonl, .json"),
    ],
)
def test_malformed_files_are_located(write: Write, name: str, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_table(write(name, text), None, None)


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.json", "a.parquet"])
def test_missing_files(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match=f"{name}: there is no such file"):
        read_table(tmp_path / name, None, None)


def test_an_empty_or_truncated_parquet_file(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pd.DataFrame({"a": pd.Series([], dtype="int64")}).to_parquet(path)
    for limit in (None, 3):
        with pytest.raises(DataError, match="has no rows"):
            read_table(path, None, limit)
    pd.DataFrame({"a": range(10_000)}).to_parquet(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match="is not a parquet file that can be read"):
        read_table(path, None, None)


def test_a_record_without_a_wanted_column_is_located(write: Write) -> None:
    path = write("a.jsonl", '{"text": "x", "label": 1}\n\n{"text": "y"}\n')
    with pytest.raises(DataError, match=r"a.jsonl, line 3: there is no column 'label'; .* text"):
        read_table(path, ["text", "label"], None)
    assert read_table(path, ["text", "label"], 1).to_dict("records") == [{"text": "x", "label": 1}]
    assert read_table(path, ["text"], None)["text"].tolist() == ["x", "y"]
    assert list(read_table(path, None, None).columns) == ["text", "label"]


def test_lone_surrogates_survive(write: Write) -> None:
    path = write("a.jsonl", '{"text": "a\\ud800b", "label": 1}\n')
    assert read_table(path, None, None).to_dict("records") == [{"text": "a\ud800b", "label": 1}]


def test_squads_own_format(write: Write) -> None:
    answers = [{"text": "Ada", "answer_start": 0}, {"text": "Ada L.", "answer_start": 0}]
    questions = [
        {"id": "1", "question": "Who?", "answers": answers},
        {"id": "2", "question": "When?", "answers": [], "is_impossible": True},
    ]
    article = {"title": "Ada", "paragraphs": [{"context": "Ada L. wrote it.", "qas": questions}]}
    path = write("dev.json", json.dumps({"version": "2.0", "data": [article]}))
    shared = {"title": "Ada", "context": "Ada L. wrote it."}
    first = {"text": ["Ada", "Ada L."], "answer_start": [0, 0]}
    assert read_table(path, None, None).to_dict("records") == [
        {"id": "1", **shared, "question": "Who?", "answers": first},
        {"id": "2", **shared, "question": "When?", "answers": {"text": [], "answer_start": []}},
    ]
    del questions[0]["id"]
    path = write("dev.json", json.dumps({"data": [article]}))
    with pytest.raises(DataError, match="in the article 'Ada' the key 'id' is missing"):
        read_table(path, None, None)
    path = write("dev.json", json.dumps({"data": [{"title": "Ada", "paragraphs": ["text"]}]}))
    with pytest.raises(DataError, match="the article 'Ada' is not in SQuAD's format"):
        read_table(path, None, None)


def test_limit_reads_across_the_batches_of_a_parquet_file(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pd.DataFrame({"a": range(250), "b": "x"}).to_parquet(path, row_group_size=100)
    assert read_table(path, ["a"], 150)["a"].tolist() == list(range(150))
    assert len(read_table(path, None, 1000)) == 250


@pytest.mark.parametrize(
    ("values", "numbers"),
    [([0, 1, -1], [0, 1, -1]), (["no", "yes"], [0, 1]), (["yes", -1, 0], [1, -1, 0])],
)
def test_labels_become_numbers_by_name(values: list[object], numbers: list[int]) -> None:
    series = pd.Series(values, index=range(5, 5 + len(values)))
    checked = checked_labels("a.csv", series, ("no", "yes"))
    assert checked.tolist() == numbers
    assert checked.dtype.kind == "i"
    assert list(checked.index) == list(series.index)


@pytest.mark.parametrize("value", [2, -2, 1.0, True, "maybe", "1", None, ["yes"]])
def test_other_labels_are_located(value: object) -> None:
    series = pd.Series([0, value], dtype=object)
    allowed = r"allowed are 0 \(no\), 1 \(yes\) and -1 for none"
    with pytest.raises(DataError, match=rf"a.csv: the label of row 1 is .*; {allowed}\."):
        checked_labels("a.csv", series, ("no", "yes"))
