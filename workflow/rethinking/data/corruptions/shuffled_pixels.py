"""Shuffled pixels (paper section 2.1): one permutation for all images."""

import numpy as np

from rethinking import seeds
from rethinking.data.corruptions.corrupted import Corrupted
from rethinking.data.corruptions.image_draws import corrupted_images
from rethinking.data.corruptions.pixel_units import KINDS_OF_UNIT, as_images, units_of

ONCE = 3  # a child of the stream "corruption"


def shuffled_pixels(
    train_images: np.ndarray, test_images: np.ndarray, *, unit: str = "position", seed: int
) -> Corrupted:
    """One permutation for all images, uint8 (n, height, width, channels)."""
    num_units = units_of(train_images, unit).shape[1]
    order = seeds.rng(seed, "corruption", ONCE).permutation(num_units)
    train, test = (
        as_images(np.take(units_of(images, unit), order, axis=1), images) for images in (train_images, test_images)
    )
    return corrupted_images(train, test, f"one permutation of {KINDS_OF_UNIT[unit]}, for all training and test images")
