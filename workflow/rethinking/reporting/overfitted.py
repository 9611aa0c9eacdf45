"""What the paper may have meant by "overfitted": times to fit under many criteria, against those of its figure 1b.

The paper gives times relative to those on true labels, and never says what is timed. Its points are whole epochs
(config/paper/README.md), so that a criterion can be held against epochs as well: after how many each of our networks
meets it, level by level, and how far that is from the paper's.
"""

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from rethinking.names import level_of, level_text
from rethinking.outcomes.criteria import CRITERIA
from rethinking.outcomes.derived import LEVELLED, NAME, WHOLE, WithinOfLast
from rethinking.outcomes.selection import times_by
from rethinking.outcomes.wording import seeds_sentence, when_fitted
from rethinking.reporting.accuracies import plain
from rethinking.reporting.comparison import SUSPECT
from rethinking.reporting.formats import Table
from rethinking.sections import PanelRuns, Section

PANEL = "corruption_levels"
# Epochs that the paper's networks need on true labels: its relative times are multiples of one over these.
ON_TRUE_LABELS = {"inception": 10, "alexnet": 31, "mlp_1x512": 28}
MARGINS = tuple(round(0.03 + 0.0005 * place, 4) for place in range(61))  # nats above the run's last loss
MARGINS_SHOWN = (0.03, 0.035, 0.04, 0.0425, 0.045, 0.0465, 0.0475, 0.05, 0.055, 0.06)  # of whole runs
ENDS = (70, 80, 90, WHOLE)  # epochs after which runs are taken to end

Times = dict[float, float]  # epochs by level
Spread = tuple[Times, Times]  # means over seeds and their standard deviations


def table(*, runs: pd.DataFrame, curves: pd.DataFrame, published: pd.DataFrame | None, section: Section) -> Table:
    """One row a network and criterion: epochs by level, and how far they are from the paper's where it has them."""
    rows = []
    for group, model in section.networks(PANEL):
        paper = times_of_paper(published, section.published_as[model])
        rows += [with_rmse(row, epochs, paper) for row, epochs in candidates(runs, curves, group, model)]
    numbers = left_one_out(pd.DataFrame(rows))
    notes = [
        f"Epochs at a level: means over the seeds that meet the criterion. By {NAME}: until the training loss is first"
        f" within the margin (nats) of that after the last epoch, runs being taken to end there; those that then end"
        f" at a loss of {LEVELLED:g} or more and have fewer epochs have no such time.",
        "RMSE: root of the mean squared difference, in epochs, from the paper's, over the levels that are not suspect;"
        " its epochs are its relative times times"
        f" {', '.join(f'{count} ({section.labels.get(model, model)})' for model, count in ON_TRUE_LABELS.items())}."
        " Left out: the same where at each level the margin is taken that is best at all others.",
        "Margin and end are chosen by this very table: a small RMSE on one network shows nothing by itself"
        " (docs/predictions.md).",
        seeds_sentence(
            section.seeds,
            "Means are over {count} seeds or those of them that have run (seeds); standard deviations over these are in"
            " the CSV file.",
        ),
        section.note,
    ]
    return Table("What counts as having overfitted", numbers, shown(numbers, section), notes)


def candidates(
    runs: pd.DataFrame, curves: pd.DataFrame, group: PanelRuns, model: str
) -> Iterator[tuple[dict[str, Any], Spread]]:
    """Each criterion by its name, margin and end, with a network's epochs by level."""
    of_group = (runs["dataset"] == group.dataset) & (runs["recipe"] == group.recipe) & (runs["model"] == model)
    its = runs[of_group & runs["corruption"].isin(group.corruptions)]
    names = {"model": model, "group": group.name, "recipe": group.recipe}
    names |= {"seeds": its["seed"].nunique(), "runs": len(its)}
    for criterion in CRITERIA:
        times = its[f"{criterion}_epoch"].astype(float)
        of_criterion = {"criterion": criterion, "margin": math.nan, "end": math.nan, "met": times.count()}
        yield {**names, **of_criterion}, by_level(its, times)
    for end, margin in itertools.product(ENDS, MARGINS):
        if len(its) and its["epochs_done"].max() >= end:
            times = times_by(WithinOfLast(margin), its, curves, end)
            of_criterion = {"criterion": NAME, "margin": margin, "end": end, "met": times.count()}
            yield {**names, **of_criterion}, by_level(its, times)


def by_level(runs: pd.DataFrame, times: pd.Series) -> Spread:
    """Mean and standard deviation of the times of each level's runs, over those that have one."""
    of_levels = times.groupby(runs["corruption"].map(level_of).astype(float))
    means, sds = (
        {float(level): float(value) for level, value in found.items()} for found in (of_levels.mean(), of_levels.std())
    )
    return means, sds


def times_of_paper(published: pd.DataFrame | None, name: str | None) -> Times:
    """The paper's epochs by level of one of its networks, without those that are suspect; none where it has no such."""
    if published is None or name not in ON_TRUE_LABELS:
        return {}
    ratios = points_by_level(published, "relative_time", name)
    return {level: ratio * ON_TRUE_LABELS[name] for level, ratio in ratios.items()}


def points_by_level(published: pd.DataFrame, quantity: str, name: str) -> dict[float, float]:
    """A quantity of one of the paper's networks by level, without the points that are suspect."""
    found = published[(published["quantity"] == quantity) & (published["model"] == name)]
    found = found[found["remark"] != SUSPECT]
    levels = found["corruption"].map(level_of).astype(float)
    return dict(zip(levels, found["value"], strict=True))


def with_rmse(row: Mapping[str, Any], epochs: Spread, paper: Times) -> dict[str, Any]:
    """A row of the CSV file: how far mean times are from the paper's over the levels that both have, and the times."""
    times, sds = epochs
    differences = {level: times[level] - paper[level] for level in sorted(times.keys() & paper.keys())}
    found = [value for value in differences.values() if math.isfinite(value)]
    of_levels = {
        f"{name}_{level_text(level)}": value
        for name, values in (("epoch", times), ("sd", sds), ("difference", differences))
        for level, value in sorted(values.items())
    }
    return {**row, "rmse": rms(found), "rmse_left_out": math.nan, "levels": len(found), **of_levels}


def rms(values: list[float]) -> float:
    """The root of the mean square; NaN of nothing."""
    return math.sqrt(sum(value * value for value in values) / len(values)) if values else math.nan


def left_one_out(numbers: pd.DataFrame) -> pd.DataFrame:
    """`rmse_left_out` of each network and end: each level by the margin that is best at all others."""
    away = [column for column in numbers if column.startswith("difference_")]
    of_margins = numbers[numbers["criterion"] == NAME]
    for _, part in of_margins.groupby(["model", "group", "recipe", "end"]):
        differences = part[away].dropna(axis=1, how="any").to_numpy()
        if differences.shape[1] > 1:
            squares = differences**2
            best = (squares.sum(axis=1, keepdims=True) - squares).argmin(axis=0)
            chosen = squares[best, np.arange(squares.shape[1])]
            numbers.loc[part.index, "rmse_left_out"] = math.sqrt(chosen.mean())
    return numbers


def shown(numbers: pd.DataFrame, section: Section) -> pd.DataFrame:
    """The rows as they are read: of margins some of whole runs, and the best of each end."""
    by_end = numbers.dropna(subset=["rmse", "end"]).groupby(["model", "group", "recipe", "end"])["rmse"]
    some = (numbers["end"] == WHOLE) & numbers["margin"].isin(MARGINS_SHOWN)
    read = numbers[(numbers["criterion"] != NAME) | some | numbers.index.isin(by_end.idxmin())]
    levels = [column for column in read if column.startswith("epoch_")]
    columns = {
        "network": [", ".join(filter(None, (section.labels[row.model], row.group))) for row in read.itertuples()],
        "seeds": [str(count) for count in read["seeds"]],
        "overfitted when": [moment(row) for row in read.to_dict("records")],
        "runs that meet it": [f"{met} of {count}" for met, count in zip(read["met"], read["runs"], strict=True)],
        "RMSE": [plain(value) for value in read["rmse"]],
        "levels": [str(count) for count in read["levels"]],
        "left out": [plain(value) for value in read["rmse_left_out"]],
        **{f"P = {column.removeprefix('epoch_')}": [plain(value, 1) for value in read[column]] for column in levels},
    }
    return pd.DataFrame(columns)


def moment(row: Mapping[str, Any]) -> str:
    """When a row's criterion is met, in words."""
    if row["criterion"] != NAME:
        return when_fitted(row["criterion"])
    return f"the loss is first within {row['margin']:g} of that after epoch {row['end']:.0f}"
