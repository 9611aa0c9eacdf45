"""A network layer by layer: output shapes, parameters and multiply-adds of one image. Nothing is computed."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Layer:
    """One layer, or a block of layers, which has no numbers of its own.

    `shape` is that of the output for one image. `multiply_adds` are those of convolutions and fully connected layers,
    biases left out; other layers have none that is worth counting.
    """

    name: str
    kind: str
    depth: int
    shape: tuple[int, ...]
    parameters: int = 0
    multiply_adds: int = 0
    is_block: bool = False


class Totals(NamedTuple):
    """Of all layers: trainable parameters, and for one image multiply-adds and the numbers that they put out."""

    Parameters: int
    MultiplyAdds: int
    Activations: int


def totals(found: Iterable[Layer]) -> Totals:
    """The sums over layers; blocks, which are made of them, count as nothing."""
    single = [layer for layer in found if not layer.is_block]
    return Totals(
        sum(layer.parameters for layer in single),
        sum(layer.multiply_adds for layer in single),
        sum(math.prod(layer.shape) for layer in single),
    )


def layers(build: Callable[[], nn.Module], input_shape: tuple[int, ...]) -> list[Layer]:
    """The layers of the network that `build` makes, in the order in which they are called, blocks before their layers.

    The network is made and called on torch's meta device, which has shapes and no numbers.
    """
    with torch.device("meta"), torch.no_grad():
        model = build().eval()
        called: list[str] = []
        found: dict[str, Layer] = {}
        for name, module in model.named_modules():
            if type(module) not in (nn.Sequential, nn.ModuleList) and module is not model:
                module.register_forward_pre_hook(lambda module, inputs, name=name: called.append(name))
                module.register_forward_hook(
                    lambda module, inputs, output, name=name: found.update({name: _layer(name, module, output)})
                )
        model(torch.empty(1, *input_shape))
    depths = {name: sum(name.startswith(f"{other}.") for other in called) for name in called}
    return [Layer(**{**vars(found[name]), "depth": depths[name]}) for name in called]


def _layer(name: str, module: nn.Module, output: Tensor) -> Layer:
    shape = tuple(output.shape[1:])
    if next(module.children(), None) is not None:
        return Layer(name, type(module).__name__, 0, shape, is_block=True)
    parameters = sum(each.numel() for each in module.parameters() if each.requires_grad)
    return Layer(name, type(module).__name__, 0, shape, parameters, _multiply_adds(module, output))


def _multiply_adds(module: nn.Module, output: Tensor) -> int:
    weight: Any = getattr(module, "weight", None)
    if isinstance(module, nn.Conv2d | nn.Linear):
        return output.numel() * weight[0].numel()
    return 0
