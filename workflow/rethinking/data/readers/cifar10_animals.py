"""The animals of CIFAR-10 as three classes: cat, dog and wild, a stand-in for Animal Faces wherever CIFAR-10 is.

Wild are its bird, deer, frog and horse, all of them: four times as many as cats or as dogs. Vehicles are left out.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from rethinking.data.loaded import LoadedDataset
from rethinking.data.readers import cifar10

ANIMALS = {"cat": ("cat",), "dog": ("dog",), "wild": ("bird", "deer", "frog", "horse")}
NONE = -1


def read(files: Mapping[str, Path]) -> LoadedDataset:
    """CIFAR-10's animals in its official order, train (30000, 32, 32, 3) and test (6000, 32, 32, 3)."""
    return grouped(files, ANIMALS)


def grouped(files: Mapping[str, Path], groups: Mapping[str, Sequence[str]]) -> LoadedDataset:
    """CIFAR-10's images of some of its classes, several of them under one name, in its official order.

    Raises ValueError naming a class that the files do not have.
    """
    whole = cifar10.read(files)
    new_label = np.full(len(whole.classes), NONE, np.int64)
    for label, names in enumerate(groups.values()):
        for name in names:
            if name not in whole.classes:
                raise ValueError(f"{', '.join(map(str, files.values()))}: has no class {name!r}")
            new_label[whole.classes.index(name)] = label
    train, test = new_label[whole.train_labels], new_label[whole.test_labels]
    return LoadedDataset(
        train_images=whole.train_images[train != NONE],
        train_labels=train[train != NONE],
        test_images=whole.test_images[test != NONE],
        test_labels=test[test != NONE],
        classes=tuple(groups),
    )
