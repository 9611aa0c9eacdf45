"""Means over seeds with their confidence intervals (Student's t)."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from rethinking.outcomes.wording import seeds_sentence
from rethinking.reporting.comparison import summary
from rethinking.sections import Section

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


def cells(numbers: pd.DataFrame, name: str, digits: int = 1) -> list[str]:
    """These columns of the rows of a CSV file as they are read."""
    ends = zip(numbers[name], numbers[f"{name}_low"], numbers[f"{name}_high"], strict=True)
    return [with_interval(*each, digits) for each in ends]


def seeds_notes(section: Section) -> tuple[str, str]:
    """Over how many seeds means are, and what stands in brackets where there are several."""
    return seeds_sentence(section.seeds, "Means over {count} seeds."), INTERVALS if len(section.seeds) > 1 else ""


def with_interval(mean: float, low: float, high: float, digits: int = 1) -> str:
    """ "97.3 [97.1, 97.5]", without the interval of a single seed, "-" of none."""
    if math.isnan(mean):
        return "-"
    words = f"{mean:.{digits}f}"
    return words if math.isnan(low) else f"{words} [{low:.{digits}f}, {high:.{digits}f}]"
