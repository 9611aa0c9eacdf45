"""The small Inception (paper, figure 3), with batch normalisation and without it (paper, section 3).

Figure 3 is followed block by block. The paper lists the same 1,649,402 parameters with and without batch
normalisation. TF-slim's defaults explain it: a convolution that is batch-normalised has no bias, and the
normalisation learns a shift but no scale; without the normalisation the convolution gets its bias back, one number a
channel either way.
"""

import torch
from torch import Tensor, nn

from rethinking.models.sizes import require_image, scaled


class ShiftBatchNorm(nn.BatchNorm2d):
    """Batch normalisation with a trained shift and the scale fixed at one, as TF-slim's `center` without `scale`.

    epsilon is TF-slim's, 1e-3. The running averages keep torch's momentum of 0.1 (a decay of 0.9 a step): TF-slim's
    decay of 0.999 remembers a thousand steps, more than a small data set has in many epochs.
    """

    def __init__(self, num_channels: int) -> None:
        super().__init__(num_channels, eps=1e-3, affine=False)
        self.bias = nn.Parameter(torch.zeros(num_channels))


class Convolution(nn.Sequential):
    """Convolution, batch normalisation (or a bias in its place), ReLU: the figure's "Conv Module"."""

    def __init__(
        self, in_channels: int, filters: int, *, batch_norm: bool, kernel_size: int = 3, stride: int = 1
    ) -> None:
        convolution = nn.Conv2d(
            in_channels, filters, kernel_size, stride, padding=kernel_size // 2, bias=not batch_norm
        )
        # No gradient needs what goes into the ReLU: overwriting it saves a sixth of a step's memory.
        super().__init__(convolution, *([ShiftBatchNorm(filters)] if batch_norm else []), nn.ReLU(inplace=True))
        self.out_channels = filters


class Inception(nn.Module):
    """A 1x1 and a 3x3 convolution side by side: (n, in_channels, h, w) -> (n, filters_1x1 + filters_3x3, h, w)."""

    def __init__(self, in_channels: int, filters_1x1: int, filters_3x3: int, *, batch_norm: bool) -> None:
        super().__init__()
        self.convolution_1x1 = Convolution(in_channels, filters_1x1, batch_norm=batch_norm, kernel_size=1)
        self.convolution_3x3 = Convolution(in_channels, filters_3x3, batch_norm=batch_norm)
        self.out_channels = filters_1x1 + filters_3x3

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.convolution_1x1(x), self.convolution_3x3(x)], dim=1)


class Downsample(nn.Module):
    """A 3x3 convolution and a max pool of stride 2: (n, in_channels, h, w) -> (n, filters + in_channels, h/2, w/2).

    Odd sizes are rounded up.
    """

    def __init__(self, in_channels: int, filters: int, *, batch_norm: bool) -> None:
        super().__init__()
        self.convolution = Convolution(in_channels, filters, batch_norm=batch_norm, stride=2)
        self.pool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        self.out_channels = filters + in_channels

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.convolution(x), self.pool(x)], dim=1)


BLOCKS = (  # figure 3 from the input to the mean pooling: block, its filters
    (Convolution, (96,)),
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


class SmallInception(nn.Module):
    """Images (n, channels, height, width) -> logits (n, num_classes)."""

    # The layout in which a CPU trains it fastest; read by the stage that places network and images.
    memory_format = torch.channels_last

    def __init__(self, channels: int, num_classes: int, width: float, *, batch_norm: bool) -> None:
        super().__init__()
        blocks = []
        for block, filters in BLOCKS:
            blocks.append(block(channels, *(scaled(number, width) for number in filters), batch_norm=batch_norm))
            channels = blocks[-1].out_channels
        self.features = nn.Sequential(*blocks)
        self.classifier = nn.Linear(channels, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        # The figure's mean pooling over the whole 7x7 map; adaptive pooling has no deterministic gradient on CUDA.
        return self.classifier(self.features(x).mean(dim=(2, 3)))


def inception(*, num_classes: int, input_shape: tuple[int, int, int], width: float = 1.0) -> SmallInception:
    """With batch normalisation; `input_shape` is (channels, height, width in pixels); `width` scales the filters."""
    require_image("inception", input_shape)
    return SmallInception(input_shape[0], num_classes, width, batch_norm=True)


def inception_without_bn(*, num_classes: int, input_shape: tuple[int, int, int], width: float = 1.0) -> SmallInception:
    """Batch normalisation removed, the convolutions' biases back; arguments as for `inception`."""
    require_image("inception_without_bn", input_shape)
    return SmallInception(input_shape[0], num_classes, width, batch_norm=False)
