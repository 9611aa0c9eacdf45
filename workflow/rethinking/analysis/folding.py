"""A trained network as layers with weights alone: what measures of its weights are taken of.

In evaluation mode batch normalisation multiplies each channel by a number and adds another, which belong to the
convolution before it: the scale of that convolution's own weights means nothing. What follows no convolution becomes a
layer of its own, one weight and one bias a channel.
"""

import copy
import itertools
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.fusion import fuse_conv_bn_eval

from rethinking.models.alexnet import LocalResponseNorm


class ResponseNorm(nn.Module):
    """`LocalResponseNorm` by plain operations, which can be differentiated twice."""

    def __init__(self, layer: LocalResponseNorm) -> None:
        super().__init__()
        self.band, self.offsets = nn.Buffer(layer.band.clone()), nn.Buffer(layer.offsets.clone())
        self.beta = layer.beta

    def forward(self, x: Tensor) -> Tensor:
        return x * functional.conv2d(x * x, self.band, self.offsets) ** -self.beta


def folded(model: nn.Module) -> nn.Module:
    """The same function of evaluation mode as a network of its own, in float64, without batch normalisation.

    Raises ValueError where batch normalisation has no running averages: it is then another function for each batch.
    """
    made = copy.deepcopy(model).eval().double()
    for sequence in [module for module in made.modules() if isinstance(module, nn.Sequential)]:
        _fold(sequence)
    replace(made, _BatchNorm, _own_layer)
    replace(made, LocalResponseNorm, ResponseNorm)
    return made.requires_grad_(True)  # shifts that became biases too


def replace(model: nn.Module, kind: type[nn.Module], make: Callable[..., nn.Module]) -> None:
    """Put `make(layer)` in the place of each layer of that kind."""
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, kind):
                setattr(parent, name, make(child))


def _fold(sequence: nn.Sequential) -> None:
    """Make one convolution of each with the batch normalisation that comes right after it."""
    children = list(sequence.named_children())
    for (before, convolution), (after, norm) in itertools.pairwise(children):
        if isinstance(convolution, nn.Conv2d) and isinstance(norm, _BatchNorm):
            _require_averages(norm)
            setattr(sequence, before, fuse_conv_bn_eval(convolution, norm))
            setattr(sequence, after, nn.Identity())


def _own_layer(norm: _BatchNorm) -> nn.Conv2d:
    """Batch normalisation as a convolution of one weight and one bias a channel."""
    _require_averages(norm)
    channels = norm.num_features
    layer = nn.Conv2d(channels, channels, 1, groups=channels, dtype=torch.float64)
    nn.init.ones_(layer.weight)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return fuse_conv_bn_eval(layer.to(next(norm.buffers()).device).eval(), norm)


def _require_averages(norm: _BatchNorm) -> None:
    if norm.running_mean is None:
        raise ValueError("batch normalisation without running averages belongs to no layer's weights")
