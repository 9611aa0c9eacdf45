"""What figures and tables take from their data frames: the rows of groups of runs, and the runs that means are over."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from rethinking.outcomes.columns import REPEATED


class Frames:
    """The data frames of `aggregate` by name (runs, curves, evaluations), each split by run but for the seed."""

    def __init__(self, **frames: pd.DataFrame) -> None:
        self._empty = {name: frame.iloc[:0] for name, frame in frames.items()}
        self._parts = {name: dict(list(frame.groupby(REPEATED))) for name, frame in frames.items()}

    def of(self, name: str, group: Mapping[str, Any], model: str, corruption: str) -> pd.DataFrame:
        """The rows of one network and corruption in a panel's group of runs; none where it was not run."""
        return self._parts[name].get((group["dataset"], model, corruption, group["recipe"]), self._empty[name])


def rows_of(frame: pd.DataFrame, group: Mapping[str, Any], model: str) -> pd.DataFrame:
    """The rows of one network of a panel with one corruption, all seeds."""
    wanted = [group["dataset"], model, *group["corruptions"], group["recipe"]]
    return frame[(frame[REPEATED] == wanted).all(axis=1)]


def without_diverged(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs that means are over: a run that diverged has no accuracy or loss to speak of."""
    return runs[runs["stopped_by"] != "diverged"]
