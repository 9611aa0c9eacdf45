"""How sharp the minimum is that a training ended in: the largest eigenvalue of the loss's Hessian."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.autograd import grad
from torch.nn import functional
from torch.nn.utils import parameters_to_vector

from rethinking.analysis.power_iteration import largest
from rethinking.engine.evaluation import batch_size
from rethinking.engine.resize import resized

IMAGES = 2000  # at most, of which the loss is a mean
TOLERANCE, MOST = 1e-3, 1000


def hessian_eigenvalue(
    model: nn.Module, images: Tensor, labels: Tensor, generator: torch.Generator, resize: int | None = None
) -> float:
    """Of the mean cross-entropy of images (n, channels, height, width) and labels (n) by all weights and biases.

    `model` is one that `folding.folded` made. Of more than `IMAGES` images so many are drawn.
    """
    chosen = torch.randperm(len(images), generator=generator)[:IMAGES].to(images.device)
    images, labels = images[chosen].double(), labels[chosen]
    parameters = list(model.parameters())

    def product(vector: Tensor) -> Tensor:
        total = torch.zeros_like(vector)
        for loss in _losses(model, images, labels, resize):
            gradient = _flat(grad(loss, parameters, create_graph=True))
            total += _flat(grad(gradient @ vector, parameters))
        return total

    size = parameters_to_vector(parameters).shape
    start = torch.randn(size, generator=generator, dtype=torch.float64).to(images.device)
    return largest(product, start, TOLERANCE, MOST)


def _losses(model: nn.Module, images: Tensor, labels: Tensor, resize: int | None) -> Iterator[Tensor]:
    """The mean loss in parts that add up to it, a batch each."""
    size = batch_size(images, resize)
    for x, y in zip(images.split(size), labels.split(size), strict=True):
        yield functional.cross_entropy(model(resized(x, resize)), y, reduction="sum") / len(images)


def _flat(tensors: tuple[Tensor, ...]) -> Tensor:
    return torch.cat([tensor.flatten() for tensor in tensors])
