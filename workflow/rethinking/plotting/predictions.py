"""Test images with their true label and what each network says of them, then each network's most confident mistakes.

A mark, and bold type, tell right from wrong without colour (a blog on residual networks, S2, has such pictures of its
first test images). Made from saved weights: nothing is trained for it.
"""

import base64
import io
import textwrap
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from rethinking.outcomes.columns import MISTAKE, STRIP
from rethinking.outcomes.selection import rows_of, without_diverged
from rethinking.outcomes.wording import capitalised, seeds_sentence
from rethinking.plotting.layout import CAPTION, LONGEST, shortened, text_height, wrap
from rethinking.plotting.samples import BETWEEN, EDGE, LARGEST, NAMES, TINY, draw_image
from rethinking.plotting.style import MEDIUM, SMALL, VERMILLION, style
from rethinking.sections import Section

LINE, GAP, HEADING = 0.115, 0.07, 0.24  # inches: a line of text, below a row, a heading
RIGHT, WRONG = "\N{CHECK MARK}", "\N{BALLOT X}"

Cells = list[dict[str, Any]]
Draw = Callable[[Axes, float], None]  # from the top of its row, in inches


class Network(NamedTuple):
    """A network that is shown: its data set, name, images of both kinds, and its accuracy on the test set (%).

    `trained` is False where its run diverged.
    """

    dataset: str
    label: str
    strip: Cells
    mistakes: Cells
    trained: bool
    accuracy: float


def figure(runs: pd.DataFrame, predictions: pd.DataFrame, section: Section) -> tuple[Figure, str]:
    """The figure and its caption. `predictions` has a row an image and network, of the first seed."""
    networks, width = networks_of(runs, predictions, section), section.size[0]
    text = caption(networks, section)
    wrapped = wrap(text, (width - 2 * EDGE) * 72, SMALL)
    columns = max(len(cells) for each in networks for cells in (each.strip, each.mistakes))
    side = min(LARGEST, (width - 2 * EDGE - NAMES - BETWEEN * (columns - 1)) / columns)
    rows = [*of_strips(networks, section, side), *of_mistakes(networks, side)]
    below = EDGE + text_height(1 + wrapped.count("\n")) + GAP
    height = EDGE + sum(tall for tall, _ in rows) + below
    with style():
        drawing = Figure(figsize=(width, height))
        axes = drawing.add_axes((0, 0, 1, 1), frameon=False)
        axes.set_axis_off()
        top = height - EDGE
        for tall, draw in rows:
            axes.set(xlim=(0, width), ylim=(0, height))  # which an image moves
            draw(axes, top)
            top -= tall
        axes.set(xlim=(0, width), ylim=(0, height))
        axes.text(EDGE, EDGE, wrapped, **CAPTION)
    return drawing, text


def of_strips(networks: Sequence[Network], section: Section, side: float) -> list[tuple[float, Draw]]:
    """The rows of each data set's strip, height and drawing: its images and true labels, then a row a network."""
    rows: list[tuple[float, Draw]] = []
    for dataset in dict.fromkeys(each.dataset for each in networks):
        of_dataset = [each for each in networks if each.dataset == dataset]
        name = f"{capitalised(section.dataset_labels[dataset])}: one of each class"
        rows.append((HEADING, partial(draw_heading, text=name)))
        rows.append((side + LINE + GAP, partial(draw_images, cells=of_dataset[0].strip, side=side, labelled=True)))
        rows += [(lines(each) * LINE + 2 * GAP, partial(draw_strip, network=each, side=side)) for each in of_dataset]
        rows.append((GAP, lambda axes, top: None))
    return rows


def of_mistakes(networks: Sequence[Network], side: float) -> list[tuple[float, Draw]]:
    """The rows of the mistakes, one a network: images, what is said of each and its true label."""
    text = "the most confident mistakes on the whole test set"
    rows = [(side + 3 * LINE + GAP, partial(draw_mistakes, network=each, side=side)) for each in networks]
    return [(HEADING, partial(draw_heading, text=text)), *rows]


def draw_strip(axes: Axes, top: float, network: Network, side: float) -> None:
    """What one network says of the strip's images."""
    draw_name(axes, top, network.label)
    draw_said(axes, top, network.strip if network.trained else [], side)


def draw_mistakes(axes: Axes, top: float, network: Network, side: float) -> None:
    """One network's mistakes."""
    cells = network.mistakes if network.trained else []
    draw_name(axes, top - side / 2 + LINE, network.label)
    draw_images(axes, top, cells, side)
    draw_said(axes, top - side, cells, side, true=True)


def networks_of(runs: pd.DataFrame, predictions: pd.DataFrame, section: Section) -> list[Network]:
    """The networks that are shown, each with its images; of one that diverged it is said so."""
    found, seed = [], section.seeds[0]
    for group, model in section.networks("networks"):
        ran, said = (
            rows[rows["seed"] == seed] for rows in (rows_of(runs, group, model), rows_of(predictions, group, model))
        )
        trained = len(without_diverged(ran)) > 0
        strip, mistakes = (said[said["Shown"] == shown].to_dict("records") for shown in (STRIP, MISTAKE))
        label = section.label(group, model) + ("" if trained else " (diverged)")
        found.append(Network(group.dataset, label, strip, mistakes, trained, ran["final_test_accuracy"].iloc[0]))
    return found


def lines(network: Network) -> int:
    """Lines of a row that says what a network says: its name's, or two."""
    return max(2, named(network.label).count("\n") + 1)


def named(label: str) -> str:
    """A network's name in the room at the left."""
    return textwrap.fill(label, 15)


def draw_heading(axes: Axes, top: float, text: str) -> None:
    """A line above rows."""
    axes.text(EDGE, top - 0.02, text, va="top", fontsize=MEDIUM, fontweight="bold")


def draw_name(axes: Axes, top: float, label: str) -> None:
    axes.text(EDGE, top, named(label), va="top", fontsize=SMALL, linespacing=1.25)


def places(cells: Cells, side: float) -> list[float]:
    """The left edges of a row's images."""
    return [EDGE + NAMES + place * (side + BETWEEN) for place in range(len(cells))]


def draw_images(axes: Axes, top: float, cells: Cells, side: float, *, labelled: bool = False) -> None:
    """A row of images, with their true labels below."""
    for cell, left in zip(cells, places(cells, side), strict=True):
        limits = axes.get_xlim(), axes.get_ylim()
        draw_image(axes, pixels(cell["Image"]), left, top, side)
        axes.set(xlim=limits[0], ylim=limits[1])
        if labelled:
            axes.text(left + side / 2, top - side - 0.02, shortened(cell["True"]), ha="center", va="top", fontsize=TINY)


def draw_said(axes: Axes, top: float, cells: Cells, side: float, *, true: bool = False) -> None:
    """A row of what a network says: mark and label, its confidence below, then the true label if asked for."""
    for cell, left in zip(cells, places(cells, side), strict=True):
        right, centre = cell["Predicted"] == cell["True"], left + side / 2
        look: dict[str, Any] = {} if right else {"color": VERMILLION, "fontweight": "bold"}
        said = f"{RIGHT if right else WRONG} {shortened(cell['Predicted'])}"
        axes.text(centre, top - 0.02, said, ha="center", va="top", fontsize=TINY, **look)
        under = f"{100 * cell['Confidence']:.0f} %" + (f"\n({shortened(cell['True'])})" if true else "")
        axes.text(centre, top - 0.02 - LINE, under, ha="center", va="top", fontsize=TINY, linespacing=1.35)


def pixels(text: str) -> np.ndarray:
    """A PNG file in base64 as uint8 (height, width, channels)."""
    image = np.asarray(Image.open(io.BytesIO(base64.b64decode(text))))
    return image[..., None] if image.ndim == 2 else image


def caption(networks: Sequence[Network], section: Section) -> str:
    """Which images, how they are to be read, and how often each network is right."""
    data = dict.fromkeys(section.dataset_labels[each.dataset] for each in networks)
    right = ", ".join(f"{each.label} {each.accuracy:.1f} %" for each in networks if each.trained)
    names = [cell[key] for each in networks for cell in [*each.strip, *each.mistakes] for key in ("True", "Predicted")]
    sentences = [
        f"{capitalised('; '.join(data))}: test images, the first of each class in turn, with their true label; below"
        f" them what each network says ({RIGHT} right, {WRONG} and bold: wrong) and how confident it is, the highest of"
        " its softmax probabilities. Then those of the whole test set that it is wrong about and most confident of, the"
        " true label in brackets.",
        f"Saved weights of one run each, nothing is trained for it. {of_seed(section.seeds)}",
        f"Accuracy on the test set at the end of training: {right}." if right else "",
        f"Names of more than {LONGEST} letters are cut (…)." if max(map(len, names), default=0) > LONGEST else "",
        section.note,
    ]
    return " ".join(filter(None, sentences))


def of_seed(seeds: Sequence[int]) -> str:
    """Which of the seeds is shown."""
    return seeds_sentence(seeds, f"The first ({seeds[0]}) of {{count}} seeds.")
