"""Layers that several families are made of."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn


class ConvolutionalNetwork(nn.Module):
    """Images (n, channels, height, width) -> logits (n, num_classes).

    `features` ends in a vector (n, numbers), `hidden` are fully connected layers, `classifier` is the last one.
    """

    def __init__(self, features: nn.Module, classifier: nn.Module, hidden: Iterable[nn.Module] = ()) -> None:
        super().__init__()
        self.features = features
        self.hidden = nn.Sequential(*hidden)
        self.classifier = classifier

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.hidden(self.features(x)))


class Concatenation(nn.Module):
    """Branches side by side: (n, in_channels, h, w) -> (n, sum of the branches' channels, h, w)."""

    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.branches], dim=1)


class GlobalAveragePool(nn.Module):
    """The mean over the whole feature map: (n, channels, h, w) -> (n, channels, 1, 1).

    Not torch's adaptive pooling, which has no deterministic gradient on CUDA.
    """

    def forward(self, x: Tensor) -> Tensor:
        return x.mean(dim=(2, 3), keepdim=True)


def convolution(
    in_channels: int, filters: int, kernel_size: int, stride: int = 1, padding: int = 0
) -> tuple[nn.Module, ...]:
    """A convolution with bias and its ReLU."""
    return nn.Conv2d(in_channels, filters, kernel_size, stride, padding), nn.ReLU()


def fully_connected(num_inputs: int, *num_units: int, dropout: float | None = None) -> list[nn.Module]:
    """Linear layers, each with its ReLU and, where a probability is given, dropout."""
    layers: list[nn.Module] = []
    for inputs, outputs in zip([num_inputs, *num_units], num_units, strict=False):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        layers += [] if dropout is None else [nn.Dropout(dropout)]
    return layers
