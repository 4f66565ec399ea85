"""`nlpkit score`'s functions: files of any system's predictions."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from nlpkit.errors import DataError, InputError, NlpkitWarning
from nlpkit.evaluation import squad
from nlpkit.evaluation.rouge import rouge
from nlpkit.evaluation.score_files import (
    score_label_file,
    score_meteor_files,
    score_rouge_files,
    score_squad_file,
)


def write(path: Path, content: object) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def squad_file(path: Path, unanswerable: bool) -> Path:
    context = "Ada lived in Rome until 1066."
    questions = [
        {"id": "q1", "question": "Where?", "answers": [{"text": "Rome", "answer_start": 13}]},
        {"id": "q2", "question": "When?", "answers": [{"text": "1066", "answer_start": 24}]},
    ]
    if unanswerable:
        questions.append({"id": "q3", "question": "Why?", "answers": []})
    data = {"version": "v", "data": [{"title": "T", "paragraphs": [
        {"context": context, "qas": questions}]}]}  # fmt: skip
    return write(path, data)


class TestSquad:
    def test_version_1(self, tmp_path: Path) -> None:
        gold = squad_file(tmp_path / "dev.json", unanswerable=False)
        said = write(tmp_path / "said.json", {"q1": "the Rome", "q9": "x"})
        scores, notes = score_squad_file(said, gold)
        assert scores["exact_match"].value == scores["f1"].value == 50.0
        assert scores["f1"].signature["variant"] == "squad-1.1"
        assert scores["f1"].signature["data"] == "dev.json"
        assert notes == (
            "1 of 2 questions have no prediction and count 0",
            f"1 predictions are for no question of {gold} and are ignored",
        )

    def test_version_2(self, tmp_path: Path) -> None:
        gold = squad_file(tmp_path / "dev.json", unanswerable=True)
        said = write(tmp_path / "said.json", {"q1": "Rome", "q2": "in 1066", "q3": "war"})
        doubts = write(tmp_path / "doubts.json", {"q1": 0.1, "q2": 0.2, "q3": 0.9})
        scores, notes = score_squad_file(said, "x", data=gold, no_answer=doubts, threshold=0.5)
        assert scores["NoAns_f1"].value == 100.0
        assert scores["best_f1"].value == pytest.approx(100 * (1 + 2 / 3 + 1) / 3)
        assert squad.best_threshold(scores["best_f1"]) == 0.2
        assert notes == ()
        write(said, {"q1": "Rome"})
        scores, notes = score_squad_file(said, gold)
        assert scores["f1"].value == 100.0
        assert len(notes) == 1
        assert notes[0].startswith("2 of 3 questions have no prediction and are left out")

    def test_probabilities_without_a_use(self, tmp_path: Path) -> None:
        gold = squad_file(tmp_path / "dev.json", unanswerable=False)
        said = write(tmp_path / "said.json", {"q1": "Rome"})
        with pytest.raises(InputError, match="have no use"):
            score_squad_file(said, gold, no_answer=said)

    @pytest.mark.parametrize(
        ("content", "wrong"),
        [
            ("no json", "not JSON"),
            ([1], "expected a JSON object"),
            ({"q1": 5}, "'q1' is 5, not a text"),
            ({"q7": "Rome"}, "q7"),
            ({}, "prediction"),
        ],
    )
    def test_bad_predictions(self, tmp_path: Path, content: object, wrong: str) -> None:
        gold = squad_file(tmp_path / "dev.json", unanswerable=False)
        with pytest.raises((DataError, InputError), match=wrong):
            score_squad_file(write(tmp_path / "said.json", content), gold)

    def test_a_folder_without_the_set(self, tmp_path: Path) -> None:
        said = write(tmp_path / "said.json", {"q1": "Rome"})
        (tmp_path / "squad").mkdir()
        with pytest.raises(DataError, match=r"was looked for; .* has nothing in it"):
            score_squad_file(said, "squad", data=tmp_path)


class TestRouge:
    CANDIDATES = "The cat sat. It slept.\nRain fell.\n"
    REFERENCES = "The cat slept. It sat down.\nRain fell all day.\n"

    def test_split_sentences(self, tmp_path: Path) -> None:
        ours = write(tmp_path / "c.txt", self.CANDIDATES)
        theirs = write(tmp_path / "r.txt", self.REFERENCES)
        scores = score_rouge_files(ours, theirs)
        expected = rouge(
            [["The cat sat.", "It slept."], ["Rain fell."]],
            [["The cat slept.", "It sat down."], ["Rain fell all day."]],
            types=["rouge1", "rouge2", "rougeL", "rougeLsum"],
        )
        assert {k: s.value for k, s in scores.items()} == {k: s.value for k, s in expected.items()}
        assert scores["rougeLsum"].signature["sentences"] == "nlpkit"
        # One long line has another Lsum, which is why sentences are split.
        assert scores["rougeLsum"].value != scores["rougeL"].value

    def test_a_separator_and_lists(self, tmp_path: Path) -> None:
        ours = write(tmp_path / "c.txt", "the cat sat <q> it slept\nrain fell\n")
        rows = [["the cat slept", "it sat down"], ["rain fell all day"]]
        lines = "".join(json.dumps({"summary": row}) + "\n" for row in rows)
        theirs = write(tmp_path / "r.jsonl", lines)
        scores = score_rouge_files(ours, theirs, sentences="<q>", stem=False)
        expected = rouge([["the cat sat", "it slept"], ["rain fell"]], rows, stem=False)
        assert scores["rougeLsum"].value == expected["rougeLsum"].value
        assert scores["rougeLsum"].signature["stem"] == "no"

    def test_bad_files(self, tmp_path: Path) -> None:
        ours = write(tmp_path / "c.txt", self.CANDIDATES)
        with pytest.raises(DataError, match=r"c.txt has 2 texts and .*r.txt 1"):
            score_rouge_files(ours, write(tmp_path / "r.txt", "One.\n"))
        empty = write(tmp_path / "e.txt", "")
        with pytest.raises(DataError, match="no texts to score"):
            score_rouge_files(empty, empty)
        with pytest.raises(DataError, match=r"line 1: expected \"summary\""):
            score_rouge_files(ours, write(tmp_path / "r.jsonl", '{"a": 1}\n'))


def test_meteor(tmp_path: Path) -> None:
    file = write(tmp_path / "c.txt", "It is a guide to action.\nRain fell.\n")
    other = write(tmp_path / "r.txt", "It is a guide to action.\nSnow lay.\n")
    scores = score_meteor_files(file, other)
    assert 0.4 < scores["meteor"].value < 0.6
    assert score_meteor_files(file, file)["meteor"].value > 0.95


class TestLabels:
    def test_names_and_numbers(self, tmp_path: Path) -> None:
        gold = tmp_path / "gold.csv"
        pd.DataFrame({"text": list("abcd"), "label": ["no", "yes", "yes", "no"]}).to_csv(gold)
        said = write(tmp_path / "said.txt", "no\nyes\nno\nno\n")
        result = score_label_file(said, gold)
        assert result["accuracy"].value == 0.75
        assert result["f1"].value == pytest.approx(2 / 3)
        assert "ece" not in result
        with pytest.raises(DataError, match=r"label 'maybe'.*'no', 'yes'"):
            score_label_file(write(said, "no\nyes\nmaybe\nno\n"), gold)

    def test_glue_s_own_format(self, tmp_path: Path) -> None:
        folder = tmp_path / "glue" / "rte"
        folder.mkdir(parents=True)
        frame = pd.DataFrame(
            {"sentence1": ["a"] * 3, "sentence2": ["b"] * 3, "label": [0, 1, 1], "idx": [0, 1, 2]}
        )
        frame.to_parquet(folder / "validation.parquet")
        said = tmp_path / "RTE.tsv"
        said.write_text("index\tprediction\n0\tentailment\n1\tnot_entailment\n2\tentailment\n")
        by_name = score_label_file(said, "glue/rte", data=tmp_path)
        said.write_text("index\tprediction\n0\t0\n1\t1\n2\t0\n")
        by_number = score_label_file(said, "glue/rte", data=tmp_path)
        assert by_name["accuracy"].value == by_number["accuracy"].value == pytest.approx(2 / 3)
        assert by_name.split == "validation"
        assert by_name["accuracy"].signature["data"] == "glue/rte"

    def test_regression(self, tmp_path: Path) -> None:
        gold = tmp_path / "gold.csv"
        pd.DataFrame({"text": list("abc"), "label": [0.5, 2.5, 4.0]}).to_csv(gold, index=False)
        said = write(tmp_path / "said.csv", "prediction\n1\n3\n4.5\n")
        assert score_label_file(said, gold)["spearman"].value == pytest.approx(1.0)
        constant = score_label_file(write(said, "prediction\n2\n2\n2\n"), gold)
        assert set(constant.undefined) == {"pearson", "spearman"}
        with pytest.raises(DataError, match="prediction 1 is 'nan'"):
            score_label_file(write(said, "prediction\n2\nnan\n2\n"), gold)

    def test_bad_files(self, tmp_path: Path) -> None:
        gold = tmp_path / "gold.csv"
        pd.DataFrame({"text": ["a"], "label": ["no"]}).to_csv(gold, index=False)
        with pytest.raises(DataError, match=r"2 predictions and .* 1 rows"):
            score_label_file(write(tmp_path / "said.txt", "no\nno\n"), gold)
        with pytest.raises(DataError, match=r"no column .*prediction"):
            score_label_file(write(tmp_path / "said.csv", "x\n1\n"), gold)
        unlabelled = tmp_path / "test.csv"
        pd.DataFrame({"text": ["a"], "label": [-1]}).to_csv(unlabelled, index=False)
        with pytest.raises(DataError, match="no labels"):
            score_label_file(write(tmp_path / "said.txt", "no\n"), unlabelled)


class TestHostileFiles:
    def test_a_threshold_without_use(self, tmp_path: Path) -> None:
        gold = squad_file(tmp_path / "dev.json", unanswerable=False)
        said = write(tmp_path / "said.json", {"q1": "Rome"})
        with pytest.raises(InputError, match="a threshold has no use"):
            score_squad_file(said, gold, threshold=0.5)

    def test_one_question_twice(self, tmp_path: Path) -> None:
        gold = squad_file(tmp_path / "dev.json", unanswerable=False)
        said = write(tmp_path / "said.json", '{"q1": "Paris", "q2": "", "q1": "Rome"}')
        with pytest.raises(DataError, match="'q1' more than once"):
            score_squad_file(said, gold)

    def test_doubts_that_are_not_finite(self, tmp_path: Path) -> None:
        gold = squad_file(tmp_path / "dev.json", unanswerable=True)
        said = write(tmp_path / "said.json", {"q1": "Rome"})
        doubts = write(tmp_path / "doubts.json", '{"q1": NaN}')
        with pytest.raises(DataError, match="'q1' is nan, not a finite number"):
            score_squad_file(said, gold, no_answer=doubts)

    def test_empty_texts_are_told(self, tmp_path: Path) -> None:
        ours = write(tmp_path / "c.txt", "A cat sat.\n\n")
        theirs = write(tmp_path / "r.txt", "A cat sat.\nA dog ran.\n")
        told = pytest.warns(NlpkitWarning, match="1 of 2 texts of .*c.txt are empty and score 0")
        with told:
            assert score_rouge_files(ours, theirs)["rouge1"].value == 0.5
        with pytest.warns(NlpkitWarning, match="are empty and score 0"):
            score_meteor_files(ours, theirs)

    @pytest.mark.parametrize("reference", ["", "\u0434\u0430.", "..."])
    def test_references_without_a_word(self, tmp_path: Path, reference: str) -> None:
        ours = write(tmp_path / "c.txt", "A cat sat.\nA dog.\n")
        theirs = write(tmp_path / "r.txt", f"A cat sat.\n{reference}\n")
        with pytest.raises(DataError, match=r"r\.txt: reference 2 has no word of a-z or 0-9"):
            score_rouge_files(ours, theirs)

    def test_an_empty_separator(self, tmp_path: Path) -> None:
        ours = write(tmp_path / "c.txt", "A cat sat.\n")
        with pytest.raises(InputError, match="allowed: 'split', or a separator"):
            score_rouge_files(ours, ours, sentences="")

    def test_glue_files_go_by_their_index(self, tmp_path: Path) -> None:
        gold = write(tmp_path / "gold.csv", "text,label\na,1\nb,5\nc,2\n")
        said = write(tmp_path / "said.tsv", "index\tprediction\n2\t2\n0\t1\n1\t5\n")
        assert score_label_file(said, gold)["accuracy"].value == 1.0
        for index in ("0 0 1", "1 2 3", "a b c"):
            rows = "".join(f"{i}\t1\n" for i in index.split())
            write(tmp_path / "said.tsv", f"index\tprediction\n{rows}")
            with pytest.raises(DataError, match="not each of 0 to 2 once"):
                score_label_file(said, gold)

    @pytest.mark.parametrize("hole", [None, "", -1])
    def test_rows_without_a_label(self, tmp_path: Path, hole: object) -> None:
        rows = [{"text": "a", "label": "no"}, {"text": "b", "label": hole},
                {"text": "c", "label": "yes"}]  # fmt: skip
        gold = write(tmp_path / "gold.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
        result = score_label_file(write(tmp_path / "said.txt", "no\nyes\n"), gold)
        # A hole is no third label: with two there is an F1.
        assert result["f1"].signature["positive"] == "yes"
        assert result.notes == ("1 of 3 rows have no label and are left out",)

    def test_a_prediction_that_is_missing(self, tmp_path: Path) -> None:
        gold = write(tmp_path / "gold.csv", "text,label\na,x\nb,y\n")
        lines = '{"prediction": "x"}\n{"prediction": null}\n'
        with pytest.raises(DataError, match="prediction 1 is missing"):
            score_label_file(write(tmp_path / "said.jsonl", lines), gold)

    def test_several_labels_a_row(self, tmp_path: Path) -> None:
        gold = write(tmp_path / "gold.jsonl", '{"text": "a", "label": ["x", "y"]}\n')
        with pytest.raises(DataError, match="several labels a row"):
            score_label_file(write(tmp_path / "said.txt", "x\n"), gold)
