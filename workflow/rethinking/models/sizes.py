"""What every family asks of its arguments: how many units at a width, and whether the image is large enough."""

import copy

import torch
from torch import nn

from rethinking.models.registry import MODELS


def scaled(num_units: int, width: float) -> int:
    """`num_units` hidden units or filters times `width`, at least one."""
    return max(1, round(num_units * width))


def require_image(model: str, input_shape: tuple[int, int, int]) -> None:
    """Raise ValueError if an image of `input_shape` (channels, height, width) is smaller than `model` takes."""
    _, height, width = input_shape
    smallest = MODELS[model].smallest
    if min(height, width) < smallest:
        raise ValueError(f"{model} takes images of at least {smallest}x{smallest} pixels, not {height}x{width}")


def num_features(features: nn.Module, input_shape: tuple[int, int, int]) -> int:
    """How many numbers `features` makes of one image (channels, height, width); nothing is computed."""
    image = torch.empty(1, *input_shape, device="meta")
    return copy.deepcopy(features).to("meta").eval()(image).numel()
