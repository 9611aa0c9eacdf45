"""What corruptions of labels share: which examples a level reaches, and what the manifest says of the outcome.

Example i has one u_i ~ U[0, 1) for each seed, whatever the level: what a level reaches, every higher one reaches.
"""

import numpy as np

from rethinking import seeds
from rethinking.data.corruptions.corrupted import Corrupted

CHOICE = 0  # a child of the stream "corruption", as each draw of a corruption is one: a new draw takes a free number


def chosen(labels: np.ndarray, level: float, num_classes: int, seed: int) -> np.ndarray:
    """Which examples a level reaches, bool (n,): u_i < level; ValueError for a level or labels (n,) out of range."""
    if not 0 <= level <= 1:
        raise ValueError(f"level must lie in [0, 1], found {level}")
    if labels.ndim != 1 or len(labels) == 0 or labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError(f"labels must be one or more integers in 0..{num_classes - 1}, shape (n,), found {labels!r}")
    return seeds.rng(seed, "corruption", CHOICE).random(len(labels)) < level


def corrupted_labels(labels: np.ndarray, new_labels: np.ndarray, reached: np.ndarray, definition: str) -> Corrupted:
    """The new training labels int64 (n,), of which those `reached`, bool (n,), were drawn anew."""
    return Corrupted(
        arrays={"train_labels": new_labels},
        definition=definition,
        redrawn=float(reached.mean()),
        changed=float((new_labels != labels).mean()),
    )
