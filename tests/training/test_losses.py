"""Losses with a teacher, and the disagreement of two passes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from nlpkit.model import Batch
from nlpkit.training.losses import Soft, disagreement, loss

NAN = float("nan")
BATCH = Batch(*[torch.ones(2, 3, dtype=torch.long)] * 3)
LOGITS = torch.tensor([[2.0, -1.0], [0.5, 0.25]])


def targets(*rows: list[float]) -> list[np.ndarray]:
    return [np.array(row, np.float32) for row in rows]


def test_a_teacher_without_weight_changes_nothing() -> None:
    plain = loss("labels", LOGITS, BATCH, targets([0], [1]))
    taught = targets([0, 3, 1], [1, 0, 0])
    assert loss("labels", LOGITS, BATCH, taught, Soft(0.0, 2.0)).item() == plain.item()


def test_the_teachers_part_is_the_divergence_of_softened_outputs() -> None:
    teacher = torch.tensor([[3.0, 1.0], [0.0, 0.0]])
    own = targets([0, 3, 1], [1, 0, 0])
    softened = [torch.softmax(x / 2, -1) for x in (LOGITS, teacher)]
    expected = 4 * (softened[1] * (softened[1] / softened[0]).log()).sum()
    found = loss("labels", LOGITS, BATCH, own, Soft(1.0, 2.0))
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)


def test_rows_without_a_label_learn_from_the_teacher_alone() -> None:
    soft = Soft(0.5, 1.0)
    both = loss("labels", LOGITS, BATCH, targets([0, 3, 1], [NAN, 1, 1]), soft)
    first = loss("labels", LOGITS[:1], BATCH, targets([0, 3, 1]), soft)
    second = loss("labels", LOGITS[1:], BATCH, targets([0, 1, 1]), soft)
    hard = functional.cross_entropy(LOGITS[1:], torch.tensor([0])) / 2
    assert both.item() == pytest.approx((first + second - hard).item(), rel=1e-5)


def test_only_rows_without_a_label() -> None:
    soft = Soft(0.5, 1.0)
    for kind, row in (("labels", [NAN, 1, 1]), ("regression", [NAN, 0.5])):
        logits = LOGITS.clone().requires_grad_()
        columns = logits if kind == "labels" else logits[:, :1]
        value = loss(kind, columns, BATCH, targets(row, row), soft)
        value.backward()
        assert torch.isfinite(value)
        assert torch.isfinite(logits.grad).all()  # type: ignore[arg-type]


SPANS = torch.tensor([[[2.0, -1.0], [0.5, 1.0], [0.0, 3.0]], [[1.0, 0.0], [0.0, 2.0], [5.0, 5.0]]])
SPAN_BATCH = Batch(
    torch.ones(2, 3, dtype=torch.long), torch.tensor([[1, 1, 1], [1, 1, 0]]), torch.ones(2, 3)
)


def test_spans_with_a_teacher() -> None:
    """Starts and ends apart, padding left out, the second example two tokens long."""
    teacher = [[1.0, 2.0, 0.0, -1.0, 0.5, 0.0], [3.0, 1.0, 0.0, 0.0]]
    own = targets([0, 2, *teacher[0]], [1, 1, *teacher[1]])
    expected = 0.0
    for index, length in enumerate((3, 2)):
        said = torch.tensor(teacher[index]).reshape(length, 2)
        for end in (0, 1):
            logits = SPANS[index, :length, end]
            hard = -torch.log_softmax(logits, 0)[int(own[index][end])]
            p, q = (torch.softmax(x / 2, 0) for x in (said[:, end], logits))
            expected += (0.75 * hard + 0.25 * 4 * (p * (p / q).log()).sum()).item() / 2
    found = loss("span", SPANS, SPAN_BATCH, own, Soft(0.25, 2.0))
    assert found.item() == pytest.approx(expected, rel=1e-5)


def test_spans_of_which_the_teacher_says_nothing_have_their_label() -> None:
    soft = Soft(0.5, 2.0)
    plain = loss("span", SPANS, SPAN_BATCH, targets([0, 2], [1, 1]))
    assert loss("span", SPANS, SPAN_BATCH, targets([0, 2], [1, 1]), soft).item() == plain.item()
    taught = targets([NAN, NAN, 1, 2, 0, -1, 0.5, 0], [1, 1])
    logits = SPANS.clone().requires_grad_()
    value = loss("span", logits, SPAN_BATCH, taught, soft)
    alone = loss("span", SPANS[1:], Batch(*[x[1:] for x in (
        SPAN_BATCH.input_ids, SPAN_BATCH.attention_mask, SPAN_BATCH.token_type_ids,
    )]), targets([1, 1]))  # fmt: skip
    first = loss("span", SPANS[:1], Batch(*[x[:1] for x in (
        SPAN_BATCH.input_ids, SPAN_BATCH.attention_mask, SPAN_BATCH.token_type_ids,
    )]), taught[:1], soft)  # fmt: skip
    assert value.item() == pytest.approx((alone + first).item(), rel=1e-5)
    value.backward()
    assert torch.isfinite(logits.grad).all()  # type: ignore[arg-type]
    assert logits.grad[1, 2].abs().max() == 0  # type: ignore[index]  # padding


def test_regression_with_a_teacher() -> None:
    found = loss("regression", LOGITS[:, :1], BATCH, targets([1, 2], [NAN, 1]), Soft(0.25, 1.0))
    assert found.item() == pytest.approx(0.75 * 1 + 0.25 * (0 + 0.25))


@settings(max_examples=40)
@given(kind=st.sampled_from(["labels", "regression", "span", "sentences"]), seed=st.integers(0, 99))
def test_disagreement(kind: str, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    shape = {"labels": (2, 4), "regression": (2, 1), "span": (2, 3, 2), "sentences": (2, 2)}[kind]
    segments = torch.tensor([[0, 0, 1], [0, 0, 0]]) if kind == "sentences" else None
    batch = Batch(
        torch.ones(2, 3, dtype=torch.long),
        torch.tensor([[1, 1, 1], [1, 1, 0]]),
        torch.zeros(2, 3, dtype=torch.long),
        segments,
    )
    first, second = (torch.randn(shape, generator=generator) for _ in range(2))
    value = disagreement(kind, first, second, batch)
    assert value.item() > 0
    assert value.item() == pytest.approx(disagreement(kind, second, first, batch).item(), rel=1e-5)
    assert disagreement(kind, first, first, batch).item() == 0
    hidden = second.clone()
    if kind == "span":
        hidden[1, 2] += 5
    elif kind == "sentences":
        hidden[1, 1] += 5
    assert disagreement(kind, first, hidden, batch).item() == pytest.approx(value.item(), rel=1e-5)
