from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpkit.errors import WeightsError
from nlpkit.tokenizer import Tokenizer

# Every code point, lone surrogates included, with the kinds that break offsets made likely.
HARD = [
    "\ud800",
    "\udfff",
    "😀",
    "👩\u200d👩\u200d👧",
    "e\u0301",
    "\u0301",
    "é",
    "İ",
    "ß",
    "한",
    "中",
    "שלום",
    "\u202e",
    "مرحبا",
    "\u200b",
    "\ufeff",
    "\x00",
    "\x1c",
    "\r\n",
    "\t",
    "\u00a0",
    " ",
    "  ",
    "the",
    "##a",
    "[SEP]",
    "\ufffd",
]
TEXTS = st.lists(
    st.sampled_from(HARD) | st.characters(exclude_categories=()) | st.sampled_from("ab,.' Z"),
    max_size=30,
).map("".join)

# Pieces of prose with at least one border of a word in any 20 characters.
WORDS = st.sampled_from(
    [
        "The cat, ",
        "the dog. ",
        "it's 12.5\n\n",
        "a      b\t\n   c ",
        "x\r\n\r\n",
        "\r\ny ",
        "é e\u0301 ",
        "the😀 ",
        "the\x1cthe\x0bthe ",
        "the\u00a0the\u2003 the ",
        "שלום ",
        "a\x1c b",
        "b \x1c",
        "!\x0b ?",
    ]
)


class TestTemplate:
    def test_bert(self, word_piece: Any) -> None:
        template = Tokenizer(word_piece).template
        assert template.single == ((2,), (3,))
        assert template.pair == ((2,), (3,), (3,))
        assert template.pair_types == (0, 1)
        assert template.pair_special_types == ((0,), (0,), (1,))
        assert (template.single_extra, template.pair_extra) == (2, 3)

    def test_roberta_puts_two_separators_between_and_has_one_type(
        self, roberta_pieces: Any
    ) -> None:
        template = Tokenizer(roberta_pieces).template
        assert template.single == ((0,), (2,))
        assert template.pair == ((0,), (2, 2), (2,))
        assert template.pair_types == (0, 0)
        assert template.pair_special_types == ((0,), (0, 0), (0,))
        assert (template.single_extra, template.pair_extra) == (2, 4)

    def test_gpt2_has_no_special_tokens(self, gpt2_pieces: Any) -> None:
        template = Tokenizer(gpt2_pieces).template
        assert template.single == ((), ())
        assert template.pair == ((), (), ())
        assert (template.single_extra, template.pair_extra) == (0, 0)

    def test_a_template_processor(self) -> None:
        from tokenizers import Tokenizer as RustTokenizer
        from tokenizers import models, pre_tokenizers, processors

        words = ["[UNK]", "[BOS]", "[MID]", "[EOS]", "a", "b"]
        backend = RustTokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, "[UNK]"))
        backend.pre_tokenizer = pre_tokenizers.Whitespace()
        backend.post_processor = processors.TemplateProcessing(
            single="[BOS] $A [EOS]",
            pair="[BOS] $A [MID] $B:1 [EOS]:1",
            special_tokens=[("[BOS]", 1), ("[MID]", 2), ("[EOS]", 3)],
        )
        template = Tokenizer(backend).template
        assert template.single == ((1,), (3,))
        assert template.pair == ((1,), (2,), (3,))
        assert template.pair_types == (0, 1)
        assert template.pair_special_types == ((0,), (0,), (1,))

    @pytest.mark.parametrize("kind", ["word_piece", "roberta_pieces", "gpt2_pieces"])
    def test_windows_are_what_the_backend_builds(
        self, kind: str, request: pytest.FixtureRequest
    ) -> None:
        from nlpkit.windows import pair_windows, text_windows

        backend = request.getfixturevalue(kind)
        tokenizer = Tokenizer(backend)
        first, second = tokenizer.encode(["who is it?", "it is the cat."])
        [single] = text_windows(tokenizer.template, first, size=64, stride=32)
        [pair] = pair_windows(tokenizer.template, first, second, size=64, stride=32)
        one = backend.encode("who is it?")
        two = backend.encode("who is it?", "it is the cat.")
        assert (single.ids.tolist(), single.types.tolist()) == (one.ids, one.type_ids)
        assert (pair.ids.tolist(), pair.types.tolist()) == (two.ids, two.type_ids)


class TestOffsets:
    @given(TEXTS)
    def test_word_pieces_are_their_slice(self, word_piece: Any, text: str) -> None:
        tokens = Tokenizer(word_piece)(text)
        _check_offsets(text, tokens.offsets)
        for id_, (start, end) in zip(tokens.ids.tolist(), tokens.offsets.tolist(), strict=True):
            token = word_piece.id_to_token(id_)
            if token != "[UNK]":
                piece = token.removeprefix("##") if len(token) > 2 else token
                clean = text[start:end].encode("utf-8", "replace").decode()
                assert word_piece.normalizer.normalize_str(clean).strip() == piece

    @given(TEXTS)
    def test_byte_pairs_stay_in_range_and_order(self, roberta_pieces: Any, text: str) -> None:
        tokens = Tokenizer(roberta_pieces)(text)
        _check_offsets(text, tokens.offsets)
        # Every character that is not white space is in some token.
        seen = np.zeros(len(text), bool)
        for start, end in tokens.offsets:
            seen[start:end] = True
        assert all(seen[i] or c.isspace() for i, c in enumerate(text))

    @given(st.lists(TEXTS, max_size=4))
    def test_in_bulk_as_one_by_one(self, word_piece: Any, texts: list[str]) -> None:
        tokenizer = Tokenizer(word_piece)
        bulk = tokenizer.encode(texts)
        assert len(bulk) == len(texts)
        for text, tokens in zip(texts, bulk, strict=True):
            alone = tokenizer(text)
            assert tokens.ids.tolist() == alone.ids.tolist()
            assert tokens.offsets.tolist() == alone.offsets.tolist()

    @pytest.mark.parametrize("at_once", [1, 7, 40])
    def test_a_part_at_a_time_is_the_same(
        self, word_piece: Any, at_once: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tokenizer = Tokenizer(word_piece)
        texts = ["the cat sat.", "", "who is it? " * 6, "a", "it is the cat. " * 3]
        whole = tokenizer.encode(texts, piece=20)
        monkeypatch.setattr("nlpkit.tokenizer._AT_ONCE", at_once)
        parts = tokenizer.encode(texts, piece=20)
        assert len(parts) == len(texts)
        for text, one, other in zip(texts, whole, parts, strict=True):
            assert one.ids.tolist() == other.ids.tolist()
            assert one.offsets.tolist() == other.offsets.tolist()
            assert all(text[a:b].strip() for a, b in other.offsets)

    def test_surrogates_keep_the_places_of_what_follows(self, word_piece: Any) -> None:
        tokens = Tokenizer(word_piece)("\ud83d x \udc00 y")
        assert tokens.offsets[np.flatnonzero(tokens.ids > 3)].tolist() == [[2, 3], [6, 7]]

    def test_nothing_has_no_tokens(self, word_piece: Any) -> None:
        for text in ("", " \n", "\u200b"):
            tokens = Tokenizer(word_piece)(text)
            assert tokens.ids.shape == (0,)
            assert tokens.offsets.shape == (0, 2)


class TestLongTexts:
    """Texts are tokenised in pieces; what comes out is as if they were not."""

    @pytest.mark.parametrize("kind", ["word_piece", "roberta_pieces", "gpt2_pieces"])
    @settings(max_examples=60)
    @given(words=st.lists(WORDS, min_size=1, max_size=60), piece=st.integers(24, 40))
    def test_the_same_as_in_one_piece(
        self, kind: str, words: list[str], piece: int, request: pytest.FixtureRequest
    ) -> None:
        backend = request.getfixturevalue(kind)
        text = "".join(words)
        whole = backend.encode(text, add_special_tokens=False)
        [tokens] = Tokenizer(backend).encode([text], piece=piece)
        assert tokens.ids.tolist() == whole.ids
        assert tokens.offsets.tolist() == [list(pair) for pair in whole.offsets]

    def test_the_last_word_is_not_cut(self, word_piece: Any) -> None:
        """What follows the last place for a cut may be longer than a piece, up to twice as long."""
        text = "\r\n\r\n\r\ny the\x1cthe\x0bthe a\x1c ba\x1c b"
        [tokens] = Tokenizer(word_piece).encode([text], piece=24)
        assert tokens.ids.tolist() == word_piece.encode(text, add_special_tokens=False).ids

    def test_the_usual_pieces(self, word_piece: Any) -> None:
        text = "The cat, the dog.\n\n" * 10_500
        whole = word_piece.encode(text, add_special_tokens=False)
        tokens = Tokenizer(word_piece)(text)
        assert np.array_equal(tokens.ids, whole.ids)
        assert np.array_equal(tokens.offsets, np.array(whole.offsets))

    @pytest.mark.parametrize("sign", ["a", "中", "é", "😀", "\ud800", "\u200b", " ", "\n", " \t"])
    def test_without_any_word_border_the_offsets_still_hold(
        self, roberta_pieces: Any, sign: str
    ) -> None:
        text = sign * 500
        [tokens] = Tokenizer(roberta_pieces).encode([text], piece=30)
        _check_offsets(text, tokens.offsets)
        if sign.strip():
            assert set(tokens.offsets[:, 0].tolist()) == set(range(len(text)))


class TestFiles:
    def test_missing(self, tmp_path: Path) -> None:
        with pytest.raises(WeightsError, match=r"tokenizer\.json"):
            Tokenizer.from_file(tmp_path / "tokenizer.json")

    @pytest.mark.parametrize("content", [b"", b"{", b"{}", b"\xff\xfe", b'{"version": "1.0"}'])
    def test_not_a_tokenizer(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "tokenizer.json"
        path.write_bytes(content)
        with pytest.raises(WeightsError, match="cannot read the tokenizer"):
            Tokenizer.from_file(path)

    def test_the_files_own_truncation_and_padding_are_off(
        self, tmp_path: Path, word_piece: Any
    ) -> None:
        from tokenizers import Tokenizer as RustTokenizer

        backend = RustTokenizer.from_str(word_piece.to_str())
        backend.enable_truncation(8)
        backend.enable_padding(length=128)
        backend.save(str(tmp_path / "tokenizer.json"))
        tokens = Tokenizer.from_file(tmp_path / "tokenizer.json")("a " * 50)
        assert len(tokens) == 50


def _check_offsets(text: str, offsets: np.ndarray) -> None:
    if len(offsets):
        assert offsets.min() >= 0
        assert offsets.max() <= len(text)
        assert (offsets[:, 0] <= offsets[:, 1]).all()
        assert (np.diff(offsets[:, 0]) >= 0).all()
        assert (np.diff(offsets[:, 1]) >= 0).all()
