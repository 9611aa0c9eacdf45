"""VGG for 224x224 pixels: five blocks of 3x3 convolutions (lecture on modern convolutional networks).

Eleven layers with weights: the first form, A, of Simonyan and Zisserman (2015), here with ten classes.
"""

from torch import nn

from rethinking.models.layers import ConvolutionalNetwork, convolution, fully_connected
from rethinking.models.sizes import num_features, require_image, scaled

BLOCKS = ((1, 64), (1, 128), (2, 256), (2, 512), (2, 512))  # convolutions, their filters


def vgg_features(channels: int, filters_times: float) -> nn.Sequential:
    """The blocks with their filters times a factor; each halves height and width, rounding down."""
    layers: list[nn.Module] = []
    for num_convolutions, filters in BLOCKS:
        for _ in range(num_convolutions):
            layers += convolution(channels, channels := scaled(filters, filters_times), 3, padding=1)
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten())


def vgg(
    input_shape: tuple[int, int, int], num_classes: int, dropout: float, *, filters_times: float, units: int
) -> ConvolutionalNetwork:
    """The blocks, two hidden layers with dropout after each, and the classifier."""
    features = vgg_features(input_shape[0], filters_times)
    hidden = fully_connected(num_features(features, input_shape), units, units, dropout=dropout)
    return ConvolutionalNetwork(features, nn.Linear(units, num_classes), hidden)


def vgg_224(
    *, num_classes: int, input_shape: tuple[int, int, int], width: float = 1.0, dropout: float = 0.5
) -> ConvolutionalNetwork:
    """Hidden layers of 4096; `input_shape` is (channels, height, width in pixels); `width` scales filters and units."""
    require_image("vgg_224", input_shape)
    return vgg(input_shape, num_classes, dropout, filters_times=width, units=scaled(4096, width))


def vgg_small_224(
    *, num_classes: int, input_shape: tuple[int, int, int], width: float = 1.0, dropout: float = 0.5
) -> ConvolutionalNetwork:
    """A quarter of the filters and as many hidden units; arguments as for `vgg_224`."""
    require_image("vgg_small_224", input_shape)
    return vgg(input_shape, num_classes, dropout, filters_times=width / 4, units=scaled(4096, width))
