"""The networks of the registry: trainable parameters against multiply-adds, each at the input that it is made for."""

from itertools import cycle

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rethinking.plotting.labels import place_labels
from rethinking.plotting.layout import lay_out
from rethinking.plotting.powers import label_powers
from rethinking.plotting.style import COLOURS, style
from rethinking.sections import Section

SHAPES = ("o", "s", "D", "v", "^", "<", ">", "P", "X", "*", "d")  # no polygon that a small circle could be
HEIGHT = 5.0  # inches; a lower figure has no room for a label at every point
# As they are written elsewhere; one that is not here is called as its module.
FAMILIES = {
    "mlp": "MLP",
    "alexnet": "AlexNet",
    "inception": "Inception",
    "five_layer_cnn": "five layer CNN",
    "lenet": "LeNet",
    "resnet": "ResNet",
    "vgg": "VGG",
    "nin": "NiN",
    "googlenet": "GoogLeNet",
    "densenet": "DenseNet",
}
ROOM = 2.5  # factor beyond the outermost points on both axes, for their labels


def figure(sizes: pd.DataFrame, section: Section) -> tuple[Figure, str]:
    """The figure and its caption. `sizes` has a row a network, `section` is the figure's."""
    with style():
        width, height = section.size
        drawing = Figure(figsize=(width, max(height, HEIGHT)))
        axes = drawing.subplots()
        handles = []
        for (family, members), marker, colour in zip(
            sizes.groupby("family", sort=False), cycle(SHAPES), cycle(COLOURS)
        ):
            look = {"marker": marker, "color": colour, "markeredgecolor": "white", "markeredgewidth": 0.3}
            look |= {"markersize": 7} if marker == "*" else {}  # most of its square is empty
            axes.plot(members["parameters"], members["multiply_adds"], linestyle="", **look)
            handles.append((Line2D([], [], linestyle="", **look), FAMILIES.get(family, family.replace("_", " "))))
        axes.set(xscale="log", yscale="log", xlabel="trainable parameters", ylabel="multiply-adds of one input")
        label_powers(axes.xaxis, axes.yaxis)
        for column, limit in (("parameters", axes.set_xlim), ("multiply_adds", axes.set_ylim)):
            limit(sizes[column].min() / ROOM, sizes[column].max() * ROOM)
        text = caption(sizes, section)
        lay_out(drawing, [axes], {0: handles}, text)
        place_labels(axes, list(zip(sizes["parameters"], sizes["multiply_adds"], strict=True)), list(sizes["label"]))
    return drawing, text


def caption(sizes: pd.DataFrame, section: Section) -> str:
    """What is shown, and at which inputs."""
    inputs = "; ".join(f"{size}: {', '.join(group['label'])}" for size, group in sizes.groupby("input", sort=False))
    return (
        f"{len(sizes)} networks, a marker a family; the lines of a label are networks at one point. Multiply-adds are "
        "those of convolutions and fully connected layers in one forward pass. Parameters and multiply-adds hold for "
        f"inputs (channels, height, width) of {inputs}. {section.note}"
    ).strip()
