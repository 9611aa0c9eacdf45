"""The small Inception (paper, figure 3), with batch normalisation and without it (paper, section 3), and its readings.

Figure 3 is followed block by block. The paper lists the same 1,649,402 parameters with and without batch
normalisation. TF-slim's defaults explain it: a convolution that is batch-normalised has no bias, and the
normalisation learns a shift but no scale; without the normalisation the convolution gets its bias back, one number a
channel either way.

Others read the figure differently: the repository Deep-learning-generalization has no biases at all and a
normalisation that learns a scale as well; the notebook's mini_GoogLeNet has no padding where the map shrinks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from rethinking.models.sizes import num_features, require_image, scaled


class ShiftBatchNorm(nn.BatchNorm2d):
    """Batch normalisation with a trained shift and the scale fixed at one, as TF-slim's `center` without `scale`.

    epsilon is TF-slim's, 1e-3. The running averages keep torch's momentum of 0.1 (a decay of 0.9 a step): TF-slim's
    decay of 0.999 remembers a thousand steps, more than a small data set has in many epochs.
    """

    def __init__(self, num_channels: int) -> None:
        super().__init__(num_channels, eps=1e-3, affine=False)
        self.bias = nn.Parameter(torch.zeros(num_channels))


@dataclass(frozen=True)
class Reading:
    """What the readings of figure 3 differ in."""

    norm: Callable[[int], nn.Module] | None  # after each convolution
    bias: bool  # of each convolution
    padded: bool = True  # whether the first convolution keeps the size and the downsampling rounds up
    first_kernel: int = 1  # side of the kernel of an Inception block's first branch


PAPER, PAPER_WITHOUT_BN = Reading(ShiftBatchNorm, bias=False), Reading(None, bias=True)


class Convolution(nn.Sequential):
    """Convolution, batch normalisation where there is one, ReLU: the figure's "Conv Module"."""

    def __init__(
        self,
        in_channels: int,
        filters: int,
        reading: Reading,
        *,
        kernel_size: int = 3,
        stride: int = 1,
        padded: bool = True,
    ) -> None:
        padding = kernel_size // 2 if padded else 0
        convolution = nn.Conv2d(in_channels, filters, kernel_size, stride, padding, bias=reading.bias)
        norm = [reading.norm(filters)] if reading.norm else []
        # No gradient needs what goes into the ReLU: overwriting it saves a sixth of a step's memory.
        super().__init__(convolution, *norm, nn.ReLU(inplace=True))
        self.out_channels = filters


def first_convolution(in_channels: int, filters: int, reading: Reading) -> Convolution:
    return Convolution(in_channels, filters, reading, padded=reading.padded)


class Inception(nn.Module):
    """A 1x1 and a 3x3 convolution side by side: (n, in_channels, h, w) -> (n, filters_1x1 + filters_3x3, h, w)."""

    def __init__(self, in_channels: int, filters_1x1: int, filters_3x3: int, reading: Reading) -> None:
        super().__init__()
        self.convolution_1x1 = Convolution(in_channels, filters_1x1, reading, kernel_size=reading.first_kernel)
        self.convolution_3x3 = Convolution(in_channels, filters_3x3, reading)
        self.out_channels = filters_1x1 + filters_3x3

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.convolution_1x1(x), self.convolution_3x3(x)], dim=1)


class Downsample(nn.Module):
    """A 3x3 convolution and a max pool of stride 2: (n, in_channels, h, w) -> (n, filters + in_channels, h/2, w/2).

    Odd sizes are rounded up; without padding (h-1)/2, rounded down.
    """

    def __init__(self, in_channels: int, filters: int, reading: Reading) -> None:
        super().__init__()
        self.convolution = Convolution(in_channels, filters, reading, stride=2, padded=reading.padded)
        self.pool = nn.MaxPool2d(kernel_size=3, stride=2, padding=int(reading.padded))
        self.out_channels = filters + in_channels

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.convolution(x), self.pool(x)], dim=1)


BLOCKS: tuple[
    tuple[Callable[..., Any], tuple[int, ...]], ...
] = (  # figure 3 from the input to the mean pooling: block, its filters
    (first_convolution, (96,)),
    (Inception, (32, 32)),
    (Inception, (32, 48)),
    (Downsample, (80,)),
    (Inception, (112, 48)),
    (Inception, (96, 64)),
    (Inception, (80, 80)),
    (Inception, (48, 96)),
    (Downsample, (96,)),
    (Inception, (176, 160)),
    (Inception, (176, 160)),
)


def figure_3(channels: int, width: float, reading: Reading) -> tuple[nn.Sequential, int]:
    """The blocks, and how many channels the last one puts out."""
    blocks = []
    for block, filters in BLOCKS:
        blocks.append(block(channels, *(scaled(number, width) for number in filters), reading))
        channels = blocks[-1].out_channels
    return nn.Sequential(*blocks), channels


class SmallInception(nn.Module):
    """Images (n, channels, height, width) -> logits (n, num_classes)."""

    # The layout in which a CPU trains it fastest; read by the stage that places network and images.
    memory_format = torch.channels_last

    def __init__(self, channels: int, num_classes: int, width: float, reading: Reading) -> None:
        super().__init__()
        self.features, channels = figure_3(channels, width, reading)
        self.classifier = nn.Linear(channels, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        # The figure's mean pooling over the whole 7x7 map; adaptive pooling has no deterministic gradient on CUDA.
        return self.classifier(self.features(x).mean(dim=(2, 3)))


class MiniGoogLeNet(nn.Module):
    """Images (n, channels, height, width) -> logits (n, num_classes).

    28 pixels leave a map of 5x5, of which a window of 7x7 takes the mean with the zeros around it: 25/49 of the mean.
    """

    memory_format = torch.channels_last

    def __init__(
        self, input_shape: tuple[int, int, int], num_classes: int, width: float, dropout: float, first_kernel: int
    ) -> None:
        super().__init__()
        reading = Reading(nn.BatchNorm2d, bias=True, padded=False, first_kernel=first_kernel)
        blocks, _ = figure_3(input_shape[0], width, reading)
        self.features = nn.Sequential(*blocks, nn.AvgPool2d(7, padding=1), nn.Flatten())
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(num_features(self.features, input_shape), num_classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.dropout(self.features(x)))


def inception(*, num_classes: int, input_shape: tuple[int, int, int], width: float = 1.0) -> SmallInception:
    """With batch normalisation; `input_shape` is (channels, height, width in pixels); `width` scales the filters."""
    require_image("inception", input_shape)
    return SmallInception(input_shape[0], num_classes, width, PAPER)


def inception_without_bn(*, num_classes: int, input_shape: tuple[int, int, int], width: float = 1.0) -> SmallInception:
    """Batch normalisation removed, the convolutions' biases back; arguments as for `inception`."""
    require_image("inception_without_bn", input_shape)
    return SmallInception(input_shape[0], num_classes, width, PAPER_WITHOUT_BN)


def inception_affine_bn(*, num_classes: int, input_shape: tuple[int, int, int], width: float = 1.0) -> SmallInception:
    """The normalisation learns a scale as well; arguments as for `inception`."""
    require_image("inception_affine_bn", input_shape)
    return SmallInception(input_shape[0], num_classes, width, Reading(nn.BatchNorm2d, bias=False))


def inception_without_bn_or_bias(
    *, num_classes: int, input_shape: tuple[int, int, int], width: float = 1.0
) -> SmallInception:
    """Batch normalisation removed and no bias in its place; arguments as for `inception`."""
    require_image("inception_without_bn_or_bias", input_shape)
    return SmallInception(input_shape[0], num_classes, width, Reading(None, bias=False))


def mini_googlenet(
    *, num_classes: int, input_shape: tuple[int, int, int], width: float = 1.0, dropout: float = 0.0
) -> MiniGoogLeNet:
    """The notebook's, whose 1x1 branches have 3x3 kernels; `dropout` before the classifier, else as `inception`."""
    require_image("mini_googlenet", input_shape)
    return MiniGoogLeNet(input_shape, num_classes, width, dropout, first_kernel=3)


def mini_googlenet_1x1(
    *, num_classes: int, input_shape: tuple[int, int, int], width: float = 1.0, dropout: float = 0.0
) -> MiniGoogLeNet:
    """The notebook's with the figure's 1x1 branches; arguments as for `mini_googlenet`."""
    require_image("mini_googlenet_1x1", input_shape)
    return MiniGoogLeNet(input_shape, num_classes, width, dropout, first_kernel=1)
