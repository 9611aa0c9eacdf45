"""Runs that end by validation: accuracy and loss until then, the epoch that is kept, and the test accuracy there alone.

Of a tutorial on regularisation (Neuromatch W2D1), whose figure has a vertical line at the best epoch.
"""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rethinking.outcomes.columns import RUN
from rethinking.outcomes.selection import rows_of, without_diverged
from rethinking.outcomes.wording import capitalised, diverged_sentence, ended_sentence, validation_sentence
from rethinking.plotting.curves import lines_sentence
from rethinking.plotting.layout import Handles, lay_out
from rethinking.plotting.style import LineStyle, style
from rethinking.plotting.training import BEST, PARTS, data_of, draw_network, label_axes
from rethinking.sections import Section

SEEN = {part: PARTS[part] for part in ("Train", "Validation")}
ASKED = PARTS["Test"][1]  # once a seed


def figure(runs: pd.DataFrame, curves: pd.DataFrame, section: Section) -> tuple[Figure, str]:
    """The figure, a column a network of each group, and its caption."""
    networks = section.networks("networks")
    with style():
        drawing = Figure(figsize=section.size)
        axes = drawing.subplots(2, len(networks), squeeze=False, sharex=True, sharey="row")
        for column, (group, model) in enumerate(networks):
            ended = without_diverged(rows_of(runs, group, model))
            draw_network(list(axes[:, column]), ended, curves.merge(ended[RUN], on=RUN), SEEN)
            draw_test(axes[0, column], ended)
        label_axes(axes, section, networks)
        text = caption(runs, section)
        lay_out(drawing, list(axes.flat), {0: handles()}, text, columns=len(networks))
    return drawing, text


def draw_test(axes: Axes, runs: pd.DataFrame) -> None:
    """The test accuracy of the epoch that validation chose: one mark a seed."""
    axes.plot(runs["best_validation_epoch"], runs["test_accuracy_at_best"], **mark(ASKED))


def mark(look: LineStyle) -> dict[str, Any]:
    """The look of a mark without a line."""
    return {**look.line_and_marker(), "linestyle": "none", "markersize": 5.5, "zorder": 4}


def handles() -> Handles:
    """The legend: the two sets that are looked at, the epoch that is kept, and the one look at the test set."""
    lines: list[tuple[Any, str]] = [(Line2D([], [], **look.line_and_marker()), name) for name, look in SEEN.values()]
    kept = (Line2D([], [], **BEST), "best epoch by validation, whose weights are kept")
    return [*lines, kept, (Line2D([], [], **mark(ASKED)), "test, there alone")]


def caption(runs: pd.DataFrame, section: Section) -> str:
    """What is shown of how many images and seeds, when runs end, and what the test set said, once."""
    found = {(group, model): rows_of(runs, group, model) for group, model in section.networks("networks")}
    data = dict.fromkeys(data_of(group, rows.iloc[0], section) for (group, _), rows in found.items())
    patience = {section.settings[group.recipe][model]["stop"]["early_stopping"] for group, model in found}
    every = pd.concat(found.values())
    sentences = [
        f"{capitalised('; '.join(data))}: accuracy (above) and loss (below) after each epoch, in evaluation mode.",
        f"A run ends when more than {' or '.join(map(str, sorted(patience)))} epochs have not exceeded its best"
        " validation accuracy; vertical lines: the first epoch that has it, one a seed.",
        lines_sentence(section.seeds),
        ended_sentence(every),
        "The epoch is chosen by the validation set; diamonds: the test set, asked once a seed, of that epoch.",
        validation_sentence(every),
        *(kept_sentence(section.label(*network), without_diverged(rows)) for network, rows in found.items()),
        diverged_sentence(every),
        section.note,
    ]
    return " ".join(filter(None, sentences))


def kept_sentence(label: str, runs: pd.DataFrame) -> str:
    """The epochs that are kept and the accuracies there; nothing of no runs."""
    if runs.empty:
        return ""
    ordered = runs.sort_values("seed")
    epochs = ", ".join(f"{epoch:g}" for epoch in ordered["best_validation_epoch"])
    validation, test = runs["best_validation_accuracy"].mean(), runs["test_accuracy_at_best"].mean()
    return f"{label}: best at epoch {epochs}; validation accuracy {validation:.1f} %, test accuracy {test:.1f} % there."
