"""What figures and tables take from their data frames: the rows of groups of runs, and the runs that means are over."""

import math

import numpy as np
import pandas as pd

from rethinking.outcomes.columns import REPEATED, RUN
from rethinking.outcomes.derived import WHOLE, WithinOfLast
from rethinking.sections import PanelRuns, Section


class MissingRunError(ValueError):
    """A run that a figure or table cannot do without is not in its data frames."""


class Frames:
    """The data frames of runs by name (runs, curves, evaluations, …), each split by run but for the seed."""

    def __init__(self, **frames: pd.DataFrame) -> None:
        self._empty = {name: frame.iloc[:0] for name, frame in frames.items()}
        self._parts = {name: dict(list(frame.groupby(REPEATED))) for name, frame in frames.items()}

    def of(self, name: str, group: PanelRuns, model: str, corruption: str) -> pd.DataFrame:
        """The rows of one network and corruption in a panel's group of runs; none where it was not run."""
        return self._parts[name].get((group.dataset, model, corruption, group.recipe), self._empty[name])

    def has_runs(self, folder: str) -> bool:
        """Whether there is a run of a data set, network, corruption and recipe, by its folder without the seed."""
        return tuple(folder.split("/")) in self._parts["runs"]


def runs_of_panel(runs: pd.DataFrame, section: Section, panel: str) -> pd.DataFrame:
    """The rows of `runs` that a panel shows, those of all its groups; raises MissingRunError if one is not there."""
    return pd.concat([runs_of_group(runs, section, group) for group in section.of(panel)]).drop_duplicates(RUN)


def runs_of_group(runs: pd.DataFrame, section: Section, group: PanelRuns) -> pd.DataFrame:
    """The rows of `runs` of a group; raises MissingRunError naming the panel if one of its runs is not there."""
    parts = [[group.dataset], group.models, group.corruptions, [group.recipe], section.seeds]
    wanted = pd.MultiIndex.from_product(parts, names=RUN)
    there = pd.MultiIndex.from_frame(runs[RUN])
    if len(missing := wanted.difference(there)):
        run = "/".join(map(str, missing[0]))
        where = f"configuration {section.configuration}, panel {group.panel}"
        raise MissingRunError(f"{where}: runs.csv has no row of {run}")
    return runs[there.isin(wanted)]


def rows_of(frame: pd.DataFrame, group: PanelRuns, model: str) -> pd.DataFrame:
    """The rows of one network of a group with one corruption, all seeds."""
    wanted = [group.dataset, model, *group.corruptions, group.recipe]
    return frame[(frame[REPEATED] == wanted).all(axis=1)]


def rows_of_network(frame: pd.DataFrame, group: PanelRuns, model: str) -> pd.DataFrame:
    """The rows of one network of a group with all of its corruptions, all seeds."""
    its = (frame["dataset"] == group.dataset) & (frame["model"] == model) & (frame["recipe"] == group.recipe)
    return frame[its & frame["corruption"].isin(group.corruptions)]


def on_true_labels(runs: pd.DataFrame, times: pd.Series) -> np.ndarray:
    """Of each run, the time of the one on true labels with the same seed; NaN where that is not there or has none."""
    same_seed = ["dataset", "model", "recipe", "seed"]
    of_true_labels = times[runs["corruption"] == "true_labels"]
    of_true_labels.index = pd.MultiIndex.from_frame(runs.loc[of_true_labels.index, same_seed])
    return of_true_labels.reindex(pd.MultiIndex.from_frame(runs[same_seed])).to_numpy()


def times_by(criterion: WithinOfLast, runs: pd.DataFrame, curves: pd.DataFrame, epochs: int | None = None) -> pd.Series:
    """The epoch at which each row of `runs` meets a derived criterion, by its rows of `curves`.

    NaN where the run diverged or the criterion is not defined for it. With `epochs`, as if the runs had ended then.
    """
    rows_by_run = {run: rows.sort_values("Epoch") for run, rows in curves.groupby(RUN, sort=False)}

    def time(run: tuple[object, ...]) -> float:
        its = rows_by_run[run]
        its = its[its["Epoch"] <= (epochs or math.inf)]
        losses = its["TrainLoss"].tolist()
        if not criterion.is_defined(losses, whole := epochs or WHOLE):
            return math.nan
        index = criterion.first(losses, whole)
        return math.nan if index is None else float(its["Epoch"].iloc[index])

    return pd.Series([time(run) for run in runs[RUN].itertuples(index=False, name=None)], index=runs.index, dtype=float)


def without_diverged(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs that means are over: a run that diverged has no accuracy or loss to speak of."""
    return runs[runs["stopped_by"] != "diverged"]
