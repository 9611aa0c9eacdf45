"""Panels in rows of a few columns, the last row as short as it comes out."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure


def grid(drawing: Figure, number: int, columns: int, **shared: Any) -> list[Axes]:
    """So many panels, row by row; `shared` are arguments of `Figure.subplots`."""
    axes = list(drawing.subplots(-(-number // columns), columns, squeeze=False, **shared).flat)
    for spare in axes[number:]:
        spare.remove()
    return axes[:number]
