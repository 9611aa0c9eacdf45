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

from rethinking.plotting.style import LARGE, SMALL, STYLE

# Inches: around the figure, left and right of the panels, between them, between legends, for titles, for axis labels,
# for an axis with numbers alone.
EDGE, LEFT, RIGHT, BETWEEN, APART, TITLE, LABELS, TICKS = 0.06, 0.56, 0.1, 0.62, 0.15, 0.25, 0.41, 0.36
ROWS_APART = 0.18
LONGEST = 12  # letters of a class's name
TITLE_SPACING, TITLES_SPACING = 1.3, 1.2  # height of a line of a title, in font sizes: above a column, of each panel
BOLD = 1.15  # width of bold letters, in that of others
LEAST_HEIGHT = 1.3  # of a panel; where a long caption needs the room, the figure grows instead

LINE_SPACING = 1.25
CAPTION: dict[str, Any] = {"fontsize": SMALL, "va": "bottom", "linespacing": LINE_SPACING}

Handles = Sequence[tuple[Any, str]]  # an artist, or a tuple of artists side by side, and its label


def lay_out(
    figure: Figure,
    axes: Sequence[Axes],
    legends: Mapping[int, Handles],
    caption: str,
    *,
    columns: int | None = None,
    each_titled: bool = False,
) -> None:
    """Place the panels row by row, each legend from above its column to the next that has one, and the caption.

    `legends` are by column, from 0; there may be none.

    Titles stand above the first row, the horizontal axis' labels below the last. With `each_titled` every panel has a
    title, the last row may be short, columns stand closer since only the first one names its vertical axis, and only
    the lowest panel of a column keeps the name of its horizontal one.
    """
    FigureCanvasAgg(figure)  # measures texts
    width, height = figure.get_size_inches()
    columns = columns or len(axes)
    rows, between = math.ceil(len(axes) / columns), TICKS if each_titled else BETWEEN
    panel = panel_width(width, columns, between)
    starts = [LEFT + place * (panel + between) for place in range(columns)]
    placed = sorted(legends)
    ends = [*(starts[place] - APART for place in placed[1:]), width - EDGE][: len(placed)]
    drawn = {
        place: fit_legend(figure, legends[place], end - starts[place]) for place, end in zip(placed, ends, strict=True)
    }
    text = figure.text(0, 0, wrap(caption, (width - 2 * EDGE) * 72, SMALL), fontsize=SMALL, va="bottom")
    if each_titled:
        _title_each(axes, columns, panel)
    spacing = TITLES_SPACING if each_titled else TITLE_SPACING
    title = TITLE + max(each.get_title("left").count("\n") for each in axes) * spacing * LARGE / 72
    below = EDGE + _inches(figure, text)[1] + LABELS
    above = EDGE + max((_inches(figure, legend)[1] for legend in drawn.values()), default=0) + title
    # A panel above an empty place of the last row names its axis, into that place.
    apart = title + (LABELS if len(axes) % columns else TICKS / 2) if each_titled else ROWS_APART
    height = max(height, below + rows * LEAST_HEIGHT + (rows - 1) * apart + above)
    figure.set_size_inches(width, height)
    text.set_position((EDGE / width, EDGE / height))
    for place, legend in drawn.items():
        legend.set_bbox_to_anchor((starts[place] / width, 1 - (above - title) / height), figure.transFigure)
    tall = (height - below - above - (rows - 1) * apart) / rows
    for place, each in enumerate(axes):
        start, bottom = starts[place % columns], below + (rows - 1 - place // columns) * (tall + apart)
        each.set_position((start / width, bottom / height, panel / width, tall / height))


def _title_each(axes: Sequence[Axes], columns: int, panel: float) -> None:
    """Titles no wider than a panel (inches), and names of horizontal axes at the lowest panels alone."""
    for each in axes:
        each.set_title(wrap(each.get_title(loc="left"), panel * 72, BOLD * LARGE))
    for each in axes[:-columns]:
        each.set_xlabel("")


def panel_width(width: float, columns: int, between: float = BETWEEN) -> float:
    """How wide a panel is on a figure `width` inches wide, with so much between two."""
    return (width - LEFT - RIGHT - between * (columns - 1)) / columns


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


def wrap(text: str, width: float, size: float, weight: str = "normal") -> str:
    """Break `text` between words so that no line is wider than `width` points at font size `size`."""
    font = FontProperties(family=STYLE["font.sans-serif"], size=size, weight=weight)
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        fits = text_to_path.get_text_width_height_descent(longer, font, ismath=False)[0] <= width
        lines = [*lines[:-1], longer] if fits or not lines[-1] else [*lines, word]
    return "\n".join(lines)


def text_height(lines: int) -> float:
    """Inches of so many lines of a caption that is written with `CAPTION`."""
    return lines * SMALL * LINE_SPACING / 72


def shortened(name: str) -> str:
    """The name of a class in at most `LONGEST` letters."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def _inches(figure: Figure, artist: Any) -> tuple[float, float]:
    """Width and height of an artist on the figure."""
    extent = artist.get_window_extent()
    return extent.width / figure.dpi, extent.height / figure.dpi
