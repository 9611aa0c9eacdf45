"""Weights before the first step, drawn from a seeded generator instead of torch's global one."""

import math

import torch
from torch import nn


def _framework(layer: nn.Linear | nn.Conv2d, generator: torch.Generator) -> None:
    """torch's own default for Linear and Conv2d: both uniform within 1/sqrt(fan in)."""
    nn.init.kaiming_uniform_(layer.weight, a=math.sqrt(5), generator=generator)
    if layer.bias is not None:
        bound = 1 / math.sqrt(layer.weight[0].numel())
        nn.init.uniform_(layer.bias, -bound, bound, generator=generator)


def _kaiming(layer: nn.Linear | nn.Conv2d, generator: torch.Generator) -> None:
    """He et al. 2015: normal with variance 2 / fan in, biases zero."""
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


SCHEMES = {"framework": _framework, "kaiming": _kaiming}


def initialise(model: nn.Module, scheme: str, generator: torch.Generator) -> None:
    """Draw every convolution's and fully connected layer's weights, in the order of `model.modules()`."""
    for layer in model.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            SCHEMES[scheme](layer, generator)
