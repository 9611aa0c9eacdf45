"""Shuffled, random and Gaussian pixels (paper section 2.1), on the stored images, before any crop or whitening.

Training and test images are corrupted alike. The draws for image i do not depend on the images after it.
"""

from collections.abc import Iterator

import numpy as np

from rethinking import seeds
from rethinking.data.corruptions.corrupted import Corrupted

ONCE, TRAIN, TEST = 3, 4, 5  # children of the stream "corruption"; 0 to 2 are label noise's
CHUNK = 1000  # images at a time, to bound memory; no result depends on it
KINDS_OF_UNIT = {"position": "pixel positions, RGB together", "value": "single values"}


def shuffled_pixels(
    train_images: np.ndarray, test_images: np.ndarray, *, unit: str = "position", seed: int
) -> Corrupted:
    """One permutation for all images, uint8 (n, height, width, channels)."""
    num_units = _units(train_images, unit).shape[1]
    order = seeds.rng(seed, "corruption", ONCE).permutation(num_units)
    train, test = (
        _as_images(np.take(_units(images, unit), order, axis=1), images) for images in (train_images, test_images)
    )
    return _corrupted(train, test, f"one permutation of {KINDS_OF_UNIT[unit]}, for all training and test images")


def random_pixels(train_images: np.ndarray, test_images: np.ndarray, *, unit: str = "position", seed: int) -> Corrupted:
    """A permutation for each image, uint8 (n, height, width, channels)."""
    train, test = (
        _as_images(seeds.rng(seed, "corruption", child).permuted(_units(images, unit), axis=1), images)
        for images, child in ((train_images, TRAIN), (test_images, TEST))
    )
    return _corrupted(train, test, f"a permutation of {KINDS_OF_UNIT[unit]} for each training and test image")


def gaussian_pixels(
    train_images: np.ndarray, test_images: np.ndarray, *, statistics: str = "per_channel", seed: int
) -> Corrupted:
    """Noise float16 (n, height, width, channels) on the scale 0..255 with the training images' mean and sd.

    It is not clipped: clipping to 0..255 would narrow CIFAR-10's standard deviation by 4-5 %.
    """
    mean, sd = _moments(train_images, statistics)
    train, test = (
        _gaussian(images.shape, mean, sd, seeds.rng(seed, "corruption", child))
        for images, child in ((train_images, TRAIN), (test_images, TEST))
    )
    scope = {"per_channel": "of each channel", "global": "of all values"}[statistics]
    return _corrupted(
        train,
        test,
        f"training and test images are Gaussian noise with the mean and standard deviation {scope} of the training "
        "images, float16, not clipped",
    )


def _units(images: np.ndarray, unit: str) -> np.ndarray:
    """A view (n, units) of the images whose items are what a permutation moves: the bytes of a pixel, or of a value."""
    if unit not in KINDS_OF_UNIT:
        raise ValueError(f"unit must be one of {', '.join(KINDS_OF_UNIT)}, found {unit!r}")
    values = images.shape[3] if unit == "position" else 1
    return np.ascontiguousarray(images).reshape(len(images), -1).view(f"V{values * images.itemsize}")


def _as_images(units: np.ndarray, like: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(units).view(like.dtype).reshape(like.shape)


def _chunks(num_images: int) -> Iterator[slice]:
    return (slice(start, start + CHUNK) for start in range(0, num_images, CHUNK))


def _moments(images: np.ndarray, statistics: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation, (channels,) or (1,), from integer counts: exact, and small in memory."""
    if statistics not in ("per_channel", "global"):
        raise ValueError(f"statistics must be one of per_channel, global, found {statistics!r}")
    counts = np.zeros((images.shape[3], 256), np.int64)
    for chunk in _chunks(len(images)):
        for channel, count in enumerate(counts):
            count += np.bincount(images[chunk, ..., channel].ravel(), minlength=256)
    if statistics == "global":
        counts = counts.sum(axis=0, keepdims=True)
    values, total = np.arange(256), counts.sum(axis=1)
    mean = counts @ values / total
    return mean, np.sqrt(np.maximum(counts @ values**2 / total - mean**2, 0))


def _gaussian(shape: tuple[int, ...], mean: np.ndarray, sd: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    result = np.empty(shape, np.float16)
    mean, sd = mean.astype(np.float32), sd.astype(np.float32)
    for chunk in _chunks(len(result)):
        result[chunk] = mean + sd * rng.standard_normal(result[chunk].shape, dtype=np.float32)
    return result


def _corrupted(train_images: np.ndarray, test_images: np.ndarray, definition: str) -> Corrupted:
    return Corrupted(arrays={"train_images": train_images, "test_images": test_images}, definition=definition)
