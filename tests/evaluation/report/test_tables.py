from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from nlpkit.errors import InputError, InputTypeError
from nlpkit.evaluation.report.content import data_sets, names, published_for
from nlpkit.evaluation.report.glue import measured_table, published_tables, result_name
from nlpkit.evaluation.report.published import by_split, checked, published_table
from nlpkit.evaluation.report.tables import (
    overview_table,
    results_table,
    significance,
    significance_table,
)
from nlpkit.evaluation.result import Evaluation
from nlpkit.evaluation.score import Score


def _column(table, name: str) -> list[str]:
    return [row[table.columns.index(name)].text for row in table.rows]


def test_order_is_pipelines_baselines_bounds(made: SimpleNamespace) -> None:
    systems = [
        made.summarizer("oracle-3", 0.9),
        made.summarizer("lead-3"),
        made.summarizer("ours", weights="abc"),
        made.summarizer("random-3", 0.2),
    ]
    (data,) = data_sets(systems)
    assert [system.system for system in data.systems] == ["ours", "lead-3", "random-3", "oracle-3"]
    assert data.kinds == ("pipeline", "baseline", "baseline", "bound")
    assert data.best("baseline").system == "lead-3"
    assert [system.system for system in data.focus] == ["ours"]

    (named,) = data_sets(systems, pipelines=["lead-3"], bounds=["ours"])
    assert [system.system for system in named.of("pipeline")] == ["lead-3"]
    assert [system.system for system in named.of("bound")] == ["ours"]
    (none,) = data_sets(systems, pipelines=[])
    assert none.of("pipeline") == []
    assert len(none.focus) == 4


def test_splits_are_different_data_sets(made: SimpleNamespace) -> None:
    sets = data_sets([made.reader(split="validation"), made.reader(split="test"), made.regressor()])
    assert [data.title for data in sets] == [
        "squad, validation",
        "squad, test",
        "glue/stsb, validation",
    ]


def test_a_system_twice_or_none_at_all(made: SimpleNamespace) -> None:
    with pytest.raises(InputError, match=r"reader on squad:validation.* twice"):
        data_sets([made.reader(), made.reader()])
    with pytest.raises(InputError, match="no evaluations"):
        data_sets([])


def test_results_have_points_intervals_and_n(made: SimpleNamespace) -> None:
    ours = made.reader("ours", 12)
    (data,) = data_sets([ours, made.reader("other", 3)])
    table = results_table(data)
    assert table.columns == ("system", "n", "F1", "Exact match")
    assert _column(table, "n") == ["20", "20"]
    assert _column(table, "Exact match") == ["60.00", "15.00"]
    low, high = ours["exact_match"].interval
    assert table.rows[0][3].detail == f"{low:.2f} to {high:.2f}"


def test_missing_and_undefined_metrics_are_told_apart(made: SimpleNamespace) -> None:
    full = made.regressor("full")
    part = Evaluation(
        [],
        task="classification",
        system="constant",
        dataset="glue/stsb",
        split="validation",
        examples=full.examples,
        undefined={"pearson": "all predictions are 2.5"},
    )
    (data,) = data_sets([part, full])
    table = results_table(data)
    assert _column(table, "Pearson")[0] == "not defined"
    assert _column(table, "Spearman")[0] == "–"
    assert data.best("baseline") is full


def test_the_number_of_examples_is_said_where_a_metric_has_another(made: SimpleNamespace) -> None:
    result = Evaluation(
        [Score.of("f1", [1, 0, 1]), Score.of("HasAns_f1", [1, 0])],
        task="question_answering",
        system="s",
        dataset="d",
        split=None,
        examples=made.reader(n=20).examples.head(3),
    )
    row = results_table(data_sets([result])[0]).rows[0]
    assert "n =" not in row[2].detail
    assert row[3].detail.endswith("n = 2")


def test_significance_is_against_the_best_baseline_only(made: SimpleNamespace) -> None:
    (data,) = data_sets(
        [
            made.summarizer("weak", 0.1),
            made.summarizer("strong", 0.3),
            made.summarizer("oracle-3", 0.9),
            made.summarizer("ours", 0.4, weights="a"),
        ]
    )
    tests = significance(data, samples=200, seed=0)
    assert [(test.pipeline, test.baseline) for test in tests] == [("ours", "strong")] * 3
    assert [test.metric for test in tests] == ["rouge1", "rouge2", "rougeLsum"]
    ours, strong = data.systems[0], data.systems[2]
    assert tests[0].comparison.difference == pytest.approx(
        ours["rouge1"].value - strong["rouge1"].value
    )
    table = significance_table(tests, samples=200, seed=0)
    assert table.rows[0][3].text == f"{ours['rouge1'].points - strong['rouge1'].points:+.2f}"
    overview = overview_table([(data, tests)])
    assert _column(overview, "bound") == [str(data.systems[3]["rouge1"])]
    assert _column(overview, "p") == [table.rows[0][4].text]


def test_other_examples_are_not_compared(made: SimpleNamespace) -> None:
    other = made.reader("other", 5)
    other.examples["id"] = other.examples["id"].iloc[::-1].to_numpy()
    (data,) = data_sets([made.reader("ours", weights="a"), other])
    tests = significance(data, samples=50, seed=0)
    assert tests
    assert all(test.comparison is None and test.why == "other examples" for test in tests)
    table = significance_table(tests, samples=50, seed=0)
    assert table.rows[0][4].text == "not tested: other examples"
    assert _column(overview_table([(data, tests)]), "p") == ["–"]


def test_no_baseline_no_test(made: SimpleNamespace) -> None:
    (data,) = data_sets([made.reader("ours", weights="a")])
    assert significance(data, samples=50, seed=0) == []
    assert "bound" not in overview_table([(data, [])]).columns


def test_sizes_of_published_systems_are_in_millions(made: SimpleNamespace) -> None:
    sizes = (("A", None), ("B", 110_000_000), ("C", 66_500_000))
    rows = [made.row(name, "squad", "dev", "f1", 70)._replace(parameters=n) for name, n in sizes]
    assert checked(iter(rows)) == rows
    assert _column(published_table(rows), "parameters") == ["–", "110M", "66.5M"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"split": ""}, "has no split"),
        ({"metric": None}, "has no metric"),
        ({"value": "–"}, "no number"),
        ({"value": float("nan")}, "no number"),
        ({"value": None}, "no number as its value"),
        ({"low": "56"}, "no number as its low"),
        ({"parameters": "22M"}, "no number as its parameters"),
        ({"train": float("inf")}, "no number as its train"),
    ],
)
def test_published_rows_that_are_wrong(
    made: SimpleNamespace, change: dict[str, Any], message: str
) -> None:
    good = made.row("A", "squad", "dev", "f1", 1)
    with pytest.raises(InputError, match=message):
        checked([good, good._replace(**change)])


def test_published_row_of_another_type(made: SimpleNamespace) -> None:
    row = made.row("A", "squad", "dev", "f1", 1)
    for other in (["A", "squad"], row._asdict(), tuple(row)):
        with pytest.raises(InputTypeError, match=f"of type {type(other).__name__}; it must be"):
            checked([row, other])


def test_splits_never_share_a_table(made: SimpleNamespace) -> None:
    rows = checked(
        [
            made.row("A", "squad", "dev", "f1", 1.25),
            made.row("A", "squad", "test", "f1", 2),
            made.row("A", "squad", "dev", "exact_match", 3),
            made.row("A", "squad", "dev", "f1", 4)._replace(source="Another, 2020"),
        ]
    )
    tables = {split: published_table(part, ["f1"]) for split, part in by_split(rows).items()}
    assert list(tables) == ["dev", "test"]
    assert tables["dev"].columns == ("system", "parameters", "F1", "Exact match", "source")
    assert _column(tables["dev"], "F1") == ["1.25", "4.0"]
    assert _column(tables["dev"], "Exact match") == ["3.0", "–"]
    assert _column(tables["test"], "F1") == ["2.0"]


def test_train_sizes_and_ranges_stand_in_the_glue_table(made: SimpleNamespace) -> None:
    rows = checked(
        [
            made.row("A", "glue/cola", "test", "matthews", 52.1)._replace(train=8500),
            made.row("B", "glue/cola", "test", "matthews", 60)._replace(train=8500, low=58.25),
            made.row("A", "glue", "test", "average", 79.6),
        ]
    )
    (table,) = published_tables(rows)
    assert [cell.text for cell in table.rows[0]] == ["training examples", "–", "8,500", "–", "–"]
    assert _column(table, "cola (Matthews)")[1:] == ["52.1", "60.0"]
    assert table.rows[2][2].detail == "58.25 to 60.0 by source"
    assert _column(table, "average")[1:] == ["79.6", "–"]


def test_published_numbers_of_mnli_go_to_their_own_part(made: SimpleNamespace) -> None:
    rows = checked(
        [
            made.row("A", "glue/mnli", "test_matched", "accuracy", 84.6),
            made.row("A", "glue/mnli", "test_mismatched", "accuracy", 83.4),
            made.row("A", "glue/mnli", "dev", "accuracy", 84),
        ]
    )
    (data,) = data_sets([made.classifier(dataset="glue/mnli", split="validation_mismatched")])
    assert [row.value for row in published_for(data, rows)] == [83.4, 84]
    (table,) = [t for t in published_tables(rows) if "test" in t.caption]
    assert table.columns[2:4] == ("mnli matched (Accuracy)", "mnli mismatched (Accuracy)")


def test_glue_table_joins_the_pipelines_of_different_tasks(made: SimpleNamespace) -> None:
    sets = data_sets(
        [
            made.classifier("sst2", weights="a"),
            made.classifier("majority", 10),
            made.classifier("rte", weights="b", dataset="glue/rte"),
            made.classifier("majority", 8, dataset="glue/rte"),
        ]
    )
    measured = [(result_name(data.dataset, data.split), data) for data in sets]
    table = measured_table(measured)
    assert _column(table, "system") == ["nlpkit's pipelines", "majority"]
    assert table.columns[1:3] == ("sst2 (Accuracy)", "rte (Accuracy)")
    assert table.rows[0][-1].text == "–"
    assert table.rows[0][-1].detail == "2 of 13 values"


def test_glue_average_where_all_is_there(made: SimpleNamespace) -> None:
    def result(task: str, split: str, value: int) -> Evaluation:
        given = ("accuracy", "f1", "matthews", "pearson", "spearman")
        scores = [Score.of(name, [1] * value + [0] * (10 - value)) for name in given]
        return Evaluation(
            scores,
            task="classification",
            system="s",
            dataset=f"glue/{task}",
            split=split,
            examples=made.regressor().examples,
        )

    tasks = ("cola", "sst2", "mrpc", "stsb", "qqp", "qnli", "rte")
    sets = data_sets(
        [result(task, "validation", 5) for task in tasks]
        + [result("mnli", "validation_matched", 9), result("mnli", "validation_mismatched", 6)]
    )
    table = measured_table([(result_name(data.dataset, data.split), data) for data in sets])
    assert _column(table, "average, BERT's rules") == [f"{(50 * 7 + 90 + 60) / 9:.2f}"]
    assert table.rows[0][-1].detail == "12 of 13 values"  # WNLI lacks


def test_names_are_never_given_twice() -> None:
    name = names()
    given = [name(text) for text in ("a b", "a-b", "A B", "a-b-2", "", "?")]
    assert len(set(given)) == len(given)
