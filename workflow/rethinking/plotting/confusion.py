"""Confusion matrices of the test set after the first, the best and the last epoch: a row a network, true classes down.

Summed over seeds, each at its own best epoch: every seed has the same test images, so a row's shares are means over
seeds, and the accuracy above a matrix is the one that tables give.
"""

import itertools
import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from rethinking.outcomes.selection import rows_of, without_diverged
from rethinking.outcomes.wording import (
    capitalised,
    diverged_sentence,
    seeds_sentence,
    setting_label,
    validation_sentence,
)
from rethinking.plotting.layout import CAPTION, shortened, text_height, wrap
from rethinking.plotting.style import LARGE, MEDIUM, SMALL, style
from rethinking.sections import Section

MAP, FULL = "magma_r", Normalize(0, 100)  # even steps of lightness, the same to eyes that tell no red from green
WHITE_FROM = 35  # percent; on the reds from here on white is read more easily than black
# Inches: around the figure, between matrices, for the colours; above a row, to its network's name; for what an axis is
# of, for each letter of the longest class's name.
EDGE, BETWEEN, BAR = 0.06, 0.12, 0.62
TITLES, NAME = 0.5, 0.36
AXIS, LETTER = 0.2, 0.06
NUMBER, LINE = 1.92 * SMALL, 1.2 * SMALL  # points: a cell with room for "100", one for a line of text


def figure(runs: pd.DataFrame, confusions: pd.DataFrame, section: Section) -> tuple[Figure, str]:
    """The figure, a row a network of each group, and its caption."""
    networks, width = section.networks("networks"), section.size[0]
    text = caption(runs, section)
    wrapped = wrap(text, (width - 2 * EDGE) * 72, SMALL)
    names = AXIS + LETTER * max(len(shortened(name)) for name in confusions["True"].unique())
    below = EDGE + text_height(2 + wrapped.count("\n")) + names
    side = (width - 2 * EDGE - names - 2 * BETWEEN - BAR) / 3
    cells = [rows_of(confusions, group, model) for group, model in networks]
    named = names_classes([list(rows["True"].unique()) for rows in cells])
    height = below + len(networks) * (side + TITLES) + names * sum(named[:-1]) + EDGE
    with style():
        drawing = Figure(figsize=(width, height))
        for row, (group, model) in reversed(list(enumerate(networks))):
            shown = matrices(without_diverged(rows_of(runs, group, model)), cells[row])
            bottom = below + (len(networks) - 1 - row) * (side + TITLES) + names * sum(named[row:-1])
            draw_row(drawing, shown, section.label(group, model), (EDGE + names, bottom), side, named[row])
        draw_bar(drawing, (width - EDGE - BAR + BETWEEN, below, height - EDGE - TITLES))
        drawing.text(EDGE / width, EDGE / height, wrapped, **CAPTION)
    return drawing, text


def names_classes(classes: list[list[str]]) -> list[bool]:
    """Of each row, by its classes, whether they are named below it: where those of the next row are others."""
    return [*(above != below for above, below in itertools.pairwise(classes)), True]


def draw_row(
    drawing: Figure, shown: dict[str, pd.DataFrame], label: str, corner: tuple[float, float], side: float, named: bool
) -> None:
    """One network's matrices beside each other, from their lower left `corner`; all lengths in inches."""
    (width, height), (left, bottom) = drawing.get_size_inches(), corner
    top = (bottom + side + NAME) / height
    drawing.text(left / width, top, label, va="top", fontsize=LARGE, fontweight="bold")
    for column, (title, matrix) in enumerate(shown.items()):
        start = left + column * (side + BETWEEN)
        axes = drawing.add_axes((start / width, bottom / height, side / width, side / height))
        draw_matrix(axes, matrix, title, side)
        every = math.ceil(LINE * len(matrix) / (side * 72))
        label_classes(axes, list(matrix.index), every, rows=column == 0, columns=named)


def matrices(runs: pd.DataFrame, confusions: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """By title the matrices of one network, counts summed over seeds, after the first, the best and the last epoch."""
    best, last = (runs.set_index("seed")[key] for key in ("best_validation_epoch", "epochs_done"))
    epochs = {"first epoch": last.clip(upper=1), "best epoch": best, "last epoch": last}
    return {f"{name} ({spelled(chosen)})": summed(confusions, chosen) for name, chosen in epochs.items()}


def spelled(epochs: pd.Series) -> str:
    """The epochs that a matrix is of: one, or the lowest and the highest where seeds differ."""
    if epochs.empty:
        return "no run"
    low, high = int(epochs.min()), int(epochs.max())
    return str(low) if low == high else f"{low} to {high}"


def summed(confusions: pd.DataFrame, epochs: pd.Series) -> pd.DataFrame:
    """The matrices of each seed's epoch, summed: a row a true class, a column a predicted one, in their own order.

    `epochs` are by seed; of none of them all counts are 0.
    """
    counts = confusions["Count"].where(confusions["Epoch"] == confusions["seed"].map(epochs), 0)
    return counts.groupby([confusions["True"], confusions["Predicted"]], sort=False).sum().unstack(sort=False)


def draw_matrix(axes: Axes, matrix: pd.DataFrame, title: str, side: float) -> None:
    """Each row in percent of its class, coloured and written; the title says how many are on the diagonal."""
    counts = matrix.to_numpy()
    shares = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap=MAP, norm=FULL, aspect="auto", interpolation="nearest")
    axes.grid(visible=False)
    accuracy = f": {100 * np.trace(counts) / counts.sum():.1f} %" if counts.any() else ""
    axes.set_title(f"{title}{accuracy}", fontsize=MEDIUM, fontweight="normal", pad=3)
    if side * 72 / len(counts) < NUMBER:
        return
    for (true, predicted), share in np.ndenumerate(shares):
        if (number := f"{share:.0f}") != "0":
            colour = "white" if share >= WHITE_FROM else "black"
            axes.text(predicted, true, number, ha="center", va="center", fontsize=SMALL, color=colour)


def label_classes(axes: Axes, classes: list[str], every: int, *, rows: bool, columns: bool) -> None:
    """The names of classes, all or one of `every` few, where they are not those of the matrix beside or below."""
    names = [shortened(name) for name in classes[::every]]
    places = range(0, len(classes), every)
    turned = 90 if max(map(len, names)) > 2 else 0
    axes.set_xticks(places if columns else [], names if columns else [], rotation=turned)
    axes.set_yticks(places if rows else [], names if rows else [])
    axes.tick_params(length=0, labelsize=SMALL)
    axes.spines[["left", "bottom"]].set_visible(False)
    if rows:
        axes.set_ylabel("true class")
    if columns:
        axes.set_xlabel("predicted class")


def draw_bar(drawing: Figure, place: tuple[float, float, float]) -> None:
    """The colours' meaning, at `place`: from the left, bottom and top in inches."""
    (width, height), (left, bottom, top) = drawing.get_size_inches(), place
    axes = drawing.add_axes((left / width, bottom / height, 0.1 / width, (top - bottom) / height))
    bar = drawing.colorbar(ScalarMappable(FULL, MAP), cax=axes, label="share of the true class (%)")
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]


def caption(runs: pd.DataFrame, section: Section) -> str:
    """Which images, which epochs, and over which seeds."""
    networks = section.networks("networks")
    labels = [(section.dataset_labels[group.dataset], setting_label(group.corruptions[0])) for group, _ in networks]
    tested = dict.fromkeys(int(rows_of(runs, *network)["num_test"].iloc[0]) for network in networks)
    sentences = [
        f"{'; '.join(dict.fromkeys(f'{capitalised(label)}, {setting}' for label, setting in labels))}: confusion"
        f" matrices of {' or '.join(f'{count:,}' for count in tested)} test images, true classes down and predicted"
        " ones across, each row in percent of its class; shares that round to zero are left blank.",
        "Above each matrix its accuracy.",
        "Best: the epoch with the highest validation accuracy; test images choose nothing.",
        seeds_sentence(section.seeds, "Sums over {count} seeds ({which}), each at its own best epoch."),
        validation_sentence(runs),
        diverged_sentence(runs),
        section.note,
    ]
    return " ".join(filter(None, sentences))
