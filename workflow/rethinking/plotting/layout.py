"""Placing what belongs to a whole figure: legends above the panels, the caption below, neither over any data."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.legend import Legend
from matplotlib.legend_handler import HandlerTuple
from matplotlib.textpath import text_to_path

from rethinking.plotting.style import SMALL, STYLE

# Inches: around the figure, left and right of the panels, between them, between legends, for titles, for axis labels.
EDGE, LEFT, RIGHT, BETWEEN, APART, TITLE, LABELS = 0.06, 0.56, 0.1, 0.62, 0.15, 0.25, 0.41
LEAST_HEIGHT = 1.3  # of a panel; where a long caption needs the room, the figure grows instead

Handles = Sequence[tuple[Any, str]]  # an artist, or a tuple of artists side by side, and its label


def lay_out(figure: Figure, axes: Sequence[Axes], legends: Mapping[int, Handles], caption: str) -> None:
    """Place the panels in a row, each legend from above its panel to the next panel that has one, and the caption."""
    FigureCanvasAgg(figure)  # measures texts
    width, height = figure.get_size_inches()
    panel = (width - LEFT - RIGHT - BETWEEN * (len(axes) - 1)) / len(axes)
    starts = [LEFT + place * (panel + BETWEEN) for place in range(len(axes))]
    ends = [*(starts[place] - APART for place in sorted(legends)[1:]), width - EDGE]
    drawn = {
        place: fit_legend(figure, legends[place], end - starts[place])
        for place, end in zip(sorted(legends), ends, strict=True)
    }
    text = figure.text(0, 0, wrap(caption, (width - 2 * EDGE) * 72, SMALL), fontsize=SMALL, va="bottom")
    below = EDGE + _inches(figure, text)[1] + LABELS
    above = EDGE + max(_inches(figure, legend)[1] for legend in drawn.values()) + TITLE
    height = max(height, below + LEAST_HEIGHT + above)
    figure.set_size_inches(width, height)
    text.set_position((EDGE / width, EDGE / height))
    for place, legend in drawn.items():
        legend.set_bbox_to_anchor((starts[place] / width, 1 - (above - TITLE) / height), figure.transFigure)
    for start, each in zip(starts, axes, strict=True):
        each.set_position((start / width, below / height, panel / width, 1 - (below + above) / height))


def fit_legend(figure: Figure, handles: Handles, width: float) -> Legend:
    """The legend with the fewest rows that is at most `width` inches wide; its place is the caller's."""
    artists, labels = zip(*handles, strict=True)
    for rows in range(1, len(handles) + 1):
        legend = figure.legend(
            artists,
            labels,
            loc="lower left",
            ncols=math.ceil(len(handles) / rows),
            handler_map={tuple: HandlerTuple(ndivide=None)},
        )
        if _inches(figure, legend)[0] <= width or rows == len(handles):
            return legend
        legend.remove()
    raise AssertionError("a legend of nothing")


def wrap(text: str, width: float, size: float) -> str:
    """Break `text` between words so that no line is wider than `width` points at font size `size`."""
    font = FontProperties(family=STYLE["font.sans-serif"], size=size)
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        fits = text_to_path.get_text_width_height_descent(longer, font, ismath=False)[0] <= width
        lines = [*lines[:-1], longer] if fits or not lines[-1] else [*lines, word]
    return "\n".join(lines)


def _inches(figure: Figure, artist: Any) -> tuple[float, float]:
    """Width and height of an artist on the figure."""
    extent = artist.get_window_extent()
    return extent.width / figure.dpi, extent.height / figure.dpi
