"""GoogLeNet for 96x96 pixels, without batch normalisation (lecture, after Szegedy et al. 2015)."""

from torch import nn

from rethinking.models.layers import Concatenation, ConvolutionalNetwork, GlobalAveragePool, convolution
from rethinking.models.sizes import require_image, scaled

STAGES = (  # between the max pools: filters of 1x1, of 3x3 and of 5x5 with the 1x1 before each, after the pool
    ((64, (96, 128), (16, 32), 32), (128, (128, 192), (32, 96), 64)),
    (
        (192, (96, 208), (16, 48), 64),
        (160, (112, 224), (24, 64), 64),
        (128, (128, 256), (24, 64), 64),
        (112, (144, 288), (32, 64), 64),
        (256, (160, 320), (32, 128), 128),
    ),
    ((256, (160, 320), (32, 128), 128), (384, (192, 384), (48, 128), 128)),
)


def inception(
    in_channels: int, ones: int, threes: tuple[int, int], fives: tuple[int, int], after_pool: int
) -> Concatenation:
    """Convolutions of three sizes and a max pool side by side; height and width stay."""
    return Concatenation(
        nn.Sequential(*convolution(in_channels, ones, 1)),
        nn.Sequential(*convolution(in_channels, threes[0], 1), *convolution(*threes, 3, padding=1)),
        nn.Sequential(*convolution(in_channels, fives[0], 1), *convolution(*fives, 5, padding=2)),
        nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), *convolution(in_channels, after_pool, 1)),
    )


def googlenet_96(*, num_classes: int, input_shape: tuple[int, int, int], width: float = 1.0) -> ConvolutionalNetwork:
    """`input_shape` is (channels, height, width in pixels); `width` scales the filters."""
    require_image("googlenet_96", input_shape)
    first, channels = scaled(64, width), scaled(192, width)
    layers = [*convolution(input_shape[0], first, 7, stride=2, padding=3), nn.MaxPool2d(3, 2, padding=1)]
    layers += [*convolution(first, first, 1), *convolution(first, channels, 3, padding=1)]
    for blocks in STAGES:
        layers.append(nn.MaxPool2d(3, 2, padding=1))
        for ones, threes, fives, after_pool in blocks:
            ones, after_pool = scaled(ones, width), scaled(after_pool, width)
            threes = scaled(threes[0], width), scaled(threes[1], width)
            fives = scaled(fives[0], width), scaled(fives[1], width)
            layers.append(inception(channels, ones, threes, fives, after_pool))
            channels = ones + threes[1] + fives[1] + after_pool
    features = nn.Sequential(*layers, GlobalAveragePool(), nn.Flatten())
    return ConvolutionalNetwork(features, nn.Linear(channels, num_classes))
