"""A few training images of a data set and what corruptions make of them, for people to look at."""

import numpy as np


def one_of_each(labels: np.ndarray, num_images: int) -> np.ndarray:
    """Indices of the first image of each class, then of the second of each, and so on; int64, at most `num_images`."""
    rank = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        of_class = np.flatnonzero(labels == label)
        rank[of_class] = np.arange(len(of_class))
    return np.lexsort((np.arange(len(labels)), labels, rank))[:num_images]


def as_drawn(images: np.ndarray) -> np.ndarray:
    """Images on the scale 0..255 as uint8; Gaussian pixels, which leave it, are clipped."""
    return np.clip(np.rint(images), 0, 255).astype(np.uint8)
