"""Weights before the first step, drawn from a seeded generator instead of torch's global one."""

import math

import torch
from torch import nn

TENSORFLOWS_BIAS = 0.1  # of its tutorial's layers, and of slim's AlexNet


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


def _xavier(layer: nn.Linear | nn.Conv2d, generator: torch.Generator) -> None:
    """Glorot and Bengio 2010, uniform; biases as in torch's default (lecture: only weights are set)."""
    _framework(layer, generator)
    nn.init.xavier_uniform_(layer.weight, generator=generator)


def _xavier_zero_bias(layer: nn.Linear | nn.Conv2d, generator: torch.Generator) -> None:
    """The same weights, biases zero (blog: weights and biases are set)."""
    nn.init.xavier_uniform_(layer.weight, generator=generator)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def _xavier_half(layer: nn.Linear | nn.Conv2d, generator: torch.Generator) -> None:
    """Weights half as large as Xavier's, the same biases: whether the scale alone matters."""
    _xavier(layer, generator)
    with torch.no_grad():
        layer.weight.mul_(0.5)


def _truncated_normal(layer: nn.Linear | nn.Conv2d, deviation: float, generator: torch.Generator) -> None:
    """TensorFlow's: cut at two standard deviations."""
    nn.init.trunc_normal_(layer.weight, std=deviation, a=-2 * deviation, b=2 * deviation, generator=generator)


def _tensorflow_tutorial(
    layer: nn.Linear | nn.Conv2d, generator: torch.Generator, of_convolutions: float = 0.05
) -> None:
    """TensorFlow's CIFAR-10 tutorial, whose network the small AlexNet is: normal, cut at two standard deviations.

    Standard deviation 0.05 in convolutions, 0.04 in fully connected layers, biases 0.1. The tutorial's first
    convolution and last layer have biases of zero and the last one 1/192: see `initialise`.
    """
    _truncated_normal(layer, of_convolutions if isinstance(layer, nn.Conv2d) else 0.04, generator)
    if layer.bias is not None:
        nn.init.constant_(layer.bias, TENSORFLOWS_BIAS)


def _early_tensorflow_tutorial(layer: nn.Linear | nn.Conv2d, generator: torch.Generator) -> None:
    """The same tutorial as it came with TensorFlow 0.7, in 2016: 0.0001 in convolutions."""
    _tensorflow_tutorial(layer, generator, of_convolutions=1e-4)


def _slim_alexnet(layer: nn.Linear | nn.Conv2d, generator: torch.Generator) -> None:
    """That of alexnet_v2 of TensorFlow's slim: Xavier's in convolutions, 0.005 in fully connected layers, biases 0.1.

    Its last layer has a bias of zero: see `initialise`.
    """
    if isinstance(layer, nn.Conv2d):
        nn.init.xavier_uniform_(layer.weight, generator=generator)
    else:
        _truncated_normal(layer, 0.005, generator)
    if layer.bias is not None:
        nn.init.constant_(layer.bias, TENSORFLOWS_BIAS)


SCHEMES = {
    "framework": _framework,
    "kaiming": _kaiming,
    "xavier": _xavier,
    "xavier_zero_bias": _xavier_zero_bias,
    "xavier_half": _xavier_half,
    "tensorflow_tutorial": _tensorflow_tutorial,
    "early_tensorflow_tutorial": _early_tensorflow_tutorial,
    "slim_alexnet": _slim_alexnet,
}

# Of which layers a scheme that sets biases leaves them zero.
ZERO_BIAS = {"tensorflow_tutorial": (0, -1), "early_tensorflow_tutorial": (0, -1), "slim_alexnet": (-1,)}


def initialise(model: nn.Module, scheme: str, generator: torch.Generator) -> None:
    """Draw every convolution's and fully connected layer's weights, in the order of `model.modules()`."""
    layers = [layer for layer in model.modules() if isinstance(layer, nn.Linear | nn.Conv2d)]
    for layer in layers:
        SCHEMES[scheme](layer, generator)
    if scheme.endswith("tensorflow_tutorial"):
        _truncated_normal(layers[-1], 1 / layers[-1].weight.shape[1], generator)
    for layer in (layers[place] for place in ZERO_BIAS.get(scheme, ())):
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
