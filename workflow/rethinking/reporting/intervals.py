"""Means over seeds with their confidence intervals (Student's t)."""

import math
from collections.abc import Sequence

import numpy as np

from rethinking.reporting.comparison import summary

INTERVALS = (
    "In brackets: 95 % confidence intervals of the mean over seeds (Student's t), which draw noise, split, weights."
)


def interval(values: Sequence[float] | np.ndarray) -> tuple[float, float, float]:
    """The mean of those that are numbers, and the ends of its interval: NaN of fewer than two."""
    found = summary(np.asarray(values, float), len(values))
    return found.mean, found.mean - found.interval, found.mean + found.interval


def columns_of(name: str, values: Sequence[float] | np.ndarray) -> dict[str, float]:
    """The same as columns of a CSV file."""
    return dict(zip((name, f"{name}_low", f"{name}_high"), interval(values), strict=True))


def with_interval(mean: float, low: float, high: float, digits: int = 1) -> str:
    """ "97.3 [97.1, 97.5]", without the interval of a single seed, "-" of none."""
    if math.isnan(mean):
        return "-"
    words = f"{mean:.{digits}f}"
    return words if math.isnan(low) else f"{words} [{low:.{digits}f}, {high:.{digits}f}]"
