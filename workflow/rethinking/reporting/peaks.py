"""What tables of a second descent share: a row a kind of labels, with the peak of the test error and its height."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from rethinking.outcomes.descent import HEIGHTS, TEST, TRAIN, by_size, first_fitted, heights, largest_rise
from rethinking.outcomes.wording import setting_label
from rethinking.reporting.intervals import cells, columns_of

HEADS = {
    "rise": "peak over the minimum before it",
    "fall": "peak over the last",
    "gain": "that minimum over the last",
}
PLACES = (
    "The minimum and the peak are those between which the mean test error over the seeds rises most; differences are in"
    " percentage points, seed by seed at these places."
)


def peaks(rows: pd.DataFrame, size: str) -> pd.DataFrame:
    """A row a corruption of rows with `size` and both errors in percent: where it fits, where its test error peaks."""
    return pd.DataFrame(
        [{"corruption": name, **peak_of(part, size)} for name, part in rows.groupby("corruption", sort=False)]
    )


def peak_of(rows: pd.DataFrame, size: str) -> dict[str, Any]:
    """What a row of the CSV file has; empty cells of a peak where the test error never rises."""
    errors = by_size(rows, size, TEST)
    rise, last = largest_rise(errors.mean()), errors.columns[-1]
    places = {} if rise is None else {"minimum": rise.lowest, "peak": rise.peak}
    found: dict[str, Any] = {"fitted_from": first_fitted(by_size(rows, size, TRAIN))}
    for name, place in ({"minimum": None, "peak": None} | places | {"last": last}).items():
        found |= {f"{name}_at": place, **columns_of(f"{name}_error", [] if place is None else errors[place].tolist())}
    high = None if rise is None else heights(errors, rise)
    return found | {k: v for name in HEIGHTS for k, v in columns_of(name, [] if high is None else high[name]).items()}


def shown(numbers: pd.DataFrame, size: str, named: Callable[[float], str] = "{:,.0f}".format) -> pd.DataFrame:
    """The rows as they are read; `size` is what a size is called, `named` says one."""

    def places_of(column: str) -> list[str]:
        return ["-" if each is None or pd.isna(each) else named(each) for each in numbers[column]]

    places = {name: places_of(f"{name}_at") for name in ("minimum", "peak", "last")}
    columns = {
        "labels": [setting_label(name) for name in numbers["corruption"]],
        f"no training error from {size}": places_of("fitted_from"),
    }
    for name, at in places.items():
        columns |= {f"{name} at {size}": at, f"{name}, test error (%)": cells(numbers, f"{name}_error")}
    return pd.DataFrame(columns | {head: cells(numbers, name) for name, head in HEADS.items()})
