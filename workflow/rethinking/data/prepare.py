"""From a data set as its reader gives it to the one that a configuration asks for: fewer images, another size, RGB."""

from collections.abc import Mapping

import numpy as np
from PIL import Image

from rethinking.data.loaded import LoadedDataset
from rethinking.data.splits import TEST, TRAIN, subset_indices
from rethinking.registry import REGRESSION


def prepare(
    dataset: LoadedDataset,
    *,
    image_size: int | None,
    channels: int | None,
    train: int | None,
    test: int | None,
    seed: int,
) -> LoadedDataset:
    """A stratified subset of `train` and `test` images, resized to image_size x image_size; None leaves as it is.

    The points of a regression are of no class: a subset is any of them.
    """
    train_images, train_labels = _subset(dataset.train_images, dataset.train_labels, train, seed, TRAIN)
    test_images, test_labels = _subset(dataset.test_images, dataset.test_labels, test, seed, TEST)
    return LoadedDataset(
        train_images=_with_channels(_resized(train_images, image_size), channels),
        train_labels=train_labels,
        test_images=_with_channels(_resized(test_images, image_size), channels),
        test_labels=test_labels,
        classes=dataset.classes,
    )


def check_facts(dataset: LoadedDataset, expected: Mapping[str, int]) -> None:
    """Raise ValueError where a data set as read is not what the catalogue says of it (its key `original`)."""
    height, width, channels = dataset.train_images.shape[1:]
    found = {
        "image_size": height if height == width else f"{height}x{width}",
        "channels": channels,
        "train": len(dataset.train_images),
        "test": len(dataset.test_images),
        "classes": len(dataset.classes),
    }
    for key, value in expected.items():
        if found[key] != value:
            raise ValueError(f"original.{key} = {value}: the files that were read have {found[key]}")


def describe(dataset: LoadedDataset) -> str:
    """One sentence on a prepared data set, for its manifest."""
    height, width, channels = dataset.train_images.shape[1:]
    if dataset.task == REGRESSION:
        train, test = len(dataset.train_images), len(dataset.test_images)
        return f"true numbers; {train} training and {test} test points of {channels} each, float32"
    return (
        f"true labels; {len(dataset.train_images)} training and {len(dataset.test_images)} test images "
        f"of {height}x{width}x{channels}, uint8"
    )


def _subset(
    images: np.ndarray, labels: np.ndarray, size: int | None, seed: int, part: int
) -> tuple[np.ndarray, np.ndarray]:
    if size is None:
        return images, labels
    strata = np.zeros(len(labels), np.int64) if labels.dtype.kind == "f" else labels  # numbers are of no class
    chosen = subset_indices(strata, size, seed, part)
    return images[chosen], labels[chosen]


def _resized(images: np.ndarray, size: int | None) -> np.ndarray:
    """(n, height, width, channels) -> (n, size, size, channels), bilinear with Pillow's antialiasing."""
    if size is None or images.shape[1:3] == (size, size):
        return images
    result = np.empty((len(images), size, size, images.shape[3]), np.uint8)
    for old, new in zip(images, result, strict=True):
        grey_or_rgb = old[..., 0] if old.shape[2] == 1 else old
        resized = Image.fromarray(grey_or_rgb).resize((size, size), Image.Resampling.BILINEAR)
        new[...] = np.asarray(resized).reshape(new.shape)
    return result


def _with_channels(images: np.ndarray, channels: int | None) -> np.ndarray:
    """Grey images repeated into three channels; nothing else is converted."""
    if channels is None or channels == images.shape[3]:
        return images
    if (images.shape[3], channels) != (1, 3):
        raise ValueError(
            f"channels: {channels} asked for, but the images have {images.shape[3]}; only 1 -> 3 is possible"
        )
    return np.repeat(images, 3, axis=3)
