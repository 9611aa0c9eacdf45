"""What a permutation of an image's pixels moves: positions with all their channels, or single values."""

import numpy as np

KINDS_OF_UNIT = {"position": "pixel positions, RGB together", "value": "single values"}


def units_of(images: np.ndarray, unit: str) -> np.ndarray:
    """A view (n, units) of the images whose items are what a permutation moves: the bytes of a pixel, or of a value.

    Raises ValueError for another kind of unit.
    """
    if unit not in KINDS_OF_UNIT:
        raise ValueError(f"unit must be one of {', '.join(KINDS_OF_UNIT)}, found {unit!r}")
    values = images.shape[3] if unit == "position" else 1
    return np.ascontiguousarray(images).reshape(len(images), -1).view(f"V{values * images.itemsize}")


def as_images(units: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Units (n, units) as images of the type and shape of `like`."""
    return np.ascontiguousarray(units).view(like.dtype).reshape(like.shape)
