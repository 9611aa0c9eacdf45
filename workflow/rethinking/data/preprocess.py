"""From stored images to what a network sees (paper appendix A): scale to [0, 1], central crop, whitening.

A recipe's `resize` comes after these, a batch at a time (`rethinking.engine.resize`).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

WHITENING_AXES = {"per_image": (1, 2, 3), "per_channel": (2, 3), "none": None}  # of an NCHW array
CHUNK = 1000  # images at a time, to bound memory; no result depends on it


def preprocess(images: np.ndarray, *, crop: int | None, whitening: str | Mapping[str, Any]) -> np.ndarray:
    """Images uint8 or float16 (n, height, width, channels) on the scale 0..255 -> float32 (n, channels, crop, crop).

    `whitening` is a name or fixed numbers, {"mean", "sd"} on the scale 0..1, one for all channels or one for each.
    """
    if isinstance(whitening, str) and whitening not in WHITENING_AXES:
        raise ValueError(f"whitening must be one of {', '.join(WHITENING_AXES)}, found {whitening!r}")
    images = images.transpose(0, 3, 1, 2) if crop is None else _central_crop(images, crop).transpose(0, 3, 1, 2)
    result = np.empty(images.shape, np.float32)
    for start in range(0, len(images), CHUNK):
        block = result[start : start + CHUNK]
        np.divide(images[start : start + CHUNK], np.float32(255), out=block)
        if not isinstance(whitening, str):
            mean, sd = fixed_numbers(whitening, images.shape[1])
            block -= mean
            block /= sd
        elif (axes := WHITENING_AXES[whitening]) is not None:
            _whiten(block, axes)
    return result


def fixed_numbers(whitening: Mapping[str, Any], num_channels: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation, each float32 (channels, 1, 1); raises ValueError for another number of them."""
    columns = []
    for name in ("mean", "sd"):
        values = np.atleast_1d(np.asarray(whitening[name], np.float32))
        if len(values) not in (1, num_channels):
            raise ValueError(f"whitening.{name} = {whitening[name]}: needs one number or {num_channels}, one a channel")
        columns.append(np.broadcast_to(values, num_channels).reshape(-1, 1, 1))
    return columns[0], columns[1]


def _central_crop(images: np.ndarray, crop: int) -> np.ndarray:
    height, width = images.shape[1:3]
    if not 1 <= crop <= min(height, width):
        raise ValueError(f"crop must lie in 1..{min(height, width)} for images of {height}x{width}, found {crop}")
    top, left = (height - crop) // 2, (width - crop) // 2
    return images[:, top : top + crop, left : left + crop]


def _whiten(block: np.ndarray, axes: tuple[int, ...]) -> None:
    """In place: subtract the mean over `axes`, divide by the standard deviation, at least 1/sqrt(number of values).

    The floor is that of TensorFlow's per_image_whitening, which the paper used. Sums are taken in float64.
    """
    num_values = np.prod([block.shape[axis] for axis in axes])
    block -= block.mean(axis=axes, keepdims=True, dtype=np.float64).astype(np.float32)
    variance = np.square(block).mean(axis=axes, keepdims=True, dtype=np.float64)
    block /= np.sqrt(np.maximum(variance, 1 / num_values)).astype(np.float32)
