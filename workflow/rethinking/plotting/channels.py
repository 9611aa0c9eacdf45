"""One image and the values of its pixels, 0 to 255 as stored, channel by channel.

All of a small image, the central window of a larger one: a value must be readable.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from rethinking.files import read_csv
from rethinking.plotting.layout import CAPTION, text_height, wrap
from rethinking.plotting.style import SMALL, VERMILLION, style
from rethinking.sections import Section

WIDTH, EDGE, LEFT, BETWEEN = 7.2, 0.06, 0.28, 0.34  # inches: whole, around, left of each panel for its rows, between
TITLE, FOOT = 0.3, 0.22
WINDOW = 14  # pixels a side whose values can be read
TINY = 5.5  # points
COLOURS = ("Grey", "Red", "Green", "Blue")


def figure(folder: Path, section: Section) -> tuple[Figure, str]:
    """The figure and its caption from values.csv; `section` names the data set."""
    table = read_csv(folder / "values.csv", dtype={"Label": str}, keep_default_na=False)
    colours = [name for name in COLOURS if name in table]
    height, width = table["Row"].max() + 1, table["Column"].max() + 1
    image = table[colours].to_numpy(np.uint8).reshape(height, width, len(colours))
    top, left = ((size - min(size, WINDOW)) // 2 for size in (height, width))
    window = image[top : top + WINDOW, left : left + WINDOW]
    text = caption(table, window.shape, (top, left), section)
    wrapped = wrap(text, (WIDTH - 2 * EDGE) * 72, SMALL)
    panels = 1 + len(colours)
    side = (WIDTH - 2 * EDGE - 2 * LEFT - BETWEEN + LEFT) / 2
    num_rows = -(-panels // 2)
    below = EDGE + text_height(1 + wrapped.count("\n")) + 0.08
    total = EDGE + num_rows * (TITLE + side + FOOT) + below
    with style():
        drawing = Figure(figsize=(WIDTH, total))
        for panel in range(panels):
            row, column = divmod(panel, 2)
            x = EDGE + LEFT + column * (side + BETWEEN)
            y = total - EDGE - row * (TITLE + side + FOOT) - TITLE - side
            axes = drawing.add_axes((x / WIDTH, y / total, side / WIDTH, side / total))
            axes.grid(visible=False)
            axes.spines[["top", "right"]].set_visible(True)
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_major_locator(MaxNLocator(integer=True))
            if panel == 0:
                draw_whole(axes, image, (top, left), window.shape)
                axes.set_title(f"{table['Label'].iloc[0]}, {height}×{width} pixels")
            else:
                draw_values(axes, window[..., panel - 1], (top, left))
                axes.set_title(colours[panel - 1].lower())
        drawing.text(EDGE / WIDTH, EDGE / total, wrapped, **CAPTION)
    return drawing, text


def draw_whole(axes: Axes, image: np.ndarray, corner: tuple[int, int], window: tuple[int, ...]) -> None:
    """The image, with a frame around the pixels whose values are shown unless these are all of it."""
    axes.imshow(image[..., 0] if image.shape[2] == 1 else image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    if window[:2] != image.shape[:2]:
        top, left = corner
        frame = Rectangle(
            (left - 0.5, top - 0.5), window[1], window[0], fill=False, edgecolor=VERMILLION, linewidth=1.5
        )
        axes.add_patch(frame)


def draw_values(axes: Axes, values: np.ndarray, corner: tuple[int, int]) -> None:
    """One channel in grey, each pixel with its value, in black or white, whichever is easier to read on it."""
    top, left = corner
    height, width = values.shape
    place = (left - 0.5, left + width - 0.5, top + height - 0.5, top - 0.5)
    axes.imshow(values, cmap="gray", vmin=0, vmax=255, interpolation="nearest", extent=place)
    for (row, column), value in np.ndenumerate(values):
        colour = "white" if value < 128 else "black"
        axes.text(left + column, top + row, str(value), color=colour, fontsize=TINY, ha="center", va="center")


def caption(table: pd.DataFrame, window: tuple[int, ...], corner: tuple[int, int], section: Section) -> str:
    """Which image it is, and which of its pixels."""
    index, (top, left) = table["Index"].iloc[0], corner
    whole = window[0] * window[1] == len(table)
    which = (
        "of all pixels"
        if whole
        else f"inside the frame (rows {top} to {top + window[0] - 1}, columns {left} to {left + window[1] - 1})"
    )
    label = section.dataset_label
    return f"{label[:1].upper()}{label[1:]}: training image {index} as it is stored, and the values {which} by channel."
