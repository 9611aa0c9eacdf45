"""Measures of complexity against the level of label noise, each over its value on true labels; test error beside."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rethinking.outcomes.complexity import ERROR, MEASURES, left_out_sentence, measured, over_true_labels
from rethinking.outcomes.selection import runs_of_panel
from rethinking.outcomes.wording import capitalised, diverged_sentence, images_of, when_fitted
from rethinking.plotting.curves import draw_band, lines_sentence, mean_and_range
from rethinking.plotting.layout import Handles, lay_out
from rethinking.plotting.powers import label_powers
from rethinking.plotting.style import model_styles, style
from rethinking.sections import Section

COLUMNS = 4
TITLES = {"test_error": "test error (%)", **MEASURES}


def figure(runs: pd.DataFrame, complexity: pd.DataFrame, section: Section) -> tuple[Figure, str]:
    """The figure, a panel a measure and one of the test error, a line a network; and its caption."""
    found, looks = measured(runs, complexity, section), model_styles(section.only("levels").models)
    shown = over_true_labels(found).assign(test_error=100 * found[ERROR])
    shown = pd.concat([found[["model", "level"]], shown], axis=1)
    with style():
        drawing = Figure(figsize=section.size)
        axes = list(drawing.subplots(2, COLUMNS).flat)
        for each, (name, title) in zip(axes, TITLES.items(), strict=True):
            draw(each, shown, name, section)
            each.set_title(title)
            each.set_xlabel("label corruption")
        for each in axes[1:]:
            scale(each)
        axes[COLUMNS].set_ylabel("over that on true labels")
        handles: Handles = [(Line2D([], [], **look.line_and_marker()), section.labels[m]) for m, look in looks.items()]
        text = caption(runs, section)
        lay_out(drawing, axes, {0: handles}, text, columns=COLUMNS, each_titled=True)
    return drawing, text


def draw(axes: Axes, shown: pd.DataFrame, name: str, section: Section) -> None:
    """A line a network: geometric means over seeds (of the error, means), bands from the lowest to the highest."""
    is_ratio = name in MEASURES
    for model, look in model_styles(section.only("levels").models).items():
        rows = shown[(shown["model"] == model) & ((shown[name] > 0) | (not is_ratio))]
        values = rows.assign(value=np.log(rows[name]) if is_ratio else rows[name])
        summary = mean_and_range(values, "level", "value")
        if len(summary):
            ends = summary[["mean", "min", "max"]]
            summary[["mean", "min", "max"]] = np.exp(ends) if is_ratio else ends
            draw_band(axes, summary, look.line_and_marker())


def scale(axes: Axes) -> None:
    """A line at one, and a logarithmic axis where values lie so far apart that it has several numbers on it."""
    low, high = axes.get_ylim()
    axes.axhline(1, color="0.45", linewidth=0.8, linestyle=(0, (1, 1.5)), zorder=1.5)
    if high > 0 and high / max(low, high / 1e6) > 30:
        axes.set_yscale("log")
        label_powers(axes.yaxis)


def caption(runs: pd.DataFrame, section: Section) -> str:
    """What is shown of how many images and seeds."""
    panel = runs_of_panel(runs, section, "levels")
    data = images_of(section.dataset_label, int(panel["num_train"].iloc[0]))
    sentences = [
        f"{capitalised(data)}: measures of trained networks' weights, batch normalisation folded into them, and the"
        " error on clean test labels, against the share of labels that are drawn at random. Every run ends when"
        f" {when_fitted(section.fit_criterion)}; each measure is divided by that of the same seed's run on true"
        " labels.",
        lines_sentence(section.seeds).replace("means", "geometric means (of the error, means)"),
        left_out_sentence(panel),
        diverged_sentence(panel),
        section.note,
    ]
    return " ".join(filter(None, sentences))
