"""Curves against training steps, as several figures have them: the runs of a panel, means, bands, a hair a seed, and
the paper's numbers over them.

Bands reach from the lowest to the highest seed (with two or three seeds a standard deviation says less).
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from rethinking.outcomes.columns import RUN
from rethinking.outcomes.wording import capitalised, images_of, seeds_sentence, setting_label
from rethinking.plotting.layout import Handles
from rethinking.plotting.style import setting_styles
from rethinking.sections import PanelRuns, Section

MARKS_A_LINE = 5
HAIR = {"linewidth": 0.4, "alpha": 0.35}
THIN_LINES = "seeds that trained on after another of their setting had stopped."


def unit_of(tables: Sequence[pd.DataFrame]) -> int:
    """1000 where steps are counted in thousands, else 1."""
    return 1000 if max((table["Step"].max() for table in tables if len(table)), default=1) >= 10_000 else 1


def steps_label(unit: int) -> str:
    """The name of an axis of steps."""
    return "training steps" if unit == 1 else "thousand training steps"


def unit_of_axis(axes: Axes) -> int:
    """The unit of an axis that `steps_label` named."""
    return 1000 if axes.get_xlabel() == steps_label(1000) else 1


# The paper's own numbers


def shown_of_paper(published: pd.DataFrame | None, section: Section) -> pd.DataFrame:
    """Those of the paper's numbers whose networks and corruptions the panels show, `name` being ours of the network.

    A panel on other data than its section's has none: what the paper's numbers stand beside is of the paper's size.
    """
    if published is None:
        return pd.DataFrame(columns=["panel", "name", "corruption", "quantity", "step", "value", "remark"])
    names = [
        (group.panel, section.published_as[model], model, corruption)
        for group in section.groups
        if group.dataset == section.dataset
        for model in group.models
        for corruption in group.corruptions
    ]
    shown = pd.DataFrame(names, columns=["panel", "model", "name", "corruption"])
    return published.merge(shown, on=["panel", "model", "corruption"])


def draw_points(axes: Axes, points: pd.DataFrame, marks: dict[str, Any]) -> None:
    """Points of the paper's curves over ours; the axis of steps goes on to the last of them."""
    if points.empty:
        return
    unit = unit_of_axis(axes)
    end = max(axes.get_xlim()[1], 1.02 * points["step"].max() / unit)
    axes.plot(points["step"] / unit, points["value"], **marks)
    axes.set_xlim(0, end)


# A band over seeds


def mean_and_range(table: pd.DataFrame, by: str, value: str) -> pd.DataFrame:
    """Mean, lowest and highest of `value` and their count for each value of `by`; empty cells are left out."""
    return table.groupby(by)[value].agg(["mean", "min", "max", "count"])


def draw_band(axes: Axes, summary: pd.DataFrame, line: dict[str, Any], **marks: Any) -> None:
    """A mean line and its band; where nothing was measured both have a gap, never a bridge."""
    axes.plot(summary.index, summary["mean"], **line, **marks)
    if summary["count"].max() > 1:
        axes.fill_between(summary.index, summary["min"], summary["max"], color=line["color"], alpha=0.2, linewidth=0)


# A hair a seed


def by_step(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """A column of all seeds: one row a step, one column a seed; steps at which it was not measured are left out."""
    return rows.pivot(index="Step", columns="seed", values=column).dropna(how="all")


def draw_curve(axes: Axes, rows: pd.DataFrame, column: str, unit: int, line: dict[str, Any], **marks: Any) -> None:
    """The mean over seeds as a line, where all of them are, each seed as a hair."""
    curves = by_step(rows, column)
    means = curves.dropna().mean(axis=1)
    axes.plot(means.index / unit, means, **line, **marks)
    if curves.shape[1] > 1:
        for seed in curves:
            axes.plot(curves.index / unit, curves[seed], **{**line, **HAIR})


# Training loss in several data settings


def split_losses(training: pd.DataFrame, curves: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The online losses of one network's runs in three tables.

    `together`: the steps that all seeds of a setting reached; `alone`: from the last of these, the seeds that trained
    on; `diverged`: the whole curve of a run that diverged. A mean whose seeds change on the way would jump.
    """
    losses = curves.merge(training[[*RUN, "stopped_by"]], on=RUN)
    losses = losses[np.isfinite(losses["OnlineTrainLoss"])]
    diverged = losses["stopped_by"] == "diverged"
    kept = losses[~diverged]
    seeds = kept.groupby("corruption")["seed"].transform("nunique")
    shared = kept.groupby(["corruption", "Step"])["seed"].transform("size") == seeds
    last_shared = kept["Step"].where(shared).groupby(kept["corruption"]).transform("max").fillna(0)
    ends = kept.groupby(["corruption", "seed"])["Step"].transform("max")
    alone = (kept["Step"] >= last_shared) & (ends > last_shared)
    return {"together": kept[shared], "alone": kept[alone], "diverged": losses[diverged]}


def draw_losses(
    axes: Axes, losses: dict[str, pd.DataFrame], training: pd.DataFrame, corruptions: Sequence[str]
) -> None:
    """Training loss of one network against steps, one line a data setting."""
    last = max((table["Step"].max() for table in losses.values() if len(table)), default=1)
    unit = unit_of(list(losses.values()))
    kept = pd.concat([losses["together"], losses["alone"]])["OnlineTrainLoss"]
    # A loss on its way to infinity would press all other lines onto the axis.
    top = 1.05 * (kept.max() if len(kept) else math.log(training["num_classes"].iloc[0]))
    for place, (corruption, look) in enumerate(setting_styles(corruptions).items()):
        of_setting = {name: table[table["corruption"] == corruption] for name, table in losses.items()}
        summary = mean_and_range(of_setting["together"], "Step", "OnlineTrainLoss")
        summary.index = summary.index / unit
        # Staggered, so that the markers of lines that run close together do not hide each other.
        stride = max(1, len(summary) // MARKS_A_LINE)
        marks = range(place * stride // len(corruptions), len(summary), stride)
        draw_band(axes, summary, look.line_and_marker(), markevery=list(marks))
        for name in ("alone", "diverged"):
            for _, run in of_setting[name].groupby("seed"):
                axes.plot(run["Step"] / unit, run["OnlineTrainLoss"], **look.line(), linewidth=0.6)
        for _, run in of_setting["diverged"].groupby("seed"):
            end = run.iloc[-1]
            axes.plot(end["Step"] / unit, min(end["OnlineTrainLoss"], top), "x", color=look.colour, clip_on=False)
    axes.set_xlabel(steps_label(unit))
    axes.set_xlim(0, 1.02 * last / unit)
    axes.set_ylim(-0.03 * top, top)


def setting_handles(corruptions: Sequence[str]) -> Handles:
    """The legend of the data settings."""
    looks = setting_styles(corruptions)
    return [(Line2D([], [], **look.line_and_marker()), setting_label(name)) for name, look in looks.items()]


def network_on(runs: pd.DataFrame, group: PanelRuns, section: Section) -> str:
    """A group's data and its one network, as the caption of a figure of these begins."""
    data = images_of(section.dataset_labels[group.dataset], runs["num_train"].iloc[0])
    return f"{capitalised(data)}, {section.labels[group.models[0]]}"


def lines_sentence(seeds: Sequence[int], spread: str = "bands: lowest to highest seed") -> str:
    """How many seeds, and what line and band, or hair, show of them."""
    return seeds_sentence(seeds, f"Lines: means over {{count}} seeds ({{which}}); {spread}.")
