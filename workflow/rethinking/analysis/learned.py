"""From a run's ledger to how much of its training set it has learnt, wrong labels apart from right ones.

An example is corrupted where its label changed, not where it was drawn anew: a tenth of these may keep what they had.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

PARTS = ("uncorrupted", "corrupted")
Ledger = Mapping[str, np.ndarray]  # as `rethinking.engine.ledger.contents` has it


def is_corrupted(ledger: Ledger) -> np.ndarray:
    """Which examples (n) have another label than the true one."""
    return ledger["given"] != ledger["true"]


def learned(ledger: Ledger) -> pd.DataFrame:
    """A row an evaluation and part that has examples: accuracies in percent on given and on true labels, mean loss and
    margin on the given ones."""
    corrupted = is_corrupted(ledger)
    parts = dict(zip(PARTS, (~corrupted, corrupted), strict=True))
    tables = [_of_part(ledger, name, chosen) for name, chosen in parts.items() if chosen.any()]
    return pd.concat(tables).sort_values("Epoch", kind="stable", ignore_index=True)


def _of_part(ledger: Ledger, name: str, chosen: np.ndarray) -> pd.DataFrame:
    predictions = ledger["predictions"][:, chosen]
    return pd.DataFrame({
        "Epoch": ledger["epochs"],
        "Part": name,
        "Examples": int(chosen.sum()),
        "GivenAccuracy": 100 * (predictions == ledger["given"][chosen]).mean(1),
        "TrueAccuracy": 100 * (predictions == ledger["true"][chosen]).mean(1),
        "GivenLoss": ledger["losses"][:, chosen].mean(1, dtype=np.float64),
        "Margin": ledger["margins"][:, chosen].mean(1, dtype=np.float64),
    })  # fmt: skip
