"""Augmentation on whole batches (paper appendix E): random crop, left-right flip, rotation.

What happens to image i in the e-th pass over all of them depends on (seed, e, i) alone, not on the batch that it is in.
"""

import math
from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional

from rethinking import seeds
from rethinking.data.preprocess import fixed_numbers
from rethinking.recipe import Recipe


class Draws(NamedTuple):
    """One pass's draws for every training image: corner (n, 2) int64 (top, left), flip (n) bool, angle (n) float32
    in radians."""

    corner: torch.Tensor
    flip: torch.Tensor
    angle: torch.Tensor


class Augmentation:
    """Turns stored images into what the network sees in one pass; whitening comes last, as without augmentation."""

    def __init__(self, images: torch.Tensor, recipe: Recipe, seed: int) -> None:
        """`images` are (n, channels, height, width) on the scale 0..255, on the device, before any crop."""
        self.images, self.seed = images, seed
        assert recipe.augmentation is not None
        self.options = recipe.augmentation
        self.whitening: str | tuple[torch.Tensor, ...]
        if isinstance(recipe.whitening, str):
            self.whitening = recipe.whitening
        else:  # on the device once, so that no step waits for a copy
            numbers = fixed_numbers(recipe.whitening, images.shape[1])
            self.whitening = tuple(torch.from_numpy(each.copy()).to(images.device) for each in numbers)
        height, width = images.shape[2:]
        self.crop = recipe.crop or min(height, width)

    def draw(self, epoch: int) -> Draws:
        """The draws of a pass, all of them whether used or not, so that one option does not change another's.

        `epoch` is the pass's number, which is the epoch's unless a recipe says `steps_per_epoch`.
        """
        n, (height, width) = len(self.images), self.images.shape[2:]
        rng = seeds.rng(self.seed, "augmentation", epoch)
        corner = rng.random((n, 2))
        flip = rng.random(n) < 0.5
        angle = rng.uniform(-1, 1, n)
        free = np.array([height - self.crop + 1, width - self.crop + 1])
        centre = np.broadcast_to((free - 1) // 2, (n, 2))
        corner = np.floor(corner * free).astype(np.int64) if self.options["random_crop"] else centre
        device = self.images.device
        return Draws(
            torch.from_numpy(corner.copy()).to(device),
            torch.from_numpy(flip & self.options["flip"]).to(device),
            torch.from_numpy((angle * math.radians(self.options["rotation"])).astype(np.float32)).to(device),
        )

    def __call__(self, indices: torch.Tensor, draws: Draws) -> torch.Tensor:
        """Images `indices` (batch) of the pass -> float32 (batch, channels, crop, crop), whitened."""
        corner, flip, angle = (draw[indices] for draw in draws)
        side = torch.arange(self.crop, device=indices.device)
        rows = corner[:, :1] + side
        columns = corner[:, 1:] + torch.where(flip[:, None], side.flip(0), side)
        images = self.images[indices]
        batch = torch.arange(len(indices), device=indices.device)
        # (batch, crop, crop, channels) of the advanced index, put back to channels first.
        cut = images[batch[:, None, None], :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2).float() / 255
        if self.options["rotation"]:
            cut = _rotated(cut, angle)
        return _whitened(cut, self.whitening)


def _rotated(images: torch.Tensor, angle: torch.Tensor) -> torch.Tensor:
    """Each image turned about its centre by its angle, bilinear; the border is repeated where nothing was."""
    cosine, sine, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
    turn = torch.stack([cosine, -sine, zero, sine, cosine, zero], dim=1).view(-1, 2, 3)
    grid = functional.affine_grid(turn, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)


def _whitened(images: torch.Tensor, whitening: str | tuple[torch.Tensor, ...]) -> torch.Tensor:
    """The same as `rethinking.data.preprocess`, which the tests compare it with, on a batch of (n, c, h, w).

    Fixed whitening comes as its mean and standard deviation.
    """
    if not isinstance(whitening, str):
        mean, sd = whitening
        return (images - mean) / sd
    if whitening == "none":
        return images
    axes = {"per_image": (1, 2, 3), "per_channel": (2, 3)}[whitening]
    num_values = math.prod(images.shape[axis] for axis in axes)
    centred = images - images.mean(axes, keepdim=True)
    deviation = centred.square().mean(axes, keepdim=True).clamp_min(1 / num_values).sqrt()
    return centred / deviation
