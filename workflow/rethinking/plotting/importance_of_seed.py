"""Why a corruption has a seed: a network on random labels, and the same one whose labels are other ones at each resume.

A repository that drew the random labels anew whenever a training was resumed had a jump of the loss there.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rethinking.plotting.curves import RUN, draw_curve, panel_runs, seeds_sentence, steps_label, unit_of
from rethinking.plotting.layout import Handles, lay_out
from rethinking.plotting.style import BLUE, VERMILLION, LineStyle, style

LOOKS = {
    "fixed": ("the same labels throughout", LineStyle(BLUE, "o", ())),
    "redrawn": ("labels drawn again at each resume", LineStyle(VERMILLION, "s", (4, 1.4))),
}
RESUME = {"color": "0.35", "linewidth": 0.8, "dashes": (1, 1.2), "zorder": 1}
COLUMNS = {
    "OnlineTrainLoss": ("training loss", "cross-entropy (nats)"),
    "TrainAccuracy": ("training accuracy", "accuracy (%)"),
}


def figure(runs: pd.DataFrame, curves: pd.DataFrame, section: dict[str, Any]) -> tuple[Figure, str]:
    """The figure and its caption. `section["settings"]` holds the epochs after which labels were drawn again."""
    tables = {name: curves.merge(panel_runs(runs, section, name)[RUN], on=RUN) for name in LOOKS}
    resumes = steps_of_resumes(tables["redrawn"], section["settings"]["redrawn"]["redraw_labels_after"])
    unit = unit_of(list(tables.values()))
    with style():
        drawing = Figure(figsize=section["size"])
        axes = list(drawing.subplots(1, 2))
        for letter, each, (column, (title, label)) in zip("ab", axes, COLUMNS.items(), strict=True):
            draw(each, tables, column, resumes, unit)
            each.set_title(f"({letter}) {title}")
            each.set_ylabel(label)
        axes[1].set_ylim(0, 101)
        text = caption(tables, resumes, section)
        lay_out(drawing, axes, {0: handles()}, text)
    return drawing, text


def steps_of_resumes(redrawn: pd.DataFrame, epochs: list[int]) -> list[int]:
    """The last step before each resume; of resumes after the last epoch there is none."""
    return sorted(redrawn[redrawn["Epoch"].isin(epochs)]["Step"].unique().tolist())


def draw(axes: Axes, tables: dict[str, pd.DataFrame], column: str, resumes: list[int], unit: int) -> None:
    """A column of both panels' runs, vertical lines at the resumes."""
    for step in resumes:
        axes.axvline(step / unit, **RESUME)
    for name, (_, look) in LOOKS.items():
        marks = {"marker": look.marker, "markevery": 0.12, "markeredgecolor": "white", "markeredgewidth": 0.3}
        draw_curve(axes, tables[name], column, unit, look.line(), **marks)
    axes.set_xlabel(steps_label(unit))
    axes.set_xlim(0, 1.02 * max(table["Step"].max() for table in tables.values()) / unit)
    axes.set_ylim(0)


def handles() -> Handles:
    """The legend."""
    lines = [(Line2D([], [], **look.line_and_marker()), label) for label, look in LOOKS.values()]
    return [*lines, (Line2D([], [], **RESUME), "resume")]


def jumps(rows: pd.DataFrame, resumes: list[int]) -> np.ndarray:
    """By how much the online loss of the epoch after each resume is above that of the epoch before, all seeds."""
    found = []
    for _, run in rows.sort_values("Step").groupby("seed"):
        before = run["Step"].isin(resumes).to_numpy()[:-1]
        found.append(np.diff(run["OnlineTrainLoss"])[before])
    return np.concatenate(found)


def caption(tables: dict[str, pd.DataFrame], resumes: list[int], section: dict[str, Any]) -> str:
    """The caption: what was done, and how large the jumps are."""
    group = section["panels"]["redrawn"]
    (model,) = group["models"]
    changes = {name: jumps(table, resumes) for name, table in tables.items()}
    sentences = [
        f"Importance of the seed: {section['labels'][model]} on random labels, {section['dataset_label']},"
        f" {'one resume' if len(resumes) == 1 else f'{len(resumes)} resumes'}.",
        "A resume with the corruption's seed goes on with the labels that were fitted so far; without it, labels are"
        " drawn again, and what was learnt of the former ones is worth nothing.",
        "(a) Averaged over each epoch as it runs. (b) Evaluation mode, on the labels in use.",
        *(jump_sentence(LOOKS[name][0], found) for name, found in changes.items() if len(found)),
        seeds_sentence(section["seeds"], "hairs: each seed"),
        section["recipe_note"],
    ]
    return " ".join(filter(None, sentences))


def jump_sentence(label: str, found: np.ndarray) -> str:
    """The mean change of the loss from the epoch before a resume to that after it."""
    return f"Change of the loss at a resume, {label}: {found.mean():+.2f} nats on average."
