"""The small AlexNet: two [convolution 5x5, max pool 3x3, local response normalisation], 384, 192 (paper, appendix A).

The paper names neither the filters nor the normalisation's constants. 64 filters in both convolutions give exactly
its 1,387,786 parameters; 64, 64, 384, 192 is the network of TensorFlow's CIFAR-10 tutorial, so its constants are taken.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from rethinking.models.sizes import require_image, scaled


class LocalResponseNorm(nn.Module):
    """Divide x by (1 + alpha/9 * the sum of x squared over 9 neighbouring channels) ** 0.75, alpha 0.001.

    The function is torch.nn.LocalResponseNorm(9, alpha=0.001, beta=0.75, k=1), which would be most of this network's
    time on a CPU. Here the sum is a 1x1 convolution with a banded matrix, and d ** -0.75 is r * sqrt(r), r = 1/sqrt(d),
    since a general power is slow.
    """

    band: Tensor
    ones: Tensor

    def __init__(self, num_channels: int, size: int = 9, alpha: float = 0.001) -> None:
        super().__init__()
        channel = torch.arange(num_channels)
        neighbours = (channel[:, None] - channel).abs() <= size // 2
        # Constants: they follow the module to its device, and stay out of the state dict and of the parameters.
        self.register_buffer("band", (neighbours * (alpha / size))[:, :, None, None], persistent=False)
        self.register_buffer("ones", torch.ones(num_channels), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        denominator = functional.conv2d(x * x, self.band, self.ones)
        root = denominator.rsqrt()
        return x * (root * root.sqrt())


class AlexNet(nn.Module):
    """Images (n, channels, height, width) -> logits (n, num_classes)."""

    # The layout in which a CPU trains it fastest at small sizes; read by the stage that places network and images.
    memory_format = torch.channels_last

    def __init__(self, input_shape: tuple[int, int, int], num_classes: int, width: float) -> None:
        super().__init__()
        channels, image_height, image_width = input_shape
        filters, first, second = scaled(64, width), scaled(384, width), scaled(192, width)
        # Each pool halves height and width, rounding up; two of them leave a quarter, rounded up: 28 -> 14 -> 7.
        num_features = filters * -(-image_height // 4) * -(-image_width // 4)
        self.features = nn.Sequential(*stage(channels, filters), *stage(filters, filters), nn.Flatten())
        self.hidden = nn.Sequential(nn.Linear(num_features, first), nn.ReLU(), nn.Linear(first, second), nn.ReLU())
        self.classifier = nn.Linear(second, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.hidden(self.features(x)))


def stage(in_channels: int, filters: int) -> tuple[nn.Module, ...]:
    """Convolution 5x5 of the same size, then a max pool that halves it, then the normalisation."""
    return (
        nn.Conv2d(in_channels, filters, kernel_size=5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(kernel_size=3, stride=2, padding=1),
        LocalResponseNorm(filters),
    )


def alexnet(*, num_classes: int, input_shape: tuple[int, int, int], width: float = 1.0) -> AlexNet:
    """`input_shape` is (channels, height, width in pixels); `width` scales filters and units."""
    require_image("alexnet", input_shape)
    return AlexNet(input_shape, num_classes, width)
