"""What a figure takes from its data frames: the rows of one network of a group of runs."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

RUN = ["dataset", "model", "corruption", "recipe"]


def rows_of(frame: pd.DataFrame, group: Mapping[str, Any], model: str) -> pd.DataFrame:
    """The rows of one network of a panel with one corruption, all seeds."""
    wanted = [group["dataset"], model, *group["corruptions"], group["recipe"]]
    return frame[(frame[RUN] == wanted).all(axis=1)]
