"""Figure 1a of the paper for any number of networks: training loss in several data settings, a panel a network.

By epoch, or by step as a repository draws them whose log has a row every so many steps.
"""

import pandas as pd
from matplotlib.figure import Figure

from rethinking.outcomes.selection import runs_of_group, runs_of_panel
from rethinking.outcomes.wording import images_of
from rethinking.plotting.curves import THIN_LINES, draw_losses, lines_sentence, setting_handles, split_losses
from rethinking.plotting.grids import grid
from rethinking.plotting.layout import lay_out
from rethinking.plotting.style import style
from rethinking.sections import PanelRuns, Section

COLUMNS = 3


def figure(runs: pd.DataFrame, curves: pd.DataFrame, section: Section) -> tuple[Figure, str]:
    """The figure, a panel a network of each group, and its caption."""
    return drawn(runs, curves, "averaged over each epoch as it runs", section)


def by_step(runs: pd.DataFrame, steps: pd.DataFrame, section: Section) -> tuple[Figure, str]:
    """The same by rows of steps.csv, each of the steps since the one before it."""
    settings = section.settings.values()
    every = sorted({its["log_every_steps"] for of_recipe in settings for its in of_recipe.values()})
    if every == [1]:
        return drawn(runs, steps, "of each step's batch", section)
    return drawn(runs, steps, f"averaged over each {' or '.join(map(str, every))} steps", section)


def drawn(runs: pd.DataFrame, curves: pd.DataFrame, averaged: str, section: Section) -> tuple[Figure, str]:
    """The figure of a data frame with steps and training losses, `averaged` in the caption's words."""
    training = runs_of_panel(runs, section, "learning_curves")
    networks = section.networks("learning_curves")
    trained = [runs_of_group(runs, section, group).query("model == @model") for group, model in networks]
    losses = [split_losses(rows, curves) for rows in trained]
    corruptions = section.corruptions("learning_curves")
    columns = min(COLUMNS, len(networks))
    with style():
        drawing = Figure(figsize=section.size)
        axes = grid(drawing, len(networks), columns)
        for place, (each, (group, model)) in enumerate(zip(axes, networks, strict=True)):
            draw_losses(each, losses[place], trained[place], corruptions)
            each.set_title(section.label(group, model))
            each.set_ylabel("" if place % columns else "training loss")
        text = caption(training, losses, averaged, section)
        lay_out(drawing, axes, {0: setting_handles(corruptions)}, text, columns=columns, each_titled=True)
    return drawing, text


def caption(training: pd.DataFrame, losses: list[dict[str, pd.DataFrame]], averaged: str, section: Section) -> str:
    """The caption: what the figure cannot say by itself."""
    networks = {model for _, model in section.networks("learning_curves")}
    diverged = int((training["stopped_by"] == "diverged").sum())
    data = dict.fromkeys(described(training, group, section) for group in section.of("learning_curves"))
    counted = "one network" if len(networks) == 1 else f"{len(networks)} networks"
    sentences = [
        f"Learning curves of {counted}: {'; '.join(data)}.",
        f"Training loss (cross-entropy, nats), {averaged}; the vertical axes differ.",
        lines_sentence(section.seeds),
        f"Crosses: where {diverged} of {len(training)} runs diverged." if diverged else "",
        f"Thin lines: {THIN_LINES}" if any(len(tables["alone"]) for tables in losses) else "",
        section.note,
    ]
    return " ".join(filter(None, sentences))


def described(training: pd.DataFrame, group: PanelRuns, section: Section) -> str:
    """The data of a group's runs, with its name where it has one."""
    facts = runs_of_group(training, section, group).iloc[0]
    images = images_of(section.dataset_labels[group.dataset], facts["num_train"])
    return f"{f'{group.name}: ' if group.name else ''}{images}, {facts['num_classes']} classes"
