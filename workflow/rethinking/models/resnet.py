"""Residual networks: ResNet-18 and -34 for 32x32 pixels (blog), and the lecture's ResNet-18 for 224x224.

After He et al. (2016). The first two have convolutions without bias, each with its batch normalisation. Options are
those of ResNet-D (He et al. 2019, Bag of tricks): a stem of three convolutions and a pool in place of the first
convolution, and shortcuts that average before their 1x1 convolution instead of leaving out three pixels of four.
"""

from collections.abc import Callable, Sequence
from functools import partial

from torch import Tensor, nn

from rethinking.models.layers import ConvolutionalNetwork, GlobalAveragePool
from rethinking.models.sizes import require_image, scaled

FILTERS = (64, 128, 256, 512)  # of the four stages

Shortcut = Callable[[int, int, int], nn.Module]  # of in_channels, filters, stride


def normalised(in_channels: int, filters: int, *, kernel_size: int = 3, stride: int = 1, bias: bool) -> list[nn.Module]:
    """A convolution that keeps height and width but for its stride, and its batch normalisation."""
    convolution = nn.Conv2d(in_channels, filters, kernel_size, stride, padding=kernel_size // 2, bias=bias)
    return [convolution, nn.BatchNorm2d(filters)]


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut, added: (n, in_channels, h, w) -> (n, filters, h/stride, w/stride).

    Sizes are rounded up. The shortcut is the input itself where it has the shape of the output.
    """

    def __init__(self, in_channels: int, filters: int, stride: int, *, shortcut: Shortcut, bias: bool) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            *normalised(in_channels, filters, stride=stride, bias=bias),
            nn.ReLU(),
            *normalised(filters, filters, bias=bias),
        )
        same = (in_channels, stride) == (filters, 1)
        self.shortcut = nn.Identity() if same else shortcut(in_channels, filters, stride)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.residual(x) + self.shortcut(x))


def convolution_shortcut(in_channels: int, filters: int, stride: int) -> nn.Sequential:
    """A 1x1 convolution without bias, and batch normalisation."""
    return nn.Sequential(*normalised(in_channels, filters, kernel_size=1, stride=stride, bias=False))


def average_pool_shortcut(in_channels: int, filters: int, stride: int) -> nn.Module:
    """The mean of the pixels that a stride would leave out all but one of, then `convolution_shortcut`."""
    pool = nn.AvgPool2d(stride, ceil_mode=True, count_include_pad=False)
    return nn.Sequential(pool, *convolution_shortcut(in_channels, filters, 1))


def plain_shortcut(in_channels: int, filters: int, stride: int) -> nn.Module:
    """A 1x1 convolution with bias and no batch normalisation: the lecture's."""
    return nn.Conv2d(in_channels, filters, kernel_size=1, stride=stride)


SHORTCUTS: dict[str, Shortcut] = {"convolution": convolution_shortcut, "average_pool": average_pool_shortcut}


def first_convolution(channels: int, width: float) -> list[nn.Module]:
    """3x3 and no pool: small images stay as large as they are."""
    return [*normalised(channels, scaled(64, width), bias=False), nn.ReLU()]


def deep_stem(channels: int, width: float) -> list[nn.Module]:
    """Three 3x3 convolutions with bias and a max pool, which leave a quarter of height and width."""
    layers: list[nn.Module] = []
    for filters, stride in ((32, 2), (32, 1), (64, 1)):
        layers += [*normalised(channels, channels := scaled(filters, width), stride=stride, bias=True), nn.ReLU()]
    return [*layers, nn.MaxPool2d(3, 2, padding=1)]


def resnet(
    stem: Sequence[nn.Module],
    num_blocks: Sequence[int],
    num_classes: int,
    width: float,
    block: Callable[..., nn.Module],
) -> ConvolutionalNetwork:
    """Four stages of blocks, each stage but the first of stride 2, and the classifier of their mean."""
    layers, channels = list(stem), scaled(FILTERS[0], width)
    for stage, (number, filters) in enumerate(zip(num_blocks, FILTERS, strict=True)):
        for place in range(number):
            stride = 2 if stage > 0 and place == 0 else 1
            layers.append(block(channels, channels := scaled(filters, width), stride))
    features = nn.Sequential(*layers, GlobalAveragePool(), nn.Flatten())
    return ConvolutionalNetwork(features, nn.Linear(channels, num_classes))


def small_resnet(
    num_blocks: Sequence[int], channels: int, num_classes: int, width: float, stem: bool, shortcut: str
) -> ConvolutionalNetwork:
    """For small images."""
    first = deep_stem(channels, width) if stem else first_convolution(channels, width)
    block = partial(BasicBlock, shortcut=SHORTCUTS[shortcut], bias=False)
    return resnet(first, num_blocks, num_classes, width, block)


def resnet18(
    *,
    num_classes: int,
    input_shape: tuple[int, int, int],
    width: float = 1.0,
    stem: bool = False,
    shortcut: str = "convolution",
) -> ConvolutionalNetwork:
    """Stages of 2, 2, 2, 2 blocks; `input_shape` is (channels, height, width in pixels); `width` scales the filters.

    `shortcut`, where a shape changes, is one of `SHORTCUTS`; ResNet-D has `stem` and "average_pool".
    """
    require_image("resnet18", input_shape)
    return small_resnet((2, 2, 2, 2), input_shape[0], num_classes, width, stem, shortcut)


def resnet34(
    *,
    num_classes: int,
    input_shape: tuple[int, int, int],
    width: float = 1.0,
    stem: bool = False,
    shortcut: str = "convolution",
) -> ConvolutionalNetwork:
    """Stages of 3, 4, 6, 3 blocks; arguments as for `resnet18`."""
    require_image("resnet34", input_shape)
    return small_resnet((3, 4, 6, 3), input_shape[0], num_classes, width, stem, shortcut)


def resnet18_224(*, num_classes: int, input_shape: tuple[int, int, int], width: float = 1.0) -> ConvolutionalNetwork:
    """All convolutions with bias, shortcuts without batch normalisation; arguments as for `resnet18`."""
    require_image("resnet18_224", input_shape)
    first = scaled(64, width)
    stem = [
        *normalised(input_shape[0], first, kernel_size=7, stride=2, bias=True),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, padding=1),
    ]
    return resnet(stem, (2, 2, 2, 2), num_classes, width, partial(BasicBlock, shortcut=plain_shortcut, bias=True))
