"""What a pipeline changes in the shared backbone, and how that is stored.

Training with `tuning = "lora"` goes through `peft`. A finished adapter is merged when it is
loaded: `W + alpha / rank * B A` is computed once, so a tuned encoder runs as fast as the plain
one, and `peft` is not imported to use a pipeline.

In a weights file `head.*` are the head's tensors, `encoder.<module>.lora_A.weight` and
`lora_B.weight` an adapter's (peft's own names), any other `encoder.*` a tuned tensor itself.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from nlpkit.encoder import depth
from nlpkit.errors import RecipeError, WeightsError
from nlpkit.model import TaskModel
from nlpkit.recipe_sections import BackboneRecipe

State = dict[str, Tensor]

_ADAPTER = "nlpkit"


def prepare(model: TaskModel, recipe: BackboneRecipe) -> None:
    """Makes exactly the recipe's part of the encoder trainable, without touching shared tensors.

    Raises:
        RecipeError: when `layers` is more than the encoder has, or it has none to choose from.
    """
    encoder = model.encoder.model
    if recipe.tuning == "lora":
        _add_adapter(encoder, recipe)
    else:
        for key, parameter in _chosen(encoder, recipe).items():
            _replace(encoder, key, nn.Parameter(parameter.detach().clone(), requires_grad=True))


def tuned_state(model: TaskModel) -> State:
    """The tensors that training changed, named as in a weights file, on the CPU."""
    state: State = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            short = name.removeprefix("encoder.model.")
            key = name if short == name else f"encoder.{short.replace(f'.{_ADAPTER}.', '.')}"
            state[key] = parameter.detach().to("cpu").contiguous()
    return state


def restore(model: TaskModel, state: State) -> None:
    """Puts stored tensors back in a model that `prepare` has made trainable.

    Raises:
        WeightsError: when a tensor is missing, unknown or of another shape.
    """
    own = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            short = name.removeprefix("encoder.model.")
            key = name if short == name else f"encoder.{short.replace(f'.{_ADAPTER}.', '.')}"
            own[key] = parameter
    _check(own, state)
    with torch.no_grad():
        for key, parameter in own.items():
            parameter.copy_(state[key])


def begin_from(model: TaskModel, state: State, own: BackboneRecipe, other: BackboneRecipe) -> State:
    """Another pipeline's tuned encoder, as a model that `prepare` has made trainable takes it.

    Where both are tuned in the same way these are its tensors as they are; an adapter that has a
    higher rank or another `alpha` than the other one's begins as the same change. With
    `tuning = "all"` whatever the other one was tuned with is merged into the whole layers.

    Args:
        model: what `prepare` has made trainable by `own`.
        state: the other pipeline's tensors.
        own: the recipe's part that says how the model is tuned.
        other: the same of the other pipeline.

    Returns:
        Every tensor that `restore` asks for, the head's with the model's own values.

    Raises:
        WeightsError: when the other pipeline's adapters or layers do not fit its recipe. Whether
            the model has a place for all of it is for `restore` to say.
    """
    present = tuned_state(model)
    encoder = model.encoder.model
    changed = {key: tensor for key, tensor in state.items() if key.startswith("encoder.")}
    if own.tuning == other.tuning == "lora":
        changed = {key: _wider(t, key, present, own, other) for key, t in changed.items()}
    if own.tuning != "all" or other.tuning == "all":
        return {key: t for key, t in present.items() if not key.startswith("encoder.")} | changed
    _check(_tuned_parts(encoder, other), changed)
    if other.tuning == "lora":
        for name in adapted(encoder):
            key = f"encoder.{name}.weight"
            present[key] = present[key] + _change(encoder.get_submodule(name), name, state, other)
        return present
    return present | {key: tensor.float() for key, tensor in changed.items()}


def _wider(
    tensor: Tensor, key: str, present: State, own: BackboneRecipe, other: BackboneRecipe
) -> Tensor:
    """An adapter's tensor in one of the model's rank, where that is higher, for the same change.

    What goes down to the new places is the model's own, at random, and nothing comes up from there.
    """
    if key not in present:
        return tensor
    up = key.endswith("lora_B.weight")
    if up:
        tensor = tensor * (other.alpha / other.rank) / (own.alpha / own.rank)
    wide = torch.zeros_like(present[key]) if up else present[key].clone()
    part = wide[:, : other.rank] if up else wide[: other.rank]
    if part.shape != tensor.shape:  # too large, or not as its recipe says: for `restore` to refuse
        return tensor
    part.copy_(tensor)
    return wide


def merge(model: TaskModel, state: State, recipe: BackboneRecipe) -> None:
    """Builds a pipeline's stored tensors into its own structure, for inference.

    Shared tensors stay as they are: where the pipeline differs, its structure gets a tensor of
    its own.

    Raises:
        WeightsError: when a tensor is missing, unknown or of another shape.
    """
    head = dict(model.head.named_parameters())
    encoder = model.encoder.model
    expected = {f"head.{name}": tensor for name, tensor in head.items()}
    _check(expected | _tuned_parts(encoder, recipe), state)
    with torch.no_grad():
        for name, parameter in head.items():
            parameter.copy_(state[f"head.{name}"])
        if recipe.tuning == "lora":
            for name in adapted(encoder):
                module = encoder.get_submodule(name)
                weight: Any = module.weight
                change = _change(module, name, state, recipe).to(weight.device)
                module.weight = nn.Parameter(weight + change, requires_grad=False)
        else:
            for key, tensor in state.items():
                if key.startswith("encoder."):
                    own = nn.Parameter(tensor.float(), requires_grad=False)
                    _replace(encoder, key.removeprefix("encoder."), own)


def _tuned_parts(encoder: nn.Module, recipe: BackboneRecipe) -> State:
    """What a weights file holds of an encoder that was tuned so: names and shapes."""
    if recipe.tuning != "lora":
        return {f"encoder.{name}": own for name, own in _chosen(encoder, recipe).items()}
    expected: State = {}
    for name in adapted(encoder):
        inputs, outputs = _shape(encoder.get_submodule(name))
        low, high = (recipe.rank, inputs), (outputs, recipe.rank)
        expected[f"encoder.{name}.lora_A.weight"] = torch.empty(low, device="meta")
        expected[f"encoder.{name}.lora_B.weight"] = torch.empty(high, device="meta")
    return expected


def _change(module: nn.Module, name: str, state: State, recipe: BackboneRecipe) -> Tensor:
    """What an adapter adds to the weight of its layer."""
    down = state[f"encoder.{name}.lora_A.weight"].float()
    up = state[f"encoder.{name}.lora_B.weight"].float()
    change = (up @ down) * (recipe.alpha / recipe.rank)
    return change.T if _is_conv1d(module) else change


def adapted(encoder: nn.Module) -> list[str]:
    """The names of the linear layers that an adapter goes on: all of them.

    GPT-2 calls its linear layers Conv1D and stores their weights transposed.
    """
    return [
        name
        for name, module in encoder.named_modules()
        if isinstance(module, nn.Linear) or _is_conv1d(module)
    ]


def _is_conv1d(module: nn.Module) -> bool:
    return type(module).__name__ == "Conv1D"


def _shape(module: nn.Module) -> tuple[int, int]:
    weight: Any = module.weight
    rows, columns = weight.shape
    return (rows, columns) if _is_conv1d(module) else (columns, rows)


def _add_adapter(encoder: nn.Module, recipe: BackboneRecipe) -> None:
    from peft import LoraConfig, inject_adapter_in_model
    from peft.tuners.tuners_utils import BaseTunerLayer

    config = LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,  # type: ignore[arg-type]  # a float works as well
        target_modules=adapted(encoder),
        fan_in_fan_out=any(_is_conv1d(module) for module in encoder.modules()),
    )
    inject_adapter_in_model(config, encoder, adapter_name=_ADAPTER)
    for module in encoder.modules():
        if isinstance(module, BaseTunerLayer):
            # An adapter would turn what it reads into its own float32, and autocast that back.
            module.cast_input_dtype_enabled = False  # type: ignore[assignment]  # a flag
    for name, parameter in encoder.named_parameters():
        parameter.requires_grad_("lora_" in name)


def _replace(encoder: nn.Module, key: str, own: nn.Parameter) -> None:
    path, _, name = key.rpartition(".")
    setattr(encoder.get_submodule(path), name, own)


def _chosen(encoder: nn.Module, recipe: BackboneRecipe) -> dict[str, nn.Parameter]:
    """The encoder's own parameters that the recipe tunes, by name: never an embedding."""
    if recipe.tuning not in ("layers", "all"):
        return {}
    parts = _upper_layers(encoder, recipe) if recipe.tuning == "layers" else [encoder]
    inside = {id(module) for part in parts for module in part.modules()}
    return {
        f"{path}.{name}" if path else name: parameter
        for path, module in encoder.named_modules()
        if id(module) in inside and not isinstance(module, nn.Embedding)
        for name, parameter in module.named_parameters(recurse=False)
    }


def _upper_layers(encoder: nn.Module, recipe: BackboneRecipe) -> list[nn.Module]:
    count = depth(encoder)
    # Of an encoder-decoder the decoder's come last.
    stacks = [m for m in encoder.modules() if isinstance(m, nn.ModuleList) and len(m) == count]
    if not stacks:  # ALBERT: one layer, used again and again
        raise RecipeError(
            f"backbone.tuning = 'layers' does not fit {recipe.name!r}, which has no layers of "
            "their own; allowed: 'lora', 'all', 'none'"
        )
    stack = stacks[-1]
    if recipe.layers > len(stack):
        raise RecipeError(
            f"backbone.layers = {recipe.layers} is more than the {len(stack)} layers of "
            f"{recipe.name!r}"
        )
    return list(stack)[-recipe.layers :]


def _check(expected: dict[str, Any], state: State) -> None:
    missing = sorted(set(expected) - set(state))
    unknown = sorted(set(state) - set(expected))
    if missing or unknown:
        kind, key = ("lack", missing[0]) if missing else ("hold an unknown", unknown[0])
        raise WeightsError(f"the weights do not fit the recipe: they {kind} tensor {key!r}")
    for key, tensor in expected.items():
        if tuple(tensor.shape) != tuple(state[key].shape):
            raise WeightsError(
                f"the weights do not fit the recipe: tensor {key!r} has shape "
                f"{tuple(state[key].shape)}, expected {tuple(tensor.shape)}"
            )
