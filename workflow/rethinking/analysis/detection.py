"""How well a run's ledger tells wrong labels from right ones, by what each example did while it was trained on.

The scores are of the given labels alone and so is the horizon, the epochs that enter: true labels only judge them.
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score, roc_curve

from rethinking.analysis.learned import Ledger, is_corrupted

RATES = np.linspace(0, 1, 101)  # false positives, at which a curve is kept


def mean_loss(ledger: Ledger, pages: np.ndarray) -> np.ndarray:
    """The mean loss on the given label (Arpit et al. 2017)."""
    return ledger["losses"][pages].mean(0, dtype=np.float64)


def area_under_margin(ledger: Ledger, pages: np.ndarray) -> np.ndarray:
    """The mean margin (Pleiss et al. 2020, AUM), negative: a wrong label has a small one."""
    return -ledger["margins"][pages].mean(0, dtype=np.float64)


def first_learned(ledger: Ledger, pages: np.ndarray) -> np.ndarray:
    """After how many evaluations the label was first said; of one that never was, after all of them."""
    right = _is_right(ledger, pages)
    return np.where(right.any(0), right.argmax(0), len(right))


def forgettings(ledger: Ledger, pages: np.ndarray) -> np.ndarray:
    """How often the label was said at one evaluation and not at the next (Toneva et al. 2019).

    One that was never said counts more than any other. There, an example is asked each time that it is trained on.
    """
    right = _is_right(ledger, pages)
    forgotten = (right[:-1] & ~right[1:]).sum(0)
    return np.where(right.any(0), forgotten, len(right))


def _is_right(ledger: Ledger, pages: np.ndarray) -> np.ndarray:
    return ledger["predictions"][pages] == ledger["given"]


# Larger where a label is more likely to be wrong; of one example a number, float (n).
SCORES: dict[str, Callable[[Ledger, np.ndarray], np.ndarray]] = {
    "mean_loss": mean_loss,
    "area_under_margin": area_under_margin,
    "first_learned": first_learned,
    "forgettings": forgettings,
}


def horizons(ledger: Ledger, *first: int) -> list[float]:
    """The last epoch of each set of epochs that scores are of: so many `first` ones, and all."""
    last = float(ledger["epochs"][-1])
    return sorted({last, *(min(last, epoch) for epoch in first)})


def detection(ledger: Ledger, epochs: Iterable[float]) -> pd.DataFrame:
    """A row a horizon and score: the area under the ROC curve; none of a run without a wrong label, or a right one."""
    rows = [
        {"Epoch": epoch, "Score": name, "Auroc": roc_auc_score(corrupted, values) if len(values) else np.nan}
        for epoch, name, corrupted, values in _scored(ledger, epochs)
    ]
    return pd.DataFrame(rows, columns=["Epoch", "Score", "Auroc"])


def roc(ledger: Ledger, epochs: Iterable[float]) -> pd.DataFrame:
    """A row a horizon, score and rate of false positives: that of true ones there, read between the curve's points."""
    tables = [
        pd.DataFrame({
            "Epoch": epoch, "Score": name, "FalsePositiveRate": RATES,
            "TruePositiveRate": np.interp(RATES, *roc_curve(corrupted, values)[:2]) if len(values) else np.nan,
        })
        for epoch, name, corrupted, values in _scored(ledger, epochs)
    ]  # fmt: skip
    columns = ["Epoch", "Score", "FalsePositiveRate", "TruePositiveRate"]
    return pd.concat(tables) if tables else pd.DataFrame(columns=columns)


def _scored(ledger: Ledger, epochs: Iterable[float]) -> Iterator[tuple[float, str, np.ndarray, np.ndarray]]:
    """Each horizon and score with which examples are corrupted and their values; none of either where none can be."""
    corrupted = is_corrupted(ledger)
    for epoch in epochs:
        pages = ledger["epochs"] <= epoch
        for name, score in SCORES.items():
            values = score(ledger, pages)
            judged = corrupted.any() and not corrupted.all() and np.isfinite(values).all()
            yield epoch, name, corrupted, values if judged else values[:0]
