"""The smallest network of the repository Deep-learning-generalization: three convolutions and a bottleneck.

It is there because 17,426 parameters are too few to fit 50,000 random labels.
"""

from torch import nn

from rethinking.models.layers import ConvolutionalNetwork, fully_connected
from rethinking.models.sizes import num_features, require_image, scaled

BLOCKS = ((5, 8), (3, 16), (3, 32))  # side of the kernel, filters
BOTTLENECK = 8


def simple_conv_net(*, num_classes: int, input_shape: tuple[int, int, int], width: float = 1.0) -> ConvolutionalNetwork:
    """`input_shape` is (channels, height, width in pixels); `width` scales filters and units."""
    require_image("simple_conv_net", input_shape)
    channels, layers = input_shape[0], []
    for kernel_size, filters in BLOCKS:
        same = nn.Conv2d(channels, channels := scaled(filters, width), kernel_size, padding=kernel_size // 2)
        layers += [same, nn.BatchNorm2d(channels), nn.ReLU(), nn.MaxPool2d(2)]
    features = nn.Sequential(*layers, nn.Conv2d(channels, scaled(BOTTLENECK, width), 1), nn.Flatten())
    hidden = fully_connected(num_features(features, input_shape), scaled(128, width))
    return ConvolutionalNetwork(features, nn.Linear(scaled(128, width), num_classes), hidden)
