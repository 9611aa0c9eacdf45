"""Multi-layer perceptrons with one and with three hidden layers of 512 units (paper, appendix A)."""

import math
from collections.abc import Sequence

from torch import Tensor, nn

from rethinking.models.sizes import require_image, scaled


class MultiLayerPerceptron(nn.Module):
    """Flattened images through fully connected layers with ReLU between them: (n, c, h, w) -> (n, num_classes)."""

    def __init__(self, num_inputs: int, hidden: Sequence[int], num_classes: int) -> None:
        super().__init__()
        layers = []
        for num_units in hidden:
            layers += [nn.Linear(num_inputs, num_units), nn.ReLU()]
            num_inputs = num_units
        self.hidden = nn.Sequential(nn.Flatten(), *layers)
        self.classifier = nn.Linear(num_inputs, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.hidden(x))


def mlp_1x512(*, num_classes: int, input_shape: tuple[int, int, int], width: float = 1.0) -> MultiLayerPerceptron:
    """One hidden layer; `input_shape` is (channels, height, width in pixels); `width` scales the units."""
    require_image("mlp_1x512", input_shape)
    return MultiLayerPerceptron(math.prod(input_shape), [scaled(512, width)], num_classes)


def mlp_3x512(*, num_classes: int, input_shape: tuple[int, int, int], width: float = 1.0) -> MultiLayerPerceptron:
    """Three hidden layers; `input_shape` is (channels, height, width in pixels); `width` scales the units."""
    require_image("mlp_3x512", input_shape)
    return MultiLayerPerceptron(math.prod(input_shape), [scaled(512, width)] * 3, num_classes)
