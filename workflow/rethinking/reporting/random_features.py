"""Least squares on random features in numbers: errors and norm by their number, and the peak of the test error."""

from typing import Any

import numpy as np
import pandas as pd

from rethinking.outcomes.descent import TEST, TRAIN
from rethinking.outcomes.random_features import in_percent, of_labels, what_is_fitted
from rethinking.outcomes.wording import seeds_sentence, setting_label
from rethinking.reporting.formats import Table
from rethinking.reporting.intervals import cells, columns_of
from rethinking.reporting.peaks import PLACES, peaks, shown
from rethinking.sections import Section

KERNEL = "∞: the kernel"
MEANS = ("changed", TRAIN, TEST, "train_squared_error", "test_squared_error", "norm")
SHOWN = {
    TRAIN: ("training error (%)", 1),
    TEST: ("test error (%)", 1),
    "test_squared_error": ("test squared error", 2),
    "norm": ("norm", 1),
}


def by_number(*, random_features: pd.DataFrame, section: Section) -> Table:
    """One row a kind of labels and number of features, the kernel's last: means over seeds and their intervals."""
    rows = in_percent(random_features)
    numbers = pd.DataFrame(
        [
            {"corruption": name, "features": count, **_means(part)}
            for name, its in rows.groupby("corruption", sort=False)
            for count, part in its.groupby("features", dropna=False)
        ]
    )
    columns = {
        "labels": [setting_label(name) for name in numbers["corruption"]],
        "features N": [KERNEL if np.isnan(each) else f"{each:,.0f}" for each in numbers["features"]],
        "N / n": ["" if np.isnan(each) else f"{each:g}" for each in numbers["ratio"]],
    }
    columns |= {head: cells(numbers, name, digits) for name, (head, digits) in SHOWN.items()}
    return Table("Least squares on random features", numbers, pd.DataFrame(columns), _notes(rows, section))


def of_peaks(*, random_features: pd.DataFrame, section: Section) -> Table:
    """One row a kind of labels: the peak of the test error over the number of features."""
    rows = in_percent(random_features)
    numbers = peaks(rows.dropna(subset=["features"]), "features")
    notes = [PLACES, *_notes(rows, section)]
    return Table("Random features: the peak of the test error", numbers, shown(numbers, "N"), notes)


def _means(rows: pd.DataFrame) -> dict[str, Any]:
    """What a row of the CSV file has of one kind of labels and number of features."""
    found: dict[str, Any] = {"num_train": int(rows["num_train"].iloc[0]), "n": len(rows)}
    found["ratio"] = float(rows["features"].iloc[0] / found["num_train"])
    return found | {key: value for name in MEANS for key, value in columns_of(name, rows[name].to_numpy()).items()}


def _notes(rows: pd.DataFrame, section: Section) -> list[str]:
    seeds = sorted(set(rows["seed"]))
    return [
        f"{what_is_fitted(rows)} {of_labels(rows)}",
        seeds_sentence(seeds, "Means over {count} seeds, of features and of noise."),
        "In brackets: 95 % confidence intervals of the mean (Student's t)." if len(seeds) > 1 else "",
        section.note,
    ]
