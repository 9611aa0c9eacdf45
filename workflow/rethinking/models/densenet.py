"""DenseNet for 224x224 pixels (lecture on modern convolutional networks, after Huang et al. 2017).

Every layer of a block sees the block's input and all that the layers before it put out.
"""

import torch
from torch import Tensor, nn

from rethinking.models.layers import ConvolutionalNetwork, GlobalAveragePool
from rethinking.models.sizes import require_image, scaled

NUM_BLOCKS, LAYERS_A_BLOCK, GROWTH = 4, 4, 32


def normalised(channels: int) -> tuple[nn.Module, ...]:
    """Batch normalisation and its ReLU."""
    return nn.BatchNorm2d(channels), nn.ReLU()


class DenseBlock(nn.Module):
    """(n, in_channels, h, w) -> (n, in_channels + num_layers * growth, h, w)."""

    def __init__(self, num_layers: int, in_channels: int, growth: int) -> None:
        super().__init__()
        inputs = range(in_channels, in_channels + num_layers * growth, growth)
        self.layers = nn.ModuleList(
            nn.Sequential(*normalised(channels), nn.Conv2d(channels, growth, 3, padding=1)) for channels in inputs
        )

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = torch.cat([x, layer(x)], dim=1)
        return x


def transition(in_channels: int, filters: int) -> nn.Sequential:
    """(n, in_channels, h, w) -> (n, filters, h/2, w/2), rounded down."""
    return nn.Sequential(*normalised(in_channels), nn.Conv2d(in_channels, filters, 1), nn.AvgPool2d(2))


def densenet_224(*, num_classes: int, input_shape: tuple[int, int, int], width: float = 1.0) -> ConvolutionalNetwork:
    """`input_shape` is (channels, height, width in pixels); `width` scales the first filters and the growth."""
    require_image("densenet_224", input_shape)
    channels, growth = scaled(64, width), scaled(GROWTH, width)
    stem = nn.Conv2d(input_shape[0], channels, 7, stride=2, padding=3)
    layers: list[nn.Module] = [stem, *normalised(channels), nn.MaxPool2d(3, 2, padding=1)]
    for block in range(NUM_BLOCKS):
        layers.append(DenseBlock(LAYERS_A_BLOCK, channels, growth))
        channels += LAYERS_A_BLOCK * growth
        if block < NUM_BLOCKS - 1:
            layers.append(transition(channels, channels := channels // 2))
    features = nn.Sequential(*layers, *normalised(channels), GlobalAveragePool(), nn.Flatten())
    return ConvolutionalNetwork(features, nn.Linear(channels, num_classes))
