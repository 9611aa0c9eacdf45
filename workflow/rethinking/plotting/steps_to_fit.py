"""Steps until a network has fitted its training set, against the number of images: true labels and kinds of noise."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rethinking.outcomes.capacity import SETTINGS, rows_of_panel, steps_allowed
from rethinking.outcomes.wording import capitalised, diverged_sentence, when_fitted
from rethinking.plotting.curves import draw_band, lines_sentence, setting_handles
from rethinking.plotting.layout import Handles, lay_out
from rethinking.plotting.style import LineStyle, setting_styles, style
from rethinking.sections import Section

APART = 1.07  # factor between marks of settings at the same number of images


def figure(runs: pd.DataFrame, section: Section) -> tuple[Figure, str]:
    """The figure, a line a data setting of one network, and its caption."""
    rows, allowed = rows_of_panel(runs, section, SETTINGS), steps_allowed(section, SETTINGS)
    settings = list(dict.fromkeys(rows["corruption"]))
    with style():
        drawing = Figure(figsize=section.size)
        axes = drawing.subplots()
        for place, (name, look) in enumerate(setting_styles(settings).items()):
            draw_setting(axes, rows[rows["corruption"] == name], look, allowed, APART**place)
        label_axes(axes, rows, allowed)
        axes.set_title(section.labels[section.of(SETTINGS)[0].models[0]])
        text = caption(rows, allowed, section)
        lay_out(drawing, [axes], {0: handles(rows, settings)}, text)
    return drawing, text


def draw_setting(axes: Axes, rows: pd.DataFrame, look: LineStyle, allowed: int, apart: float) -> None:
    """The mean where every seed fitted, its band, and a mark on the last step where one did not."""
    every = rows.groupby("num_train")["fitted"].all()
    fitted = rows[rows["num_train"].map(every)]
    summary = fitted.groupby("num_train")["steps"].agg(["mean", "min", "max", "count"])
    if len(summary):
        draw_band(axes, summary, look.line_and_marker())
    unfit = every.index[~every].to_numpy() * apart
    axes.plot(unfit, [allowed] * len(unfit), **_mark(look), clip_on=False)


def _mark(look: LineStyle) -> dict[str, Any]:
    return {"linestyle": "none", "marker": "^", "color": look.colour, "markerfacecolor": "white", "zorder": 5}


def label_axes(axes: Axes, rows: pd.DataFrame, allowed: int) -> None:
    """Both axes logarithmic, ticks where the data sets are."""
    images = sorted(set(rows["num_train"]))
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.axhline(allowed, color="0.45", linewidth=0.8, linestyle=(0, (1, 1.5)), zorder=1.5)
    axes.set_xticks(images, [f"{each:,}" for each in images])
    axes.minorticks_off()
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel("training images")
    axes.set_ylabel("steps to fit")


def handles(rows: pd.DataFrame, settings: Sequence[str]) -> Handles:
    """The legend of the settings, and of the mark where there is one."""
    unfit: Handles = [(Line2D([], [], **_mark(LineStyle("0.35", "^", ()))), "not every seed fitted")]
    return [*setting_handles(settings), *([] if rows["fitted"].all() else unfit)]


def caption(rows: pd.DataFrame, allowed: int, section: Section) -> str:
    """What is shown of how many steps and seeds."""
    unfit = int((~rows["fitted"]).sum())
    sentences = [
        f"{capitalised(section.dataset_label)}: steps until {when_fitted(section.fit_criterion)}, of at most"
        f" {allowed:,} (dotted), against the number of training images. The rate is the same for all,"
        " and was chosen on random labels.",
        f"{unfit} of {len(rows)} runs did not fit in their steps; lines are where every seed did." if unfit else "",
        lines_sentence(section.seeds),
        diverged_sentence(rows),
        section.note,
    ]
    return " ".join(filter(None, sentences))
