"""Theorem 1: networks that fit any labels without a training, their errors and costs against the number of points."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rethinking.plotting.layout import Handles, lay_out
from rethinking.plotting.powers import label_powers
from rethinking.plotting.style import BLUE, GREEN, VERMILLION, LineStyle, style
from rethinking.sections import Section

LOOKS = {
    "theorem": (LineStyle(BLUE, "o", ()), "theorem 1"),
    "corollary": (LineStyle(GREEN, "s", (4, 1.4)), "corollary 1, deep"),
    "obvious": (LineStyle(VERMILLION, "D", (1, 1.2)), "obvious construction"),
}
LOST = 0.5  # an output that is as far from its label may round to another
EXACT = 1e-17  # where an error of none is drawn


def figure(expressivity: pd.DataFrame, section: Section) -> tuple[Figure, str]:
    """The figure, three panels, and its caption; columns of the data frame: `outcomes.computed.EXPRESSIVITY`."""
    with style():
        drawing = Figure(figsize=section.size)
        axes = list(drawing.subplots(1, 3))
        for each, column, name in zip(
            axes, ("largest_error", "seconds", "memory"), ("largest |c(x) - y|", "seconds", "memory, MB"), strict=True
        ):
            draw(each, expressivity, column)
            each.set_ylabel(name)
        axes[0].axhline(LOST, color="0.4", linewidth=0.8, linestyle=(0, (2, 2)))
        axes[0].annotate("labels lost", (1, LOST), (-2, 2), xycoords=("axes fraction", "data"),
                         textcoords="offset points", ha="right", va="bottom", color="0.3")  # fmt: skip
        axes[0].set_ylim(top=50)
        for each, title in zip(axes, ("(a) error", "(b) time", "(c) memory"), strict=True):
            each.set_title(title)
        text = caption(expressivity, section)
        lay_out(drawing, axes, {0: handles(expressivity)}, text)
    return drawing, text


def draw(axes: Axes, rows: pd.DataFrame, column: str) -> None:
    """One quantity against the number of points, a line a construction."""
    for name, (look, _) in LOOKS.items():
        of_one = rows[rows["construction"] == name].sort_values("points")
        if column != "largest_error" and name == "corollary":  # the same units, in layers
            continue
        axes.plot(of_one["points"], of_one[column].clip(lower=EXACT), **look.line_and_marker())
    axes.set(xscale="log", yscale="log", xlabel="points")
    label_powers(axes.xaxis, axes.yaxis)


def handles(rows: pd.DataFrame) -> Handles:
    """The legend."""
    there = [name for name in LOOKS if (rows["construction"] == name).any()]
    return [(Line2D([], [], **LOOKS[name][0].line_and_marker()), LOOKS[name][1]) for name in there]


def caption(rows: pd.DataFrame, section: Section) -> str:
    """What is shown, and what the largest network of each kind comes to."""
    largest = rows[rows["points"] == rows["points"].max()].set_index("construction")
    built, deep, naive = (largest.loc[[name]].iloc[0] for name in LOOKS)
    left_out = f"{built['equal_points_left_out']:.0f} images that are equal to another were left out."
    sentences = [
        "ReLU networks of 2n + d weights, built by forward substitution and not trained, for n real images of"
        f" {built['dimensions']:.0f} values with random labels (theorem 1). {built['points']:,.0f} images:"
        f" {built['num_weights']:,.0f} weights, {found(built)}, {built['seconds']:.2g} s.",
        "Units start at a tenth of each gap between projections, which damps rounding errors; in the obvious"
        f" construction they start in the middle, which does not ({found(naive)}).",
        f"Corollary 1: the same units in layers, at the largest size of at most {deep['width']:.0f}.",
        "Errors are of the whole network in float64; memory is what the construction allocates beside the images.",
        left_out if built["equal_points_left_out"] else "",
        section.note,
    ]
    return " ".join(filter(None, sentences))


def found(network: "pd.Series[float]") -> str:
    """What became of a network's labels."""
    return f"largest error {network['largest_error']:.1e}, {network['labels_lost']:.0f} labels lost"
