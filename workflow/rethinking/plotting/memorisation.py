"""Accuracy on training and validation images epoch by epoch, with true, partly shuffled and random training labels.

The six curves of a tutorial on regularisation (Neuromatch W2D1). Its three trainings have different images; here they
have the same, so that curves differ by the labels alone. Validation labels are true under each of them.
"""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rethinking.outcomes.columns import RUN
from rethinking.outcomes.selection import runs_of_panel, without_diverged
from rethinking.outcomes.wording import diverged_sentence, setting_label, when_fitted
from rethinking.plotting.curves import draw_band, lines_sentence, network_on
from rethinking.plotting.layout import Handles, lay_out
from rethinking.plotting.style import LineStyle, setting_styles, style
from rethinking.plotting.training import by_epoch
from rethinking.sections import Section

# Colour and marker are a setting's; full lines and markers are of training, dashed and hollow ones of validation.
PARTS = {"Train": ("training", ()), "Validation": ("validation", (4, 1.4))}
CHANCE = {"color": "0.45", "linewidth": 0.8, "linestyle": (0, (1, 1.5))}
MARKS = 12  # a line


def figure(runs: pd.DataFrame, curves: pd.DataFrame, section: Section) -> tuple[Figure, str]:
    """The figure, a line for the training and one for the validation accuracy of each setting, and its caption."""
    group, shown = section.only("settings"), runs_of_panel(runs, section, "settings")
    rows = curves.merge(without_diverged(shown)[RUN], on=RUN)
    with style():
        drawing = Figure(figsize=section.size)
        axes = drawing.subplots()
        for place, (corruption, look) in enumerate(setting_styles(group.corruptions).items()):
            draw_setting(axes, rows[rows["corruption"] == corruption], look, place / len(group.corruptions))
        axes.axhline(100 / shown["num_classes"].iloc[0], zorder=1.5, **CHANCE)
        axes.set_xlabel("epoch")
        axes.set_ylabel("accuracy (%)")
        axes.set_ylim(0, 103)
        text = caption(shown, section)
        lay_out(drawing, [axes], {0: handles(group.corruptions)}, text)
    return drawing, text


def draw_setting(axes: Axes, rows: pd.DataFrame, look: LineStyle, shift: float) -> None:
    """The two lines of one setting: means over seeds, bands from the lowest to the highest.

    Markers begin at the fraction `shift` of their distance, so that those of lines on each other are all seen.
    """
    for part in PARTS:
        summary = by_epoch(rows, f"{part}Accuracy").agg(["mean", "min", "max", "count"], axis=1)
        if len(summary):
            stride = max(1, len(summary) // MARKS)
            draw_band(axes, summary, line_of(look, part), markersize=3.4, markevery=(int(shift * stride), stride))


def line_of(look: LineStyle, part: str) -> dict[str, Any]:
    """The look of one setting's line of a part of the data."""
    drawn = LineStyle(look.colour, look.marker, PARTS[part][1]).line_and_marker()
    hollow = {"markerfacecolor": "white", "markeredgecolor": look.colour, "markeredgewidth": 0.8}
    return drawn if part == "Train" else drawn | hollow


def handles(corruptions: tuple[str, ...]) -> Handles:
    """The legend: each line, and guessing."""
    lines = [
        (Line2D([], [], **line_of(look, part)), f"{name}, {setting_label(corruption)}")
        for corruption, look in setting_styles(corruptions).items()
        for part, (name, _) in PARTS.items()
    ]
    return [*lines, (Line2D([], [], **CHANCE), "guessing")]


def caption(runs: pd.DataFrame, section: Section) -> str:
    """What is shown of how many images and seeds, and when each setting's training labels were fitted."""
    group = section.only("settings")
    sentences = [
        f"{network_on(runs, group, section)}: accuracy after each epoch, in evaluation mode. The"
        " images are the same in all settings. Training accuracy is of the labels that the network is given; validation"
        " labels are the true ones, whatever the training labels are.",
        lines_sentence(section.seeds),
        f"Epoch at which {when_fitted(section.fit_criterion)}:"
        f" {'; '.join(fit_words(runs, corruption) for corruption in group.corruptions)}.",
        diverged_sentence(runs),
        section.note,
    ]
    return " ".join(filter(None, sentences))


def fit_words(runs: pd.DataFrame, corruption: str) -> str:
    """When the runs of a setting had fitted: the lowest and the highest of its seeds, and how many never did."""
    times = runs[runs["corruption"] == corruption]["time_to_fit"]
    never, words = int(times.isna().sum()), setting_label(corruption)
    if never == len(times):
        return f"{words} never"
    low, high = times.min(), times.max()
    reached = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    return f"{words} {reached}{f' (never in {never} of {len(times)} runs)' if never else ''}"
