"""Multi-layer perceptrons: the paper's (appendix A), and those of the Neuromatch tutorial on regularisation.

The tutorial's networks end in log-softmax. The cross-entropy of log-probabilities is their negative log-likelihood,
which the tutorial minimises: log-softmax of what is normalised already changes nothing.
"""

import math
from collections.abc import Callable, Sequence

from torch import Tensor, nn

from rethinking.models.sizes import require_image, scaled


class MultiLayerPerceptron(nn.Module):
    """Flattened inputs through fully connected layers with an activation between them: (n, …) -> (n, num_outputs)."""

    def __init__(
        self, num_inputs: int, hidden: Sequence[int], num_outputs: int, activation: Callable[[], nn.Module] = nn.ReLU
    ) -> None:
        super().__init__()
        layers = []
        for num_units in hidden:
            layers += [nn.Linear(num_inputs, num_units), activation()]
            num_inputs = num_units
        self.hidden = nn.Sequential(nn.Flatten(), *layers)
        self.classifier = nn.Linear(num_inputs, num_outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.hidden(x))


class LogSoftmaxPerceptron(MultiLayerPerceptron):
    """Images (n, channels, height, width) -> log-probabilities (n, num_classes)."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).log_softmax(dim=1)


def mlp_1x512(*, num_classes: int, input_shape: tuple[int, int, int], width: float = 1.0) -> MultiLayerPerceptron:
    """One hidden layer; `input_shape` is (channels, height, width in pixels); `width` scales the units."""
    require_image("mlp_1x512", input_shape)
    return MultiLayerPerceptron(math.prod(input_shape), [scaled(512, width)], num_classes)


def mlp_3x512(*, num_classes: int, input_shape: tuple[int, int, int], width: float = 1.0) -> MultiLayerPerceptron:
    """Three hidden layers; `input_shape` is (channels, height, width in pixels); `width` scales the units."""
    require_image("mlp_3x512", input_shape)
    return MultiLayerPerceptron(math.prod(input_shape), [scaled(512, width)] * 3, num_classes)


def animalnet(*, num_classes: int, input_shape: tuple[int, int, int], width: float = 1.0) -> LogSoftmaxPerceptron:
    """Hidden layers of 128 and 32, ReLU; arguments as for `mlp_1x512`."""
    require_image("animalnet", input_shape)
    return LogSoftmaxPerceptron(math.prod(input_shape), [scaled(128, width), scaled(32, width)], num_classes)


def big_animalnet(*, num_classes: int, input_shape: tuple[int, int, int], width: float = 1.0) -> LogSoftmaxPerceptron:
    """Hidden layers of 124 and 64, leaky ReLU: fewer parameters than `animalnet`; arguments as for `mlp_1x512`."""
    require_image("big_animalnet", input_shape)
    hidden = [scaled(124, width), scaled(64, width)]
    return LogSoftmaxPerceptron(math.prod(input_shape), hidden, num_classes, nn.LeakyReLU)


def toy_regression(*, input_shape: tuple[int] = (1,), width: float = 1.0) -> MultiLayerPerceptron:
    """Hidden layers of 300 and 500, leaky ReLU: numbers (n, inputs) -> one number each (n, 1)."""
    return MultiLayerPerceptron(math.prod(input_shape), [scaled(300, width), scaled(500, width)], 1, nn.LeakyReLU)
