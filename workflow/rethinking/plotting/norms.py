"""Frobenius norms of a network's parameters: tensor by tensor before and after training, and all together by epoch.

Of a tutorial on regularisation (Neuromatch W2D1). The norm of all tensors together is the root of their squares' sum,
which its text calls the sum of their norms.
"""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from rethinking.outcomes.columns import RUN
from rethinking.outcomes.selection import runs_of_panel, without_diverged
from rethinking.outcomes.wording import diverged_sentence, setting_label
from rethinking.plotting.curves import draw_band, lines_sentence, mean_and_range, network_on
from rethinking.plotting.layout import Handles, lay_out
from rethinking.plotting.style import LineStyle, setting_styles, style
from rethinking.sections import Section

MEASURE, TOTAL, BEFORE = "frobenius_norm", "total", "before training"
OF_BEFORE = LineStyle("0.6", "", (4, 1.4))
HATCHES = ("", "", "////", "....", "xxxx", "----")  # beside the colours: before training, then setting by setting
NAMED = 8  # tensors whose names have room below a panel


def figure(runs: pd.DataFrame, measures: pd.DataFrame, section: Section) -> tuple[Figure, str]:
    """The figure: bars by tensor on the left, the norm of all of them against epochs on the right; and its caption."""
    shown = runs_of_panel(runs, section, "settings")
    norms = measures[measures["Measure"] == MEASURE].merge(without_diverged(shown)[[*RUN, "epochs_done"]], on=RUN)
    looks = setting_styles(section.only("settings").corruptions)
    with style():
        drawing = Figure(figsize=section.size)
        bars, curve = drawing.subplots(1, 2)
        draw_bars(bars, before_and_after(norms, tuple(looks)), looks)
        draw_curves(curve, norms[norms["Layer"] == TOTAL], looks)
        text = caption(shown, section)
        lay_out(drawing, [bars, curve], {0: bar_handles(looks), 1: curve_handles(looks)}, text)
    return drawing, text


def before_and_after(norms: pd.DataFrame, corruptions: tuple[str, ...]) -> dict[str, pd.DataFrame]:
    """By `BEFORE` and corruption: mean, lowest and highest norm over seeds, a row a tensor and one of all, in order.

    Before training a seed's network is the same in all settings.
    """
    layers = list(dict.fromkeys(norms["Layer"]))
    last = norms[norms["Epoch"] == norms["epochs_done"]]
    parts = {BEFORE: norms[norms["Epoch"] == 0]}
    parts |= {corruption: last[last["corruption"] == corruption] for corruption in corruptions}
    return {name: mean_and_range(rows, "Layer", "Value").reindex(layers) for name, rows in parts.items()}


def draw_bars(axes: Axes, parts: Mapping[str, pd.DataFrame], looks: Mapping[str, LineStyle]) -> None:
    """A group of bars a tensor: before, and after training in each setting; dashed lines for all tensors together."""
    width, layers = 0.8 / len(parts), next(iter(parts.values())).index
    tensors = [layer for layer in layers if layer != TOTAL]
    for place, (name, summary) in enumerate(parts.items()):
        rows, look = summary.loc[tensors], looks.get(name, OF_BEFORE)
        shift = (place - (len(parts) - 1) / 2) * width
        axes.bar([number + shift for number in range(len(tensors))], rows["mean"], width, **fill(look, place))
        if rows["count"].max() > 1:
            ends = [rows["mean"] - rows["min"], rows["max"] - rows["mean"]]
            starts = [number + shift for number in range(len(tensors))]
            axes.errorbar(starts, rows["mean"], ends, fmt="none", ecolor="black", elinewidth=0.6)
        if len(layers):
            axes.axhline(summary.loc[TOTAL, "mean"], **total_line(look, place))
    every = math.ceil(len(tensors) / NAMED) or 1
    axes.set_xticks(range(0, len(tensors), every), ["\n".join(name.rsplit(".", 1)) for name in tensors[::every]])
    axes.grid(visible=False, axis="x")
    axes.set_ylabel("Frobenius norm")
    axes.set_title("each tensor before and after training")


def fill(look: LineStyle, place: int) -> dict[str, Any]:
    """The look of the bars at a place of each group: white lines on the colour tell them apart without it."""
    hatch = HATCHES[place % len(HATCHES)]
    return {"facecolor": look.colour, "edgecolor": "white", "linewidth": 0, "hatch": hatch}


def total_line(look: LineStyle, place: int) -> dict[str, Any]:
    """The look of the line of all tensors together, dashed, each otherwise."""
    return {"color": look.colour, "linewidth": 0.9, "linestyle": (0, (5 + 2 * place, 1.5 + place))}


def draw_curves(axes: Axes, totals: pd.DataFrame, looks: Mapping[str, LineStyle]) -> None:
    """The norm of all tensors together against epochs, from 0: means over seeds, bands from the lowest to the highest.

    A mean is of the epochs that all seeds of a setting have.
    """
    for corruption, look in looks.items():
        rows = totals[totals["corruption"] == corruption]
        summary = mean_and_range(rows, "Epoch", "Value")
        summary = summary[summary["count"] == rows["seed"].nunique()]
        if len(summary):
            draw_band(axes, summary, look.line_and_marker(), markersize=3.4, markevery=math.ceil(len(summary) / 12))
    axes.set_xlabel("epoch")
    axes.set_title("all tensors together, by epoch")


def bar_handles(looks: Mapping[str, LineStyle]) -> Handles:
    """The legend of the bars, each with its line of all tensors together."""
    shown = {BEFORE: OF_BEFORE, **looks}
    return [
        (
            (Patch(**fill(look, place)), Line2D([], [], **total_line(look, place))),
            name if name == BEFORE else f"after, {setting_label(name)}",
        )
        for place, (name, look) in enumerate(shown.items())
    ]


def curve_handles(looks: Mapping[str, LineStyle]) -> Handles:
    """The legend of the curves."""
    return [(Line2D([], [], **look.line_and_marker()), setting_label(name)) for name, look in looks.items()]


def caption(runs: pd.DataFrame, section: Section) -> str:
    """What is shown of how many images and seeds."""
    group = section.only("settings")
    sentences = [
        f"{network_on(runs, group, section)}: Frobenius norms of the trainable tensors before"
        " training and after it (left; dashed lines: all tensors together, the root of their squares' sum), and of all"
        " together after each epoch (right; 0 is before training).",
        lines_sentence(section.seeds, "bands and whiskers: lowest to highest seed").replace("Lines", "Bars and lines"),
        diverged_sentence(runs),
        section.note,
    ]
    return " ".join(filter(None, sentences))
