"""Networks side by side, a row each: accuracy after training, parameters, multiply-adds, seconds an epoch.

The comparison that a lecture on modern convolutional networks (S4) leaves to its reader; what it prints of its own
after as many epochs stands over ours as stars.
"""

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rethinking.outcomes.architectures import Compared, compared
from rethinking.outcomes.selection import runs_of_panel
from rethinking.outcomes.wording import capitalised, diverged_sentence, images_of, seeds_sentence, setting_label
from rethinking.plotting.layout import CAPTION, fit_legend, text_height, wrap
from rethinking.plotting.powers import label_powers
from rethinking.plotting.style import BLUE, ORANGE, SMALL, LineStyle, published_marks, style
from rethinking.sections import Section

# Inches: around the figure, a letter of a network's name, a row, between panels, above them and below.
EDGE, LETTER, ROW, BETWEEN, TITLES, FOOT, LEGEND = 0.06, 0.058, 0.24, 0.24, 0.24, 0.26, 0.2
TRAIN, TEST = LineStyle(ORANGE, "s", ()), LineStyle(BLUE, "o", ())
WIDER = 1.6  # the panel of accuracies, in widths of another
PANELS = ("accuracy (%)", "parameters", "multiply-adds", "seconds an epoch")


def figure(
    runs: pd.DataFrame, architectures: pd.DataFrame, published: pd.DataFrame, section: Section
) -> tuple[Figure, str]:
    """The figure, a row a network of each group, and its caption."""
    networks = compared(runs, architectures, published, section, "networks")
    text, width = caption(runs_of_panel(runs, section, "networks"), networks, section), section.size[0]
    wrapped = wrap(text, (width - 2 * EDGE) * 72, SMALL)
    below = EDGE + text_height(1 + wrapped.count("\n")) + FOOT
    tall = ROW * len(networks)
    height = below + tall + TITLES + LEGEND + EDGE
    left = EDGE + LETTER * max(len(each.label) for each in networks)
    unit = (width - left - EDGE - BETWEEN * (len(PANELS) - 1)) / (len(PANELS) - 1 + WIDER)
    with style():
        drawing = Figure(figsize=(width, height))
        start, axes = left, []
        for place, title in enumerate(PANELS):
            wide = unit * (1 if place else WIDER)
            axes.append(drawing.add_axes((start / width, below / height, wide / width, tall / height)))
            axes[-1].set_title(title)
            name_rows(axes[-1], [each.label for each in networks] if place == 0 else [], len(networks))
            start += wide + BETWEEN
        draw_accuracies(axes[0], networks)
        draw_sizes(axes[1:3], networks)
        draw_range(axes[3], [each.seconds_per_epoch for each in networks], TEST)
        axes[3].set_xlim(left=0)
        legend = fit_legend(drawing, handles(networks), width - left - EDGE)
        legend.set_bbox_to_anchor((left / width, (height - LEGEND) / height), drawing.transFigure)
        drawing.text(EDGE / width, EDGE / height, wrapped, **CAPTION)
    return drawing, text


def name_rows(axes: Axes, names: Sequence[str], number: int) -> None:
    """The networks from the top down, by name where there are any."""
    axes.set_yticks(range(number) if names else [], names)
    axes.set_ylim(number - 0.5, -0.5)
    axes.set_yticks([place + 0.5 for place in range(number - 1)], minor=True)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="y", which="minor")
    axes.tick_params(axis="y", which="both", length=0)
    axes.spines["left"].set_visible(False)


def draw_accuracies(axes: Axes, networks: Sequence[Compared]) -> None:
    """Accuracy on the training and the test set after the last epoch, and what a source prints of them."""
    for part, look in (("train", TRAIN), ("test", TEST)):
        draw_range(axes, [each.runs[f"final_{part}_accuracy"] for each in networks], look)
        for row, each in enumerate(networks):
            axes.plot(getattr(each, part), row, **{**theirs(look, each), "clip_on": False})
    axes.set_xlim(0, 101)


def theirs(look: LineStyle, network: Compared) -> dict[str, Any]:
    """The mark of a source's number, hollow where our runs are of another size than its."""
    return {**published_marks(look.colour, suspect=not network.whole), "markersize": 6.5}


def draw_range(axes: Axes, values: Sequence[pd.Series], look: LineStyle) -> None:
    """A mark at each row's mean over seeds, a line from the lowest to the highest."""
    for row, of_network in enumerate(values):
        if len(of_network):
            axes.plot([of_network.min(), of_network.max()], [row, row], color=look.colour, linewidth=1.0)
            axes.plot(of_network.mean(), row, **look.line_and_marker())


def draw_sizes(axes: Sequence[Axes], networks: Sequence[Compared]) -> None:
    """Parameters and multiply-adds, on logarithmic axes."""
    for each, key in zip(axes, ("parameters", "multiply_adds"), strict=True):
        values = [getattr(network, key) for network in networks]
        each.plot(values, range(len(networks)), **{**TEST.line_and_marker(), "linestyle": "none"})
        each.set_xscale("log")
        each.set_xlim(10 ** math.floor(math.log10(min(values))), 10 ** math.ceil(math.log10(max(values))))
        label_powers(each.xaxis)


def handles(networks: Sequence[Compared]) -> list[tuple[Any, str]]:
    """The legend: ours, and a source's where there is one."""
    lines: list[tuple[Any, str]] = [
        (Line2D([], [], **{**look.line_and_marker(), "linestyle": "none"}), f"{name} set")
        for name, look in (("training", TRAIN), ("test", TEST))
    ]
    having = [each for each in networks if each.test == each.test or each.train == each.train]
    if having:
        stars = tuple(Line2D([], [], **theirs(look, having[0])) for look in (TRAIN, TEST))
        lines.append((stars, "the source's, of as many epochs"))
    return lines


def caption(runs: pd.DataFrame, networks: Sequence[Compared], section: Section) -> str:
    """Of which images and how many epochs, at which inputs, and what the source's numbers are."""
    data = dict.fromkeys(
        f"{images_of(section.dataset_labels[each.group.dataset], int(each.runs['num_train'].iloc[0]))},"
        f" {setting_label(each.group.corruptions[0])}"
        for each in networks
        if len(each.runs)
    )
    epochs = sorted({each.epochs for each in networks})
    inputs = dict.fromkeys(each.input for each in networks)
    having = [each for each in networks if each.test == each.test or each.train == each.train]
    hollow = "" if all(each.whole for each in having) else ", hollow: of all its images and whole networks"
    sentences = [
        f"{capitalised('; '.join(data))}: networks after {' or '.join(map(str, epochs))} epochs, accuracies in"
        " evaluation mode on the whole sets.",
        f"Multiply-adds (convolutions and fully connected layers) are those of one image of {' or '.join(inputs)}"
        " (channels, height, width); seconds are those of training and evaluation together.",
        seeds_sentence(section.seeds, "Marks: means over {count} seeds ({which}); lines: lowest to highest seed."),
        f"Stars: what the source prints after as many epochs{hollow}; its training accuracy is a running one."
        if having
        else "",
        diverged_sentence(runs),
        section.note,
    ]
    return " ".join(filter(None, sentences))
