from __future__ import annotations

import pytest
import torch
from torch import Tensor

from nlpkit import pooling


@pytest.fixture
def hidden() -> Tensor:
    return torch.randn(3, 7, 5, generator=torch.Generator().manual_seed(0))


def padded(hidden: Tensor, more: int) -> tuple[Tensor, Tensor]:
    """The states with garbage behind them, and the mask that says so."""
    garbage = torch.full((len(hidden), more, hidden.shape[2]), 1e6)
    mask = torch.ones(len(hidden), hidden.shape[1] + more, dtype=torch.long)
    mask[:, hidden.shape[1] :] = 0
    return torch.cat([hidden, garbage], 1), mask


@pytest.mark.parametrize("pool", [pooling.cls, pooling.mean, pooling.last])
@pytest.mark.parametrize("more", [1, 4])
def test_padding_changes_nothing(pool, hidden: Tensor, more: int) -> None:
    plain = pool(hidden, torch.ones(3, 7, dtype=torch.long))
    assert plain.shape == (3, 5)
    assert torch.allclose(pool(*padded(hidden, more)), plain)


def test_padding_changes_no_sentence(hidden: Tensor) -> None:
    segments = torch.tensor([[-1, 0, 0, 1, 2, 2, -1]] * 3)
    plain = pooling.sentences(hidden, segments, 3)
    wide, _mask = padded(hidden, 4)
    filled = torch.nn.functional.pad(segments, (0, 4), value=-1)
    assert torch.allclose(pooling.sentences(wide, filled, 3), plain)
    # More places than the window has sentences: those others are zeros.
    more = pooling.sentences(wide, filled, 5)
    assert torch.allclose(more[:, :3], plain)
    assert (more[:, 3:] == 0).all()


def test_sentences_are_means_of_their_tokens(hidden: Tensor) -> None:
    segments = torch.tensor([[-1, 0, 0, 1, 2, 2, -1], [0] * 7, [-1] * 7])
    vectors = pooling.sentences(hidden, segments, 3)
    assert torch.allclose(vectors[0, 0], hidden[0, 1:3].mean(0))
    assert torch.allclose(vectors[0, 1], hidden[0, 3])
    assert torch.allclose(vectors[0, 2], hidden[0, 4:6].mean(0))
    assert torch.allclose(vectors[1, 0], hidden[1].mean(0))
    assert (vectors[2] == 0).all()


def test_last_is_each_rows_own(hidden: Tensor) -> None:
    mask = torch.tensor([[1, 0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0, 0]])
    assert torch.equal(
        pooling.last(hidden, mask), torch.stack([hidden[0, 0], hidden[1, 6], hidden[2, 2]])
    )


def test_a_row_without_tokens_is_finite(hidden: Tensor) -> None:
    none = torch.zeros(3, 7, dtype=torch.long)
    for pool in (pooling.cls, pooling.mean, pooling.last):
        assert torch.isfinite(pool(hidden, none)).all()
