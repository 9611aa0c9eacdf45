"""Kernel models that interpolate, or that a regulariser keeps from it: K alpha + l2 alpha = Y (the paper's equation 3).

A factor of the matrix, or of one that is a little larger where it breaks down, preconditions conjugate gradients on K
itself; where it is the factor of K they end after a step or two, which mends the rounding errors of low precision.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse.linalg import LinearOperator, eigsh

from rethinking.kernels.cholesky import Factor, beside, factorise
from rethinking.kernels.gram import Blocks, claimed

RESIDUAL = 1e-8  # of the labels' norm, at which conjugate gradients have converged
STEPS = 200
JITTERS = 10.0 ** np.arange(-7, -1)  # of the mean diagonal, the first that makes a factor is taken
EIGENVALUE = 0.01  # relative error of the eigenvalues

Report = Callable[[float, str], None]


@dataclass(frozen=True)
class Solution:
    """`alpha` (n, k), its image K alpha (n, k), the relative residual, the jitter and the steps that it took."""

    alpha: np.ndarray
    fitted: np.ndarray
    residual: float
    jitter: float
    steps: int

    def norms(self) -> np.ndarray:
        """Squared norm of each column's solution in the space of features: alpha^T K alpha (k,)."""
        return np.einsum("ij,ij->j", self.alpha, self.fitted)


def factor_of(gram: Blocks, shift: float, identity: dict[str, object], report: Report) -> tuple[Factor, float]:
    """A factor of K + (shift + jitter) I with the least jitter that makes one, mostly none, and that jitter."""
    for jitter in (0.0, *(JITTERS * gram.mean_diagonal)):
        kept = beside(gram, "factor")
        claimed(kept.folder, {**identity, "shift": shift, "jitter": jitter})
        try:
            return factorise(gram, shift + jitter, kept, report), jitter
        except np.linalg.LinAlgError:
            report(0.0, f"the factor breaks down with jitter {jitter:.1e}")
    raise ValueError(f"{gram.folder}: the matrix is far from positive definite")


def solve(gram: Blocks, shift: float, labels: np.ndarray, factor: Factor, jitter: float) -> Solution:
    """Preconditioned conjugate gradients on K + shift I for labels (n, k), each column by itself, in float64."""
    alpha = factor.solve(labels).astype(np.float64)
    fitted = gram.times(alpha)
    rest = labels - fitted - shift * alpha
    best, steps, direction, before = _relative(rest, labels), 0, np.zeros_like(alpha), np.ones(labels.shape[1])
    while best > RESIDUAL and steps < STEPS:
        better = factor.solve(rest).astype(np.float64)
        scale = np.einsum("ij,ij->j", rest, better)
        direction = better + (direction * (scale / before) if steps else 0)
        image = gram.times(direction)
        curvature = np.einsum("ij,ij->j", direction, image + shift * direction)
        step = np.divide(scale, curvature, out=np.zeros_like(scale), where=curvature > 0)
        tried = alpha + step * direction
        tried_rest = rest - step * (image + shift * direction)
        steps += 1
        if (now := _relative(tried_rest, labels)) > best and not jitter:  # as near as the precision lets it come
            break
        alpha, fitted, rest, before = tried, fitted + step * image, tried_rest, scale
        best = min(best, now)
    fitted = gram.times(alpha)
    return Solution(alpha, fitted, _relative(labels - fitted - shift * alpha, labels), jitter, steps)


def _relative(rest: np.ndarray, labels: np.ndarray) -> float:
    return float(np.linalg.norm(rest) / np.linalg.norm(labels))


def extreme_eigenvalues(gram: Blocks, factor: Factor) -> tuple[float, float]:
    """The smallest and the largest eigenvalue of K, by Lanczos' method on the inverse and on K itself.

    The smallest is read off the factor: where that has a jitter, what is left of the jitter's own precision.
    """
    size, start = gram.num_train, np.random.default_rng(0).standard_normal(gram.num_train)

    def largest(times: Callable[[np.ndarray], np.ndarray]) -> float:
        operator = LinearOperator(
            (size, size),
            dtype=np.float64,
            matvec=lambda vector: times(vector.reshape(-1, 1)).astype(np.float64).ravel(),
        )
        return float(eigsh(operator, k=1, tol=EIGENVALUE, v0=start, return_eigenvectors=False)[0])

    return 1 / largest(factor.solve) - factor.shift, largest(gram.times)
