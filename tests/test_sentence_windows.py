from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nlpkit.sentence_windows import Unit, document_windows, groups, sentence_pairs, units
from nlpkit.tokenizer import Template, Tokens

BERT = Template(((901,), (902,)), ((901,), (902,), (902,)), (0, 1), ((0,), (0,), (1,)))
GPT2 = Template(((), ()), ((), (), ()), (0, 0), ((), (), ()))
TEMPLATES = st.sampled_from([BERT, GPT2])
LENGTHS = st.lists(st.integers(0, 12) | st.integers(0, 80), max_size=40)
SIZES = st.integers(8, 48)
STRIDES = st.none() | st.integers(1, 60)


def document(lengths: list[int]) -> list[Tokens]:
    """Sentences whose tokens all differ: sentence s holds 1000 s, 1000 s + 1, ..."""
    return [
        Tokens(np.arange(1000 * s, 1000 * s + n, dtype=np.int32), np.zeros((n, 2), np.int32))
        for s, n in enumerate(lengths, 1)
    ]


class TestUnits:
    @given(LENGTHS, st.integers(1, 30))
    def test_parts_make_up_their_sentences(self, lengths: list[int], room: int) -> None:
        parts = units(lengths, room)
        assert all(0 < part.stop - part.start <= room for part in parts)
        for sentence, length in enumerate(lengths):
            own = [p for p in parts if p.sentence == sentence]
            assert [t for p in own for t in range(p.start, p.stop)] == list(range(length))
        assert [p.sentence for p in parts] == sorted(p.sentence for p in parts)


class TestGroups:
    @given(LENGTHS, st.integers(1, 30), st.integers(1, 40))
    def test_runs_fit_and_cover_and_are_few(
        self, lengths: list[int], room: int, stride: int
    ) -> None:
        parts = units(lengths, room)
        runs = groups(parts, room, stride)
        assert {i for a, b in runs for i in range(a, b)} == set(range(len(parts)))
        for a, b in runs:
            assert a < b
            assert sum(p.stop - p.start for p in parts[a:b]) <= room
        starts = [a for a, _ in runs]
        assert starts == sorted(set(starts))
        # Two steps move on by a stride or by more than fits: linear in the document's length.
        total = sum(p.stop - p.start for p in parts)
        assert len(runs) <= 2 * total / min(stride, room) + 2

    def test_nothing(self) -> None:
        assert groups([], room=5, stride=2) == []

    def test_neighbours_overlap(self) -> None:
        runs = groups([Unit(i, 0, 5) for i in range(20)], room=20, stride=15)
        assert runs[:3] == [(0, 4), (3, 7), (6, 10)]


class TestDocumentWindows:
    @given(TEMPLATES, LENGTHS, SIZES, STRIDES)
    def test_every_token_is_read_under_its_sentence(
        self, template: Template, lengths: list[int], size: int, stride: int | None
    ) -> None:
        sentences = document(lengths)
        windows = document_windows(template, sentences, size=size, stride=stride)
        before, after = template.single
        seen: set[int] = set()
        for window in windows:
            assert len(window) <= size
            assert window.segments is not None
            assert window.places is not None
            assert len(window.segments) == len(window.types) == len(window)
            assert window.ids[: len(before)].tolist() == list(before)
            assert window.ids[len(window) - len(after) :].tolist() == list(after)
            special = window.ids[window.segments < 0].tolist()
            assert special == [*before, *after]
            inside = window.segments >= 0
            # A token of sentence s, counted from 0, is numbered from 1000 (s + 1).
            of = window.places[window.segments[inside]]
            assert (window.ids[inside] // 1000 - 1 == of).all()
            assert sorted(set(window.segments[inside].tolist())) == list(range(len(window.places)))
            assert window.ids[inside].tolist() == sorted(window.ids[inside].tolist())
            seen.update(window.ids[inside].tolist())
        assert seen == {int(i) for s in sentences for i in s.ids}

    @given(LENGTHS, SIZES)
    def test_a_sentence_that_fits_is_never_split(self, lengths: list[int], size: int) -> None:
        room = size - BERT.single_extra
        for window in document_windows(BERT, document(lengths), size=size, stride=None):
            assert window.segments is not None
            assert window.places is not None
            counts = np.bincount(window.segments[window.segments >= 0])
            for place, count in zip(window.places.tolist(), counts.tolist(), strict=True):
                assert count == lengths[place] or lengths[place] > room

    def test_the_number_of_windows_is_linear(self) -> None:
        counts = [
            len(document_windows(BERT, document([17] * n), size=128, stride=None))
            for n in (100, 200, 400)
        ]
        assert counts[2] <= 2 * counts[1] <= 4 * counts[0] + 4
        assert counts[0] <= 100 * 17 / (126 * 0.5)

    def test_no_sentence_no_window(self) -> None:
        assert document_windows(BERT, [], size=16, stride=None) == []
        assert document_windows(BERT, document([0, 0]), size=16, stride=None) == []


class TestSentencePairs:
    @given(TEMPLATES, LENGTHS, SIZES, STRIDES)
    def test_one_window_for_each_unit_beside_its_surroundings(
        self, template: Template, lengths: list[int], size: int, stride: int | None
    ) -> None:
        sentences = document(lengths)
        windows = sentence_pairs(template, sentences, size=size, stride=stride)
        parts = units(lengths, (size - template.pair_extra) // 2)
        assert len(windows) == len(parts)
        for window, part in zip(windows, parts, strict=True):
            assert len(window) <= size
            assert window.places is not None
            assert window.places.tolist() == [part.sentence]
            own = sentences[part.sentence].ids[part.start : part.stop].tolist()
            at = len(template.pair[0])
            assert window.ids[at : at + len(own)].tolist() == own
            # The document's side holds the sentence itself, in the middle of others.
            beside = [i for i in window.ids[window.body :].tolist() if i not in (901, 902)]
            assert set(own) <= set(beside)
            assert beside == sorted(beside)

    def test_the_sentence_stands_near_the_middle_of_its_part(self) -> None:
        windows = sentence_pairs(BERT, document([5] * 30), size=103, stride=None)
        for number, window in enumerate(windows[1:20], 1):
            around = [i // 1000 - 1 for i in window.ids[window.body : -1].tolist()]
            assert min(around) < number < max(around)

    def test_no_sentence_no_window(self) -> None:
        assert sentence_pairs(BERT, [], size=16, stride=None) == []
        assert sentence_pairs(BERT, document([0]), size=16, stride=None) == []
