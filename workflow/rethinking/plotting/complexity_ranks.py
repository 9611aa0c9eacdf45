"""How well each measure of complexity orders networks by test error: rank correlations with their intervals."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rethinking.outcomes.complexity import COMPETITORS, MEASURES, left_out_sentence, measured, networks_of
from rethinking.outcomes.complexity_ranks import EQUAL, LEVEL, NETWORK, RECIPE, WITHIN, correlations
from rethinking.outcomes.selection import runs_of_panel
from rethinking.outcomes.wording import capitalised, diverged_sentence, images_of, seeds_sentence, when_fitted
from rethinking.plotting.layout import Handles, lay_out
from rethinking.plotting.style import BLACK, BLUE, GREEN, ORANGE, VERMILLION, LineStyle, style
from rethinking.sections import Section

# Which pairs of runs: name and look.
KINDS = {
    WITHIN: ("of one level", LineStyle(BLACK, "o", ())),
    EQUAL: ("of one level, equal networks", LineStyle(GREEN, "P", ())),
    NETWORK: ("other network alone", LineStyle(BLUE, "s", ())),
    RECIPE: ("other recipe alone", LineStyle(ORANGE, "D", ())),
    LEVEL: ("other level alone", LineStyle(VERMILLION, "v", ())),
}
APART = 0.16  # rows of a panel are one apart


def figure(runs: pd.DataFrame, complexity: pd.DataFrame, section: Section) -> tuple[Figure, str]:
    """The figure, a panel a registered network and a row a measure, and its caption."""
    found = correlations(measured(runs, complexity, section))
    factories = list(dict.fromkeys(found["factory"])) or [""]
    names = {**MEASURES, **COMPETITORS}
    with style():
        drawing = Figure(figsize=section.size)
        axes = list(drawing.subplots(1, 1 + len(factories), sharey=True).flat)
        axes[0].set_axis_off()  # the place of the names
        for place, name in enumerate(names.values()):
            axes[0].text(1.2, place, name, ha="right", va="center")
        for each, factory in zip(axes[1:], factories, strict=True):
            draw(each, found[found["factory"] == factory])
            each.set_title(networks_of(section, factory).replace(", ", "\n"))
            each.set_xlabel("Kendall's τ with test error")
        axes[0].set_ylim(len(names) - 0.5, -0.5)
        handles: Handles = [(Line2D([], [], **look.line_and_marker()), name) for name, look in KINDS.values()]
        text = caption(runs, section)
        lay_out(drawing, axes, {1: handles}, text)
    return drawing, text


def draw(axes: Axes, found: pd.DataFrame) -> None:
    """A mark a measure and kind of pairs, with its interval."""
    axes.axvline(0, color="0.45", linewidth=0.8, zorder=1.5)
    places = {name: place for place, name in enumerate((*MEASURES, *COMPETITORS))}
    for number, (kind, (_, look)) in enumerate(KINDS.items()):
        rows = found[found["over"] == kind].dropna(subset=["tau"])
        heights = [places[name] + APART * (number - (len(KINDS) - 1) / 2) for name in rows["measure"]]
        axes.hlines(heights, rows["tau_low"], rows["tau_high"], color=look.colour, linewidth=1)
        axes.plot(rows["tau"], heights, **{**look.line_and_marker(), "linestyle": "none"})
    axes.set_xlim(-1.08, 1.08)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0, labelleft=False)


def caption(runs: pd.DataFrame, section: Section) -> str:
    """What is shown of how many images and seeds."""
    panel = runs_of_panel(runs, section, "levels")
    data = images_of(section.dataset_label, int(panel["num_train"].iloc[0]))
    networks = "; ".join(section.label(group, model) for group, model in section.networks("levels"))
    sentences = [
        f"{capitalised(data)} ({networks}): how well a measure orders runs by their error on clean test labels, from -1"
        " to 1, over pairs of runs of one level of label noise, and over those of them that are of equal networks; over"
        " those that differ in the network alone, in the recipe alone, and in the level alone. Within a level the level"
        f" itself has no rank. Every run ends when {when_fitted(section.fit_criterion)}.",
        seeds_sentence(section.seeds, "{count} seeds; lines: 95 % intervals by bootstrap over these."),
        left_out_sentence(panel),
        diverged_sentence(panel),
        section.note,
    ]
    return " ".join(filter(None, sentences))
