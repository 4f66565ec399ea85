"""The shared backbone: a pre-trained encoder, read once a process and never changed.

A pipeline does not own an encoder: it gets a structure of its own over the shared tensors
(`Backbone.encoder`), in which only what the pipeline has tuned is replaced. So a pipeline costs
its adapter or layers in memory, and adding one cannot change another one's numbers.
"""

from __future__ import annotations

import copy
import inspect
import threading
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from nlpkit.backbone_files import WEIGHTS, cached_file, cached_folder, local_folder, verify
from nlpkit.errors import WeightsError
from nlpkit.tokenizer import Tokenizer
from nlpkit.unpadded import Kernel, pack

# What tokenizers were kept in before tokenizer.json; transformers converts these.
_VOCABULARIES = (
    "vocab.txt",
    "vocab.json",
    "spiece.model",
    "spm.model",
    "sentencepiece.bpe.model",
    "tokenizer.model",
)

_LOCK = threading.Lock()

# What has been checked once in this process: (folder or name, sha256).
_VERIFIED: set[tuple[str, str | None]] = set()


@dataclass(frozen=True)
class Backbone:
    """A pre-trained encoder as it came, with its tokenizer.

    Attributes:
        name: the folder it was read from, or its name on the hub.
        model: the `transformers` model; frozen, shared by all pipelines.
        tokenizer: text to tokens.
        width: the size of a hidden state.
        layers: how many layers the last hidden state has gone through.
        max_tokens: the longest input that it has positions for.
        pad_id: the token that fills a batch up.
    """

    name: str
    model: nn.Module
    tokenizer: Tokenizer
    width: int
    layers: int
    max_tokens: int
    pad_id: int

    def encoder(self, layers: int = 1) -> Encoder:
        """A structure of its own over the shared tensors.

        Args:
            layers: how many of the last layers' states are averaged.
        """
        # New parameters on the same memory: moving one pipeline to a GPU replaces the memory of
        # its own parameters in place, which would take everybody else's along.
        own: dict[int, Any] = {
            id(tensor): nn.Parameter(tensor.detach(), requires_grad=False)
            for tensor in self.model.parameters()
        }
        own |= {id(tensor): tensor for tensor in self.model.buffers()}
        return Encoder(copy.deepcopy(self.model, own), layers)


class Encoder(nn.Module):
    """Token ids to hidden states, for every architecture alike.

    Args:
        model: the `transformers` model.
        layers: how many of the last layers' states are averaged. What an encoder was pre-trained
            for last is in its last layer above all; more of what a text's grammar is like is in
            those in the middle (Tenney et al. 2019, "BERT Rediscovers the Classical NLP Pipeline").

    Attributes:
        max_tokens: the longest input that it has positions for.
        kernel: with which padding is left out of the computation (`nlpkit.unpadded`); None
            computes it along.
    """

    def __init__(self, model: nn.Module, layers: int = 1) -> None:
        super().__init__()
        self.model = model
        self.layers = layers
        self.max_tokens = places(model)
        self.kernel: Kernel | None = None
        accepted = inspect.signature(model.forward).parameters
        types = getattr(model.config, "type_vocab_size", 0) or 0
        self.takes_types = "token_type_ids" in accepted and types > 1
        self.takes_positions = "position_ids" in accepted
        # A decoder would keep keys and values for a next token that never comes.
        self.extra: dict[str, Any] = {"use_cache": False} if "use_cache" in accepted else {}
        if layers > 1:
            self.extra["output_hidden_states"] = True

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        """Ids, mask and token types `(batch, tokens)` to states `(batch, tokens, hidden)`.

        Token types are left out where the architecture has none. Of an encoder-decoder (BART)
        these are the decoder's states.
        """
        if self.kernel is not None:
            return self.unpadded(input_ids, attention_mask, token_type_ids, self.kernel)
        types = {"token_type_ids": token_type_ids} if self.takes_types else {}
        output = self.model(
            input_ids=input_ids, attention_mask=attention_mask, **types, **self.extra
        )
        return self._averaged(output)

    def narrow(self, dtype: torch.dtype) -> None:
        """Keeps its layers, and with them all that it computes, in a smaller number type.

        Embeddings stay in float32, and so in memory that is shared; what is looked up in them is
        turned. The states that the encoder gives are in float32 too.
        """
        for module in self.model.modules():
            if isinstance(module, nn.Embedding):
                module.register_forward_hook(lambda _, __, found: found.to(dtype))
                continue
            for parameter in module.parameters(recurse=False):
                parameter.data = parameter.data.to(dtype)

    def unpadded(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor, kernel: Kernel
    ) -> Tensor:
        """What `forward` gives, with zeros for padding, which is not computed.

        Raises:
            NotImplementedError: when the architecture leaves attention or positions no choice.
        """
        from nlpkit import attention

        config: Any = self.model.config
        if getattr(config, "_attn_implementation", None) != attention.NAME:
            raise NotImplementedError("this architecture has its own attention")
        if not self.takes_positions:
            raise NotImplementedError("this architecture counts positions itself")
        places, positions, segments = pack(attention_mask, kernel)
        first = first_position(self.model)
        types = {"token_type_ids": token_type_ids.flatten()[places][None]}
        output = self.model(
            input_ids=input_ids.flatten()[places][None],
            position_ids=(positions + first)[None],
            segments=segments,
            **(types if self.takes_types else {}),
            **self.extra,
        )
        states = self._averaged(output)[0]
        padded = states.new_zeros(input_ids.numel(), states.shape[-1])
        padded[places] = states
        return padded.view(*input_ids.shape, -1)

    def _averaged(self, output: Any) -> Tensor:
        last: Tensor = output.last_hidden_state.float()
        if self.layers == 1:
            return last
        # Of an encoder-decoder the decoder's, as the last state is.
        every = getattr(output, "decoder_hidden_states", None) or output.hidden_states
        return torch.stack([*(s.float() for s in every[-self.layers : -1]), last]).mean(0)


def backbone(name: str, *, sha256: str | None = None) -> Backbone:
    """The shared backbone of that name: read on the first call, the same object afterwards.

    Args:
        name: a folder with the encoder's files, or a name on the hub. A name that an installed
            Python package carries (`nlpkit.backbone_files`) is read from there, without a network;
            so is one that the hub's cache holds, where `sha256` says that it is the one.
        sha256: what `model.safetensors` must hash to; not checked when None.

    Raises:
        WeightsError: when the files are missing, unreadable, or not the ones expected.
    """
    with _LOCK:
        source = local_folder(name)
        if source is None and sha256 is not None and (cached := cached_folder(name, sha256)):
            source = cached
            _VERIFIED.add((source, sha256))
        source = source or name
        local = Path(source).is_dir()
        if local and sha256 is not None and (source, sha256) not in _VERIFIED:
            verify(Path(source) / WEIGHTS, sha256)
        loaded = _load(source)
        if not local and sha256 is not None and (source, sha256) not in _VERIFIED:
            _verify_hub(name, sha256)
        _VERIFIED.add((source, sha256))
        return loaded


@lru_cache(maxsize=8)
def _load(source: str) -> Backbone:
    model, tokenizer = _open(source)
    model.requires_grad_(False).eval()
    config: Any = model.config
    return Backbone(
        name=source,
        model=model,
        tokenizer=tokenizer,
        width=config.hidden_size,
        layers=depth(model),
        max_tokens=places(model),
        pad_id=config.pad_token_id or 0,
    )


def depth(model: nn.Module) -> int:
    """How many layers an encoder's last hidden state has gone through."""
    config: Any = model.config
    # Of an encoder-decoder the layers that the head sees are the decoder's.
    decoder = getattr(config, "decoder_layers", None)
    return int(getattr(config, "num_hidden_layers", 1) if decoder is None else decoder)


def places(model: nn.Module) -> int:
    """The longest input that a model has positions for, in tokens."""
    positions = getattr(model.config, "max_position_embeddings", None) or 512
    return int(positions) - first_position(model)


def first_position(model: nn.Module) -> int:
    """The position of a window's first token.

    RoBERTa counts from padding_idx + 1, so that its first positions hold no token.
    """
    offset = None
    if _counts_from_padding(model):
        offset = getattr(getattr(model, "embeddings", None), "padding_idx", None)
    return 0 if offset is None else offset + 1


def _counts_from_padding(model: nn.Module) -> bool:
    embeddings = getattr(model, "embeddings", None)
    return hasattr(embeddings, "create_position_ids_from_input_ids") or (
        getattr(getattr(embeddings, "position_embeddings", None), "padding_idx", None) is not None
    )


def _open(source: str) -> tuple[nn.Module, Tokenizer]:
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging

    from nlpkit import attention

    local = Path(source).is_dir()
    # Reading a hundred tensors takes a tenth of a second: a bar would only be noise. So would a
    # table of the tensors of a pooler or of the head of another task: what is lacking is checked
    # below.
    bars, verbosity = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        model: nn.Module
        model, report = AutoModel.from_pretrained(
            source,
            dtype=torch.float32,
            use_safetensors=True,
            local_files_only=local,
            output_loading_info=True,
        )
        file = Path(source) / "tokenizer.json"
        if local and file.is_file():
            tokenizer = Tokenizer.from_file(file)
        elif local and not any((Path(source) / old).is_file() for old in _VOCABULARIES):
            # transformers would make up an empty tokenizer.
            raise WeightsError(f"the backbone {source!r} has no tokenizer.json")
        else:
            fast = AutoTokenizer.from_pretrained(source, local_files_only=local)
            if fast.vocab_size <= len(fast.all_special_ids):  # made up, see above
                raise WeightsError(f"the backbone {source!r} has no tokenizer")
            tokenizer = Tokenizer(fast.backend_tokenizer)
    except WeightsError:
        raise
    except Exception as error:  # many kinds: missing files, bad JSON, no network, bad header
        first = (str(error) or type(error).__name__).splitlines()[0]
        raise WeightsError(f"cannot load the backbone {source!r}: {first}") from error
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
    # transformers fills what the file lacks with random numbers; only the pooler is not used.
    lacking = sorted(key for key in report["missing_keys"] if not key.startswith("pooler."))
    if lacking:
        raise WeightsError(f"the backbone {source!r} lacks tensor {lacking[0]!r}")
    if getattr(model, "pooler", None) is not None:
        model.pooler = None  # type: ignore[assignment]  # it pools for its pre-training task only
    attention.use(model)
    return model, tokenizer


def _verify_hub(name: str, sha256: str) -> None:
    cached = cached_file(name, WEIGHTS)
    if cached is None:
        raise WeightsError(f"the backbone {name!r} came without a {WEIGHTS} to check")
    verify(cached, sha256)
