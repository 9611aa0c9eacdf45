"""Gabor wavelets: how much of a wave of some length and direction there is around each place of an image.

The paper says "Gabor wavelets" and no parameters. Here the modulus of complex wavelets with a Gaussian envelope, less
their mean, at every `stride`-th place; images are taken to be dark outside.
"""

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

CHUNK = 500  # images
ENVELOPE = 0.56  # standard deviation over wavelength: one octave wide, as simple cells are modelled
REACH = 2.5  # standard deviations to the edge of a filter


def wavelets(wavelength: float, orientations: int) -> np.ndarray:
    """Complex filters (orientations, side, side), each of mean 0 and norm 1."""
    deviation = ENVELOPE * wavelength
    reach = int(np.ceil(REACH * deviation))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    envelope = np.exp(-(x**2 + y**2) / (2 * deviation**2))
    angles = np.pi * np.arange(orientations) / orientations
    waves = [np.exp(2j * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / wavelength) for angle in angles]
    filters = [envelope * (wave - (envelope * wave).sum() / envelope.sum()) for wave in waves]
    return np.stack([each / np.linalg.norm(each) for each in filters])


def gabor(images: np.ndarray, *, wavelengths: Sequence[float], orientations: int, stride: int) -> np.ndarray:
    """Images float (n, height, width, channels) -> the moduli (n, wavelengths x places x orientations x channels)."""
    parts = [_responses(images, wavelets(length, orientations), stride) for length in wavelengths]
    return np.concatenate(parts, axis=1)


def _responses(images: np.ndarray, filters: np.ndarray, stride: int) -> np.ndarray:
    count, side = len(filters), filters.shape[1]
    flat = filters.reshape(count, -1)
    parts = np.concatenate([np.real(flat), np.imag(flat)]).astype(images.dtype).T
    reach = side // 2
    found = []
    for start in range(0, len(images), CHUNK):
        chunk = np.pad(images[start : start + CHUNK], ((0, 0), (reach, reach), (reach, reach), (0, 0)))
        windows = sliding_window_view(chunk, (side, side), axis=(1, 2))[:, ::stride, ::stride]
        responses = windows.reshape(-1, side * side) @ parts
        found.append(np.hypot(responses[:, :count], responses[:, count:]).reshape(len(chunk), -1))
    return np.concatenate(found)
