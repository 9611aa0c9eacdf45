"""scikit-learn's 1,797 handwritten digits, 8x8 grey: real data that needs no download.

The set has no official split. Ours is 1,400 training and 397 test images, stratified, whatever the seed of a run.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rethinking import seeds
from rethinking.data.loaded import LoadedDataset
from rethinking.data.splits import stratified_subset

NUM_TRAIN = 1400
SPLIT_SEED = 0  # part of the data set's definition: another value is another data set


def read(files: Mapping[str, Path]) -> LoadedDataset:
    """The digits, train (1400, 8, 8, 1) and test (397, 8, 8, 1); `files` is not used."""
    from sklearn.datasets import load_digits

    digits: Any = load_digits()  # typed as a tuple or this
    images = np.rint(digits.images * (255 / 16)).astype(np.uint8)[..., None]  # stored as 0..16
    labels = digits.target.astype(np.int64)
    in_train = np.zeros(len(labels), bool)
    in_train[stratified_subset(labels, NUM_TRAIN, seeds.rng(SPLIT_SEED, "split"))] = True
    return LoadedDataset(
        train_images=images[in_train],
        train_labels=labels[in_train],
        test_images=images[~in_train],
        test_labels=labels[~in_train],
        classes=tuple(str(name) for name in digits.target_names),
    )
