"""AlexNets: the paper's small one (appendix A), one by the same description, and the whole network for 224 pixels.

The small one is two [convolution 5x5, max pool 3x3, local response normalisation], 384, 192. The paper names neither
the filters nor the normalisation's constants. 64 filters in both convolutions give exactly its 1,387,786 parameters;
64, 64, 384, 192 is the network of TensorFlow's CIFAR-10 tutorial, so its constants are taken unless others are named.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from rethinking.models.layers import ConvolutionalNetwork, convolution, fully_connected
from rethinking.models.sizes import num_features, require_image, scaled

# The constants of local response normalisation, as `LocalResponseNorm` takes them, by whose they are.
RESPONSE_NORMS: Mapping[str, Mapping[str, float]] = {
    "tensorflow_tutorial": {},  # the CIFAR-10 tutorial's: radius 4, bias 1, alpha 0.001/9, beta 0.75
    "tensorflow": {"size": 11, "alpha": 11.0, "beta": 0.5},  # its operation's defaults: radius 5, 1, 1, 0.5
    "torch": {"size": 5, "alpha": 1e-4},  # torch's defaults, over five channels
    "krizhevsky": {"size": 5, "alpha": 5e-4, "k": 2.0},  # Krizhevsky et al. 2012: n 5, k 2, alpha 1e-4, beta 0.75
}


class _Divide(torch.autograd.Function):
    """x * d ** -beta, d = k + the banded sum of x squared, and its gradient in 5 passes over memory instead of 15.

    With e = d ** -beta and g the gradient of the result, that of x is g e - 2 beta x B(g x e / d), B the banded sum.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, band: Tensor, offsets: Tensor, beta: float) -> Tensor:
        root = functional.conv2d(x * x, band.to(x.dtype), offsets.to(x.dtype)).rsqrt_()
        power = root.sqrt().mul_(root) if beta == 0.75 else root ** (2 * beta)  # a general power is slow
        ctx.save_for_backward(x, band, root, power)
        ctx.beta = beta
        return x * power

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]  (the decorator takes any arguments)
        ctx: Any, *gradients: Tensor
    ) -> tuple[Tensor, None, None, None]:
        x, band, root, power = ctx.saved_tensors
        scaled = gradients[0] * power
        spread = functional.conv2d((scaled * x).mul_(root).mul_(root), (-2 * ctx.beta * band).to(x.dtype))
        return scaled.addcmul_(x, spread), None, None, None


class LocalResponseNorm(nn.Module):
    """Divide x by (k + alpha/size * the sum of x squared over `size` neighbouring channels) ** beta.

    The function is torch.nn.LocalResponseNorm(size, alpha, beta, k), which would be most of this network's time on a
    CPU. Here the sum is a 1x1 convolution with a banded matrix.
    """

    band: Tensor
    offsets: Tensor

    def __init__(
        self, num_channels: int, size: float = 9, alpha: float = 0.001, beta: float = 0.75, k: float = 1.0
    ) -> None:
        super().__init__()
        self.beta = beta
        channel = torch.arange(num_channels)
        neighbours = (channel[:, None] - channel).abs() <= size // 2
        # Constants: they follow the module to its device, and stay out of the state dict and of the parameters.
        self.register_buffer("band", (neighbours * (alpha / size))[:, :, None, None], persistent=False)
        self.register_buffer("offsets", torch.full((num_channels,), k), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return _Divide.apply(x, self.band, self.offsets, self.beta)


class AlexNet(nn.Module):
    """Images (n, channels, height, width) -> logits (n, num_classes)."""

    # The layout in which a CPU trains it fastest at small sizes; read by the stage that places network and images.
    memory_format = torch.channels_last

    def __init__(self, input_shape: tuple[int, int, int], num_classes: int, width: float, response_norm: str) -> None:
        super().__init__()
        channels, image_height, image_width = input_shape
        filters, first, second = scaled(64, width), scaled(384, width), scaled(192, width)
        # Each pool halves height and width, rounding up; two of them leave a quarter, rounded up: 28 -> 14 -> 7.
        num_features = filters * -(-image_height // 4) * -(-image_width // 4)
        stages = stage(channels, filters, response_norm), stage(filters, filters, response_norm)
        self.features = nn.Sequential(*stages[0], *stages[1], nn.Flatten())
        self.hidden = nn.Sequential(nn.Linear(num_features, first), nn.ReLU(), nn.Linear(first, second), nn.ReLU())
        self.classifier = nn.Linear(second, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.hidden(self.features(x)))


def stage(in_channels: int, filters: int, response_norm: str) -> tuple[nn.Module, ...]:
    """Convolution 5x5 of the same size with ReLU, then a max pool that halves it, then the normalisation."""
    return (
        nn.Conv2d(in_channels, filters, kernel_size=5, padding=2),
        nn.MaxPool2d(kernel_size=3, stride=2, padding=1),
        # After the pool, a quarter of the work and the same numbers: the largest of rectified values is the largest,
        # rectified, and so are the gradients.
        nn.ReLU(inplace=True),
        LocalResponseNorm(filters, **RESPONSE_NORMS[response_norm]),
    )


def alexnet(
    *,
    num_classes: int,
    input_shape: tuple[int, int, int],
    width: float = 1.0,
    response_norm: str = "tensorflow_tutorial",
) -> AlexNet:
    """`input_shape` is (channels, height, width in pixels); `width` scales filters and units.

    `response_norm` is one of `RESPONSE_NORMS`.
    """
    require_image("alexnet", input_shape)
    return AlexNet(input_shape, num_classes, width, response_norm)


def alexnet_small(*, num_classes: int, input_shape: tuple[int, int, int], width: float = 1.0) -> ConvolutionalNetwork:
    """Less padding and other filters than `alexnet`, the normalisation over 5 channels; arguments as for `alexnet`."""
    require_image("alexnet_small", input_shape)
    filters = [scaled(64, width), scaled(192, width)]
    layers: list[nn.Module] = []
    for in_channels, out_channels in zip([input_shape[0], filters[0]], filters, strict=True):
        layers += [*convolution(in_channels, out_channels, 5, padding=1), nn.MaxPool2d(3, 2)]
        layers += [LocalResponseNorm(out_channels, **RESPONSE_NORMS["torch"])]
    features = nn.Sequential(*layers, nn.Flatten())
    hidden = fully_connected(num_features(features, input_shape), scaled(384, width), scaled(192, width))
    return ConvolutionalNetwork(features, nn.Linear(scaled(192, width), num_classes), hidden)


def alexnet_224(
    *, num_classes: int, input_shape: tuple[int, int, int], width: float = 1.0, dropout: float = 0.5
) -> ConvolutionalNetwork:
    """Five convolutions, two hidden layers of 4096 with dropout after each; other arguments as for `alexnet`."""
    require_image("alexnet_224", input_shape)
    first, second, third, units = (scaled(number, width) for number in (96, 256, 384, 4096))
    features = nn.Sequential(
        *convolution(input_shape[0], first, 11, stride=4, padding=1),
        nn.MaxPool2d(3, 2),
        *convolution(first, second, 5, padding=2),
        nn.MaxPool2d(3, 2),
        *convolution(second, third, 3, padding=1),
        *convolution(third, third, 3, padding=1),
        *convolution(third, second, 3, padding=1),
        nn.MaxPool2d(3, 2),
        nn.Flatten(),
    )
    hidden = fully_connected(num_features(features, input_shape), units, units, dropout=dropout)
    return ConvolutionalNetwork(features, nn.Linear(units, num_classes), hidden)
