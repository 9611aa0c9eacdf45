"""The largest eigenvalue of a symmetric matrix that is known by its products with vectors alone."""

from collections.abc import Callable

import torch
from torch import Tensor

ALIGNED = 0.99  # of the vector with its image
Product = Callable[[Tensor], Tensor]  # of the matrix (n, n) and a vector (n)


def largest_in_magnitude(product: Product, start: Tensor, tolerance: float, most: int) -> float:
    """The eigenvalue that is farthest from zero, by power iteration from a vector `start` (n).

    Until the estimate, a Rayleigh quotient, changes by less than `tolerance` times itself and is within 1 % of how long
    the matrix makes the vector: where two eigenvalues of either sign are about as far from zero, it may rest between
    them for long. Raises ValueError where `most` products are not enough for that.
    """
    vector, before = start / start.norm(), torch.inf
    for _ in range(most):
        image = product(vector)
        estimate, length = float(vector @ image), image.norm()
        rests = abs(estimate - before) <= tolerance * abs(estimate) and abs(estimate) >= ALIGNED * length
        if length == 0 or rests:
            return estimate
        vector, before = image / length, estimate
    raise ValueError(f"power iteration has not come to rest in {most} products")


def largest(product: Product, start: Tensor, tolerance: float, most: int) -> float:
    """The largest eigenvalue, sign and all: where a negative one is farther from zero, all are shifted by it."""
    farthest = largest_in_magnitude(product, start, tolerance, most)
    if farthest >= 0:
        return farthest
    return farthest + largest_in_magnitude(lambda vector: product(vector) - farthest * vector, start, tolerance, most)
