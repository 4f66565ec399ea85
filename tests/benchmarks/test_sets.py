"""The sets for training that are made out of the reference sets."""

from __future__ import annotations

import doctest
import random
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.sets import (
    changed_words,
    detokenised_news,
    example_sentences,
    more_news,
    short_sentences,
    single_sentences,
    squad_sentences,
    unlike_news,
)
from benchmarks.sets.changed_words import Changes, bare, rows
from benchmarks.sets.example_sentences import Sentence
from nlpkit import corpora
from nlpkit.errors import DataError
from tests.reference_data import write_reference_data

MODULES = (
    changed_words,
    detokenised_news,
    example_sentences,
    short_sentences,
    single_sentences,
    squad_sentences,
)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_the_examples_hold(module: ModuleType) -> None:
    found = doctest.testmod(module)
    assert found.attempted
    assert not found.failed


CONTEXT = "Ada built a bridge in Kiel. The bridge fell in 1931. Kiel is wet. Ada left Kiel in 1931."


def questions(*rows: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "question": [question for question, _ in rows],
            "context": CONTEXT,
            "answers": [
                {"text": [answer], "answer_start": [CONTEXT.index(answer)]} for _, answer in rows
            ],
        }
    )


def test_a_question_gets_the_answers_sentence_and_the_likest_other() -> None:
    asked = "When did the bridge in Kiel fall?"
    assert list(squad_sentences.pairs(questions((asked, "1931")))) == [
        (asked, "The bridge fell in 1931.", 0),
        # The last sentence says the answer too.
        (asked, "Ada built a bridge in Kiel.", 1),
    ]


def test_an_answer_over_two_sentences_gives_no_pair() -> None:
    assert list(squad_sentences.pairs(questions(("What?", "Kiel. The bridge")))) == []


def test_what_qnli_has_is_left_out() -> None:
    squad = questions(("Who built it?", "Ada"), ("When did it fall?", "1931"))
    qnli = pd.DataFrame({"question": ["Who built it?"], "sentence": ["Kiel is wet."], "label": [1]})
    made = squad_sentences.lacking(squad, qnli)
    assert list(zip(made["question"], made["label"], strict=True)) == [
        ("Who built it?", 0),
        ("When did it fall?", 0),
        ("When did it fall?", 1),
    ]


SENTENCES = [
    "She walks to the old bridge every day.",
    "Nobody could have said why it fell.",
    "The bridge, however, is wet!",
    "He said that Ada left Kiel in spring.",
]
NEAR = {"walks": ["walked", "walk"], "bridge": ["tower"], "wet": ["damp"]}


class TestChangedWords:
    @given(st.integers(0, 10_000), st.sampled_from(SENTENCES))
    def test_what_was_not_changed_stays_as_it_was(self, seed: int, text: str) -> None:
        words = Changes(SENTENCES, NEAR, seed)(text)
        kept = [word.text for word in words if not word.changed]
        old = text.split()
        # In the same order, and no word more often than before.
        rest = iter(old)
        assert all(word in rest for word in kept)
        if len(kept) == len(words):
            assert kept == old
        else:
            assert [bare(word.text) for word in words] != [*map(bare, old)]

    @given(st.integers(0, 10_000))
    def test_the_rationale_stands_in_the_text(self, seed: int) -> None:
        for made in rows(SENTENCES, Changes(SENTENCES, NEAR, seed)):
            text, rationale = str(made["text"]), cast("dict[str, Any]", made["rationale"])
            for part, start in zip(rationale["text"], rationale["answer_start"], strict=True):
                assert text[start : start + len(part)] == part
            unchanged = text in SENTENCES
            assert made["label"] == ("unchanged" if unchanged else "changed")
            assert bool(rationale["text"]) == (not unchanged)

    def test_some_stay_as_they_are(self) -> None:
        made = list(rows(SENTENCES * 50, Changes(SENTENCES, NEAR, 0)))
        unchanged = sum(row["label"] == "unchanged" for row in made) / len(made)
        assert 0.3 < unchanged < 0.7  # with so few words a change is not always found

    def test_the_same_seed_changes_the_same(self) -> None:
        made = [list(rows(SENTENCES, Changes(SENTENCES, NEAR, seed))) for seed in (3, 3, 4)]
        assert made[0] == made[1] != made[2]


class TestExampleSentences:
    @given(st.integers(0, 10_000))
    def test_every_gap_is_filled(self, seed: int) -> None:
        for frame in example_sentences.FRAMES:
            text = Sentence(random.Random(seed))(frame)
            assert re.fullmatch(r"[A-Z][A-Za-z' ,]*[a-zI][.?!]", text)
            assert "  " not in text
            assert not re.search(r"\b[Aa] [aeio]", text)

    def test_subjects_have_what_goes_with_them(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for chance in ("DISAGREES", "SOMEBODY_ELSE", "STRANGER", "OTHER_FORM", "OTHER_CASE"):
            monkeypatch.setattr(example_sentences, chance, 0.0)
        made = {
            Sentence(random.Random(seed))("{np.person} {is} here, {does} {they}, {themselves}")
            for seed in range(300)
        }
        named = {text.rpartition(" here, ")[2]: text.split()[-5] for text in made}
        assert named == {
            "do I, myself.": "am",
            "does she, herself.": "is",
            "does he, himself.": "is",
            "does it, itself.": "is",
            "do they, themselves.": "are",
            "do we, ourselves.": "are",
            "do you, yourself.": "are",
        }

    def test_a_clause_has_a_subject_of_its_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(example_sentences, "SOMEBODY_ELSE", 0.0)
        for seed in range(50):
            outer = Sentence(random.Random(seed))
            outer("{np.person}")
            text = Sentence(random.Random(seed))("{np.person} said that {clause}, {they}")
            assert text.endswith(f", {example_sentences.PRONOUNS[outer.subject][0]}.")

    def test_the_same_seed_makes_the_same(self) -> None:
        one, same, other = (example_sentences.sentences(None, 200, seed) for seed in (3, 3, 4))
        assert one.equals(same)
        assert not one.equals(other)
        assert one["text"].is_unique


class TestSingleSentences:
    @pytest.fixture
    def data(self, tmp_path: Path) -> Path:
        """Reference sets whose articles are the sentences from above, with others between."""
        write_reference_data(tmp_path)
        corpus = corpora.CORPORA["cnn_dailymail"]
        path = tmp_path / corpus.folder / f"{corpus.files('train')[0]}.parquet"
        frame = pd.read_parquet(path)
        frame["article"] = [" ".join(SENTENCES), "(1) 2. " + SENTENCES[0], "One. Two."]
        frame.to_parquet(path)
        return tmp_path

    @pytest.mark.parametrize("module", [changed_words, short_sentences])
    def test_each_once_and_only_what_is_wanted(self, module: ModuleType, data: Path) -> None:
        found = single_sentences.drawn(
            ("cnn_dailymail", "article"), module.plain, 10, several=True, data=data, seed=0
        )
        assert sorted(found) == sorted(SENTENCES)

    def test_no_more_than_asked(self, data: Path) -> None:
        one, again = [
            single_sentences.drawn(
                ("cnn_dailymail", "article"), str.strip, 2, several=True, data=data, seed=seed
            )
            for seed in (1, 1)
        ]
        assert len(one) == 2
        assert one == again


def run_command(name: str, *options: str) -> subprocess.CompletedProcess[str]:
    """`python -m benchmarks.sets.NAME` with these options."""
    return subprocess.run(
        [sys.executable, "-m", f"benchmarks.sets.{name}", *options],
        capture_output=True,
        text=True,
        check=False,
    )


class TestDetokenisedNews:
    @pytest.mark.parametrize(
        ("tokenised", "written"),
        [
            ("`` it 's over , '' he said . next line", '"it\'s over," he said. next line'),
            ('she said " no " and " yes " .', 'she said "no" and "yes".'),
            ("( cnn ) -- a -lsb- new -rsb- plan", "(cnn) -- a [new] plan"),
            ("first .\n\nthird .", "first.\n\nthird."),
            ("", ""),
        ],
    )
    def test_signs_stand_where_people_write_them(self, tokenised: str, written: str) -> None:
        assert detokenised_news.detokenised(tokenised) == written

    @given(st.lists(st.sampled_from(["it", "n't", "``", "''", '"', "-lrb-", "-rrb-", ",", "$"])))
    def test_no_word_is_lost(self, tokens: list[str]) -> None:
        words = [token for token in tokens if token in ("it", "n't")]
        written = detokenised_news.detokenised(" ".join(tokens))
        assert written.count("it") + written.count("n't") == len(words)

    def test_documents_and_summaries_go_together(self, tmp_path: Path) -> None:
        write_reference_data(tmp_path)
        made = detokenised_news.documents(tmp_path, 2, 0)
        source = corpora.read(detokenised_news.SOURCE, "train", root=tmp_path)
        assert list(made.columns) == ["article", "highlights"]
        assert len(made) == 2
        known = {
            (
                detokenised_news.detokenised(row.article),
                detokenised_news.detokenised(row.highlights),
            )
            for row in source.itertuples()
        }
        assert set(made.itertuples(index=False, name=None)) <= known


TOPICS = ("bridge", "harbour", "election", "volcano", "orchestra", "vaccine", "glacier", "lottery")


class TestNewsThatIsNotDrawn:
    @pytest.fixture
    def data(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Two documents on each topic, half of them in each set; the start draws six."""
        write_reference_data(tmp_path)
        for name, topics in (
            ("cnn_dailymail", [topic.title() for topic in TOPICS[::2]]),
            ("cnn_dailymail_tokenized", TOPICS[1::2]),
        ):
            corpus = corpora.CORPORA[name]
            texts = [f"{what} {topic} ." for topic in topics for what in ("the", "once more the")]
            table = pd.DataFrame(dict.fromkeys(corpus.columns, texts))
            path = tmp_path / corpus.folder / f"{corpus.files('train')[0]}.parquet"
            table.to_parquet(path)
        start = tmp_path / "start"
        start.mkdir()
        recipe = (unlike_news.START / "pipeline.toml").read_text()
        recipe = recipe.replace("limit = 24000", "limit = 6").replace(
            "holdout = 0.02", "holdout = 0.2"
        )
        (start / "pipeline.toml").write_text(recipe)
        monkeypatch.setattr(unlike_news, "START", start)
        monkeypatch.setattr(unlike_news, "RESULT", tmp_path / "unlike.parquet")
        return tmp_path

    def test_none_was_trained_on_or_is_like_one_that_was(self, data: Path) -> None:
        made = unlike_news.documents(data, 3, 0)
        trained, _ = unlike_news.trained_and_rest(data)
        assert len(made) > 0
        assert not set(made["article"]) & set(trained["document"])
        near = unlike_news.nearest(list(made["article"]), list(trained["document"]))
        assert (near < unlike_news.ALIKE).all()
        assert (made["article"].str.islower()).sum() <= 3

    def test_the_two_sets_share_no_document(self, data: Path) -> None:
        apart = unlike_news.documents(data, 3, 0)
        apart.to_parquet(unlike_news.RESULT)
        made = more_news.documents(data, 100, 0)
        trained, rest = unlike_news.trained_and_rest(data)
        assert list(made.columns) == ["article", "highlights"]
        assert set(made["article"]) == set(rest["document"]) - set(apart["article"])
        assert not set(made["article"]) & set(trained["document"])
        assert more_news.documents(data, 1, 0)["article"].str.islower().sum() == 1

    def test_a_missing_set_is_named(self, data: Path) -> None:
        with pytest.raises(DataError, match=r"unlike\.parquet"):
            more_news.documents(data, 3, 0)


class TestCommand:
    @pytest.mark.parametrize(
        "name",
        [
            "changed_words",
            "detokenised_news",
            "more_news",
            "short_sentences",
            "squad_sentences",
            "unlike_news",
        ],
    )
    def test_a_missing_folder_is_one_sentence(self, name: str, tmp_path: Path) -> None:
        output = tmp_path / "set.parquet"
        done = run_command(name, "--data", "nowhere", "-o", str(output))
        assert done.returncode == 2
        assert "nowhere" in done.stderr.splitlines()[-1]
        assert "Traceback" not in done.stderr
        assert not output.exists()

    @pytest.mark.parametrize("name", ["changed_words", "short_sentences"])
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (["--rows", "0"], "--rows has to be at least 1"),
            (["--seed", "-1"], "--seed at least 0"),
            (["--rows", "many"], "invalid int value: 'many'"),
        ],
    )
    def test_a_wrong_option_is_one_sentence(
        self, name: str, options: list[str], message: str, tmp_path: Path
    ) -> None:
        output = tmp_path / "set.parquet"
        done = run_command(name, *options, "-o", str(output))
        assert done.returncode == 2
        assert message in done.stderr.splitlines()[-1]
        assert "Traceback" not in done.stderr
        assert not output.exists()
