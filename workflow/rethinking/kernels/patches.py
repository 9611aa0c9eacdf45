"""A convolutional network of one layer whose filters are patches of training images (Coates and Ng 2012).

Patches are normalised in brightness and contrast and whitened; filters are such patches, drawn at random where k-means
would choose them (the paper, footnote 2); what passes a threshold on either side is summed over quadrants.
"""

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from rethinking.seeds import rng

CHUNK = 4  # images: what the filters make of these stays in the processor's cache, block by block
SAMPLE = 100_000  # patches that the whitening is estimated from
CONTRAST = 10.0  # added to a patch's variance, in units of pixels from 0 to 255
POOLS = 2  # a side
FILTERS_AT_ONCE = 256


@dataclass(frozen=True)
class RandomPatches:
    """Filters float32 (filters, values of a patch) for whitened patches, and the whitening: mean and matrix."""

    filters: np.ndarray
    mean: np.ndarray
    whitening: np.ndarray
    size: int
    threshold: float
    filters_a_block: int

    @classmethod
    def drawn(cls, images: np.ndarray, options: Mapping[str, Any], seed: int) -> "RandomPatches":
        """The network whose filters are drawn from images uint8 (n, height, width, channels)."""
        size, generator = options["size"], rng(seed, "initialisation")
        sample = normalised(_draw(images, size, SAMPLE, generator))
        mean = sample.mean(axis=0)
        values, vectors = np.linalg.eigh(np.cov(sample - mean, rowvar=False))
        whitening = (vectors / np.sqrt(values + options["whitening"])) @ vectors.T
        filters = (normalised(_draw(images, size, options["filters"], generator)) - mean) @ whitening
        filters /= np.maximum(np.linalg.norm(filters, axis=1, keepdims=True), 1e-6)
        filters, mean, whitening = (each.astype(np.float32) for each in (filters, mean, whitening))
        return cls(filters, mean, whitening, size, options["threshold"], options["filters_a_block"])

    def features(self, images: np.ndarray, num_train: int, block: int) -> np.ndarray:
        """One block of features (n, quadrants x 2 x filters of the block), standardised by the first `num_train`."""
        own = self.filters[block * self.filters_a_block : (block + 1) * self.filters_a_block]
        found = np.empty((len(images), POOLS * POOLS * 2 * len(own)), np.float32)

        def one(start: int) -> None:
            found[start : start + CHUNK] = self._pooled(images[start : start + CHUNK], own)

        with ThreadPoolExecutor(int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)) as pool:
            list(pool.map(one, range(0, len(images), CHUNK)))
        found -= found[:num_train].mean(axis=0)
        found /= np.maximum(found[:num_train].std(axis=0), 1e-6)
        return found

    def _pooled(self, images: np.ndarray, filters: np.ndarray) -> np.ndarray:
        """What passes the threshold, on either side, summed over quadrants: (n, quadrants x 2 x filters)."""
        windows = _windows(images, self.size)
        places = windows.shape[1:3]
        patches = normalised(windows.reshape(-1, self.filters.shape[1])).astype(np.float32)
        patches = (patches - self.mean) @ self.whitening
        pools, parts = quadrants(*places), []
        for start in range(0, len(filters), FILTERS_AT_ONCE):
            responses = patches @ filters[start : start + FILTERS_AT_ONCE].T
            passed = np.empty_like(responses)  # in place: a new array for each step would take twice the time
            by_image = passed.reshape(len(images), places[0] * places[1], -1)
            np.subtract(responses, np.float32(self.threshold), out=passed)
            np.maximum(passed, 0, out=passed)
            parts.append(pools @ by_image)
            np.add(responses, np.float32(self.threshold), out=passed)
            np.minimum(passed, 0, out=passed)
            parts.append(-(pools @ by_image))
        return np.concatenate(parts, axis=2).reshape(len(images), -1)


def normalised(patches: np.ndarray) -> np.ndarray:
    """Patches (n, values) from 0 to 255, each less its mean and over its standard deviation."""
    patches = patches.astype(np.float32)
    patches = patches - patches.mean(axis=1, keepdims=True)
    return patches / np.sqrt(patches.var(axis=1, keepdims=True) + np.float32(CONTRAST))


def quadrants(height: int, width: int) -> np.ndarray:
    """Which places (height x width) are summed to which quadrant: float32 (quadrants, places), ones and zeros."""
    rows, columns = (np.arange(side) * POOLS // side for side in (height, width))
    of_place = (rows[:, None] * POOLS + columns).ravel()
    return (np.arange(POOLS * POOLS)[:, None] == of_place).astype(np.float32)


def _windows(images: np.ndarray, size: int) -> np.ndarray:
    """All patches of images: (n, rows, columns, channels, size, size)."""
    return sliding_window_view(images, (size, size), axis=(1, 2))


def _draw(images: np.ndarray, size: int, count: int, generator: np.random.Generator) -> np.ndarray:
    """So many patches at random, (count, values); the order of values is that of `_windows`."""
    windows = _windows(images, size)
    places = [generator.integers(side, size=count) for side in windows.shape[:3]]
    return windows[tuple(places)].reshape(count, -1)
