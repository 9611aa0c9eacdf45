"""Why a corruption has a seed: a network on random labels, and the same one whose labels are drawn again on the way.

A repository that drew the random labels anew whenever a training was resumed had a jump of the loss there. Here no run
is resumed: the recipe says after which epochs labels are drawn again.
"""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rethinking.outcomes.columns import RUN
from rethinking.outcomes.selection import runs_of_panel, without_diverged
from rethinking.outcomes.wording import diverged_sentence
from rethinking.plotting.curves import draw_curve, lines_sentence, steps_label, unit_of
from rethinking.plotting.layout import Handles, lay_out
from rethinking.plotting.style import BLUE, VERMILLION, LineStyle, style
from rethinking.sections import Section

LOOKS = {
    "fixed": ("the same labels throughout", LineStyle(BLUE, "o", ())),
    "redrawn": ("labels drawn again", LineStyle(VERMILLION, "s", (4, 1.4))),
}
REDRAW = {"color": "0.35", "linewidth": 0.8, "dashes": (1, 1.2), "zorder": 1}
COLUMNS = {
    "OnlineTrainLoss": ("training loss", "cross-entropy (nats)"),
    "TrainAccuracy": ("training accuracy", "accuracy (%)"),
}


def figure(runs: pd.DataFrame, curves: pd.DataFrame, section: Section) -> tuple[Figure, str]:
    """The figure and its caption. `section.settings` has the epochs after which labels were drawn again."""
    trained = {name: runs_of_panel(runs, section, name) for name in LOOKS}
    tables = {name: curves.merge(without_diverged(rows)[RUN], on=RUN) for name, rows in trained.items()}
    redrawn = section.only("redrawn")
    epochs = section.settings[redrawn.recipe][redrawn.models[0]]["redraw_labels_after"]
    redraws = steps_of_redraws(curves.merge(trained["redrawn"][RUN], on=RUN), epochs)
    unit = unit_of(list(tables.values()))
    with style():
        drawing = Figure(figsize=section.size)
        axes = list(drawing.subplots(1, 2))
        for letter, each, (column, (title, label)) in zip("ab", axes, COLUMNS.items(), strict=True):
            draw(each, tables, column, redraws, unit)
            each.set_title(f"({letter}) {title}")
            each.set_ylabel(label)
        axes[1].set_ylim(0, 101)
        text = caption(pd.concat(trained.values()), tables, redraws, section)
        lay_out(drawing, axes, {0: handles()}, text)
    return drawing, text


def steps_of_redraws(redrawn: pd.DataFrame, epochs: list[int]) -> list[int]:
    """The last step before each redraw; of redraws after the last epoch there is none."""
    return sorted(redrawn[redrawn["Epoch"].isin(epochs)]["Step"].unique().tolist())


def draw(axes: Axes, tables: dict[str, pd.DataFrame], column: str, redraws: list[int], unit: int) -> None:
    """A column of both panels' runs, vertical lines at the redraws."""
    for step in redraws:
        axes.axvline(step / unit, **REDRAW)
    for name, (_, look) in LOOKS.items():
        marks = {"marker": look.marker, "markevery": 0.12, "markeredgecolor": "white", "markeredgewidth": 0.3}
        draw_curve(axes, tables[name], column, unit, look.line(), **marks)
    axes.set_xlabel(steps_label(unit))
    axes.set_xlim(0, 1.02 * max((table["Step"].max() for table in tables.values() if len(table)), default=1) / unit)
    axes.set_ylim(0)


def handles() -> Handles:
    """The legend."""
    lines = [(Line2D([], [], **look.line_and_marker()), label) for label, look in LOOKS.values()]
    return [*lines, (Line2D([], [], **REDRAW), "a redraw")]


def around(rows: pd.DataFrame, redraws: list[int]) -> np.ndarray:
    """The online losses of the epochs before and after each redraw, all seeds: a row a redraw, two columns."""
    found = [np.empty((0, 2))]
    for _, run in rows.sort_values("Step").groupby("seed"):
        losses = run["OnlineTrainLoss"].to_numpy()
        before = run["Step"].isin(redraws).to_numpy()[:-1]
        found.append(np.column_stack([losses[:-1], losses[1:]])[before])
    return np.concatenate(found)


def caption(runs: pd.DataFrame, tables: dict[str, pd.DataFrame], redraws: list[int], section: Section) -> str:
    """The caption: what was done, and how large the jumps are."""
    (model,) = section.only("redrawn").models
    losses = {name: around(table, redraws) for name, table in tables.items()}
    times = {1: "once", 2: "twice"}.get(len(redraws), f"{len(redraws)} times")
    sentences = [
        f"Importance of the seed: {section.labels[model]} on {section.dataset_label}; random labels that stay the"
        f" same, and that are drawn again {times} (vertical lines), as a resume without the corruption's seed does; no"
        " run is resumed here.",
        "(a) Averaged over each epoch as it runs. (b) Evaluation mode, on the labels in use.",
        *(jump_sentence(LOOKS[name][0], found) for name, found in losses.items() if len(found)),
        guess_sentence(losses["redrawn"], int(runs["num_classes"].iloc[0])),
        lines_sentence(section.seeds, "hairs: each seed"),
        diverged_sentence(runs),
        section.note,
    ]
    return " ".join(filter(None, sentences))


def jump_sentence(label: str, found: np.ndarray) -> str:
    """The mean change of the loss from the epoch before a redraw to that after it."""
    return f"Change of the loss there, {label}: {np.diff(found).mean():+.2f} nats on average."


def guess_sentence(found: np.ndarray, num_classes: int) -> str:
    """That the loss after a redraw is above that of a guess, and why; nothing where it is not."""
    after, guess = found[:, 1].mean() if len(found) else 0.0, math.log(num_classes)
    if after <= guess:
        return ""
    return (
        f"The loss right after a redraw, {after:.2f}, is above that of a guess, ln {num_classes} = {guess:.2f}: the"
        " network is sure of labels that are no longer asked for."
    )
