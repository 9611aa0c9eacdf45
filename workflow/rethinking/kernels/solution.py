"""Kernel models that interpolate, or that a regulariser keeps from it: K alpha + l2 alpha = Y (the paper's equation 3).

A factor of the matrix, or of one that is a little larger where it breaks down, preconditions conjugate gradients on K
itself; where it is the factor of K they end after a step or two, which mends the rounding errors of low precision.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse.linalg import LinearOperator, eigsh

from rethinking.files import read_json, write_json
from rethinking.kernels.cholesky import Factor, beside, factorise
from rethinking.kernels.gram import Blocks, claimed

RESIDUAL = 1e-8  # of the labels' norm, at which conjugate gradients have converged
PATIENCE = 20  # steps
JITTERS = 10.0 ** np.arange(-7, -1)  # of the mean diagonal, the first that makes a factor is taken
FACTOR, REFUSED = "factor", "refused"  # folders beside the matrix
EIGENVALUE = 0.01  # relative error of the eigenvalues
LANCZOS = 20  # vectors of a round of Lanczos' method

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
        """Squared norm of each column's solution in the space of features: alpha^T K alpha (k,).

        Of a singular matrix that rounding has left eigenvalues below zero it may come out as one; 0 then.
        """
        return np.maximum(_columns(self.alpha, self.fitted), 0)


def factor_of(gram: Blocks, shift: float, identity: dict[str, object], report: Report) -> tuple[Factor, float]:
    """A factor of K + (shift + jitter) I with the least jitter that makes one, mostly none, and that jitter.

    Those that made none are noted, so that a killed job goes on with the factor that it was at.
    """
    identity = {**identity, "shift": shift}
    noted = claimed(beside(gram, REFUSED).folder, identity) / "jitters.json"
    refused = read_json(noted, jitters=list)["jitters"] if noted.exists() else []
    for jitter in (0.0, *(JITTERS * gram.mean_diagonal).tolist()):
        if jitter in refused:
            continue
        kept = beside(gram, FACTOR)
        claimed(kept.folder, {**identity, "jitter": jitter})
        try:
            return factorise(gram, shift + jitter, kept, report), jitter
        except np.linalg.LinAlgError:
            refused.append(jitter)
            write_json(noted, {"jitters": refused})
            report(0.0, f"the factor breaks down with jitter {jitter:.1e}")
    raise ValueError(f"{gram.folder}: the matrix is far from positive definite")


def forget_factor(gram: Blocks) -> None:
    """Delete the last factor, as large as the matrix, and what is noted of it."""
    for name in (FACTOR, REFUSED):
        shutil.rmtree(beside(gram, name).folder, ignore_errors=True)


def solve(gram: Blocks, shift: float, labels: np.ndarray, factor: Factor, jitter: float, report: Report) -> Solution:
    """Preconditioned conjugate gradients on K + shift I for labels (n, k), each column by itself, in float64.

    They end at `RESIDUAL`, or where `PATIENCE` steps have come no nearer; the nearest is the solution. `report` is told
    the share of the digits of the residual that is there.
    """

    def told(residual: float, where: str) -> None:
        share = np.log(max(least, RESIDUAL)) / np.log(RESIDUAL)
        report(float(np.clip(share, 0, 1)), f"{where}, residual {residual:.1e}")

    alpha = factor.solve(labels).astype(np.float64)
    rest = labels - gram.times(alpha) - shift * alpha
    nearest, least, reached, steps = alpha, _relative(rest, labels), 0, 0
    told(least, "the factor's own solution")
    direction, before = np.zeros_like(alpha), np.ones(labels.shape[1])
    while least > RESIDUAL and steps - reached < PATIENCE:
        better = factor.solve(rest).astype(np.float64)
        scale = _columns(rest, better)
        direction = better + direction * (_ratio(scale, before) if steps else 0)
        image = gram.times(direction) + shift * direction
        step = _ratio(scale, _columns(direction, image))
        alpha, rest, before = alpha + step * direction, rest - step * image, scale
        steps += 1
        if (now := _relative(rest, labels)) < least:
            nearest, least, reached = alpha, now, steps
        told(now, f"step {steps}")
    fitted = gram.times(nearest)
    return Solution(nearest, fitted, _relative(labels - fitted - shift * nearest, labels), jitter, steps)


def _columns(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Inner products of the columns (n, k) of two matrices: (k,)."""
    return np.einsum("ij,ij->j", one, other)


def _ratio(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The quotient where the divisor is positive, else 0: a column that is solved stays where it is."""
    return np.divide(one, other, out=np.zeros_like(one), where=other > 0)


def _relative(rest: np.ndarray, labels: np.ndarray) -> float:
    return float(np.linalg.norm(rest) / np.linalg.norm(labels))


def extreme_eigenvalues(gram: Blocks, factor: Factor, report: Report) -> tuple[float, float]:
    """The smallest and the largest eigenvalue of K, by Lanczos' method on the inverse and on K itself.

    The smallest is read off the factor: where that has a jitter, what is left of the jitter's own precision. `report`
    is told the share of the products of a first round, which mostly is the last.
    """
    size, start = gram.num_train, np.random.default_rng(0).standard_normal(gram.num_train)

    def largest(times: Callable[[np.ndarray], np.ndarray], done: float) -> float:
        products = 0

        def product(vector: np.ndarray) -> np.ndarray:
            nonlocal products
            products += 1
            report(done + min(products / LANCZOS, 1) / 2, f"product {products} with {times.__qualname__}")
            return times(vector.reshape(-1, 1)).astype(np.float64).ravel()

        operator = LinearOperator((size, size), dtype=np.float64, matvec=product)
        ncv = min(LANCZOS, size)
        return float(eigsh(operator, k=1, ncv=ncv, tol=EIGENVALUE, v0=start, return_eigenvectors=False)[0])

    return 1 / largest(factor.solve, 0.0) - factor.shift, largest(gram.times, 0.5)
