"""Shuffled labels: label noise that leaves each class as frequent as it was."""

import numpy as np

from rethinking import seeds
from rethinking.data.corruptions.corrupted import Corrupted
from rethinking.data.corruptions.label_draws import chosen, corrupted_labels

ORDER = 2  # a child of the stream "corruption"


def shuffled_labels(labels: np.ndarray, *, level: float, num_classes: int, seed: int) -> Corrupted:
    """Labels int64 (n,); those that `random_labels` would redraw are permuted among themselves: class counts stay."""
    reached = chosen(labels, level, num_classes, seed)
    shuffled = labels.copy()
    shuffled[reached] = seeds.rng(seed, "corruption", ORDER).permutation(labels[reached])
    return corrupted_labels(
        labels,
        shuffled,
        reached,
        f"each training example is chosen with probability {level}; the labels of the chosen ones are permuted "
        "among themselves",
    )
