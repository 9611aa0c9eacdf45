"""What figures and tables take from their data frames: rows, how many images they are of, which runs are left out."""

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

RUN = ["dataset", "model", "corruption", "recipe"]


def rows_of(frame: pd.DataFrame, group: Mapping[str, Any], model: str) -> pd.DataFrame:
    """The rows of one network of a panel with one corruption, all seeds."""
    wanted = [group["dataset"], model, *group["corruptions"], group["recipe"]]
    return frame[(frame[RUN] == wanted).all(axis=1)]


def without_diverged(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs that means are over: a run that diverged has no accuracy or loss to speak of."""
    return runs[runs["stopped_by"] != "diverged"]


def diverged_sentence(runs: pd.DataFrame) -> str:
    """How many of the runs means leave out; nothing where none diverged."""
    count = len(runs) - len(without_diverged(runs))
    return f"{count} of {len(runs)} runs diverged and {'is' if count == 1 else 'are'} left out." if count else ""


def images_of(label: str, num_train: int, num_test: int | None = None) -> str:
    """A data set's label and how many images it has; the number that the label says already is not said again."""
    said = re.search(rf"(?<![\d.,]){num_train:,}(?![\d]|[.,]\d)", label) is not None
    parts = [*([] if said else [f"{num_train:,} training"]), *([] if num_test is None else [f"{num_test:,} test"])]
    return f"{label}, {' and '.join(parts)} images" if parts else label
