"""The second descent of networks: test and training error against width, a line a level of label noise."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rethinking.outcomes.descent import (
    SIZE,
    TEST,
    TRAIN,
    by_size,
    drawn_evenly,
    first_fitted,
    rows_of_widths,
    settings_of,
    ticks,
    trained_on,
)
from rethinking.outcomes.selection import runs_of_panel
from rethinking.outcomes.wording import diverged_sentence
from rethinking.plotting.curves import draw_band, lines_sentence, mean_and_range, setting_handles
from rethinking.plotting.layout import Handles, lay_out
from rethinking.plotting.style import LineStyle, setting_styles, style
from rethinking.sections import Section

PANELS = {TEST: ("(a) test error", "test error (%)"), TRAIN: ("(b) training error", "training error (%)")}
APART = 1.02  # factor between lines of levels that fit from the same width on
FITTED = {"linewidth": 0.8, "alpha": 0.8, "zorder": 1.6}


def figure(runs: pd.DataFrame, section: Section) -> tuple[Figure, str]:
    """The figure, two panels, and its caption."""
    rows, corruptions = rows_of_widths(runs, section), settings_of(section)
    with style():
        drawing = Figure(figsize=section.size)
        axes = list(drawing.subplots(1, len(PANELS)))
        for each, (column, (title, name)) in zip(axes, PANELS.items(), strict=True):
            for place, (corruption, look) in enumerate(setting_styles(corruptions).items()):
                draw(each, rows[rows["corruption"] == corruption], column, look, APART**place)
            each.set(ylabel=name, title=title)
            label_widths(each, rows, section)
        text = caption(runs, rows, section)
        lay_out(drawing, axes, {0: handles(corruptions)}, text)
    return drawing, text


def draw(axes: Axes, rows: pd.DataFrame, column: str, look: LineStyle, apart: float) -> None:
    """One level of noise: the mean over seeds, its band, and a line from where no seed has a training error."""
    if rows.empty:
        return
    draw_band(axes, mean_and_range(rows, SIZE, column), look.line_and_marker())
    if (fitted := first_fitted(by_size(rows, SIZE, TRAIN))) is not None:
        axes.axvline(fitted * apart, **look.line(), **FITTED)


def label_widths(axes: Axes, rows: pd.DataFrame, section: Section) -> None:
    """A logarithmic axis of parameters, whose ticks are the networks by their widths."""
    alike, names = ticks(rows, section)
    axes.set_xscale("log")
    axes.set_xticks(list(names), list(names.values()))
    axes.minorticks_off()
    axes.set_xlabel(f"k of {alike}k, by parameters" if alike else "network, by parameters")


def handles(corruptions: list[str]) -> Handles:
    """The legend: the levels, and what an upright line is."""
    upright = Line2D([], [], color="0.35", marker="|", linestyle="none", markersize=9, markeredgewidth=0.8)
    return [*setting_handles(corruptions), (upright, "no training error from here on")]


def caption(runs: pd.DataFrame, rows: pd.DataFrame, section: Section) -> str:
    """What is trained on what, and what the lines are."""
    sentences = [
        trained_on(rows, section),
        drawn_evenly(settings_of(section)),
        "Upright lines, in the look of their labels: the first width from which on no seed has a training error.",
        lines_sentence(section.seeds),
        diverged_sentence(runs_of_panel(runs, section, "widths")),
        section.note,
    ]
    return " ".join(filter(None, sentences))
