"""What the steps of a kernel read and say alike: prepared images and labels, the memory that a step took."""

import resource
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rethinking import files

TRUE_LABELS = "true_labels"


def images_of(data: Path) -> tuple[np.ndarray, int, dict[str, Any]]:
    """Training and then test images uint8 (n, …) of a prepared data set, how many of the first, and its manifest."""
    manifest = files.read_manifest(data, classes=list)
    train, test = (files.load_array(data, f"{part}_images", manifest) for part in ("train", "test"))
    return np.concatenate([train, test]), len(train), manifest


def labels_of(data: Path, corrupted: Mapping[str, Path], corruption: str) -> np.ndarray:
    """Training labels int64 (n,), true ones or those of a corruption, by its folder."""
    folder = data if corruption == TRUE_LABELS else corrupted[corruption]
    return files.load_array(folder, "train_labels", files.read_manifest(folder))


def peak_memory() -> float:
    """The most memory that this process has held, MB."""
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
