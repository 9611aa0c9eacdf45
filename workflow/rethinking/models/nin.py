"""Network in Network for 224x224 pixels: two 1x1 convolutions after each larger one (lecture, after Lin et al. 2014).

There is no fully connected layer: the last block has a feature map a class, whose mean is the logit. In the lecture a
ReLU follows that block as well. Logits are then never negative, and a network whose maps are all zero gets no gradient
any more; here they are the convolution's own.
"""

from torch import nn

from rethinking.models.layers import ConvolutionalNetwork, GlobalAveragePool, convolution
from rethinking.models.sizes import require_image, scaled


def block(in_channels: int, filters: int, kernel_size: int, stride: int = 1, padding: int = 0) -> list[nn.Module]:
    """A convolution and two 1x1 convolutions, a ReLU after each."""
    first = convolution(in_channels, filters, kernel_size, stride, padding)
    return [*first, *convolution(filters, filters, 1), *convolution(filters, filters, 1)]


def nin_224(
    *, num_classes: int, input_shape: tuple[int, int, int], width: float = 1.0, dropout: float = 0.5
) -> ConvolutionalNetwork:
    """`input_shape` is (channels, height, width in pixels); `width` scales the filters."""
    require_image("nin_224", input_shape)
    first, second, third = (scaled(number, width) for number in (96, 256, 384))
    features = nn.Sequential(
        *block(input_shape[0], first, 11, stride=4),
        nn.MaxPool2d(3, 2),
        *block(first, second, 5, padding=2),
        nn.MaxPool2d(3, 2),
        *block(second, third, 3, padding=1),
        nn.MaxPool2d(3, 2),
        nn.Dropout(dropout),
    )
    last = block(third, num_classes, 3, padding=1)[:-1]
    return ConvolutionalNetwork(features, nn.Sequential(*last, GlobalAveragePool(), nn.Flatten()))
