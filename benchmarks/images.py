"""The images that are timed: CIFAR-10's where they are there, else random pixels of the same shape."""

from pathlib import Path

import numpy as np

from rethinking.data.readers import cifar10

SHAPE = (32, 32, 3)
NUM_CLASSES = 10


def images(folder: str | None, num: int) -> tuple[np.ndarray, np.ndarray]:
    """The first `num` training images, uint8 (num, 32, 32, 3), and their labels int64 (num).

    `folder` holds cifar-10-batches-py; None gives random pixels. No time depends on what the pixels show.
    """
    if folder is not None:
        source = cifar10.read({path.name: path for path in sorted((Path(folder) / cifar10.FOLDER).iterdir())})
        return source.train_images[:num], source.train_labels[:num]
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (num, *SHAPE), np.uint8), rng.integers(0, NUM_CLASSES, num)
