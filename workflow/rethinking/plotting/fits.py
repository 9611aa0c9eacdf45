"""What a network says between few noisy points that it is trained on, epoch by epoch: as a strip and as an animation.

Of a tutorial on regularisation (Neuromatch W2D1), which shows it every 500 epochs.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.animation import FuncAnimation
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rethinking.outcomes.columns import RUN
from rethinking.outcomes.selection import runs_of_panel, without_diverged
from rethinking.outcomes.wording import diverged_sentence, seeds_sentence
from rethinking.plotting.curves import HAIR, network_on
from rethinking.plotting.layout import Handles, lay_out
from rethinking.plotting.overfitting import NORM, PANEL, norms_of, ranged
from rethinking.plotting.style import BLUE, style
from rethinking.plotting.training import of_seeds
from rethinking.sections import Section

STILL, COLUMNS = 8, 4  # panels of the strip, and of a row of it
TRAIN = {"color": "black", "marker": "o", "markersize": 3.4, "linestyle": "none", "zorder": 3}
LINE = {"color": "0.45", "linewidth": 0.9, "dashes": (4, 1.4)}
FIT = {"color": BLUE, "linewidth": 1.4}
SAID = "what the network says"
DOT = {"color": NORM.colour, "marker": "o", "markersize": 5.0, "linestyle": "none"}


def figure(runs: pd.DataFrame, points: pd.DataFrame, measures: pd.DataFrame, section: Section) -> tuple[Figure, str]:
    """The strip, a panel an epoch, and its caption."""
    shown, rows, _ = of_panel(runs, points, measures, section)
    epochs = epochs_of(rows)
    chosen = [epochs[place] for place in still(len(epochs))] or [0]
    with style():
        drawing = Figure(figsize=section.size)
        num_rows = -(-len(chosen) // COLUMNS)
        grid = drawing.subplots(num_rows, min(COLUMNS, len(chosen)), squeeze=False, sharex=True, sharey=True)
        axes = list(grid.flat)[: len(chosen)]
        for unused in list(grid.flat)[len(chosen) :]:
            unused.remove()
        for each, epoch in zip(axes, chosen, strict=True):
            draw_points(each, rows)
            draw_fit(each, rows, epoch)
            each.set_title(f"epoch {epoch:,}")
            each.set_xlabel("x")
        text = caption(shown, section)
        lay_out(drawing, axes, {0: handles(section.seeds)}, text, columns=grid.shape[1], each_titled=True)
        for each in axes[:: grid.shape[1]]:
            each.set_ylabel("y")
    return drawing, text


def animation(runs: pd.DataFrame, points: pd.DataFrame, measures: pd.DataFrame, section: Section) -> FuncAnimation:
    """A frame an epoch that has predictions: the fit, and beside it the norm of the weights until then."""
    _, rows, norms = of_panel(runs, points, measures, section)
    epochs = epochs_of(rows) or [0]
    with style():
        drawing = Figure(figsize=(section.size[0], section.size[0] / 2.4), layout="constrained")
        FigureCanvasAgg(drawing)
        left, right = drawing.subplots(1, 2)
    return FuncAnimation(
        drawing, frame_by((left, right), rows, norms, section.seeds), frames=epochs, cache_frame_data=False
    )


def frame_by(
    axes: tuple[Axes, Axes], rows: pd.DataFrame, norms: pd.DataFrame, seeds: Sequence[int]
) -> Callable[[int], list[Any]]:
    """The function that draws the frame of an epoch on these axes, the fit and the norm."""
    left, right = axes
    means = of_seeds(norms, "Value").mean(axis=1)

    def frame(epoch: int) -> list[Any]:
        for each in axes:
            each.clear()
        draw_points(left, rows)
        draw_fit(left, rows, epoch)
        left.legend(*zip(*handles(seeds), strict=True), loc="upper right")
        left.set(xlabel="x", ylabel="y", title=f"the fit after epoch {epoch:,}")
        right.plot(means.index, means, color="0.85")
        past = means[means.index <= epoch]
        right.plot(past.index, past, **NORM.line())
        right.plot(past.index[-1:], past[-1:], **DOT)
        right.set(xlabel="epoch", title="Frobenius norm of all weights")
        return []

    return frame


def of_panel(
    runs: pd.DataFrame, points: pd.DataFrame, measures: pd.DataFrame, section: Section
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The panel's runs, and of those that did not diverge the predictions and norms."""
    shown = runs_of_panel(runs, section, PANEL)
    trained = without_diverged(shown)[RUN]
    return shown, points.merge(trained, on=RUN), norms_of(measures).merge(trained, on=RUN)


def epochs_of(rows: pd.DataFrame) -> list[int]:
    """The epochs of which there are predictions."""
    return sorted(rows[rows["Set"] == "test"]["Epoch"].unique().tolist())


def still(num: int) -> list[int]:
    """Which of so many frames the strip shows, from 0: the first and the last, and closer together in the beginning."""
    places = np.linspace(0, 1, min(STILL, num)) ** 1.5 * (num - 1)
    return np.unique(np.round(places)).astype(int).tolist()


def draw_points(axes: Axes, rows: pd.DataFrame) -> None:
    """The points that are trained on, the line that they came from, and room for all that is ever said of it."""
    points = rows[rows["Set"] == "train"].drop_duplicates("Point")
    line = rows[rows["Set"] == "test"].drop_duplicates("Point")
    axes.plot(points["Input"], points["Target"], **TRAIN)
    axes.plot(line["Input"], line["Target"], **LINE)
    every = pd.concat([points["Target"], rows["Prediction"].dropna()])
    if len(every):
        margin = 0.05 * (every.max() - every.min()) or 1.0
        axes.set_ylim(every.min() - margin, every.max() + margin)


def draw_fit(axes: Axes, rows: pd.DataFrame, epoch: int) -> None:
    """What the networks say after an epoch: the mean over seeds, and a hair a seed."""
    its = rows[(rows["Epoch"] == epoch) & (rows["Set"] == "test")]
    said = its.pivot(index="Input", columns="seed", values="Prediction")
    if said.empty:
        return
    for seed in said if said.shape[1] > 1 else ():
        axes.plot(said.index, said[seed], **{**FIT, **HAIR})
    axes.plot(said.index, said.mean(axis=1), **FIT)


def handles(seeds: Sequence[int]) -> Handles:
    """The legend."""
    fit = SAID if len(seeds) == 1 else f"{SAID}, mean over seeds; hairs: each"
    shown = ((TRAIN, "trained on"), (LINE, "the line without noise"), (FIT, fit))
    return [(Line2D([], [], **look), name) for look, name in shown]


def caption(runs: pd.DataFrame, section: Section) -> str:
    """What is shown of how many points and seeds."""
    group, trained = section.only(PANEL), without_diverged(runs)
    count, error = len(trained), ranged(trained["final_train_loss"])
    sentences = [
        f"{network_on(runs, group, section).replace('images', 'points')}: what the network says after some epochs.",
        f"The mean squared error on the points that it is trained on is {error} after the last." if count else "",
        seeds_sentence(section.seeds, "{count} seeds ({which}), which draw the weights; the points are the same."),
        diverged_sentence(runs),
        section.note,
    ]
    return " ".join(filter(None, sentences))
