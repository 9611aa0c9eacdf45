"""The chart of curves where it cannot move: in print, without JavaScript, or where the page was made without it."""

import io
from typing import Any

from matplotlib.figure import Figure

from rethinking.page.curves import Curves
from rethinking.plotting.style import LineStyle, model_styles, style

SIZE = (7.2, 3.2)  # inches


def still(curves: Curves) -> str:
    """What the chart shows at first, as SVG: a line a run, a colour a setting."""
    chosen = curves.runs
    for key in ("network", "data", "recipe"):
        chosen = chosen[chosen[key] == curves.start[key]]
    looks = model_styles(list(dict.fromkeys(chosen["setting"])))
    quantity = curves.start["quantity"]
    with style():
        figure = Figure(figsize=SIZE)
        axes = figure.subplots()
        for run, setting, seed in zip(chosen["run"], chosen["setting"], chosen["seed"], strict=True):
            points = curves.points[curves.points["run"] == run].dropna(subset=[quantity])
            first = seed == chosen["seed"].iloc[0]
            axes.plot(points["Epoch"], points[quantity], **line(looks[setting]), label=setting if first else None)
        axes.set_xlabel("epochs")
        axes.set_ylabel(curves.quantities.get(quantity, ""))
        axes.set_title(f"{curves.start['network']}, {curves.start['recipe']}")
        if len(chosen):
            figure.legend(loc="outside right upper")
        figure.set_layout_engine("constrained")
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def line(look: LineStyle) -> dict[str, Any]:
    """One run's line."""
    return {**look.line(), "linewidth": 1.0}
