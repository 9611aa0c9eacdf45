"""Spectral norms of the linear maps that a network's layers are, and its path norm.

A convolution's is that of the map from images to images, zeros at the border and stride and all (Sedghi et al. 2019,
arXiv:1805.10408), not that of its weights reshaped to a matrix, which may be several times smaller.
"""

import copy
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.grad import conv2d_input

from rethinking.analysis.folding import ResponseNorm, replace
from rethinking.analysis.power_iteration import largest_in_magnitude

TOLERANCE, MOST = 1e-7, 20_000


def spectral_norms(model: nn.Module, shape: tuple[int, ...], generator: torch.Generator) -> dict[str, float]:
    """The largest singular value of each convolution and fully connected layer by its name.

    `model` is one that `folding.folded` made, `shape` that of the images that it takes (channels, height, width).
    `generator` draws where power iteration starts.
    """
    sizes = _input_sizes(model, shape)
    return {name: _norm(model.get_submodule(name), size, generator) for name, size in sizes.items()}


@torch.no_grad()
def _input_sizes(model: nn.Module, shape: tuple[int, ...]) -> dict[str, torch.Size]:
    """What each layer with a weight is given for one image."""
    found: dict[str, torch.Size] = {}
    hooks = [
        layer.register_forward_pre_hook(partial(_note_size, found, name))
        for name, layer in model.named_modules()
        if isinstance(layer, nn.Conv2d | nn.Linear)
    ]
    model(_ones(model, shape))
    for hook in hooks:
        hook.remove()
    return found


def _note_size(found: dict[str, torch.Size], name: str, layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
    found[name] = inputs[0].shape


def _ones(model: nn.Module, shape: tuple[int, ...]) -> Tensor:
    return torch.ones(1, *shape, dtype=torch.float64, device=next(model.parameters()).device)


@torch.no_grad()
def _norm(layer: nn.Module, size: torch.Size, generator: torch.Generator) -> float:
    if isinstance(layer, nn.Linear):
        return float(torch.linalg.matrix_norm(layer.weight, 2))
    assert isinstance(layer, nn.Conv2d)
    weight = layer.weight
    how: Any = (layer.stride, layer.padding, layer.dilation, layer.groups)

    def forth_and_back(flat: Tensor) -> Tensor:
        image = functional.conv2d(flat.view(size), weight, None, *how)
        return conv2d_input(size, weight, image, *how).flatten()

    start = torch.randn(size.numel(), generator=generator, dtype=torch.float64).to(weight.device)
    return largest_in_magnitude(forth_and_back, start, TOLERANCE, MOST) ** 0.5


@torch.no_grad()
def path_norm(model: nn.Module, shape: tuple[int, ...]) -> float:
    """The l2 path norm (Neyshabur et al. 2015, arXiv:1503.00036): the root of the sum over paths of squared products.

    That is what the network says of an image of ones with every weight and bias squared, all classes together. Pools
    act on these sums as on activations, local response normalisation, which divides by one or more, as the identity.
    """
    squared = copy.deepcopy(model)
    replace(squared, ResponseNorm, lambda _: nn.Identity())
    for parameter in squared.parameters():
        parameter.square_()
    said: list[Tensor] = []
    classifier = squared.get_submodule("classifier")  # before a log-softmax that some networks end in
    classifier.register_forward_hook(lambda *call: said.append(call[-1]))
    squared(_ones(model, shape))
    return float(said[0].sum()) ** 0.5
