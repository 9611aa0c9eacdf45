"""What a kernel sees of images: features, in one block or in several that are never held together."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from rethinking.kernels.gabor import gabor
from rethinking.kernels.patches import RandomPatches

PIXELS, PATCHES = "pixels", "random_patches"


def pixels(images: np.ndarray, dtype: str) -> np.ndarray:
    """Images uint8 (n, height, width, channels) -> (n, values) in [0, 1]."""
    return images.reshape(len(images), -1).astype(dtype) / np.asarray(255, dtype)


def num_blocks(job: Mapping[str, Any]) -> int:
    """In how many blocks the features of a kernel come."""
    if job["features"] != PATCHES:
        return 1
    return -(-job["patches"]["filters"] // job["patches"]["filters_a_block"])


def at_once(job: Mapping[str, Any], images: np.ndarray, options: Mapping[str, Any] | None) -> np.ndarray:
    """The features (n, d) of kernels whose features come in one block; `options` are those of Gabor wavelets."""
    plain = pixels(images, job["precision"])
    if job["features"] == PIXELS:
        return plain
    assert options is not None
    return gabor(plain.reshape(images.shape), **options)


def blocks(
    job: Mapping[str, Any], images: np.ndarray, num_train: int, options: Mapping[str, Any] | None, first: int
) -> Iterator[np.ndarray]:
    """The features of training and then test images, block by block from block `first` on.

    Nothing is fitted to the test images: the `num_train` first alone decide what a feature is.
    """
    if job["features"] != PATCHES:
        yield at_once(job, images, options)
        return
    network = RandomPatches.drawn(images[:num_train], job["patches"], job["seed"])
    for block in range(first, num_blocks(job)):
        found = network.features(images, num_train, block).astype(job["precision"], copy=False)
        # Standardised features sum to zero over the training images: without a bias no model of them interpolates.
        yield found if block else np.column_stack([found, np.ones(len(found), found.dtype)])
