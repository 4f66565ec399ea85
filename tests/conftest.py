"""Encoders and pipelines with random weights, small enough to be made for each run of the tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# On a machine that is busy with other work a right answer may take any time.
settings.register_profile("any time", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any time")

RECIPES = {
    "summarization": ("summarization", "sentences", "sentences", ""),
    "pair_scorer": ("summarization", "mean", "pair", ""),
    "question_answering": ("question_answering", "tokens", "span", ""),
    "classification": ("classification", "mean", "labels", 'labels = ["bad", "good"]'),
    "multi_label": ("classification", "mean", "multi_label", 'labels = ["red", "green", "blue"]'),
    "pair": ("classification", "mean", "labels", 'labels = ["other", "same"]'),
    "regression": ("classification", "mean", "regression", "range = [0, 5]"),
}


@pytest.fixture(scope="session", autouse=True)
def own_cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing goes to the user's own cache; one export of a pipeline serves all tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NLPKIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def word_piece() -> Any:
    """A tokenizer as BERT's, whose words are letters: `tokenizers.Tokenizer`."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    letters = [chr(c) for c in range(33, 127) if not chr(c).isupper()]
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *letters, *(f"##{c}" for c in letters)]
    vocabulary = {word: index for index, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return tokenizer


def _byte_pair() -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers

    signs = sorted(pre_tokenizers.ByteLevel.alphabet())
    space = "\u0120"  # how byte-level vocabularies write a space
    words = ["<s>", "<pad>", "</s>", "<unk>", *signs, f"{space}t", "he", f"{space}the", space * 2]
    merges = [(space, "t"), ("h", "e"), (f"{space}t", "he"), (space, space)]
    model = models.BPE({word: index for index, word in enumerate(words)}, merges)
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return tokenizer


@pytest.fixture(scope="session")
def roberta_pieces() -> Any:
    """A byte-level tokenizer with RoBERTa's special tokens; 0 `<s>`, 1 `<pad>`, 2 `</s>`."""
    from tokenizers import processors

    tokenizer = _byte_pair()
    tokenizer.post_processor = processors.RobertaProcessing(
        ("</s>", 2), ("<s>", 0), add_prefix_space=False
    )
    return tokenizer


@pytest.fixture(scope="session")
def gpt2_pieces() -> Any:
    """A byte-level tokenizer without special tokens, as GPT-2's."""
    from tokenizers import processors

    tokenizer = _byte_pair()
    tokenizer.post_processor = processors.ByteLevel(add_prefix_space=True, trim_offsets=False)
    return tokenizer


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory, word_piece: Any) -> Path:
    """The folder of a random BERT, 16 wide, with one layer and 64 positions."""
    import torch
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("encoder")
    torch.manual_seed(0)
    model = BertModel(
        BertConfig(
            vocab_size=word_piece.get_vocab_size(),
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=64,
        )
    )
    model.save_pretrained(folder)
    word_piece.save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture(scope="session")
def tiny_pipelines(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> dict[str, Path]:
    """A folder for each kind of pipeline, all on one random encoder."""
    import torch

    from nlpkit.model import build
    from nlpkit.recipe import parse
    from nlpkit.tasks.loading import assemble
    from nlpkit.tuning import tuned_state

    root = tmp_path_factory.mktemp("pipelines")
    folders = {}
    for name, (task, pooling, head, more) in RECIPES.items():
        torch.manual_seed(0)
        recipe = parse(
            f"""
            name = "{name}"
            task = "{task}"
            pair = {"true" if name == "pair" else "false"}
            [backbone]
            name = "{tiny_encoder}"
            max_tokens = 64
            tuning = "none"
            [pooling]
            kind = "{pooling}"
            [head]
            kind = "{head}"
            {more}
            """
        )
        pipeline = assemble(recipe, tuned_state(build(recipe)), device="cpu")
        folders[name] = pipeline.save(root / name)
    return folders
