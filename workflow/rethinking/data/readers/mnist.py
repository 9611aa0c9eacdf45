"""MNIST (LeCun, Bottou, Bengio, Haffner 1998): 60,000 + 10,000 grey digits of 28x28, four idx files, gzipped or not."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from rethinking.data.archives import content
from rethinking.data.labels import check_range
from rethinking.data.loaded import LoadedDataset

CLASSES = tuple("0123456789")
UINT8 = 0x08  # the only type of value that is used


def read(files: Mapping[str, Path]) -> LoadedDataset:
    """MNIST in its official order, train (60000, 28, 28, 1) and test (10000, 28, 28, 1)."""
    arrays = {}
    for part, stem in (("train", "train"), ("test", "t10k")):
        arrays[f"{part}_images"] = images = _idx(_file(files, f"{stem}-images-idx3-ubyte"), 3)[..., None]
        arrays[f"{part}_labels"] = _labels(_file(files, f"{stem}-labels-idx1-ubyte"), len(images))
    return LoadedDataset(**arrays, classes=CLASSES)


def _labels(path: Path, num_images: int) -> np.ndarray:
    """Labels int64 (n,), one an image."""
    labels = _idx(path, 1).astype(np.int64)
    if len(labels) != num_images:
        raise ValueError(f"{path}: {len(labels):,} labels for {num_images:,} images")
    check_range(f"{path}: labels", labels, len(CLASSES))
    return labels


def _file(files: Mapping[str, Path], name: str) -> Path:
    for each in (f"{name}.gz", name):
        if each in files:
            return files[each]
    raise ValueError(f"{name}.gz is not among the files: {', '.join(files) or 'there is none'}")


def _idx(path: Path, num_dimensions: int) -> np.ndarray:
    """The array of an idx file: two zeros, type of value, number of dimensions, their sizes as big-endian int32."""
    data = content(path)
    header = 4 + 4 * num_dimensions
    if data[:4] != bytes([0, 0, UINT8, num_dimensions]) or len(data) < header:
        raise ValueError(f"{path}: no idx file of {num_dimensions} dimensions of 8-bit values, begins {data[:4].hex()}")
    shape = tuple(int(size) for size in np.frombuffer(data, ">u4", num_dimensions, offset=4))
    if (expected := header + int(np.prod(shape, dtype=object))) != len(data):
        raise ValueError(f"{path}: {len(data):,} bytes, but its header says {shape}, which is {expected:,}")
    return np.frombuffer(data, np.uint8, offset=header).reshape(shape)
