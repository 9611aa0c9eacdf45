"""Random pixels (paper section 2.1): a permutation of its own for each image."""

import numpy as np

from rethinking import seeds
from rethinking.data.corruptions.corrupted import Corrupted
from rethinking.data.corruptions.image_draws import TEST, TRAIN, corrupted_images
from rethinking.data.corruptions.pixel_units import KINDS_OF_UNIT, as_images, units_of


def random_pixels(train_images: np.ndarray, test_images: np.ndarray, *, unit: str = "position", seed: int) -> Corrupted:
    """A permutation for each image, uint8 (n, height, width, channels)."""
    train, test = (
        as_images(seeds.rng(seed, "corruption", child).permuted(units_of(images, unit), axis=1), images)
        for images, child in ((train_images, TRAIN), (test_images, TEST))
    )
    return corrupted_images(train, test, f"a permutation of {KINDS_OF_UNIT[unit]} for each training and test image")
