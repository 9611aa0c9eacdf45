"""Label noise (paper section 2.1: partially corrupted labels, random labels).

Example i has one u_i ~ U[0, 1) and one r_i ~ uniform over all classes, whatever the level: what is redrawn at a level
is redrawn, to the same class, at every higher one.
"""

import numpy as np

from rethinking import seeds
from rethinking.data.corruptions.corrupted import Corrupted

CHOICE, CLASS, ORDER = 0, 1, 2  # children of the stream "corruption"


def random_labels(labels: np.ndarray, *, level: float, num_classes: int, seed: int) -> Corrupted:
    """Labels int64 (n,), each redrawn from all classes with probability `level`; it may stay what it was."""
    chosen = _chosen(labels, level, num_classes, seed)
    drawn = seeds.rng(seed, "corruption", CLASS).integers(num_classes, size=len(labels), dtype=np.int64)
    return _corrupted(
        labels,
        np.where(chosen, drawn, labels),
        chosen,
        f"each training label is redrawn, with probability {level}, uniformly from all {num_classes} classes, "
        "the true one included",
    )


def shuffled_labels(labels: np.ndarray, *, level: float, num_classes: int, seed: int) -> Corrupted:
    """Labels int64 (n,); those that `random_labels` would redraw are permuted among themselves: class counts stay."""
    chosen = _chosen(labels, level, num_classes, seed)
    shuffled = labels.copy()
    shuffled[chosen] = seeds.rng(seed, "corruption", ORDER).permutation(labels[chosen])
    return _corrupted(
        labels,
        shuffled,
        chosen,
        f"each training example is chosen with probability {level}; the labels of the chosen ones are permuted "
        "among themselves",
    )


def _chosen(labels: np.ndarray, level: float, num_classes: int, seed: int) -> np.ndarray:
    """Which examples a level reaches, bool (n,): u_i < level."""
    if not 0 <= level <= 1:
        raise ValueError(f"level must lie in [0, 1], found {level}")
    if labels.ndim != 1 or len(labels) == 0 or labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError(f"labels must be one or more integers in 0..{num_classes - 1}, shape (n,), found {labels!r}")
    return seeds.rng(seed, "corruption", CHOICE).random(len(labels)) < level


def _corrupted(labels: np.ndarray, new_labels: np.ndarray, chosen: np.ndarray, definition: str) -> Corrupted:
    return Corrupted(
        arrays={"train_labels": new_labels},
        definition=definition,
        redrawn=float(chosen.mean()),
        changed=float((new_labels != labels).mean()),
    )
