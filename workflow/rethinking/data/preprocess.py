"""From stored images to what a network sees (paper appendix A): scale to [0, 1], central crop, whitening."""

import numpy as np

WHITENING_AXES = {"per_image": (1, 2, 3), "per_channel": (2, 3), "none": None}  # of an NCHW array
CHUNK = 1000  # images at a time, to bound memory; no result depends on it


def preprocess(images: np.ndarray, *, crop: int | None, whitening: str) -> np.ndarray:
    """Images uint8 or float16 (n, height, width, channels) on the scale 0..255 -> float32 (n, channels, crop, crop)."""
    if whitening not in WHITENING_AXES:
        raise ValueError(f"whitening must be one of {', '.join(WHITENING_AXES)}, found {whitening!r}")
    axes = WHITENING_AXES[whitening]
    images = images.transpose(0, 3, 1, 2) if crop is None else _central_crop(images, crop).transpose(0, 3, 1, 2)
    result = np.empty(images.shape, np.float32)
    for start in range(0, len(images), CHUNK):
        block = result[start : start + CHUNK]
        np.divide(images[start : start + CHUNK], np.float32(255), out=block)
        if axes is not None:
            _whiten(block, axes)
    return result


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
