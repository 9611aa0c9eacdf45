"""How well a number of each run orders the runs by another: Kendall's rank correlation over some of all pairs of runs.

Jiang et al. 2020 (arXiv:1912.02178) granulate it: over pairs that differ in one thing alone, so that a measure which
only tells widths apart gets no credit for anything else. Intervals are by bootstrap over seeds, not over runs: runs of
one seed share their data, noise and beginning.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

DRAWS, PERCENTILES = 2000, (2.5, 97.5)


@dataclass(frozen=True)
class Pairs:
    """Some pairs of rows, first and second int64 (pairs), and how often each is there in each draw of seeds.

    `weights` float64 (1 + draws, pairs); the first row is of the seeds as they are.
    """

    first: np.ndarray
    second: np.ndarray
    weights: np.ndarray


def pairs_of(rows: pd.DataFrame, same: Sequence[str], differ: Sequence[str] = (), seed: int = 0) -> Pairs:
    """The pairs of rows that share the columns `same` and of the columns `differ` none.

    Seeds (column `seed`) are drawn with replacement. A pair within a seed is there as often as that was drawn, another
    once for each pair of draws. Copies of a seed are not held against each other: as if they were two seeds, pairs
    within one would count for more the more often it was drawn. That leaves (k - 1) / k of the pairs between k seeds
    on average, which count for k / (k - 1) each in a draw: else draws would lie to the side of the estimate on which
    pairs within seeds are.
    """
    first, second = np.triu_indices(len(rows), 1)
    kept = np.ones(len(first), bool)
    for column in (*same, *differ):
        codes = pd.factorize(rows[column])[0]
        equal = codes[first] == codes[second]
        kept &= equal if column in same else ~equal
    first, second = first[kept], second[kept]
    place, seeds = pd.factorize(rows["seed"])
    draws = DRAWS if len(seeds) > 1 else 0
    drawn = np.random.default_rng(seed).multinomial(len(seeds), np.full(len(seeds), 1 / len(seeds)), draws)
    times = np.vstack([np.ones((1, len(seeds))), drawn])
    within = place[first] == place[second]
    weights = times[:, place[first]] * np.where(within, 1.0, times[:, place[second]])
    if draws:
        weights[1:, ~within] *= len(seeds) / (len(seeds) - 1)
    return Pairs(first, second, weights)


def kendall(values: np.ndarray, others: np.ndarray, pairs: Pairs) -> np.ndarray:
    """τ-b (1 + draws) of two numbers of each row (n) over these pairs; NaN where all of either are equal.

    Pairs in which either is NaN are left out.
    """
    one, other = (np.sign(each[pairs.first] - each[pairs.second]) for each in (values, others))
    there = np.isfinite(one) & np.isfinite(other)
    one, other, weights = one[there], other[there], pairs.weights[:, there]
    alike, untied = weights @ (one * other), (weights @ np.abs(one)) * (weights @ np.abs(other))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(untied > 0, alike / np.sqrt(untied), np.nan)


def with_interval(taus: np.ndarray) -> tuple[float, float, float]:
    """τ and the ends of its 95 % interval over draws of seeds; no interval where the draws have none."""
    found = taus[1:][np.isfinite(taus[1:])]
    low, high = np.percentile(found, PERCENTILES) if len(found) else (np.nan, np.nan)
    return float(taus[0]), float(low), float(high)
