"""Where gradient descent ends among the many linear models that interpolate (section 5 of the paper).

SGD on squared errors adds multiples of the images it sees, so from zero it stays in their span, and the only
interpolating model there is the one of the least norm, X^T (X X^T)^-1 Y. What a start has outside the span is never
touched. Adam divides each coordinate by a scale of its own and leaves the span.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

FIRST, SECOND, STABLE = 0.9, 0.999, 1e-8  # Adam's usual
SMALL = 1e-10  # of the largest singular value: what counts as zero in a rank


@dataclass(frozen=True)
class Problem:
    """Images float64 (n, d), fewer than they have values, and targets (n, k)."""

    images: np.ndarray
    targets: np.ndarray

    def least_norm(self) -> np.ndarray:
        """X^T (X X^T)^-1 Y: (d, k)."""
        return self.images.T @ np.linalg.solve(self.images @ self.images.T, self.targets)

    def outside(self, weights: np.ndarray) -> np.ndarray:
        """The part of weights (d, k) that no image has a component of."""
        return weights - self.images.T @ np.linalg.solve(self.images @ self.images.T, self.images @ weights)

    def residual(self, weights: np.ndarray) -> float:
        """How far the outputs are from the targets, relative to these."""
        return float(np.linalg.norm(self.images @ weights - self.targets) / np.linalg.norm(self.targets))

    def gradient(self, weights: np.ndarray) -> np.ndarray:
        """That of half the sum of squared errors, (d, k)."""
        return self.images.T @ (self.images @ weights - self.targets)

    def hessian(self, weights: np.ndarray) -> np.ndarray:
        """The second derivatives (d, d) of one output's error at weights (d, k), as differences of gradients.

        A gradient of squared errors of a linear model is linear, so that a difference over 1 is its derivative.
        """
        one, own = Problem(self.images, self.targets[:, :1]), weights[:, :1]
        here = one.gradient(own)
        return np.column_stack([one.gradient(own + step[:, None]) - here for step in np.eye(len(own))])


def rank(matrix: np.ndarray) -> int:
    """How many singular values are not next to nothing."""
    values = np.linalg.svd(matrix, compute_uv=False)
    return int((values > SMALL * values[0]).sum())


Rule = Callable[
    [np.ndarray, np.ndarray, np.ndarray, int], None
]  # weights, an image, its errors (k,), the step's number


def sgd(rate: float) -> Rule:
    """Steps of one image against its gradient, of `rate` over the image's squared norm: 1 fits the image at once."""

    def step(weights: np.ndarray, image: np.ndarray, errors: np.ndarray, number: int) -> None:
        weights -= rate / (image @ image) * np.outer(image, errors)

    return step


def adam(rate: float, steps: int) -> Rule:
    """Adam (Kingma and Ba 2015) on one image a step, its rate falling to 0 in a line so that it comes to rest."""
    moments: list[np.ndarray] = []

    def step(weights: np.ndarray, image: np.ndarray, errors: np.ndarray, number: int) -> None:
        if not moments:
            moments.extend([np.zeros_like(weights), np.zeros_like(weights)])
        gradient = np.outer(image, errors)
        mean, square = moments
        mean += (1 - FIRST) * (gradient - mean)
        square += (1 - SECOND) * (gradient**2 - square)
        scale = np.sqrt(square / (1 - SECOND**number)) + STABLE
        weights -= rate * (1 - number / (steps + 1)) * mean / (1 - FIRST**number) / scale

    return step


def descend(
    problem: Problem, start: np.ndarray, rule: Rule, epochs: int, generator: np.random.Generator
) -> Iterator[tuple[int, np.ndarray]]:
    """Steps so far and weights (d, k) before the first and after each epoch; every epoch has an order of its own."""
    weights, steps = start.copy(), 0
    yield steps, weights
    for _ in range(epochs):
        for place in generator.permutation(len(problem.images)):
            image = problem.images[place]
            steps += 1
            rule(weights, image, image @ weights - problem.targets[place], steps)
        yield steps, weights
