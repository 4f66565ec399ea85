"""Attention in bfloat16: what plain products give is what the fused kernel gives."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpkit.attention import NAME, attend, use

LAYER = SimpleNamespace(is_causal=False)


def states(batch: int, tokens: int, dtype: torch.dtype, seed: int = 0) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    shape = (batch, 2, tokens, 8)
    return [torch.randn(shape, generator=generator).to(dtype).requires_grad_() for _ in range(3)]


def padding(batch: int, tokens: int, lengths: list[int]) -> torch.Tensor:
    seen = torch.arange(tokens) < torch.tensor(lengths).unsqueeze(1)
    return seen[:, None, None, :].expand(batch, 1, tokens, tokens)


@settings(max_examples=30)
@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    seed=st.integers(0, 100),
    masked=st.booleans(),
)
def test_it_equals_the_fused_kernel(lengths: list[int], seed: int, masked: bool) -> None:
    batch, tokens = len(lengths), max(lengths)
    mask = padding(batch, tokens, lengths) if masked else None
    outcomes = []
    for dtype in (torch.float32, torch.bfloat16):  # the first one goes the fused way
        query, key, value = states(batch, tokens, dtype, seed)
        output, weights = attend(LAYER, query, key, value, mask)  # type: ignore[arg-type]
        assert weights is None
        assert output.shape == (batch, tokens, 2, 8)
        output.float().square().sum().backward()
        outcomes.append([output, query.grad, key.grad, value.grad])
    for exact, reduced in zip(*outcomes, strict=True):
        torch.testing.assert_close(exact, reduced.float(), atol=0.15, rtol=0.1)


@pytest.mark.parametrize("amx", [True, False])
@pytest.mark.parametrize("masked", [True, False])
def test_without_gradients_it_is_the_same(
    monkeypatch: pytest.MonkeyPatch, amx: bool, masked: bool
) -> None:
    mask = padding(2, 9, [9, 4]) if masked else None
    query, key, value = states(2, 9, torch.bfloat16)
    learned, _ = attend(LAYER, query, key, value, mask)  # type: ignore[arg-type]
    monkeypatch.setattr("nlpkit.attention._AMX", amx)
    with torch.no_grad():
        used, _ = attend(LAYER, query, key, value, mask)  # type: ignore[arg-type]
    torch.testing.assert_close(used.float(), learned.float(), atol=0.03, rtol=0.03)


def test_rows_of_a_mask_that_differ() -> None:
    mask = torch.ones(5, 5, dtype=torch.bool).tril().expand(2, 1, 5, 5)
    exact, reduced = (
        attend(LAYER, *states(2, 5, dtype), mask)[0]  # type: ignore[arg-type]
        for dtype in (torch.float32, torch.bfloat16)
    )
    torch.testing.assert_close(exact, reduced.float(), atol=0.05, rtol=0.05)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_hidden_tokens_change_nothing(dtype: torch.dtype) -> None:
    mask = padding(2, 5, [3, 3])
    query, key, value = states(2, 5, dtype)
    with torch.no_grad():
        before, _ = attend(LAYER, query, key, value, mask)  # type: ignore[arg-type]
        key[:, :, 3:] = 100
        value[:, :, 3:] = -100
        after, _ = attend(LAYER, query, key, value, mask)  # type: ignore[arg-type]
    assert torch.equal(before[:, :3], after[:, :3])


def test_architectures_with_their_own_attention_keep_it() -> None:
    for own, expected in (("sdpa", NAME), ("eager", "eager"), (None, None)):
        model = torch.nn.Module()
        model.config = SimpleNamespace(_attn_implementation=own)  # type: ignore[assignment]
        use(model)
        assert model.config._attn_implementation == expected
