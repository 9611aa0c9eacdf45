"""Random labels (paper section 2.1: partially corrupted labels, random labels).

Example i has one r_i ~ uniform over all classes, whatever the level: what is redrawn at a level is redrawn, to the same
class, at every higher one.
"""

import numpy as np

from rethinking import seeds
from rethinking.data.corruptions.corrupted import Corrupted
from rethinking.data.corruptions.label_draws import chosen, corrupted_labels

CLASS = 1  # a child of the stream "corruption"


def random_labels(labels: np.ndarray, *, level: float, num_classes: int, seed: int) -> Corrupted:
    """Labels int64 (n,), each redrawn from all classes with probability `level`; it may stay what it was."""
    reached = chosen(labels, level, num_classes, seed)
    drawn = seeds.rng(seed, "corruption", CLASS).integers(num_classes, size=len(labels), dtype=np.int64)
    return corrupted_labels(
        labels,
        np.where(reached, drawn, labels),
        reached,
        f"each training label is redrawn, with probability {level}, uniformly from all {num_classes} classes, "
        "the true one included",
    )
