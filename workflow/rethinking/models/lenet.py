"""LeNet with ReLU and max pooling for 32x32 colour images (the blog's Net, that of PyTorch's CIFAR-10 tutorial)."""

from torch import nn

from rethinking.models.layers import ConvolutionalNetwork, convolution, fully_connected
from rethinking.models.sizes import num_features, require_image, scaled


def lenet(*, num_classes: int, input_shape: tuple[int, int, int], width: float = 1.0) -> ConvolutionalNetwork:
    """`input_shape` is (channels, height, width in pixels); `width` scales filters and units."""
    require_image("lenet", input_shape)
    first, second = scaled(6, width), scaled(16, width)
    features = nn.Sequential(
        *convolution(input_shape[0], first, 5),
        nn.MaxPool2d(2),
        *convolution(first, second, 5),
        nn.MaxPool2d(2),
        nn.Flatten(),
    )
    hidden = fully_connected(num_features(features, input_shape), scaled(120, width), scaled(84, width))
    return ConvolutionalNetwork(features, nn.Linear(scaled(84, width), num_classes), hidden)
