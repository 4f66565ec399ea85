from __future__ import annotations

import pytest
import torch

from nlpkit.heads import ClassificationHead, SentenceHead, SpanHead


@pytest.mark.parametrize("hidden", [(), (6,), (6, 4)])
def test_shapes(hidden: tuple[int, ...]) -> None:
    assert ClassificationHead(8, 3, hidden=hidden)(torch.zeros(2, 8)).shape == (2, 3)
    assert SpanHead(8, hidden=hidden)(torch.zeros(2, 5, 8)).shape == (2, 5, 2)
    head = SentenceHead(8, hidden=hidden)
    places = torch.zeros(2, 5, dtype=torch.long)
    assert head(torch.zeros(2, 5, 8), torch.zeros(2, 8), places).shape == (2, 5)


def test_later_sentences_share_the_last_place() -> None:
    torch.manual_seed(0)
    head = SentenceHead(8, places=4).eval()
    torch.nn.init.normal_(head.places.weight)
    vector = torch.randn(1, 1, 8).expand(1, 6, 8)
    logits = head(vector, torch.randn(1, 8), torch.tensor([[0, 1, 2, 3, 4, 9999]]))[0]
    assert torch.allclose(logits[4:], logits[3])
    assert logits[:4].diff().abs().min() > 1e-4


def test_a_sentence_is_scored_by_itself_and_its_document() -> None:
    torch.manual_seed(0)
    head = SentenceHead(8).eval()
    sentences, document = torch.randn(1, 3, 8), torch.randn(1, 8)
    places = torch.tensor([[0, 1, 2]])
    logits = head(sentences, document, places)
    # In another order, with its own place, each keeps its logit.
    order = torch.tensor([2, 0, 1])
    assert torch.allclose(head(sentences[:, order], document, places[:, order]), logits[:, order])
    assert not torch.allclose(head(sentences, document + 1, places), logits)


def test_dropout_is_for_training_only() -> None:
    torch.manual_seed(0)
    head = ClassificationHead(8, 3, hidden=(64,), dropout=0.5)
    states = torch.randn(2, 8)
    assert not torch.equal(head.train()(states), head(states))
    assert torch.equal(head.eval()(states), head(states))
