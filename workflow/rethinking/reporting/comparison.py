"""Ours beside the paper's: the values of a group of runs, their mean and spread, and the verdict.

A number counts as reproduced where the mean over seeds is within the configured tolerance of the paper's, which shows
no spread of its own; what it was read from a figure with is on top of it. A loss must be near as a ratio as well: next
to 0.05, 0.1 is twice as much and not near.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rethinking.outcomes.selection import Frames, without_diverged
from rethinking.reporting.spread import half_width
from rethinking.sections import PanelRuns, Section

# A quantity's column: of runs.csv where it is one number a run, else of the frame with one row a step.
OF_A_RUN = {
    "train_accuracy": "final_train_accuracy",
    "test_accuracy": "final_test_accuracy",
    "relative_time": "relative_time",
    "test_error_at_fit": "test_error_at_fit",
    "test_error_at_fit_corrupted": "test_error_at_fit_corrupted",
}
OF_A_STEP = {
    "train_accuracy": ("evaluations", "TrainAccuracy"),
    "train_loss": ("evaluations", "TrainLoss"),
    "test_accuracy": ("evaluations", "TestAccuracy"),
    "online_accuracy": ("curves", "OnlineTrainAccuracy"),
    "minibatch_accuracy": ("steps", "OnlineTrainAccuracy"),
    "online_loss": ("curves", "OnlineTrainLoss"),
}
# What a run has from the moment it fits: whether it diverged later does not matter.
AT_THE_FIT = ("relative_time", "test_error_at_fit", "test_error_at_fit_corrupted")
FITTED = 99.0  # percent; the paper's networks that fit end at 99.2 or more
FAILED, SUSPECT = "failed to converge", "suspect"  # remarks in config/paper/
# Quantities that are compared by ratio too: the key of the tolerance that says by which.
RATIO = {"train_loss": "train_loss_ratio"}
ROUNDING = 1e-9  # a difference that is the tolerance is within it, whatever the last digits of binary fractions are


@dataclass(frozen=True)
class Ours:
    """Mean and standard deviation over the seeds that have the value (n), how many ran at all and were left out."""

    mean: float
    sd: float
    n: int
    ran: int
    diverged: int = 0

    @property
    def interval(self) -> float:
        """Half the width of the 95 % interval of the mean over seeds; NaN of fewer than two."""
        return half_width(self.sd, self.n)

    def columns(self, name: str) -> dict[str, float]:
        """Mean, standard deviation and interval as columns of a table."""
        return {name: self.mean, f"{name}_sd": self.sd, f"{name}_interval": self.interval}


def ours(
    frames: Frames,
    group: PanelRuns,
    model: str,
    corruption: str,
    quantity: str,
    step: float = math.nan,
) -> Ours:
    """What our runs have of a quantity, at a step where one is given, of an online one else after the last epoch.

    A relative time is of the seeds whose run on true labels is there. Runs that diverged have no accuracy or loss.
    """
    runs = frames.of("runs", group, model, corruption)
    if quantity == "relative_time":
        runs = runs[runs["seed"].isin(frames.of("runs", group, model, "true_labels")["seed"])]
    kept = runs if quantity in AT_THE_FIT else without_diverged(runs)
    if math.isnan(step) and quantity in OF_A_RUN:
        values = kept[OF_A_RUN[quantity]].to_numpy(float)
    else:
        name, column = OF_A_STEP[quantity]
        rows = frames.of(name, group, model, corruption)
        by_seed = rows[rows["seed"].isin(kept["seed"])].groupby("seed")
        values = np.array([at_step(run, column, step) for _, run in by_seed], float)
    return summary(values, len(runs), len(runs) - len(kept))


def summary(values: Sequence[float] | np.ndarray, ran: int, diverged: int = 0) -> Ours:
    """Mean and standard deviation (n - 1; none of a single value) of the values that are numbers."""
    found = np.asarray(values, float)
    found = found[np.isfinite(found)]
    mean = float(found.mean()) if len(found) else math.nan
    return Ours(mean, float(found.std(ddof=1)) if len(found) > 1 else math.nan, len(found), ran, diverged)


def at_step(run: pd.DataFrame, column: str, step: float) -> float:
    """A run's curve at a step, read between its points; NaN where it was not measured within half an interval."""
    rows = run[["Step", column]].sort_values("Step")
    slack = np.diff(rows["Step"].to_numpy(float), prepend=0).max(initial=0) / 2
    points = rows.dropna()
    if points.empty:
        return math.nan
    steps, values = points["Step"].to_numpy(float), points[column].to_numpy(float)
    if math.isnan(step):
        return values[-1]
    if np.abs(steps - step).min() > slack:
        return math.nan
    return float(np.interp(step, steps, values))


def deviation(
    paper: float, mean: float, tolerance: float, reading_error: float = 0.0, ratio: float = math.inf
) -> float:
    """How far a mean of ours is from the paper's number, in tolerances: up to 1 it is near; infinite where it is none.

    `reading_error` is how far the paper's number may be from what its figure shows. `ratio` is by which factor ours
    may be above or below the paper's, however small both are.
    """
    if math.isnan(mean):
        return math.inf
    low, high = max(paper - reading_error, 0.0), paper + reading_error
    absolute = max(abs(mean - paper) - reading_error, 0.0) / tolerance
    if math.isinf(ratio) or low <= mean <= high:
        return absolute
    smaller, larger = (high, mean) if mean > high else (mean, low)
    return max(absolute, math.log(larger / smaller) / math.log(ratio)) if smaller > 0 else math.inf


def verdict(remark: str, found: Ours, away: float) -> str:
    """ "reproduced", "differs" or "not run", by how many tolerances ours is away.

    A run that has no such value, as it never fitted or diverged, differs.
    """
    if not found.ran:
        return "not run"
    if remark == FAILED:
        return "differs" if found.mean >= FITTED else "reproduced"
    return "reproduced" if away <= 1 + ROUNDING else "differs"


def find(section: Section, place: tuple[str, str], model: str) -> list[tuple[PanelRuns, str]]:
    """The section's groups that are of a place (section, panel) and hold a registered network, and its name there.

    Only those on the section's own data set count.
    """
    return [
        (group, name)
        for group in section.groups
        if (group.section, group.panel) == place and group.dataset == section.dataset
        for name in group.models
        if section.published_as[name] == model
    ]
