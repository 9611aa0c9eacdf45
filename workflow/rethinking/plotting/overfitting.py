"""A network of many weights on few noisy points, a regression: losses and the norm of its weights, epoch by epoch.

Of a tutorial on regularisation (Neuromatch W2D1), whose printed numbers are the stars.
"""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rethinking.outcomes.columns import RUN
from rethinking.outcomes.selection import runs_of_panel, without_diverged
from rethinking.outcomes.wording import diverged_sentence
from rethinking.plotting.curves import draw_band, lines_sentence, network_on
from rethinking.plotting.layout import Handles, lay_out
from rethinking.plotting.powers import label_powers
from rethinking.plotting.style import BLUE, PURPLE, VERMILLION, LineStyle, published_marks, style
from rethinking.plotting.training import of_seeds
from rethinking.sections import Section

PANEL, MEASURE, TOTAL = "network", "frobenius_norm", "total"
# A training loss is that of the points as they were trained on, before the step; the test loss comes after it.
LOSSES = {
    "OnlineTrainLoss": ("training, before each step", LineStyle(BLUE, "o", (4, 1.4)), "online_loss"),
    "TestLoss": ("test, after it: points without noise", LineStyle(VERMILLION, "D", ()), "test_loss"),
}
NORM = LineStyle(PURPLE, "s", ())


def figure(
    runs: pd.DataFrame, curves: pd.DataFrame, measures: pd.DataFrame, published: pd.DataFrame | None, section: Section
) -> tuple[Figure, str]:
    """The figure, losses on the left and the norm of all tensors on the right, both against epochs; and its caption."""
    shown = runs_of_panel(runs, section, PANEL)
    trained = without_diverged(shown)[RUN]
    rows, norms = curves.merge(trained, on=RUN), norms_of(measures).merge(trained, on=RUN)
    theirs = of_source(published, section)
    with style():
        drawing = Figure(figsize=section.size)
        left, right = drawing.subplots(1, 2)
        for column, (_, look, quantity) in LOSSES.items():
            draw(left, rows, column, look)
            draw_stars(left, theirs, quantity, look.colour)
        draw(right, norms, "Value", NORM)
        draw_stars(right, theirs, MEASURE, NORM.colour)
        left.set_xscale("log")
        left.set_yscale("log")
        label_powers(left.xaxis, left.yaxis)
        left.set_title("loss, mean squared error")
        right.set_title("Frobenius norm of all weights")
        for each in (left, right):
            each.set_xlabel("epoch")
        text = caption(shown, rows, norms, theirs, section)
        lay_out(drawing, [left, right], {0: handles(len(theirs) > 0)}, text)
    return drawing, text


def norms_of(measures: pd.DataFrame) -> pd.DataFrame:
    """The norm of all tensors together, a row an epoch of a run, from before training."""
    return measures[(measures["Measure"] == MEASURE) & (measures["Layer"] == TOTAL)]


def of_source(published: pd.DataFrame | None, section: Section) -> pd.DataFrame:
    """What sources print of the network on the data, a row a number that stands at an epoch (`at`)."""
    if published is None:
        return pd.DataFrame(columns=["quantity", "at", "value"])
    group = section.only(PANEL)
    of_network = published["network"] == section.factories[group.models[0]]
    of_data = published["dataset"].isin(section.lineages[group.dataset])
    at_epoch = published["at"].map(lambda at: isinstance(at, int))
    return published[of_network & of_data & at_epoch]


def draw(axes: Axes, rows: pd.DataFrame, column: str, look: LineStyle) -> None:
    """A column against epochs: the mean over seeds, and a band from the lowest to the highest."""
    if rows.empty:
        return
    summary = of_seeds(rows, column).agg(["mean", "min", "max", "count"], axis=1)
    draw_band(axes, summary, look.line())


def draw_stars(axes: Axes, theirs: pd.DataFrame, quantity: str, colour: str) -> None:
    """A source's numbers of a quantity, as far as our runs go."""
    its, last = theirs[theirs["quantity"] == quantity], axes.dataLim.x1
    for epoch, value in zip(its["at"], its["value"], strict=True):
        if epoch <= last:
            axes.plot([epoch], [value], clip_on=False, **published_marks(colour))


def handles(with_stars: bool) -> Handles:
    """The legend of all lines, and of the stars where there are any."""
    lines: list[tuple[Any, str]] = [(Line2D([], [], **look.line()), name) for name, look, _ in LOSSES.values()]
    stars = [(Line2D([], [], **published_marks("black")), "the source's, one run")] if with_stars else []
    return [*lines, (Line2D([], [], **NORM.line()), "norm"), *stars]


def caption(runs: pd.DataFrame, rows: pd.DataFrame, norms: pd.DataFrame, theirs: pd.DataFrame, section: Section) -> str:
    """What is shown of how many points and seeds, and what became of the losses and the norm."""
    group = section.only(PANEL)
    sentences = [
        f"{network_on(runs, group, section).replace('images', 'points')}: {runs['num_parameters'].iloc[0]:,} weights,"
        f" trained by the mean squared error. Test points have no noise.",
        *found_sentences(rows, norms),
        "Stars: what the source prints of its one run." if len(theirs) else "",
        lines_sentence(section.seeds),
        diverged_sentence(runs),
        section.note,
    ]
    return " ".join(filter(None, sentences))


def ranged(losses: pd.Series) -> str:
    """The losses of all seeds from the lowest to the highest."""
    low, high = f"{losses.min():.1e}", f"{losses.max():.1e}"
    return low if low == high else f"{low} to {high}"


def found_sentences(rows: pd.DataFrame, norms: pd.DataFrame) -> list[str]:
    """The lowest test loss and where it was, the last losses, the norm before and after: of no runs nothing."""
    if rows.empty:
        return []
    tests, trains, totals = of_seeds(rows, "TestLoss"), of_seeds(rows, "OnlineTrainLoss"), of_seeds(norms, "Value")
    lowest, last = tests.min(), tests.index.max()
    where = ", ".join(f"{epoch:g}" for epoch in tests.idxmin())
    return [
        f"The test loss is lowest at epoch {where}, {lowest.mean():.3f} on average, and {tests.loc[last].mean():.2f}"
        f" after the last; the training loss is {ranged(trains.loc[last])} then. The norm goes from"
        f" {totals.loc[0].mean():.2f} to {totals.loc[totals.index.max()].mean():.2f}."
    ]
