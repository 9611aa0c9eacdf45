"""Is a smaller norm a better model? Kernel models from strong l2 to none: test error against the solution's norm."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter

from rethinking.plotting.layout import Handles, lay_out
from rethinking.plotting.powers import label_powers
from rethinking.plotting.style import model_styles, style
from rethinking.sections import Section

TITLES = {True: "(a) true labels", False: "(b) random labels"}
RING = {"marker": "o", "markersize": 8, "markerfacecolor": "none", "markeredgewidth": 0.9, "linestyle": "none"}


def figure(kernels: pd.DataFrame, section: Section) -> tuple[Figure, str]:
    """The figure, a panel for true labels and one for others, and its caption."""
    looks = model_styles(list(dict.fromkeys(kernels["kernel"])))
    panels = [truth for truth in TITLES if (of_panel(kernels, truth)).any()]
    with style():
        drawing = Figure(figsize=section.size)
        axes = list(drawing.subplots(1, len(panels), squeeze=False).flat)
        for each, truth in zip(axes, panels, strict=True):
            draw(each, kernels[of_panel(kernels, truth)], looks)
            each.set_title(TITLES[truth])
            each.set_ylabel("test error, %")
        axes[0].set_yscale("log")
        axes[0].yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes[0].yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes[0].yaxis.set_minor_formatter(NullFormatter())
        for each, truth in zip(axes, panels, strict=True):
            if not truth:
                each.set_ylim(0, 100)
        text = caption(kernels, section)
        lay_out(drawing, axes, {0: handles(kernels, looks)}, text)
    return drawing, text


def of_panel(kernels: pd.DataFrame, truth: bool) -> "pd.Series[bool]":
    """Which rows are of true labels, or of others."""
    return (kernels["corruption"] == "true_labels") == truth


def draw(axes: Axes, rows: pd.DataFrame, looks: dict) -> None:
    """A line a kernel over its l2, the end without one ringed where it interpolates; errors of none lie on the edge."""
    least = 0.5 * 100 / rows["num_test"].max()
    for (kernel, _), line in rows.groupby(["kernel", "corruption"], sort=False):
        by_norm = line.sort_values("norm")
        errors = (100 * by_norm["test_error"]).clip(lower=least)
        axes.plot(by_norm["norm"], errors, **looks[kernel].line_and_marker())
        without = (by_norm["l2"] == 0) & (by_norm["train_error"] == 0)  # not where features are fewer than images
        axes.plot(by_norm["norm"][without], errors[without], **RING, color=looks[kernel].colour)
    axes.set_xscale("log")
    axes.set_xlabel("norm of the solution")
    label_powers(axes.xaxis)


def handles(kernels: pd.DataFrame, looks: dict) -> Handles:
    """The legend: the kernels, and what a ring is."""
    labels = dict(zip(kernels["kernel"], kernels["label"], strict=True))
    rows = [(Line2D([], [], **look.line_and_marker()), labels[kernel]) for kernel, look in looks.items()]
    return [*rows, (Line2D([], [], **RING, color="0.3"), "no regulariser: interpolates")]


def caption(kernels: pd.DataFrame, section: Section) -> str:
    """What is shown, and what the best l2 is worth in each kernel."""
    data = dict.fromkeys(
        label if (size := f"{count:,.0f} images") in label else f"{label} ({size})"
        for label, count in zip(kernels["dataset_label"], kernels["num_train"], strict=True)
    )
    found = kernels[of_panel(kernels, True)]
    gains = []
    for label, rows in found.groupby("label", sort=False):
        without, best = (rows[rows["l2"] == l2] for l2 in (0, rows["best_l2"].iloc[0]))
        if len(best) and len(without):
            errors = (100 * each["test_error"].iloc[0] for each in (without, best))
            gains.append("{}: {:.2f} % and {:.2f} %".format(label, *errors))
    sentences = [
        f"Kernel models of {', '.join(data)}: test error on true labels against the norm of the solution, l2 falling to"
        " none from left to right.",
        f"Without l2 and with the one that is best on held-out training images: {'; '.join(gains)}." if gains else "",
        "An error of 0 is drawn at half an image." if (found["test_error"] == 0).any() else "",
        section.note,
    ]
    return " ".join(filter(None, sentences))
