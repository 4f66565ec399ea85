from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlpkit.errors import InputError
from nlpkit.tokenizer import Template, Tokens
from nlpkit.windows import budget_batches, cut, pair_windows, text_windows

BERT = Template(((901,), (902,)), ((901,), (902,), (902,)), (0, 1), ((0,), (0,), (1,)))
ROBERTA = Template(((901,), (902,)), ((901,), (902, 902), (902,)), (0, 0), ((0,), (0, 0), (0,)))
GPT2 = Template(((), ()), ((), (), ()), (0, 0), ((), (), ()))
TEMPLATES = st.sampled_from([BERT, ROBERTA, GPT2])


def tokens(count: int, base: int = 0) -> Tokens:
    return Tokens(np.arange(base, base + count, dtype=np.int32), np.zeros((count, 2), np.int32))


class TestCut:
    @given(st.integers(0, 300), st.integers(1, 50), st.data())
    def test_everything_is_covered_in_order(
        self, count: int, size: int, data: st.DataObject
    ) -> None:
        stride = data.draw(st.integers(1, size))
        runs = cut(count, size, stride)
        assert set().union(*(range(a, b) for a, b in runs)) == set(range(count))
        assert all(b - a <= size for a, b in runs)
        assert len(set(runs)) == len(runs)
        steps = np.diff([a for a, _ in runs])
        # All move by the stride; only the last window may move less, to stay full.
        assert (steps[:-1] == stride).all()
        assert (steps > 0).all()
        assert (steps <= stride).all()
        if len(runs) > 1:
            assert all(b - a == size for a, b in runs)
            assert all(one[1] - two[0] >= size - stride for one, two in itertools.pairwise(runs))

    @pytest.mark.parametrize(("size", "stride"), [(4, 0), (4, 5), (4, -1), (0, 0), (0, 1), (-3, 1)])
    def test_a_stride_that_skips_tokens_is_refused(self, size: int, stride: int) -> None:
        with pytest.raises(InputError, match=f"stride of {stride} tokens"):
            cut(10, size, stride)


class TestTextWindows:
    @given(TEMPLATES, st.integers(0, 200), st.integers(8, 40), st.integers(1, 60))
    def test_each_window_holds_the_tokens_that_it_names(
        self, template: Template, count: int, size: int, stride: int
    ) -> None:
        text = tokens(count)
        windows = text_windows(template, text, size=size, stride=stride)
        before, after = template.single
        seen: set[int] = set()
        for window in windows:
            assert len(window) <= size
            assert len(window.types) == len(window)
            body = window.ids[window.body : window.body + window.stop - window.start]
            assert body.tolist() == list(range(window.start, window.stop))
            assert window.ids.tolist() == [*before, *body.tolist(), *after]
            seen.update(body.tolist())
        assert seen == set(range(count))
        assert len(windows) == 1 or count > size - template.single_extra


class TestPairWindows:
    @given(
        TEMPLATES, st.integers(0, 60), st.integers(0, 60), st.integers(8, 32), st.integers(1, 60)
    )
    def test_nothing_of_either_text_is_lost(
        self, template: Template, left: int, right: int, size: int, stride: int
    ) -> None:
        first, second = tokens(left), tokens(right, base=400)
        windows = pair_windows(template, first, second, size=size, stride=stride)
        met = set()
        for window in windows:
            assert len(window) <= size
            assert len(window.types) == len(window)
            body = window.ids[window.body : window.body + window.stop - window.start]
            assert body.tolist() == list(range(400 + window.start, 400 + window.stop))
            ones = [i for i in window.ids.tolist() if i < 400]
            assert ones == list(range(ones[0], ones[-1] + 1)) if ones else left == 0
            before, between, after = template.pair
            assert window.ids.tolist() == [*before, *ones, *between, *body.tolist(), *after]
            met |= {(a, b) for a in ones or [-1] for b in body.tolist() or [-1]}
        # Every token of the one is read beside every token of the other.
        assert met == {(a, b) for a in range(left) or [-1] for b in range(400, 400 + right) or [-1]}

    @given(TEMPLATES, st.integers(0, 12), st.integers(0, 200), st.integers(1, 60))
    def test_a_question_is_whole_in_every_window(
        self, template: Template, question: int, passage: int, stride: int
    ) -> None:
        windows = pair_windows(
            template, tokens(question), tokens(passage, base=400), size=32, stride=stride
        )
        assert all((window.ids < 400).sum() == question for window in windows)
        for one, two in itertools.pairwise(windows):
            assert two.start > one.start
            assert two.start < one.stop  # neighbours overlap

    def test_types_of_bert(self) -> None:
        [window] = pair_windows(BERT, tokens(2), tokens(3, base=400), size=16, stride=8)
        assert window.ids.tolist() == [901, 0, 1, 902, 400, 401, 402, 902]
        assert window.types.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
        assert window.body == 4

    def test_the_number_of_windows_is_linear_beside_a_short_text(self) -> None:
        for count in (1000, 2000, 4000):
            windows = pair_windows(BERT, tokens(5), tokens(count), size=64, stride=32)
            assert len(windows) <= count / 32 + 1


class TestBatches:
    @given(
        st.lists(st.integers(0, 60), max_size=60),
        st.integers(1, 200),
        st.none() | st.integers(0, 100),
        st.none() | st.integers(0, 60),
    )
    def test_a_partition_within_the_budget(
        self, lengths: list[int], budget: int, padding: int | None, even: int | None
    ) -> None:
        batches = budget_batches(lengths, tokens=budget, padding=padding, even=even)
        assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
        widths = [max(lengths[i] for i in batch) for batch in batches]
        assert widths == sorted(widths, reverse=True)
        for batch, width in zip(batches, widths, strict=True):
            assert len(batch) == 1 or width * len(batch) <= budget
            filled = width * len(batch) - sum(lengths[i] for i in batch)
            assert padding is None or filled <= padding
            assert even is None or width < even or filled == 0

    def test_batches_are_filled(self) -> None:
        assert [len(b) for b in budget_batches([10] * 100, tokens=200)] == [20] * 5
