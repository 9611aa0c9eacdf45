"""Least squares on random Fourier features (Rahimi and Recht 2007): the least-norm solution for any number of them.

The smallest model with a second descent that can be solved exactly (Belkin et al. 2019, arXiv:1812.11118). With more
and more features it tends to the Gaussian kernel of section 5 of the paper without a regulariser.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve, qr, solve_triangular

from rethinking.kernels.gram import gaussian


class SingularError(ValueError):
    """Two images are one, by what is computed of them in float64."""

    def __init__(self) -> None:
        super().__init__("too small to tell all images apart in float64")


@dataclass(frozen=True)
class FourierFeatures:
    """cos(w x + b) of random directions w (d, N) and phases b (N,)."""

    directions: np.ndarray
    phases: np.ndarray

    @classmethod
    def drawn(cls, values: int, count: int, bandwidth: float, generator: np.random.Generator) -> "FourierFeatures":
        """`count` features of images with so many values, for the kernel exp(-bandwidth * squared distance).

        Fewer are the first of more: each has numbers of its own.
        """
        of_directions, of_phases = generator.spawn(2)
        directions = np.sqrt(2 * bandwidth) * of_directions.standard_normal((count, values)).T
        return cls(directions, of_phases.uniform(0, 2 * np.pi, count))

    def of(self, images: np.ndarray) -> np.ndarray:
        """Images (n, d) -> (n, N), of size √2, so that the mean of products over N tends to the kernel."""
        found = images @ self.directions
        found += self.phases
        return np.multiply(np.sqrt(2), np.cos(found, out=found), out=found)


@dataclass(frozen=True)
class Solution:
    """What least squares found: outputs on training and test images (n, k), and the squared norm (k,) of each."""

    train: np.ndarray
    test: np.ndarray
    norms: np.ndarray


def least_norm(features: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The weights (N, k) with the least squared error on features (n, N) and targets (n, k), of these the shortest.

    By QR, of the features where there are at most as many as images, else of their transpose. Raises SingularError
    where they are not of full rank in float64, as those of different images are unless the kernel takes these for one.
    """
    images, count = features.shape
    if count <= images:
        q, r = qr(features, mode="economic", check_finite=False)
        _check_rank(r)
        return solve_triangular(r, q.T @ targets, check_finite=False)
    q, r = qr(features.T, mode="economic", check_finite=False)
    _check_rank(r)
    return q @ solve_triangular(r, targets, trans="T", check_finite=False)


def _check_rank(factor: np.ndarray) -> None:
    """That a triangular factor (n, n) has no diagonal that is rounding alone."""
    diagonal = np.abs(np.diag(factor))
    if diagonal.min() <= len(factor) * np.finfo(factor.dtype).eps * diagonal.max():
        raise SingularError


def of_features(train: np.ndarray, test: np.ndarray, targets: np.ndarray) -> Solution:
    """The solution of features (n, N) of training images, and what it says of test images by theirs.

    Its norms are those of weights times √N, of features over √N: they can be compared over N, and tend to the kernel's.
    """
    weights = least_norm(train, targets)
    return Solution(train @ weights, test @ weights, train.shape[1] * (weights**2).sum(axis=0))


def of_kernel(train: np.ndarray, test: np.ndarray, bandwidth: float, targets: np.ndarray) -> Solution:
    """What that tends to: the interpolating solution of the Gaussian kernel for images (n, d); same errors."""
    kernel = gaussian(bandwidth)
    gram = kernel(train, train)
    try:
        alpha = cho_solve(cho_factor(gram, lower=True), targets)
    except np.linalg.LinAlgError:
        raise SingularError from None
    fitted = gram @ alpha
    return Solution(fitted, kernel(test, train) @ alpha, (alpha * fitted).sum(axis=0))
