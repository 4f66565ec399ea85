from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from nlpkit.evaluation.report.columns import confidences
from nlpkit.evaluation.report.worst import LONG, worst_examples, worst_rows


def test_questions_by_f1_then_by_how_sure(made: SimpleNamespace) -> None:
    rows = worst_rows(made.reader(right=12, n=20), 3)
    assert rows["id"].tolist() == ["q19", "q18", "q17"]
    assert (rows["f1"] == 0.25).all()


def test_classes_only_where_wrong_the_surest_first(made: SimpleNamespace) -> None:
    result = made.classifier(wrong=6)
    rows = worst_rows(result, 20)
    assert rows["correct"].tolist() == [0] * 3
    assert rows["probability"].is_monotonic_decreasing


def test_numbers_by_distance(made: SimpleNamespace) -> None:
    rows = worst_rows(made.regressor(n=15), 6)
    assert np.allclose(rows["error"].abs(), [0.6] * 5 + [0.3])


def test_summaries_by_mean_rouge(made: SimpleNamespace) -> None:
    assert worst_rows(made.summarizer(), 2)["id"].tolist() == ["d0", "d1"]


def test_without_the_columns_or_a_count_there_are_none(made: SimpleNamespace) -> None:
    result = made.reader()
    assert len(worst_rows(result, 0)) == 0
    del result.examples["f1"]
    assert worst_examples(result, 5) == ()


def test_texts_are_cut_and_marked_or_left_out(made: SimpleNamespace) -> None:
    (shown,) = worst_examples(made.summarizer(), 1)
    document = dict(shown.texts)["document"]
    assert "more characters]" in document
    assert len(document) < LONG + 40
    (hidden,) = worst_examples(made.summarizer(), 1, show_texts=False)
    assert hidden.id == "d0"
    assert hidden.texts == ()
    assert dict(hidden.scores)["rouge1"] == "0.200"


def test_the_passage_is_cut_around_the_answer(made: SimpleNamespace) -> None:
    result = made.reader(n=2, right=0)
    result.examples["context"] = "x " * 2_000 + "the answer" + " y" * 2_000
    result.examples["references"] = [["the answer"]] * 2
    (shown,) = worst_examples(result, 1)
    assert "the answer" in dict(shown.texts)["passage"]
    assert dict(shown.texts)["passage"].startswith("[")


def test_an_answer_that_is_not_given_is_said_so(made: SimpleNamespace) -> None:
    result = made.reader(n=2, right=0)
    result.examples["prediction"] = ""
    result.examples["references"] = [[], []]
    texts = dict(worst_examples(result, 1)[0].texts)
    assert texts["predicted"] == texts["right"] == "(no answer)"


def test_confidence_of_no_answer_is_its_own_probability(made: SimpleNamespace) -> None:
    result = made.reader(n=20)
    sure, right = confidences(result)
    frame = result.examples
    silent = (frame["prediction"] == "").to_numpy()
    assert silent.any()
    assert np.array_equal(sure[silent], frame["no_answer"][silent])
    assert np.array_equal(sure[~silent], frame["score"][~silent])
    assert right.tolist() == frame["exact"].tolist()


def test_scores_that_are_no_probabilities_are_not_used(made: SimpleNamespace) -> None:
    result = made.classifier()
    result.examples["probability"] = 3.5
    assert confidences(result) is None
    result.examples["probability"] = None
    assert confidences(result) is None
