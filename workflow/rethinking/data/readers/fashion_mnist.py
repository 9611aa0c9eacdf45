"""Fashion-MNIST (Xiao, Rasul, Vollgraf 2017): 60,000 + 10,000 grey articles of clothing of 28x28, in MNIST's files."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from rethinking.data.loaded import LoadedDataset
from rethinking.data.readers import mnist

CLASSES = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)


def read(files: Mapping[str, Path]) -> LoadedDataset:
    """Fashion-MNIST in its official order, train (60000, 28, 28, 1) and test (10000, 28, 28, 1)."""
    return replace(mnist.read(files), classes=CLASSES)
