"""Images of a data set in rows of corruptions, each with its given label and, where that is another, its true one.

What a network is asked to fit, to be seen before anything is trained (paper section 2.1).
"""

import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rethinking.files import read_array, read_csv
from rethinking.names import split_corruption
from rethinking.outcomes.wording import capitalised, setting_label
from rethinking.plotting.layout import CAPTION, LONGEST, shortened, text_height, wrap
from rethinking.plotting.style import SMALL, VERMILLION, style
from rethinking.sections import Section

WIDTH, EDGE, NAMES, BETWEEN = 7.2, 0.06, 0.92, 0.06  # inches: whole, around, the rows' names, between images
LABEL, GAP = 0.12, 0.08  # a line below an image, below a row
LARGEST = 0.9  # side of an image
TINY = 5.5  # points


def figure(folder: Path, section: Section) -> tuple[Figure, str]:
    """The figure and its caption from samples.npy and samples.csv; `section` names the data set and the seed."""
    images = read_array(folder / "samples.npy")
    # A class may be called NA or 01.
    table = read_csv(folder / "samples.csv", dtype=str, keep_default_na=False)
    rows, columns = images.shape[:2]
    text = caption(table, section)
    side = min(LARGEST, (WIDTH - 2 * EDGE - NAMES - BETWEEN * (columns - 1)) / columns)
    wrapped = wrap(text, (WIDTH - 2 * EDGE) * 72, SMALL)
    below = EDGE + text_height(1 + wrapped.count("\n")) + GAP
    step = side + 2 * LABEL + GAP
    height = EDGE + rows * step + below
    with style():
        drawing = Figure(figsize=(WIDTH, height))
        axes = drawing.add_axes((0, 0, 1, 1), frameon=False, xlim=(0, WIDTH), ylim=(0, height))
        axes.set_axis_off()
        for cell in table.to_dict("records"):
            row, column = int(cell["Row"]), int(cell["Column"])
            left, top = EDGE + NAMES + column * (side + BETWEEN), height - EDGE - row * step
            draw_image(axes, images[row, column], left, top, side)
            axes.set(xlim=(0, WIDTH), ylim=(0, height))  # which an image moves
            draw_labels(axes, left + side / 2, top - side, cell["GivenLabel"], cell["TrueLabel"])
        for row, corruption in enumerate(table.drop_duplicates("Row")["Corruption"]):
            whole = ", P = 1" if split_corruption(corruption)[1] == 1 else ""  # which captions of figures leave out
            name = textwrap.fill(setting_label(corruption) + whole, 14)
            axes.text(EDGE, height - EDGE - row * step - side / 2, name, va="center", linespacing=1.3)
        axes.text(EDGE, EDGE, wrapped, **CAPTION)
    return drawing, text


def draw_image(axes: Axes, image: np.ndarray, left: float, top: float, side: float) -> None:
    """An image uint8 (height, width, channels) with its corner at (left, top), every pixel a square."""
    pixels = image[..., 0] if image.shape[2] == 1 else image
    place = (left, left + side, top - side, top)
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=255, extent=place, interpolation="nearest", aspect="auto")


def draw_labels(axes: Axes, centre: float, top: float, given: str, true: str) -> None:
    """The label that is given; where it is another than the true one, in bold and colour and the true one below."""
    wrong = given != true
    look: dict[str, Any] = {"color": VERMILLION, "fontweight": "bold"} if wrong else {}
    axes.text(centre, top - 0.02, shortened(given), ha="center", va="top", fontsize=TINY, **look)
    if wrong:
        axes.text(centre, top - 0.02 - LABEL, f"({shortened(true)})", ha="center", va="top", fontsize=TINY)


def caption(table: pd.DataFrame, section: Section) -> str:
    """What the images are and how their labels are to be read."""
    settings, label = set(table["Corruption"]), section.dataset_label
    sentences = [
        f"{capitalised(label)}: training images, the first of each class in turn, the same in every row"
        f" (seed {section.seeds[0]}).",
        "Below each image the label that a network is given.",
    ]
    if (table["GivenLabel"] != table["TrueLabel"]).any():
        changed = table[table["GivenLabel"] != table["TrueLabel"]]
        sentences.append(f"Bold: not its true label, which is in brackets ({len(changed)} of {len(table)} here).")
    if (table[["GivenLabel", "TrueLabel"]].map(len) > LONGEST).any(axis=None):
        sentences.append(f"Names of more than {LONGEST} letters are cut (…).")
    if "gaussian_pixels" in settings:
        sentences.append("Gaussian noise leaves the scale of the pixels and is clipped to it here, not in the data.")
    return " ".join(sentences)
