from __future__ import annotations

import runpy
from importlib.resources import files
from pathlib import Path

import pytest

from nlpkit.evaluation.wordnet import synonyms


@pytest.mark.parametrize(
    ("word", "some"),
    [
        ("car", {"auto", "automobile", "machine", "railcar"}),
        ("geese", {"goose"}),  # an exception of nouns
        ("went", {"go", "travel", "depart"}),  # of verbs
        ("better", {"good", "well", "improve"}),  # of adjectives, adverbs, and a verb itself
        ("boxes", {"box", "package"}),
        ("tried", {"try", "judge", "attempt"}),
        ("heaviest", {"heavy"}),
        ("firemen", {"fireman", "firefighter"}),
        ("CAR", {"CAR", "car", "auto"}),
        ("new_york", {"new_york"}),
    ],
)
def test_names_of_all_synsets_of_all_lemmas(word: str, some: set[str]) -> None:
    assert some | {word} <= synonyms(word)


def test_an_exception_replaces_the_rules() -> None:
    # By the rules "ellipses" would be "ellipse" and "gas" would be "ga" (gallium).
    assert "ellipsis" in synonyms("ellipses")
    assert "ellipse" not in synonyms("ellipses")
    assert "gallium" not in synonyms("gas")


@pytest.mark.parametrize("word", ["", "qwertz", "^", "s", "_", "\u6a4b", "\n"])
def test_an_unknown_word_is_alone(word: str) -> None:
    assert word in synonyms(word)
    assert all(name for name in synonyms(word) if name != word)


def test_names_that_meteor_cannot_match_are_left_out() -> None:
    found = synonyms("paris")
    assert found
    assert all(name == name.lower() and "_" not in name for name in found)


def test_packing_reads_the_files_of_wordnet(tmp_path: Path) -> None:
    script = Path(__file__).parents[2] / "benchmarks" / "pack_wordnet.py"
    pack = runpy.run_path(str(script))["table"]
    for part in ("noun", "verb", "adj", "adv"):
        (tmp_path / f"{part}.exc").write_bytes(b"geese goose \r\n" if part == "noun" else b"")
        (tmp_path / f"data.{part}").write_bytes(b"  1 The licence.  \r\n")
    (tmp_path / "data.noun").write_bytes(
        b"  1 The licence.  \r\n"
        b"00000010 04 n 03 goose 0 Grey_Goose 0 Goose 1 001 @ 00000001 n 0000 | a bird  \r\n"
        b"00000020 15 n 01 Paris 0 000 | a city  \r\n"
    )
    (tmp_path / "data.adj").write_bytes(b"00000030 00 s 02 galore(ip) 0 abundant 0 000 | x  \n")
    synsets = ["goose ^grey_goose ^goose\n", "", "galore abundant\n", ""]
    assert pack(tmp_path) == "\n".join([*synsets, "geese goose\n", "", "", ""])


def test_the_licence_is_beside_the_table() -> None:
    folder = files("nlpkit.evaluation").joinpath("wordnet_data")
    assert "Princeton University" in folder.joinpath("LICENSE").read_text()
