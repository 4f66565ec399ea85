"""A pipeline of nlpkit as a model folder that the peers can load: the same weights for all.

The adapters are merged into the encoder. A span head is exactly that of `BertForQuestionAnswering`,
which is checked on the logits. A classifier of ours takes the mean of the states and has a hidden
layer, which `BertForSequenceClassification` cannot hold: there the peers get the same encoder under
a random linear head of that class, since only speed is compared.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

# Beside tokenizer.json: transformers 4 looks at these as well.
_TOKENIZER_FILES = ("tokenizer_config.json", "special_tokens_map.json", "vocab.txt")
_SEED = 0
# Rounding differs between implementations of attention.
_TOLERANCE = 1e-3


def model_folder(pipeline: str, form: str, cache: Path) -> Path:
    """The folder of a converted pipeline, made where there is none yet.

    Args:
        pipeline: a shipped pipeline's name or a folder.
        form: `span` (question answering), `labels` (classification) or `encoder` (no head).
        cache: below which the folder lies, named after the weights' hash.

    Raises:
        NlpkitError: when there is no such pipeline.
        ValueError: when the head does not fit the form, or the converted model gives other logits.
    """
    from nlpkit.tasks.loading import stored

    recipe, state = stored(pipeline)
    assert recipe.weights is not None
    if form != "encoder" and recipe.head.kind != form:
        raise ValueError(
            f"{recipe.name!r} has a head of the kind {recipe.head.kind!r}, not {form!r}"
        )
    folder = cache / "models" / f"{recipe.name}-{form}-{recipe.weights.sha256[:12]}"
    if not (folder / "config.json").is_file():
        partial = folder.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        _write(recipe, state, form, partial)
        partial.replace(folder)
    return folder


def _write(recipe: Any, state: Any, form: str, folder: Path) -> None:
    import torch
    from transformers import AutoModel, AutoModelForQuestionAnswering
    from transformers import AutoModelForSequenceClassification as AutoModelForLabels

    from nlpkit.encoder import backbone
    from nlpkit.model import build
    from nlpkit.tuning import merge

    ours = build(recipe).eval()
    merge(ours, state, recipe.backbone)
    shared = backbone(recipe.backbone.name, sha256=recipe.backbone.sha256)
    encoder: Any = ours.encoder.model
    config = type(encoder.config).from_dict(encoder.config.to_dict())
    if form == "labels":
        config.id2label = dict(enumerate(recipe.head.labels))
        config.label2id = {label: number for number, label in enumerate(recipe.head.labels)}
    classes: dict[str, Any] = {
        "span": AutoModelForQuestionAnswering,
        "labels": AutoModelForLabels,
        "encoder": AutoModel,
    }
    torch.manual_seed(_SEED)
    theirs = classes[form].from_config(config).eval()
    inner = theirs if form == "encoder" else getattr(theirs, theirs.base_model_prefix)
    report = inner.load_state_dict(encoder.state_dict(), strict=False)
    lacking = [key for key in report.missing_keys if not key.startswith("pooler.")]
    if lacking or report.unexpected_keys:
        raise ValueError(f"{recipe.name} does not fit {type(theirs).__name__}: {lacking}")
    if form == "span":
        _take_head(ours, theirs)
        difference = _difference(ours, theirs, config)
        if difference > _TOLERANCE:
            raise ValueError(f"{recipe.name}: converted logits are off by {difference:.2g}")
    folder.mkdir(parents=True)
    theirs.save_pretrained(folder)
    shared.tokenizer.backend.save(str(folder / "tokenizer.json"))
    for name in _TOKENIZER_FILES:
        if (Path(shared.name) / name).is_file():
            shutil.copyfile(Path(shared.name) / name, folder / name)
    _plain_config(folder / "config.json")


def _take_head(ours: Any, theirs: Any) -> None:
    """A span head without hidden layers is one linear layer, as theirs is."""
    if len(ours.head.layers) != 1:
        raise ValueError("a span head with hidden layers fits no class of transformers")
    theirs.qa_outputs.load_state_dict(ours.head.layers[0].state_dict())


def _difference(ours: Any, theirs: Any, config: Any) -> float:
    """The greatest difference of a logit on random tokens, some of them padding."""
    import torch

    from nlpkit.model import Batch

    generator = torch.Generator().manual_seed(_SEED)
    size = min(96, config.max_position_embeddings - 2)  # RoBERTa has two fewer than it says
    ids = torch.randint(0, config.vocab_size, (4, size), generator=generator)
    types = (torch.arange(size) > size // 4).long().expand_as(ids).contiguous()
    lengths = torch.tensor([[size], [size - 9], [size // 3], [size]])
    mask = (torch.arange(size) < lengths).long()
    with torch.inference_mode():
        mine = ours(Batch(ids, mask, types))
        output = theirs(input_ids=ids, attention_mask=mask, token_type_ids=types)
    yours = torch.stack([output.start_logits, output.end_logits], dim=-1)
    return float((mine - yours)[mask.bool()].abs().max())


def _plain_config(path: Path) -> None:
    """Leaves out what transformers 4 does not know, or is of this process only."""
    config = json.loads(path.read_text(encoding="utf-8"))
    for key in ("dtype", "transformers_version", "_attn_implementation"):
        config.pop(key, None)
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
