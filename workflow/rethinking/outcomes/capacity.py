"""How many random labels fit: networks of several sizes on data sets of several sizes, all for equally many steps.

Effective capacity, as Zhang et al. 2017 and Arpit et al. 2017 speak of it: what a network with its training fits, not
what some choice of its weights could.
"""

import math

import numpy as np
import pandas as pd

from rethinking.outcomes.columns import RUN
from rethinking.outcomes.selection import rows_of_network, without_diverged
from rethinking.sections import Section

SIZES, SETTINGS = "sizes", "settings"  # panels
CELL = ["model", "dataset"]


def rows_of_panel(runs: pd.DataFrame, section: Section, panel: str) -> pd.DataFrame:
    """The rows of runs.csv that a panel shows, with `fitted` and `steps`, those to the fit (NaN of others)."""
    tables = [rows_of_network(runs, group, model) for group, model in section.networks(panel)]
    rows = pd.concat(tables, ignore_index=True).drop_duplicates(RUN)
    steps = pd.to_numeric(rows[f"{section.fit_criterion}_step"])
    return rows.assign(steps=steps, fitted=steps.notna())


def steps_allowed(section: Section, panel: str) -> int:
    """The steps that a run of the panel has at most."""
    group, model = section.networks(panel)[0]
    settings = section.settings[group.recipe][model]
    return settings["epochs"] * settings["steps_per_epoch"]


def num_inputs(architectures: pd.DataFrame) -> int:
    """The numbers of one image as the networks see it: the d of theorem 1."""
    return math.prod(map(int, architectures["Input"].iloc[0].split("x")))


def an_output_each(parameters: np.ndarray | float, classes: int) -> np.ndarray:
    """The images n of k classes that so many parameters are enough for, one for each of their n k outputs.

    Where Belkin et al. 2019 (arXiv:1812.11118) find that networks begin to interpolate.
    """
    return np.asarray(parameters, float) / classes


def of_theorem(parameters: np.ndarray | float, inputs: int) -> np.ndarray:
    """How many points a network of so many parameters could hold were it theorem 1's: n where 2n + d parameters are."""
    return (np.asarray(parameters, float) - inputs) / 2


def cells(rows: pd.DataFrame) -> pd.DataFrame:
    """A row a network and data set: sizes, how many of its runs fitted, means over seeds.

    `accuracy` (percent, on the training set, after the last step) is of runs that did not diverge, `steps` of those
    that fitted.
    """
    grouped = rows.groupby(CELL, sort=False)
    found = grouped[["num_parameters", "num_train"]].first()
    found["runs"], found["fitted"] = grouped.size(), grouped["fitted"].sum()
    found["steps"] = grouped["steps"].mean()
    found["accuracy"] = without_diverged(rows).groupby(CELL)["final_train_accuracy"].mean()
    return found.reset_index()


def beyond_guessing(rows: pd.DataFrame) -> pd.Series:
    """How many labels each run knows beyond those that it would guess: n (accuracy - 1/k) / (1 - 1/k) of k classes."""
    guess = 1 / rows["num_classes"]
    return rows["num_train"] * (rows["final_train_accuracy"] / 100 - guess) / (1 - guess)
