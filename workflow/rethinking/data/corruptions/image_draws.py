"""What corruptions of images share: they work on the stored images, before any crop or whitening, both sets alike."""

import numpy as np

from rethinking.data.corruptions.corrupted import Corrupted

TRAIN, TEST = 4, 5  # children of the stream "corruption": draws image by image, so none depends on the images after it


def corrupted_images(train_images: np.ndarray, test_images: np.ndarray, definition: str) -> Corrupted:
    """New images (n, height, width, channels) of both sets; no label changes."""
    return Corrupted(arrays={"train_images": train_images, "test_images": test_images}, definition=definition)
