"""Choosing examples so that every class keeps its share."""

import numpy as np

from rethinking import seeds

TRAIN, TEST, VALIDATION = 0, 1, 2  # children of the stream "split"


def stratified_subset(labels: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Sorted int64 indices of `size` of the `labels` (n,), each class as near to its share as integers allow."""
    classes, counts = np.unique(labels, return_counts=True)
    if not max(len(classes), 1) <= size <= len(labels):
        raise ValueError(
            f"a stratified subset of {len(labels)} examples of {len(classes)} classes "
            f"has {len(classes)} to {len(labels)} of them, not {size}"
        )
    chosen = [
        rng.permutation(np.flatnonzero(labels == name))[:share]
        for name, share in zip(classes, _largest_remainder(counts, size), strict=True)
    ]
    return np.sort(np.concatenate(chosen)).astype(np.int64)


def subset_indices(labels: np.ndarray, size: int, seed: int, part: int) -> np.ndarray:
    """Sorted int64 indices of the stratified subset that a data set of `size` images has; `part` is TRAIN or TEST."""
    return stratified_subset(labels, size, seeds.rng(seed, "split", part))


def _largest_remainder(counts: np.ndarray, size: int) -> np.ndarray:
    """Shares of `size` in proportion to `counts`; what rounding down leaves goes to the largest remainders."""
    total = counts.sum()
    shares, remainders = counts * size // total, counts * size % total  # integers: no rounding decides a tie
    shares[np.argsort(-remainders, kind="stable")[: size - shares.sum()]] += 1
    return shares


def validation_split(num_train: int, validation: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Sorted int64 indices of the images to train on and of those held out, drawn from the run's seed."""
    order = seeds.rng(seed, "split", VALIDATION).permutation(num_train)
    return np.sort(order[validation:]), np.sort(order[:validation])
