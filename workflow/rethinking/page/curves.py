"""The curves of all runs as one table for the chart, and the runs behind them."""

import re
from dataclasses import dataclass

import pandas as pd

from rethinking.outcomes.columns import CURVES, RUN
from rethinking.outcomes.wording import setting_label
from rethinking.page.contents import Contents

AXES = ("Epoch", "Step")
NOT_A_QUANTITY = {*RUN, *AXES, "EpochTime", "Totaltime"}
FIRST = "OnlineTrainLoss"  # what is shown until something else is chosen
DIGITS = 5


@dataclass(frozen=True)
class Curves:
    """`points`: run, Epoch, Step, the quantities. `runs`: run, network, data, setting, recipe, seed, folder, target.

    `paper`: network, setting, column, Step, Epoch, value. `quantities`: their names and units as people read them.
    """

    points: pd.DataFrame
    runs: pd.DataFrame
    paper: pd.DataFrame
    quantities: dict[str, str]
    start: dict[str, str]


def curves_of(contents: Contents) -> Curves:
    """What the chart shows of a page's runs."""
    runs = contents.runs.reset_index(drop=True)
    listed = pd.DataFrame({
        "run": runs.index,
        "network": [contents.labels.get(model, model) for model in runs["model"]],
        "data": [contents.dataset_labels.get(dataset, dataset) for dataset in runs["dataset"]],
        "setting": [setting_label(corruption) for corruption in runs["corruption"]],
        "recipe": runs["recipe"],
        "seed": [f"seed {seed}" for seed in runs["seed"]],
        "folder": runs["folder"],
        "target": [f"{'/'.join(map(str, names[:-1]))}/seed{names[-1]}" for names in runs[RUN].to_numpy()],
    })  # fmt: skip
    numbered = contents.curves.merge(runs[RUN].assign(run=runs.index), on=RUN)
    quantities = {
        name: f"{spoken(name)}{f', {unit}' if unit else ''}"
        for name, unit in CURVES.items()
        if name not in NOT_A_QUANTITY and name in numbered and numbered[name].notna().any()
    }
    points = numbered[["run", *AXES, *quantities]]
    return Curves(points, listed, paper_points(contents, numbered), quantities, start(listed, quantities))


def spoken(column: str) -> str:
    """A column's name in words: OnlineTrainLoss -> "online train loss"."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", column).lower()


def paper_points(contents: Contents, curves: pd.DataFrame) -> pd.DataFrame:
    """The paper's points, with epochs of as many steps as ours of that network have."""
    steps = (curves["Step"] / curves["Epoch"]).groupby(curves["model"]).max()
    paper = contents.paper[contents.paper["model"].isin(steps.index)]
    return pd.DataFrame({
        "network": [contents.labels.get(model, model) for model in paper["model"]],
        "setting": [setting_label(corruption) for corruption in paper["corruption"]],
        "column": paper["column"],
        "Step": paper["Step"],
        "Epoch": paper["Step"] / paper["model"].map(steps),
        "value": paper["value"],
    })  # fmt: skip


def start(runs: pd.DataFrame, quantities: dict[str, str]) -> dict[str, str]:
    """What is chosen at first: the network and recipe that have most settings, and of these most runs."""
    if runs.empty:
        return {}
    settings = runs.groupby(["network", "data", "recipe"], sort=False)["setting"].agg(["nunique", "size"])
    network, data, recipe = settings.sort_values(["nunique", "size"], ascending=False, kind="stable").index[0]
    quantity = FIRST if FIRST in quantities else next(iter(quantities), "")
    return {"network": network, "data": data, "recipe": recipe, "setting": "", "seed": "", "quantity": quantity}


def as_csv(table: pd.DataFrame) -> str:
    """A table as short CSV, as the chart reads it."""
    return table.to_csv(index=False, float_format=f"%.{DIGITS}g", lineterminator="\n")
