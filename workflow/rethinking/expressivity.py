"""Theorem 1: a ReLU network with 2n + d weights that fits any labels of n points, built and not trained (section 5).

Project the points on a line, sort them, and let one hidden unit start before each: the matrix of hidden activities is
lower triangular, and its system is solved by forward substitution. Between two points the network is a straight line,
so that what is solved for is its slope after each point, which takes O(n).
"""

import hashlib
from dataclasses import dataclass

import numpy as np

POSITION = 0.1  # of each gap between two projections, where a unit starts
ATTEMPTS = 20  # directions that are tried
CHUNK = 2**22  # hidden activities that are held at once
ROUNDING = 4 * np.finfo(np.float64).eps


@dataclass(frozen=True)
class TwoLayerNetwork:
    """c(x) = sum_j weights[j] max(<direction, x> - biases[j], 0), float64; biases ascend."""

    direction: np.ndarray
    biases: np.ndarray
    weights: np.ndarray

    @property
    def num_weights(self) -> int:
        return len(self.direction) + len(self.biases) + len(self.weights)

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """The outputs (n,) at points (n, d), every hidden unit computed for every point."""
        projected = points @ self.direction
        rows = max(1, CHUNK // len(self.biases))
        parts = [projected[start : start + rows] for start in range(0, len(projected), rows)]
        return np.concatenate([np.maximum(part[:, None] - self.biases, 0) @ self.weights for part in parts])


@dataclass(frozen=True)
class DeepNetwork:
    """Corollary 1: the same units, `width` of them a layer, one layer after another.

    Beside its own units a layer hands on two numbers: the projection, and the sum of what the units so far put out (as
    its positive and its negative part, since what a unit hands on is never negative).
    """

    shallow: TwoLayerNetwork
    depth: int

    @property
    def width(self) -> int:
        """Units of the widest layer: its own, and three that hand on."""
        return -(-len(self.shallow.biases) // self.depth) + 3

    @property
    def num_weights(self) -> int:
        """Connections and biases: 3 more a layer that hand on, and the offset that keeps the projection positive."""
        return self.shallow.num_weights + 3 * self.depth + 1

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """The outputs (n,) at points (n, d), layer by layer."""
        first, size = self.shallow.biases[0], self.width - 3
        handed = np.maximum(points @ self.shallow.direction - first, 0)
        positive = negative = np.zeros(len(points))
        rows = max(1, CHUNK // size)
        for start in range(0, len(self.shallow.biases), size):
            biases = self.shallow.biases[start : start + size] - first
            weights = self.shallow.weights[start : start + size]
            added = [
                np.maximum(handed[row : row + rows, None] - biases, 0) @ weights for row in range(0, len(handed), rows)
            ]
            total = positive - negative + np.concatenate(added)
            positive, negative = np.maximum(total, 0), np.maximum(-total, 0)
        return positive - negative


def fit(
    points: np.ndarray, labels: np.ndarray, rng: np.random.Generator, position: float = POSITION
) -> TwoLayerNetwork:
    """The network whose outputs at points (n, d) are labels (n,), any numbers.

    Each unit starts at the share `position` of the gap before its point. A unit in the middle of its gap turns every
    slope into its negative and a rounding error stays what it is; one at 0.1 leaves a ninth of it, and
    one after the middle makes it grow from point to point. Raises ValueError for such a position, for two equal points
    with different labels, and where no direction tells all points apart in float64.
    """
    if not 0 <= position <= 0.5:
        raise ValueError(f"position = {position}: must be from 0 to 0.5, the middle of the gap before a point")
    points, labels = np.asarray(points, np.float64), np.asarray(labels, np.float64)
    if points.ndim != 2 or labels.shape != points.shape[:1] or not len(points):
        raise ValueError(f"points {points.shape} and labels {labels.shape} must be (n, d) and (n,), n at least 1")
    if not (np.isfinite(points).all() and np.isfinite(labels).all()):
        raise ValueError("points and labels must be finite numbers")
    points, labels = distinct(points, labels)
    for _ in range(ATTEMPTS):
        direction = rng.standard_normal(points.shape[1])
        projected = points @ direction
        order = np.argsort(projected, kind="stable")
        if told_apart(projected[order], labels[order]):
            return TwoLayerNetwork(direction, *_units(projected[order], labels[order], position))
    raise ValueError(
        f"{ATTEMPTS} random directions leave two of {len(points)} points too close to be told apart in float64"
    )


def distinct(points: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The points without repetitions, each with its label; raises ValueError where equal ones have different labels."""
    first = first_of_equals(points)
    if (wrong := labels != labels[first]).any():
        other = int(np.argmax(wrong))
        one = int(first[other])
        raise ValueError(
            f"points {one} and {other} are equal and have the labels {labels[one]:g} and {labels[other]:g}: no function"
            " of a point fits both"
        )
    kept = first == np.arange(len(points))
    return (points, labels) if kept.all() else (points[kept], labels[kept])


def first_of_equals(points: np.ndarray) -> np.ndarray:
    """For each of points (n, d) the index of the first that is equal to it, mostly its own: int64 (n,)."""
    seen: dict[bytes, int] = {}
    # Zero is added since -0 equals 0 in all but its bytes.
    keys = (hashlib.blake2b((point + 0).tobytes()).digest() for point in points)
    return np.array([seen.setdefault(key, place) for place, key in enumerate(keys)], np.int64)


def without_repetitions(points: np.ndarray) -> np.ndarray:
    """Which of points (n, d) have no equal one before them: bool (n,)."""
    return first_of_equals(points) == np.arange(len(points))


def told_apart(projected: np.ndarray, labels: np.ndarray) -> bool:
    """Whether the rounding of sorted projections leaves each label within a quarter of the smallest step of labels.

    A unit's weight is about a label over a gap, and its output an error of a projection's rounding times that.
    """
    gaps = np.diff(projected)
    if not len(gaps):
        return True
    if gaps.min() <= 0:
        return False
    steps = np.diff(np.unique(labels))
    smallest = steps.min() if len(steps) else max(1.0, np.abs(labels).max())
    rises = np.abs(np.diff(labels, prepend=0))
    scale = np.abs(projected).max() + gaps.mean()
    return float((rises[1:] / gaps).max() * scale * ROUNDING) < smallest / 4


def obvious(points: np.ndarray, labels: np.ndarray, direction: np.ndarray) -> TwoLayerNetwork:
    """The same network as one would write it down: units in the middle of gaps, the triangular system solved as it is.

    In exact arithmetic it fits as well. Here for comparison: its rounding errors grow with n until labels are lost.
    """
    projected = points @ direction
    order = np.argsort(projected, kind="stable")
    x, y = projected[order], labels[order].astype(np.float64)
    biases = x - 0.5 * np.diff(x, prepend=x[0] - _typical_gap(x))
    weights = np.empty_like(x)
    total = moment = 0.0  # of the weights so far, and of weight times bias
    for place, (at, bias, label) in enumerate(zip(x.tolist(), biases.tolist(), y.tolist(), strict=True)):
        weight = (label - (total * at - moment)) / (at - bias)
        weights[place] = weight
        total, moment = total + weight, moment + weight * bias
    return TwoLayerNetwork(direction, biases, weights)


def _units(projected: np.ndarray, labels: np.ndarray, position: float) -> tuple[np.ndarray, np.ndarray]:
    """Biases and weights (n,) for sorted projections (n,).

    Forward substitution in slopes: from (x, y) the network goes on with its slope s to the start of the next unit, and
    there turns to reach the next point: (y' - y - s position gap) / ((1 - position) gap).
    """
    gaps = np.diff(projected, prepend=projected[0] - _typical_gap(projected))
    rises = np.diff(labels, prepend=0)
    slopes = np.empty_like(projected)
    slope = 0.0
    for place, (rise, gap) in enumerate(zip(rises.tolist(), gaps.tolist(), strict=True)):
        slopes[place] = slope = (rise / gap - position * slope) / (1 - position)
    return projected - (1 - position) * gaps, np.diff(slopes, prepend=0)


def _typical_gap(projected: np.ndarray) -> float:
    """How far before the first projection the first gap begins."""
    spread = float(projected[-1] - projected[0]) / max(1, len(projected) - 1)
    return spread or 1.0
