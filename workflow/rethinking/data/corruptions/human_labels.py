"""CIFAR-10N (Wei et al. 2022): the labels that people gave CIFAR-10's training images, with the mistakes they make.

Five sets: random1 to random3 are three people's, aggre is what most of them say, worse is a wrong one where there is
one. Nothing is drawn, so every seed has the same labels.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rethinking.data.corruptions.corrupted import Corrupted
from rethinking.data.corruptions.people import COLUMNS, labels_of_people


def human_labels(
    labels: np.ndarray, *, set: str, path: Path, subset: Mapping[str, Any], num_classes: int, seed: int
) -> Corrupted:
    """Labels int64 (n,) of the set, in the order of `labels`; raises what `labels_of_people` raises."""
    new_labels = labels_of_people(labels, set, path, subset, num_classes)
    return Corrupted(
        arrays={"train_labels": new_labels},
        definition=f"each training label is what people said of the image (CIFAR-10N, {COLUMNS[set]})",
        changed=float((new_labels != labels).mean()),
    )
