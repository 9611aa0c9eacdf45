"""SGD is its own regulariser: among all linear models that fit, it ends from zero at the one of the least norm."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rethinking.plotting.layout import lay_out
from rethinking.plotting.powers import label_powers
from rethinking.plotting.style import BLUE, GREEN, VERMILLION, LineStyle, style
from rethinking.sections import Section

LOOKS = {
    "sgd": (LineStyle(BLUE, "o", ()), "SGD from zero"),
    "sgd_random_start": (LineStyle(GREEN, "s", (4, 1.4)), "SGD from a random start"),
    "adam": (LineStyle(VERMILLION, "D", (1, 1.2)), "Adam from zero"),
}
PANELS = {
    "distance": ("(a) from the least norm", "relative distance"),
    "distance_to_end": ("(b) from its own end", "relative distance"),
    "residual": ("(c) fit", "relative residual"),
}
MARKS = 9  # points between two markers


def figure(implicit_regularisation: pd.DataFrame, section: Section) -> tuple[Figure, str]:
    """The figure, three panels, and its caption; columns: `outcomes.computed.IMPLICIT_REGULARISATION`."""
    rows = implicit_regularisation[implicit_regularisation["steps"] > 0]
    with style():
        drawing = Figure(figsize=section.size)
        axes = list(drawing.subplots(1, len(PANELS)))
        for each, (column, (title, name)) in zip(axes, PANELS.items(), strict=True):
            for method, (look, _) in LOOKS.items():
                if column == "distance_to_end" and method == "adam":  # of which nobody knows it
                    continue
                line = rows[rows["method"] == method]
                each.plot(line["steps"], line[column], **look.line_and_marker(), markevery=MARKS)
            each.set(xscale="log", yscale="log", xlabel="steps", ylabel=name, title=title)
            label_powers(each.xaxis, each.yaxis)
        handles = [(Line2D([], [], **look.line_and_marker()), label) for look, label in LOOKS.values()]
        text = caption(rows, section)
        lay_out(drawing, axes, {0: handles}, text)
    return drawing, text


def caption(rows: pd.DataFrame, section: Section) -> str:
    """What is shown, where each method ends, and the Hessian there."""
    ends = rows[rows["steps"] == rows["steps"].max()].set_index("method")
    any_end = ends.iloc[0]
    where = ", ".join(f"{label} {ends.loc[method, 'distance']:.1e}" for method, (_, label) in LOOKS.items())
    fits = ", ".join(f"{label} {ends.loc[method, 'residual']:.1e}" for method, (_, label) in LOOKS.items())
    ranks = ", ".join(f"{each:.0f}" for each in ends["hessian_rank"].unique())
    sentences = [
        f"Linear models of {any_end['images']:.0f} images of {any_end['values']:.0f} values, squared error, steps"
        " of one image over its squared norm. What is left of the labels at the end (c):"
        f" {fits}. The distance from the solution of the least norm, relative to its own, there (a): {where}.",
        "From a random start SGD ends at the least norm plus the part of the start outside the images' span (b).",
        f"The Hessian at the three ends is one and the same (largest relative difference"
        f" {ends['hessian_difference'].max():.0e}), of rank {ranks}; that of the images is {any_end['rank']:.0f}.",
        section.note,
    ]
    return " ".join(filter(None, sentences))
