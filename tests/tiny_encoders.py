"""Random encoders of every architecture, 16 wide and shallow, and recipes on them."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from nlpkit.recipe import Recipe, parse

SIZE = {
    "hidden_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 32,
}


def bert() -> nn.Module:
    from transformers import BertConfig, BertModel

    return BertModel(BertConfig(vocab_size=300, max_position_embeddings=40, **SIZE))


def roberta() -> nn.Module:
    from transformers import RobertaConfig, RobertaModel

    # As in roberta-base, 514 positions for 512 tokens, and a single token type.
    return RobertaModel(
        RobertaConfig(vocab_size=300, max_position_embeddings=42, type_vocab_size=1, **SIZE)
    )


def mpnet() -> nn.Module:
    from transformers import MPNetConfig, MPNetModel

    return MPNetModel(MPNetConfig(vocab_size=300, max_position_embeddings=42, **SIZE))


def electra() -> nn.Module:
    from transformers import ElectraConfig, ElectraModel

    # Its embeddings are narrower than its states.
    return ElectraModel(
        ElectraConfig(vocab_size=300, embedding_size=8, max_position_embeddings=40, **SIZE)
    )


def deberta() -> nn.Module:
    from transformers import DebertaV2Config, DebertaV2Model

    return DebertaV2Model(
        DebertaV2Config(
            vocab_size=300,
            max_position_embeddings=40,
            relative_attention=True,
            pos_att_type=["p2c", "c2p"],
            position_buckets=8,
            share_att_key=True,
            norm_rel_ebd="layer_norm",
            position_biased_input=False,
            type_vocab_size=0,
            **SIZE,
        )
    )


def modernbert() -> nn.Module:
    from transformers import ModernBertConfig, ModernBertModel

    return ModernBertModel(
        ModernBertConfig(
            vocab_size=300,
            max_position_embeddings=40,
            pad_token_id=1,
            bos_token_id=0,
            eos_token_id=2,
            cls_token_id=0,
            sep_token_id=2,
            local_attention=8,
            global_attn_every_n_layers=3,
            **SIZE,
        )
    )


def distilbert() -> nn.Module:
    from transformers import DistilBertConfig, DistilBertModel

    return DistilBertModel(
        DistilBertConfig(
            vocab_size=300, max_position_embeddings=40, dim=16, n_layers=3, n_heads=2, hidden_dim=32
        )
    )


def gpt2() -> nn.Module:
    from transformers import GPT2Config, GPT2Model

    return GPT2Model(
        GPT2Config(
            vocab_size=300,
            n_positions=40,
            n_embd=16,
            n_layer=3,
            n_head=2,
            bos_token_id=0,
            eos_token_id=0,
        )
    )


def bart() -> nn.Module:
    from transformers import BartConfig, BartModel

    return BartModel(
        BartConfig(
            vocab_size=300,
            max_position_embeddings=40,
            d_model=16,
            encoder_layers=3,
            decoder_layers=2,
            encoder_attention_heads=2,
            decoder_attention_heads=2,
            encoder_ffn_dim=32,
            decoder_ffn_dim=32,
        )
    )


def albert() -> nn.Module:
    """One layer, applied three times."""
    from transformers import AlbertConfig, AlbertModel

    return AlbertModel(
        AlbertConfig(vocab_size=300, embedding_size=8, max_position_embeddings=40, **SIZE)
    )


def classifier(
    encoder: Path,
    tuning: str = "none",
    more: str = "",
    *,
    pooling: str = "mean",
    layers: int = 1,
    max_tokens: int = 32,
) -> Recipe:
    """A recipe for three labels; `more` are lines of its `[backbone]`."""
    return parse(
        f"""
        name = "tone"
        task = "classification"
        [backbone]
        name = "{encoder}"
        tuning = "{tuning}"
        max_tokens = {max_tokens}
        {more}
        [pooling]
        kind = "{pooling}"
        layers = {layers}
        [head]
        kind = "labels"
        labels = ["bad", "good", "neither"]
        """
    )
