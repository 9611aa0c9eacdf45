"""The five-layer network whose width makes a second descent (Nakkiran et al. 2020, arXiv:1912.02292, section 4).

Four convolutions of k, 2k, 4k and 8k filters, each with batch normalisation, ReLU and a max pool, and the classifier.
Convolutions have no bias, which the mean of a batch would take away.
"""

from torch import nn

from rethinking.models.layers import ConvolutionalNetwork
from rethinking.models.sizes import num_features, require_image, scaled

BLOCKS = ((1, 1), (2, 2), (4, 2), (8, 8))  # filters over k, side of the max pool


def cnn5_k64(*, num_classes: int, input_shape: tuple[int, int, int], width: float = 1.0) -> ConvolutionalNetwork:
    """`input_shape` is (channels, height, width in pixels); `width` scales k, which is 64."""
    require_image("cnn5_k64", input_shape)
    channels, layers = input_shape[0], []
    for times, side in BLOCKS:
        filters = times * scaled(64, width)
        layers += [nn.Conv2d(channels, filters, 3, padding=1, bias=False), nn.BatchNorm2d(filters), nn.ReLU()]
        layers += [nn.MaxPool2d(side)] if side > 1 else []
        channels = filters
    features = nn.Sequential(*layers, nn.Flatten())
    return ConvolutionalNetwork(features, nn.Linear(num_features(features, input_shape), num_classes))
