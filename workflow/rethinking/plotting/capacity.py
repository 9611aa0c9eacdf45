"""How many random labels fit: training accuracy, and the steps until all fit, over parameters and number of images.

Two lines for scale: a parameter for each output of each image, and theorem 1's, which is of another network.
"""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke

from rethinking.outcomes.capacity import (
    SIZES,
    an_output_each,
    cells,
    num_inputs,
    of_theorem,
    rows_of_panel,
    steps_allowed,
)
from rethinking.outcomes.wording import capitalised, diverged_sentence, seeds_sentence, when_fitted
from rethinking.plotting.layout import Handles, lay_out
from rethinking.plotting.style import SMALL, style
from rethinking.sections import Section

Words = Callable[[float], str]
OUTLINED = [withStroke(linewidth=2.6, foreground="black")]
AN_OUTPUT_EACH: dict[str, Any] = {"linestyle": "-"}
THEOREM: dict[str, Any] = {"linestyle": (0, (4, 1.6))}
LINE: dict[str, Any] = {"color": "white", "linewidth": 1.3, "path_effects": OUTLINED, "zorder": 3}
UNFIT: dict[str, Any] = {"facecolor": "0.93", "edgecolor": "0.6", "hatch": "////", "linewidth": 0}
DARK = 0.465  # the mean of red, green and blue below which numbers are white


def figure(runs: pd.DataFrame, architectures: pd.DataFrame, section: Section) -> tuple[Figure, str]:
    """The figure, a map of training accuracy and one of the steps to the fit, and its caption."""
    rows, allowed = rows_of_panel(runs, section, SIZES), steps_allowed(section, SIZES)
    inputs, classes = num_inputs(architectures), int(rows["num_classes"].iloc[0])
    found = cells(rows)
    with style():
        drawing = Figure(figsize=section.size)
        axes = drawing.subplots(1, 2)
        draw_accuracy(axes[0], found, 100 / classes)
        draw_fits(axes[1], found, allowed)
        for each in axes:
            draw_lines(each, inputs, classes)
            label_axes(each, found)
        axes[0].set_title("training accuracy (%)")
        axes[1].set_title("steps until all labels fit")
        text = caption(rows, allowed, inputs, section)
        lay_out(drawing, list(axes), legends(found, classes), text)
    return drawing, text


def draw_accuracy(axes: Axes, found: pd.DataFrame, chance: float) -> None:
    """The map of accuracy after the last step, from guessing to all."""
    values = found.pivot_table(index="num_train", columns="num_parameters", values="accuracy")
    draw_map(axes, values, Normalize(chance, 100), percent)


def draw_fits(axes: Axes, found: pd.DataFrame, allowed: int) -> None:
    """The map of mean steps where all runs fitted; hatched where some did not, with how many did."""
    all_fitted = found.assign(steps=found["steps"].where(found["fitted"] == found["runs"]))
    values = all_fitted.pivot_table(index="num_train", columns="num_parameters", values="steps", dropna=False)
    fewest = all_fitted["steps"].min() if values.notna().any(axis=None) else 1
    draw_map(axes, values, LogNorm(min(fewest, allowed / 2), allowed), "{:,.0f}".format, "cividis_r")
    across, up = edges(values.columns), edges(values.index)
    for (images, parameters), cell in found.groupby(["num_train", "num_parameters"]):
        fitted, ran = int(cell["fitted"].sum()), int(cell["runs"].sum())
        if fitted < ran:
            x, y = values.columns.get_loc(parameters), values.index.get_loc(images)
            axes.fill_between(across[x : x + 2], up[y], up[y + 1], **UNFIT)
            write(axes, parameters, images, f"{fitted}/{ran}" if fitted else "×", UNFIT["facecolor"])


def draw_map(axes: Axes, values: pd.DataFrame, norm: Normalize, words: Words, colours: str = "cividis") -> None:
    """A coloured cell with its number for each value; rows are of numbers of images, columns of parameters."""
    mesh = axes.pcolormesh(edges(values.columns), edges(values.index), values, norm=norm, cmap=colours)
    for images, row in values.iterrows():
        for parameters, value in row.dropna().items():
            write(axes, parameters, images, words(value), mesh.to_rgba(value))
    axes.set_xscale("log")
    axes.set_yscale("log")


def write(axes: Axes, x: Any, y: Any, text: str, behind: Any) -> None:
    """A cell's text, in its middle, on its colour, so that no line is in the way."""
    colour = "white" if np.mean(to_rgb(behind)) < DARK else "black"
    box = {"boxstyle": "square,pad=0.15", "facecolor": behind, "edgecolor": "none"}
    axes.text(x, y, text, ha="center", va="center", fontsize=SMALL - 0.5, color=colour, bbox=box, zorder=4)


def percent(accuracy: float) -> str:
    """An accuracy in whole percent; all but a few are no 100."""
    return ">99" if 99.5 <= accuracy < 100 else f"{accuracy:.0f}"


def edges(values: Iterable[float]) -> np.ndarray:
    """The borders of cells around ascending values on a logarithmic axis, one more than there are values."""
    logs = np.log(np.asarray(list(values), float))
    between = (logs[1:] + logs[:-1]) / 2
    half = np.diff(logs)[[0, -1]] / 2 if len(logs) > 1 else np.full(2, np.log(2) / 2)
    return np.exp([logs[0] - half[0], *between, logs[-1] + half[1]])


def draw_lines(axes: Axes, inputs: int, classes: int) -> None:
    """The two lines, where they cross the map, which keeps its borders."""
    left, right = axes.get_xlim()
    borders = axes.get_ylim()
    parameters = np.geomspace(left, right, 200)
    lines = [(an_output_each(parameters, classes), AN_OUTPUT_EACH), (of_theorem(parameters, inputs), THEOREM)]
    for images, look in lines:
        inside = (images >= borders[0]) & (images <= borders[1])
        axes.plot(parameters[inside], images[inside], **LINE, **look)
    axes.set_xlim(left, right)
    axes.set_ylim(borders)


def label_axes(axes: Axes, found: pd.DataFrame) -> None:
    """Ticks where the networks and the data sets are."""
    parameters, images = (sorted(set(found[column])) for column in ("num_parameters", "num_train"))
    axes.set_xticks(parameters, [short(each) for each in parameters])
    axes.set_yticks(images, [f"{each:,}" for each in images])
    axes.minorticks_off()
    axes.grid(False)
    axes.set_xlabel("parameters")
    axes.set_ylabel("images, with random labels")


def short(number: float) -> str:
    """ "302k", "4.8M": a number of parameters in at most four signs."""
    for factor, letter in ((1e6, "M"), (1e3, "k")):
        if number >= 0.9995 * factor:
            scaled = number / factor
            return f"{scaled:.1f}{letter}" if scaled < 9.95 else f"{scaled:.0f}{letter}"
    return f"{number:g}"


def legends(found: pd.DataFrame, classes: int) -> dict[int, Handles]:
    """The lines above the first map, what hatching says above the second."""
    named = {f"n = p/{classes}, a parameter an output": AN_OUTPUT_EACH, "p = 2n + d: theorem 1's network": THEOREM}
    lines: Handles = [(Line2D([], [], **LINE, **look), name) for name, look in named.items()]
    if (found["fitted"] == found["runs"]).all():
        return {0: lines}
    return {0: lines, 1: [(Patch(**UNFIT), "not all, ×: none of the runs fitted")]}


def caption(rows: pd.DataFrame, allowed: int, inputs: int, section: Section) -> str:
    """What is shown of which networks, for how many steps, and what the lines are."""
    names = list(dict.fromkeys(section.labels[model] for model in rows.sort_values("num_parameters")["model"]))
    unfit = int((~rows["fitted"]).sum())
    sentences = [
        f"{capitalised(section.dataset_label)}, random labels: {', '.join(names)}, each trained for at most"
        f" {allowed:,} steps whatever the number of images, at the rate that is its own.",
        "Left: accuracy on the training set after the last step, in evaluation mode. Right: steps until"
        f" {when_fitted(section.fit_criterion)}, where a run ends; {unfit} of {len(rows)} runs did not get there within"
        " their steps, which says nothing of more steps.",
        f"Lines: n = p/{rows['num_classes'].iloc[0]} images, for each of whose outputs there is a parameter; and the n"
        f" of theorem 1's network, which is another one, with p = 2n + d, d = {inputs:,}.",
        seeds_sentence(section.seeds, "Means over {count} seeds ({which})."),
        diverged_sentence(rows),
        section.note,
    ]
    return " ".join(filter(None, sentences))
