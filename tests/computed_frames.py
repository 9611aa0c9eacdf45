"""Made-up data frames of what is computed without a training, for figures and tables."""

import pandas as pd

from rethinking.outcomes.computed import EXPRESSIVITY


def expressivity() -> pd.DataFrame:
    """Three constructions at three sizes."""
    rows = [
        (name, size, 20, 2 * size + 20, size, error * size, size // 5000, 1e-6 * size, 1e-4 * size, 2)
        for size in (10, 1000, 50_000)
        for name, error in (("theorem", 1e-10), ("corollary", 2e-10), ("obvious", 1e-5))
    ]
    return pd.DataFrame(rows, columns=list(EXPRESSIVITY))


def frames() -> dict[str, pd.DataFrame]:
    """All of them, by name."""
    return {"expressivity": expressivity()}
