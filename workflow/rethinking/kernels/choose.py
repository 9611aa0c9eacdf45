"""What is chosen on held-out training images, never on the test set: bandwidths, parameters of features, l2."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from rethinking.kernels.features import at_once
from rethinking.kernels.gram import gaussian

ROUNDING = 1e-9  # of the mean diagonal: in the place of an l2 of 0 where the factor breaks down
NEAR = 1e-6  # of the mean squared norm: where rounding in float32 comes near the mean squared distance of features


def one_hot(labels: np.ndarray, num_classes: int) -> np.ndarray:
    """Labels int64 (n,) -> float64 (n, classes)."""
    return np.eye(num_classes)[labels]


def squared_distance(features: np.ndarray) -> float:
    """The mean squared distance of two of the rows of features (n, d)."""
    mean = features.mean(axis=0, dtype=np.float64)
    return 2 * (float(np.einsum("ij,ij->", features, features, dtype=np.float64)) / len(features) - float(mean @ mean))


def unit(features: np.ndarray, source: str) -> float:
    """The squared distance that a relative bandwidth is one over; `source` names the images in an error."""
    scale = squared_distance(features)
    if not scale > NEAR * float(np.einsum("ij,ij->", features, features, dtype=np.float64)) / len(features):
        raise ValueError(
            f"{source}: relative = true: the training images are equal, or nearly, in what the kernel sees of them: the"
            f" mean squared distance {scale:.1e} is no more than rounding; take other images, or relative: false"
        )
    return scale


def held_out_error(gram: np.ndarray, labels: np.ndarray, held_out: int, l2: float) -> float | None:
    """The error on the last `held_out` images of what is fitted to those before them; `l2` is in mean diagonals.

    `gram` (n, n) is of all these images, labels are int64 (n,). None where it has no factor: of fewer features than
    images, say, without l2.
    """
    kept = len(gram) - held_out
    scale = float(np.trace(gram[:kept, :kept])) / kept
    for shift in (l2 * scale, max(l2, ROUNDING) * scale):
        matrix = gram[:kept, :kept].astype(np.float64)
        matrix[np.diag_indices(kept)] += shift
        try:
            factor = cho_factor(matrix, lower=True, overwrite_a=True, check_finite=False)
        except LinAlgError:
            continue
        alpha = cho_solve(factor, one_hot(labels[:kept], int(labels.max()) + 1), check_finite=False)
        return float(((gram[kept:, :kept] @ alpha).argmax(axis=1) != labels[kept:]).mean())
    return None


def tried(job: Mapping[str, Any], images: np.ndarray, labels: np.ndarray, source: str) -> Iterator[dict[str, Any]]:
    """Each candidate for a Gaussian kernel, its bandwidth and its error on the images that are held out.

    Images uint8 (n, …) and labels int64 (n,) are of the training set that `source` names. A bandwidth that is
    `relative` is one over the mean squared distance of two images.
    """
    for options in job["gabor"] or [None]:
        features = at_once(job, images, options)
        scale = unit(features, source) if job["relative"] else 1.0
        for written in job["bandwidths"]:
            bandwidth = written / scale
            error = held_out_error(gaussian(bandwidth)(features, features), labels, job["choose"]["held_out"], 0.0)
            yield {"gabor": options, "written": written, "bandwidth": bandwidth, "error": error}


def best(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The row of the least error, the first of several; those without one only where no other is there."""
    return min(rows, key=lambda row: (row["error"] is None, row["error"]))
