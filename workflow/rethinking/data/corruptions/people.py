"""The labels that people gave CIFAR-10's training images (CIFAR-10N, Wei et al. 2022), from a file of torch.save."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rethinking import pickles
from rethinking.data.archives import zip_contents, zip_members
from rethinking.data.labels import check_range
from rethinking.data.splits import TRAIN, subset_indices

CLEAN = "clean_label"
COLUMNS = {
    "aggre": "aggre_label",
    "random1": "random_label1",
    "random2": "random_label2",
    "random3": "random_label3",
    "worse": "worse_label",
}


def labels_of_people(
    labels: np.ndarray, set: str, path: Path, subset: Mapping[str, Any], num_classes: int
) -> np.ndarray:
    """Labels int64 (n,) of a set, in the order of `labels`, which must be the file's clean ones.

    `path` is a file of torch.save; `subset` says which of its images there are: `size` of them (null: all), drawn with
    `seed` as `prepare` draws them. Raises ValueError naming the file where its clean labels are not `labels`.
    """
    if set not in COLUMNS:
        raise ValueError(f"set must be one of {', '.join(COLUMNS)}, found {set!r}")
    content = read(path)
    clean, human = (_column(content, name, path, num_classes) for name in (CLEAN, COLUMNS[set]))
    if len(human) != len(clean):
        raise ValueError(f"{path}: {len(human):,} {COLUMNS[set]}, but {len(clean):,} {CLEAN}")
    chosen = np.arange(len(clean))
    if subset["size"] is not None:
        chosen = subset_indices(clean, subset["size"], subset["seed"], TRAIN)
    same_number = len(chosen) == len(labels)
    if not same_number or (clean[chosen] != labels).any():
        others = f"{(clean[chosen] != labels).sum():,} others" if same_number else ""
        what = others or f"{len(chosen):,} labels, not {len(labels):,}"
        raise ValueError(f"{path}: its clean labels are not the data set's in its official order ({what})")
    return human[chosen]


def read(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a file that torch.save wrote, by name; nothing that it refers to is imported or run."""
    pickled = [name for name in zip_members(path, "") if name.endswith("/data.pkl")]
    if len(pickled) != 1:
        raise ValueError(f"{path}: is no file of torch.save")
    (data,) = zip_contents(path, "", pickled)
    content = pickles.loads(data, str(path))
    if not isinstance(content, dict):
        raise ValueError(f"{path}: holds no labels by name")
    return content


def _column(content: Mapping[str, Any], name: str, path: Path, num_classes: int) -> np.ndarray:
    labels = content.get(name)
    if not isinstance(labels, np.ndarray) or labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise ValueError(f"{path}: has no {name!r}, one whole number an image")
    check_range(f"{path}: {name}", labels, num_classes)
    return labels.astype(np.int64)
