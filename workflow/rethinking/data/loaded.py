"""What every reader returns: a data set in memory, checked once where it enters."""

from dataclasses import dataclass

import numpy as np

from rethinking.data.labels import check_range
from rethinking.registry import CLASSIFICATION, REGRESSION


@dataclass(frozen=True, eq=False)
class LoadedDataset:
    """Training and test images, uint8 (n, height, width, channels), their labels, int64 (n,), and the class names.

    Of a regression there are no classes: "images" are the numbers that are given, float32 (n, 1, 1, inputs), "labels"
    those to be predicted, float32 (n,).
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.task == CLASSIFICATION:
            _check_classes(self.classes)
        for part, images, labels in (
            ("train", self.train_images, self.train_labels),
            ("test", self.test_images, self.test_labels),
        ):
            if self.task == REGRESSION:
                _check_numbers(part, images, labels)
                continue
            _check_images(f"{part}_images", images)
            _check_labels(f"{part}_labels", labels, len(images), self.classes)
        if self.train_images.shape[1:] != self.test_images.shape[1:]:
            raise ValueError(
                f"test_images are {self.test_images.shape[1:]}, train_images {self.train_images.shape[1:]}; "
                "they must have one height, width and number of channels"
            )

    @property
    def task(self) -> str:
        """Whether labels are classes or numbers."""
        return REGRESSION if self.train_labels.dtype.kind == "f" and not self.classes else CLASSIFICATION


def _check_classes(classes: tuple[str, ...]) -> None:
    if not classes or not all(classes) or len(set(classes)) < len(classes):
        raise ValueError(f"classes must be distinct names, found {classes!r}")


def _check_numbers(part: str, inputs: np.ndarray, numbers: np.ndarray) -> None:
    """Of a regression: finite, and one to be predicted from each row."""
    if inputs.ndim != 4 or inputs.shape[1:3] != (1, 1) or 0 in inputs.shape:
        raise ValueError(f"{part}_images of a regression must have shape (n, 1, 1, inputs), found {inputs.shape}")
    if numbers.shape != inputs.shape[:1]:
        raise ValueError(f"{part}_labels must have shape ({len(inputs)},), one number each, found {numbers.shape}")
    for name, array in (("images", inputs), ("labels", numbers)):
        if array.dtype != np.float32 or not np.isfinite(array).all():
            raise ValueError(f"{part}_{name} of a regression must be finite float32, found {array.dtype}")


def _check_images(name: str, images: np.ndarray) -> None:
    if images.dtype != np.uint8:
        raise ValueError(f"{name} must be uint8, found {images.dtype}")
    if images.ndim != 4 or 0 in images.shape or images.shape[3] not in (1, 3):
        raise ValueError(f"{name} must have shape (n, height, width, 1 or 3), found {images.shape}")


def _check_labels(name: str, labels: np.ndarray, num_images: int, classes: tuple[str, ...]) -> None:
    if labels.dtype != np.int64:
        raise ValueError(f"{name} must be int64, found {labels.dtype}")
    if labels.shape != (num_images,):
        raise ValueError(f"{name} must have shape ({num_images},), one label an image, found {labels.shape}")
    check_range(name, labels, len(classes))
    empty = [classes[k] for k in np.flatnonzero(np.bincount(labels, minlength=len(classes)) == 0)]
    if empty:
        raise ValueError(f"{name} has no example of class {', '.join(map(repr, empty))}")
