"""Figure 1a of the paper for any number of networks: training loss in several data settings, a panel a network."""

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
    training = runs_of_panel(runs, section, "learning_curves")
    networks = section.networks("learning_curves")
    trained = [runs_of_group(runs, section, group).query("model == @model") for group, model in networks]
    losses = [split_losses(rows, curves) for rows in trained]
    corruptions = list(dict.fromkeys(name for group, _ in networks for name in group.corruptions))
    columns = min(COLUMNS, len(networks))
    with style():
        drawing = Figure(figsize=section.size)
        axes = grid(drawing, len(networks), columns)
        for place, (each, (group, model)) in enumerate(zip(axes, networks, strict=True)):
            draw_losses(each, losses[place], trained[place], corruptions)
            each.set_title(section.label(group, model))
            each.set_ylabel("" if place % columns else "training loss")
        text = caption(training, losses, section)
        lay_out(drawing, axes, {0: setting_handles(corruptions)}, text, columns=columns, each_titled=True)
    return drawing, text


def caption(training: pd.DataFrame, losses: list[dict[str, pd.DataFrame]], section: Section) -> str:
    """The caption: what the figure cannot say by itself."""
    networks = {model for _, model in section.networks("learning_curves")}
    diverged = int((training["stopped_by"] == "diverged").sum())
    data = dict.fromkeys(described(training, group, section) for group in section.of("learning_curves"))
    counted = "one network" if len(networks) == 1 else f"{len(networks)} networks"
    sentences = [
        f"Learning curves of {counted}: {'; '.join(data)}.",
        "Training loss (cross-entropy, nats), averaged over each epoch as it runs; the vertical axes differ.",
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
