"""Least squares on random features: test error falls, rises up to as many features as images, and falls again."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rethinking.outcomes.descent import TEST, TRAIN
from rethinking.outcomes.random_features import in_percent, of_labels, what_is_fitted
from rethinking.plotting.curves import draw_band, lines_sentence, mean_and_range, setting_handles
from rethinking.plotting.layout import Handles, lay_out
from rethinking.plotting.powers import label_powers
from rethinking.plotting.style import LineStyle, setting_styles, style
from rethinking.sections import Section

PANELS = {
    TEST: ("(a) test error", "test error (%)"),
    TRAIN: ("(b) training error", "training error (%)"),
    "norm": ("(c) norm", "norm of the solution"),
}
THRESHOLD = {"color": "0.45", "linewidth": 0.9, "linestyle": (0, (1, 1.5)), "zorder": 1.5}
KERNEL = {"linewidth": 0.8, "linestyle": (0, (5, 2)), "alpha": 0.8, "zorder": 1.6}


def figure(random_features: pd.DataFrame, section: Section) -> tuple[Figure, str]:
    """The figure, three panels, and its caption; columns: `outcomes.computed.RANDOM_FEATURES`."""
    rows = in_percent(random_features)
    rows = rows.assign(ratio=rows["features"] / rows["num_train"])
    looks = setting_styles(list(dict.fromkeys(rows["corruption"])))
    with style():
        drawing = Figure(figsize=section.size)
        axes = list(drawing.subplots(1, len(PANELS)))
        for each, (column, (title, name)) in zip(axes, PANELS.items(), strict=True):
            for corruption, look in looks.items():
                draw(each, rows[rows["corruption"] == corruption], column, look)
            each.axvline(1, **THRESHOLD)
            each.set(xscale="log", xlabel="features over images, N / n", ylabel=name, title=title)
            each.xaxis.set_major_formatter("{x:g}")
        axes[-1].set_yscale("log")
        label_powers(axes[-1].yaxis)
        text = caption(rows, section)
        lay_out(drawing, axes, {0: handles(list(looks))}, text)
    return drawing, text


def draw(axes: Axes, rows: pd.DataFrame, column: str, look: LineStyle) -> None:
    """One kind of labels: the mean over seeds against features over images, its band, and the kernel's mean."""
    draw_band(axes, mean_and_range(rows, "ratio", column), look.line_and_marker())
    axes.axhline(rows.loc[rows["features"].isna(), column].mean(), color=look.colour, **KERNEL)


def handles(corruptions: list[str]) -> Handles:
    """The legend: the labels, and what the other lines are."""
    others: Handles = [
        (Line2D([], [], **THRESHOLD), "N = n"),
        (Line2D([], [], color="0.35", **KERNEL), "the kernel, N to infinity"),
    ]
    return [*setting_handles(corruptions), *others]


def caption(rows: pd.DataFrame, section: Section) -> str:
    """What is fitted to how many images, and what the lines are."""
    sentences = [
        what_is_fitted(rows),
        of_labels(rows),
        "From N = n on (dotted) any labels are fitted. Dashed: the Gaussian kernel's interpolating solution, which"
        " solutions tend to; norms are of the function, so that they can be compared over N.",
        lines_sentence(sorted(set(rows["seed"]))),
        section.note,
    ]
    return " ".join(filter(None, sentences))
