"""Accuracy and loss of networks epoch by epoch, on training, validation and test images, and each seed's best epoch.

The curves of a notebook on mini_GoogLeNet, whose "test" images were its validation set; here the two are apart.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rethinking.outcomes.columns import RUN
from rethinking.outcomes.selection import rows_of, without_diverged
from rethinking.outcomes.wording import (
    capitalised,
    diverged_sentence,
    ended_sentence,
    images_of,
    setting_label,
    validation_sentence,
)
from rethinking.plotting.curves import draw_band, lines_sentence
from rethinking.plotting.layout import Handles, lay_out, panel_width, wrap
from rethinking.plotting.style import BLUE, LARGE, ORANGE, VERMILLION, LineStyle, style
from rethinking.sections import PanelRuns, Section

Parts = Mapping[str, tuple[str, LineStyle]]
PARTS: Parts = {
    "Train": ("training", LineStyle(BLUE, "o", (4, 1.4))),
    "Validation": ("validation", LineStyle(ORANGE, "s", (1, 1.2))),
    "Test": ("test", LineStyle(VERMILLION, "D", ())),
}
ROWS = {"Accuracy": "accuracy (%)", "Loss": "loss (nats)"}
MANY, COLUMNS = 5, 4  # so many networks stand beside each other; of more, four do, in several rows of both
CHOSEN = "Vertical lines: the epoch with the highest validation accuracy, one a seed; test images choose nothing."
BEST = {"color": "0.35", "linewidth": 0.8, "linestyle": (0, (5, 2, 1, 2))}


def figure(runs: pd.DataFrame, curves: pd.DataFrame, section: Section) -> tuple[Figure, str]:
    """The figure, a column a network of each group, of many in several rows, and its caption."""
    networks = section.networks("networks")
    columns = len(networks) if len(networks) <= MANY else COLUMNS
    blocks = [networks[start : start + columns] for start in range(0, len(networks), columns)]
    with style():
        drawing = Figure(figsize=section.size)
        axes = drawing.subplots(len(ROWS) * len(blocks), columns, squeeze=False, sharex=True, sharey="row")
        drawn: set[str] = set()
        for place, block in enumerate(blocks):
            rows = axes[len(ROWS) * place : len(ROWS) * (place + 1)]
            for column, (group, model) in enumerate(block):
                trained = without_diverged(rows_of(runs, group, model))
                drawn |= draw_network(list(rows[:, column]), trained, curves.merge(trained[RUN], on=RUN), PARTS)
            for spare in rows[:, len(block) :].flat:
                spare.set_visible(False)
            label_axes(rows, section, block)
        text, many = caption(runs, section), len(blocks) > 1
        lay_out(drawing, list(axes.flat), {0: handles(drawn)}, text, columns=columns, each_titled=many)
    return drawing, text


def by_epoch(curves: pd.DataFrame, column: str) -> pd.DataFrame:
    """A column of all seeds: one row an epoch, one column a seed; epochs at which a seed has no number are left out.

    A mean whose seeds change on the way would jump.
    """
    values = of_seeds(curves, column)
    return values[np.isfinite(values).all(axis=1)]


def trained_on(curves: pd.DataFrame, column: str) -> pd.DataFrame:
    """The same of the seeds that trained on after another had ended, from the last epoch that all of them have."""
    values, shared = of_seeds(curves, column), by_epoch(curves, column)
    return values[values.index >= (shared.index.max() if len(shared) else 0)]


def of_seeds(curves: pd.DataFrame, column: str) -> pd.DataFrame:
    """A column of all seeds, one row an epoch of any of them; none where the runs do not have it."""
    if column not in curves:
        return pd.DataFrame()
    return curves.pivot(index="Epoch", columns="seed", values=column).astype(float)


def draw_network(axes: list[Axes], runs: pd.DataFrame, curves: pd.DataFrame, parts: Parts) -> set[str]:
    """One network: its accuracy in the first of `axes`, its loss in the second, its best epochs in both.

    Returns the names of the parts of the data that it has.
    """
    drawn = set()
    for each, quantity in zip(axes, ROWS, strict=True):
        for part, (_, look) in parts.items():
            values = of_seeds(curves, column := f"{part}{quantity}")
            if column in curves and (values.empty or values.notna().any(axis=None)):
                draw_line(each, by_epoch(curves, column), look, trained_on(curves, column))
                drawn.add(part)
        for epoch in runs["best_validation_epoch"].dropna():
            each.axvline(epoch, zorder=1.5, **BEST)
    return drawn


def draw_line(axes: Axes, curves: pd.DataFrame, look: LineStyle, alone: pd.DataFrame | None = None) -> None:
    """The mean over seeds as a line, from the lowest to the highest seed as a band; `curves` has a column a seed.

    `alone`: thin lines of the seeds that trained on.
    """
    every = math.ceil(len(curves) / 25)  # of many epochs not each has a mark
    summary = curves.agg(["mean", "min", "max", "count"], axis=1)
    draw_band(axes, summary, look.line_and_marker(), markersize=3.0, markevery=every)
    for _, values in () if alone is None else alone.items():
        if len(run := values.dropna()) > 1:
            axes.plot(run.index, run, **look.line(), linewidth=0.6)


def label_axes(axes: Any, section: Section, networks: Sequence[tuple[PanelRuns, str]]) -> None:
    """The networks above their columns, what the axes show, and where they end."""
    width = 72 * panel_width(section.size[0], axes.shape[1])
    for each, network in zip(axes[0], networks, strict=False):
        each.set_title(wrap(section.label(*network), width, LARGE, "bold"))
    for row, label in zip(axes, ROWS.values(), strict=True):
        row[0].set_ylabel(label)
    for each in axes[-1]:
        each.set_xlabel("epoch")
        each.xaxis.get_major_locator().set_params(integer=True)
    for each in axes[0]:
        each.set_ylim(bottom=0, top=min(101, each.get_ylim()[1]))


def handles(drawn: Collection[str]) -> Handles:
    """The legend: the parts of the data that are drawn, and the mark of a best epoch where there is one."""
    lines: list[tuple[Any, str]] = [
        (Line2D([], [], **look.line_and_marker()), name) for part, (name, look) in PARTS.items() if part in drawn
    ]
    return [*lines, *([(Line2D([], [], **BEST), "best epoch by validation")] if "Validation" in drawn else [])]


def caption(runs: pd.DataFrame, section: Section) -> str:
    """What is shown of how many images and seeds, and what the choice of an epoch gave."""
    found = {(group, model): rows_of(runs, group, model) for group, model in section.networks("networks")}
    data = dict.fromkeys(data_of(group, rows.iloc[0], section) for (group, _), rows in found.items())
    chosen = pd.concat(found.values())["best_validation_epoch"].notna().any()
    sets = "training, validation and test" if chosen else "training and test"
    sentences = [
        f"{capitalised('; '.join(data))}: accuracy (above) and loss (below) after each epoch, in"
        f" evaluation mode, on all {sets} images.",
        lines_sentence(section.seeds),
        CHOSEN if chosen else "",
        validation_sentence(pd.concat(found.values())),
        ended_sentence(pd.concat(found.values())),
        *(best_sentence(section.label(*network), without_diverged(rows)) for network, rows in found.items()),
        diverged_sentence(pd.concat(found.values())),
        section.note,
    ]
    return " ".join(filter(None, sentences))


def data_of(group: PanelRuns, run: pd.Series, section: Section) -> str:
    """What a group's networks are trained on, by one of their runs: images and setting."""
    images = images_of(section.dataset_labels[group.dataset], run["num_train"], run["num_test"])
    return f"{images}, {setting_label(group.corruptions[0])}"


def best_sentence(label: str, runs: pd.DataFrame) -> str:
    """The test accuracy where validation is best, and at the end; nothing of no runs or without a validation set."""
    if runs["best_validation_epoch"].isna().all():
        return ""
    chosen, last = runs["test_accuracy_at_best"].mean(), runs["final_test_accuracy"].mean()
    epochs = ", ".join(f"{epoch:g}" for epoch in runs.sort_values("seed")["best_validation_epoch"])
    return f"{label}: best at epoch {epochs}; test accuracy {chosen:.1f} % there, {last:.1f} % at the end."
