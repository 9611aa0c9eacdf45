"""CIFAR-10 (Krizhevsky 2009), the paper's data set: 50,000 + 10,000 colour images of 32x32 in ten classes.

Read from the official Python archive, or from the seven pickles that it unpacks to.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rethinking import pickles
from rethinking.data.archives import content, members
from rethinking.data.labels import check_range
from rethinking.data.loaded import LoadedDataset

ARCHIVE = "cifar-10-python.tar.gz"
FOLDER = "cifar-10-batches-py"
TRAIN = tuple(f"data_batch_{number}" for number in range(1, 6))
TEST = ("test_batch",)
META = "batches.meta"
WANTED = (*TRAIN, *TEST, META)
SHAPE = (3, 32, 32)  # of a stored image; ours has its channels last


def read(files: Mapping[str, Path]) -> LoadedDataset:
    """CIFAR-10 in its official order, train (50000, 32, 32, 3) and test (10000, 32, 32, 3)."""
    found, places = {}, {}
    for name, where, data in _contents(files):
        places[name] = where
        # Written by Python 2, whose strings are bytes.
        values = pickles.loads(data, where, encoding="latin1")
        found[name] = _classes(values, where) if name == META else _batch(values, where)
    if missing := [name for name in WANTED if name not in found]:
        raise ValueError(f"{', '.join(missing)} not found in {', '.join(map(str, files.values())) or 'no file at all'}")
    for name in (*TRAIN, *TEST):
        check_range(f"{places[name]}: labels", found[name][1], len(found[META]))
    train, test = ([found[name] for name in names] for names in (TRAIN, TEST))
    return LoadedDataset(
        train_images=np.concatenate([images for images, _ in train]),
        train_labels=np.concatenate([labels for _, labels in train]),
        test_images=np.concatenate([images for images, _ in test]),
        test_labels=np.concatenate([labels for _, labels in test]),
        classes=found[META],
    )


def _contents(files: Mapping[str, Path]) -> Iterator[tuple[str, str, bytes]]:
    """Name, what to call it in a message, and bytes of every pickle."""
    if ARCHIVE in files:
        for name, data in members(files[ARCHIVE], FOLDER, WANTED):
            yield name, f"{files[ARCHIVE]}: {name}", data
    else:
        for path in files.values():
            if path.name in WANTED:
                yield path.name, str(path), content(path)


def _batch(content: Any, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, 32, 32, 3) and labels (n,) of one pickle."""
    data, labels = (content.get(key) for key in ("data", "labels")) if isinstance(content, dict) else (None, None)
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.shape[1:] != (np.prod(SHAPE),):
        raise ValueError(f"{where}: has no 'data' of 8-bit values, 3072 an image")
    if not isinstance(labels, list) or not all(type(label) is int for label in labels) or len(labels) != len(data):
        raise ValueError(f"{where}: has no 'labels', one whole number an image")
    images = data.reshape(-1, *SHAPE).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), np.array(labels, np.int64)


def _classes(content: Any, where: str) -> tuple[str, ...]:
    names = content.get("label_names") if isinstance(content, dict) else None
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        raise ValueError(f"{where}: has no 'label_names'")
    return tuple(names)
