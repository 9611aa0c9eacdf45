"""The look of every figure: type, colours, saving.

The style is a dict of this module and not an .mplstyle file, so that a change of it is a change of the figures' code
digest. Nothing here touches matplotlib's global state: figures are made without pyplot, inside `style()`.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import matplotlib.style
from matplotlib.figure import Figure

from rethinking.files import atomic

if TYPE_CHECKING:
    from matplotlib.animation import FuncAnimation

DOTS = 150  # an inch of a GIF, which has no vectors
SMALL, MEDIUM, LARGE = 6.5, 7.0, 7.5  # points; figures are made at the width at which they are printed

STYLE: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: the same bytes on every machine
    "font.size": MEDIUM,
    "text.parse_math": False,  # a dollar in a label, a note or the name of a class is a dollar
    "text.hinting": "none",  # texts measured on pixels are then as wide as in the files
    "axes.labelsize": MEDIUM,
    "axes.titlesize": LARGE,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 5,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "0.92",
    "grid.linewidth": 0.5,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "ytick.minor.size": 1.5,
    "lines.linewidth": 1.2,
    "lines.markersize": 4.0,
    "lines.markeredgewidth": 0.9,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "legend.handlelength": 2.8,
    "legend.handletextpad": 0.5,
    "legend.columnspacing": 1.3,
    "legend.labelspacing": 0.35,
    "legend.borderpad": 0.0,
    "legend.borderaxespad": 0.0,
    "pdf.fonttype": 42,  # TrueType: journals refuse Type 3
    # Outlines: an SVG inside <img>, as reports show it, cannot load a web font, and the reader's own would reflow it.
    "svg.fonttype": "path",
    "svg.hashsalt": "rethinking",
}

# Okabe and Ito's colours without yellow, which is too pale for a line on white.
BLACK, ORANGE, SKY_BLUE, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILLION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"

COLOURS = (BLUE, ORANGE, GREEN, PURPLE, BLACK, VERMILLION, SKY_BLUE)
MARKERS = ("o", "s", "D", "v", ">")  # the upward triangle and the cross are kept for runs that did not fit
DASHES: tuple[tuple[float, ...], ...] = ((), (4, 1.4), (4, 1.2, 1, 1.2), (1, 1.2))


@dataclass(frozen=True)
class LineStyle:
    """How one line is told from the others: by its colour and, for eyes or printers without colours, without it."""

    colour: str
    marker: str
    dashes: tuple[float, ...]

    def line(self) -> dict[str, Any]:
        """The arguments of `Axes.plot` for the line alone."""
        return {"color": self.colour, "linestyle": (0, self.dashes) if self.dashes else "-"}

    def line_and_marker(self) -> dict[str, Any]:
        """The arguments of `Axes.plot` for the line with its markers."""
        return {**self.line(), "marker": self.marker, "markeredgecolor": "white", "markeredgewidth": 0.3}


def published_marks(colour: str, *, suspect: bool = False) -> dict[str, Any]:
    """The arguments of `Axes.plot` for numbers that the paper published: stars, hollow where they are suspect."""
    face = "white" if suspect else colour
    return {"linestyle": "none", "marker": "*", "markersize": 5.0, "color": colour, "markerfacecolor": face,
            "markeredgecolor": colour, "markeredgewidth": 0.6, "zorder": 4}  # fmt: skip


def published_points(colour: str) -> dict[str, Any]:
    """The same for a curve of many points: dots."""
    return {"linestyle": "none", "marker": ".", "markersize": 2.2, "markeredgewidth": 0, "color": colour, "zorder": 4}


SETTING_STYLES = {
    "true_labels": LineStyle(BLACK, "o", ()),
    "shuffled_pixels": LineStyle(GREEN, "s", (4, 1.4)),
    "random_pixels": LineStyle(SKY_BLUE, "D", (4, 1.2, 1, 1.2)),
    "gaussian_pixels": LineStyle(PURPLE, "v", (1, 1.2)),
    "random_labels-1.0": LineStyle(VERMILLION, ">", (7, 1.4)),
}


def model_styles(models: Sequence[str]) -> dict[str, LineStyle]:
    """A style for each model, by its place in the configuration; no two of the first 140 are the same."""
    return {
        model: LineStyle(COLOURS[i % len(COLOURS)], MARKERS[i % len(MARKERS)], DASHES[i % len(DASHES)])
        for i, model in enumerate(models)
    }


def setting_styles(corruptions: Sequence[str]) -> dict[str, LineStyle]:
    """A style for each data setting: the paper's five have their own in every figure, others take what is left."""
    named = {name: SETTING_STYLES[name] for name in corruptions if name in SETTING_STYLES}
    others = [name for name in corruptions if name not in SETTING_STYLES]
    taken = {style.colour for style in named.values()}
    colours = [colour for colour in COLOURS if colour not in taken] or list(COLOURS)
    reserved = {(style.marker, style.dashes) for style in SETTING_STYLES.values()}
    shapes = [shape for shape in product(MARKERS, DASHES) if shape not in reserved]
    extra = {name: LineStyle(colours[i % len(colours)], *shapes[i % len(shapes)]) for i, name in enumerate(others)}
    return {name: (named | extra)[name] for name in corruptions}


def style() -> AbstractContextManager[None]:
    """Matplotlib's defaults and ours on top, whatever the user's matplotlibrc says, until the block ends."""
    return matplotlib.style.context(STYLE, after_reset=True)


def save_animation(animation: "FuncAnimation", path: str | Path) -> None:
    """Write a GIF that stays at each frame for half a second; equal animations give equal bytes."""
    from matplotlib.animation import PillowWriter

    with style(), TemporaryDirectory() as folder, atomic(path) as temporary:
        animation.save(whole := Path(folder) / "whole.gif", writer=PillowWriter(fps=2), dpi=DOTS)  # by its suffix
        temporary.write_bytes(whole.read_bytes())


def save(figure: Figure, path: str | Path) -> None:
    """Write a vector file, PDF or SVG by the suffix of `path`; equal figures give equal bytes (no date is written)."""
    dates = {".pdf": "CreationDate", ".svg": "Date"}
    suffix = Path(path).suffix
    if suffix not in dates:
        raise ValueError(f"{path}: figures are written as {' or '.join(dates)}, not {suffix!r}")
    with style(), atomic(path) as temporary:
        figure.savefig(temporary, format=suffix[1:], metadata={dates[suffix]: None})
