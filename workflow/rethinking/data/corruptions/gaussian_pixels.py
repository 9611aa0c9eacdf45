"""Gaussian noise in the place of images (paper section 2.1), with the training images' mean and sd."""

from collections.abc import Iterator

import numpy as np

from rethinking import seeds
from rethinking.data.corruptions.corrupted import Corrupted
from rethinking.data.corruptions.image_draws import TEST, TRAIN, corrupted_images

CHUNK = 1000  # images at a time, to bound memory; no result depends on it


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
    return corrupted_images(
        train,
        test,
        f"training and test images are Gaussian noise with the mean and standard deviation {scope} of the training "
        "images, float16, not clipped",
    )


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
