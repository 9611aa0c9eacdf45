"""Training accuracy after the same number of steps against the learning rate, network by network."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rethinking.outcomes.learning_rates import CHOICE, by_rate, on_images
from rethinking.outcomes.wording import capitalised, diverged_sentence, seeds_sentence
from rethinking.plotting.layout import Handles, lay_out
from rethinking.plotting.style import LineStyle, model_styles, style
from rethinking.sections import Section

CHOSEN = {"linestyle": "none", "marker": "*", "markersize": 9, "markeredgecolor": "black", "markeredgewidth": 0.5}


def figure(runs: pd.DataFrame, section: Section) -> tuple[Figure, str]:
    """The figure, a line a network with a star at the rate that is chosen, and its caption."""
    found = by_rate(runs, section)
    looks = model_styles(list(dict.fromkeys(found["model"])))
    with style():
        drawing = Figure(figsize=section.size)
        axes = drawing.subplots()
        for model, look in looks.items():
            draw_network(axes, found[found["model"] == model].sort_values("learning_rate"), look)
        rates = sorted(set(found["learning_rate"]))
        axes.set_xscale("log")
        axes.set_xticks(rates, [f"{rate:g}" for rate in rates])
        axes.minorticks_off()
        axes.set_xlabel("learning rate")
        axes.set_ylabel("training accuracy (%)")
        text = caption(runs, section)
        lay_out(drawing, [axes], {0: legend(looks, section)}, text)
    return drawing, text


def draw_network(axes: Axes, rows: pd.DataFrame, look: LineStyle) -> None:
    """A network's line, and its star."""
    axes.plot(rows["learning_rate"], rows["accuracy"], **look.line_and_marker())
    chosen = rows[rows["chosen"]]
    axes.plot(chosen["learning_rate"], chosen["accuracy"], color=look.colour, **CHOSEN, zorder=4)


def legend(looks: dict[str, LineStyle], section: Section) -> Handles:
    """The networks and the star."""
    lines = [(Line2D([], [], **look.line_and_marker()), section.labels[model]) for model, look in looks.items()]
    return [*lines, (Line2D([], [], color="0.6", **CHOSEN), "chosen")]


def caption(runs: pd.DataFrame, section: Section) -> str:
    """What is shown of which data sets and seeds."""
    sentences = [
        f"{capitalised(section.dataset_label)}, random labels: accuracy on the training set after the last step, in"
        f" evaluation mode, {on_images(runs)}. {CHOICE}",
        seeds_sentence(section.seeds, "Means over {count} seeds ({which})."),
        diverged_sentence(runs),
        section.note,
    ]
    return " ".join(filter(None, sentences))
