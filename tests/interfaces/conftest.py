"""Pipelines with random weights, small enough to be made for each run of the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

RECIPES = {
    "summarization": ("summarization", "sentences", "sentences", ""),
    "question_answering": ("question_answering", "tokens", "span", ""),
    "classification": ("classification", "mean", "labels", 'labels = ["bad", "good"]'),
    "pair": ("classification", "mean", "labels", 'labels = ["other", "same"]'),
    "regression": ("classification", "mean", "regression", "range = [0, 5]"),
}


@pytest.fixture(scope="session")
def tiny_pipelines(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder for each kind of pipeline, all on one random encoder."""
    import torch

    from nlpkit.model import build
    from nlpkit.recipe import parse
    from nlpkit.tasks.loading import assemble
    from nlpkit.tuning import tuned_state

    root = tmp_path_factory.mktemp("pipelines")
    encoder = _encoder(root / "encoder")
    folders = {}
    for name, (task, pooling, head, more) in RECIPES.items():
        torch.manual_seed(0)
        recipe = parse(
            f"""
            name = "{name}"
            task = "{task}"
            pair = {"true" if name == "pair" else "false"}
            [backbone]
            name = "{encoder}"
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


def _encoder(folder: Path) -> Path:
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel

    letters = [chr(c) for c in range(33, 127) if not chr(c).isupper()]
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *letters, *(f"##{c}" for c in letters)]
    vocabulary = {word: index for index, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    torch.manual_seed(0)
    model = BertModel(
        BertConfig(
            vocab_size=len(words),
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=64,
        )
    )
    model.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder
