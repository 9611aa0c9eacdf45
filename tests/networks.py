"""Networks for tests: narrow, for the smallest images that say something, with weights from a seed."""

from typing import Any

import torch
from torch import Tensor, nn

from rethinking.models.registry import MODELS

# The ones that take the 8x8 digits of `tiny_runs`; the engine knows no network by name, so these five stand for all.
PAPER = ["mlp_1x512", "mlp_3x512", "alexnet", "inception", "inception_without_bn"]
CLASSIFIERS = sorted(name for name, entry in MODELS.items() if entry.num_classes is not None)


def image_of(name: str) -> tuple[int, int, int]:
    """An image that the network takes: 16x16 pixels, or as few more as it needs."""
    side = max(16, MODELS[name].smallest)
    return (3, side, side)


def build(
    name: str,
    image: tuple[int, ...] | None = None,
    *,
    num_classes: int = 7,
    seed: int = 0,
    width: float | None = None,
    **arguments: Any,
) -> Any:
    """A network with weights drawn from `seed`, leaving torch's global generator as it was.

    Its own dropout is off unless asked for, so that a training step can be compared with another.
    """
    if "width" in MODELS[name].arguments:
        arguments["width"] = width or (1 / 2 if name in PAPER else 1 / 8)
    if "dropout" in MODELS[name].arguments:
        arguments.setdefault("dropout", 0.0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return MODELS[name].build(image or image_of(name), num_classes, **arguments)


def batch(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def labels(num_images: int, num_classes: int = 7) -> Tensor:
    return torch.arange(num_images) % num_classes


def num_trainable(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
