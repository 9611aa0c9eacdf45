"""How well each measure of complexity orders runs of one registered network by their test error."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from rethinking.names import level_of
from rethinking.outcomes.complexity import COMPETITORS, ERROR, MEASURES
from rethinking.outcomes.rank_correlation import kendall, pairs_of, with_interval

# Over which pairs of runs: what they share beside the data set, and what they differ in. Within a level the level
# itself has no rank.
WITHIN, EQUAL, NETWORK, RECIPE, LEVEL, ALL = "within", "equal", "network", "recipe", "level", "all"
AXES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    WITHIN: (("corruption",), ()),
    EQUAL: (("corruption", "model"), ()),
    NETWORK: (("corruption", "recipe", "seed"), ("model",)),
    RECIPE: (("corruption", "model", "seed"), ("recipe",)),
    LEVEL: (("model", "recipe", "seed"), ("corruption",)),
    ALL: ((), ()),
}
GRANULATED = "granulated"  # the mean of the two axes that a level leaves


def correlations(found: pd.DataFrame) -> pd.DataFrame:
    """A row a registered network, measure and kind of pairs: τ with test error, its interval, how many pairs.

    Kinds are those of `AXES`, of equal networks where there are others, `GRANULATED`, and each corruption alone by its
    name. `found` is of `rethinking.outcomes.complexity.measured`.
    """
    rows = [row for _, part in found.groupby("factory", sort=False) for row in _of_network(part)]
    return pd.DataFrame(rows, columns=["factory", "measure", "over", "pairs", "tau", "tau_low", "tau_high"])


def _of_network(found: pd.DataFrame) -> Iterator[dict[str, Any]]:
    found = found.assign(level=[level_of(name) for name in found["corruption"]])
    several = found["model"].nunique() > 1  # of one network all are equal
    axes = {over: asked for over, asked in AXES.items() if several or over != EQUAL}
    pairs = {over: (found, pairs_of(found, ("dataset", *same), differ)) for over, (same, differ) in axes.items()}
    for corruption, part in found.groupby("corruption", sort=False):
        pairs[str(corruption)] = part, pairs_of(part, ("dataset",))
    for measure in (*MEASURES, *COMPETITORS):
        taus = {
            over: kendall(rows[measure].to_numpy(float), rows[ERROR].to_numpy(float), its)
            for over, (rows, its) in pairs.items()
        }
        counts = {over: len(its.first) for over, (_, its) in pairs.items()}
        taus[GRANULATED], counts[GRANULATED] = _mean(taus[NETWORK], taus[RECIPE]), counts[NETWORK] + counts[RECIPE]
        for over, tau in taus.items():
            ends = dict(zip(("tau", "tau_low", "tau_high"), with_interval(tau), strict=True))
            yield {"factory": found["factory"].iloc[0], "measure": measure, "over": over, "pairs": counts[over], **ends}


def _mean(*taus: np.ndarray) -> np.ndarray:
    """Of those that there are; NaN where there is none."""
    stacked = np.array(taus)
    there = np.isfinite(stacked)
    with np.errstate(invalid="ignore"):
        return np.where(there, stacked, 0).sum(0) / there.sum(0)
