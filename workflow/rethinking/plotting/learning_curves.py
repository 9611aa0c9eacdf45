"""Figure 1a of the paper for any number of networks: training loss in several data settings, a panel a network."""

from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from rethinking.outcomes.wording import images_of
from rethinking.plotting.curves import (
    THIN_LINES,
    draw_losses,
    lines_sentence,
    panel_runs,
    setting_handles,
    split_losses,
)
from rethinking.plotting.layout import lay_out_grid
from rethinking.plotting.style import style

COLUMNS = 3


def figure(runs: pd.DataFrame, curves: pd.DataFrame, section: dict[str, Any]) -> tuple[Figure, str]:
    """The figure and its caption. `section` is the figure's part of the resolved configuration."""
    training = panel_runs(runs, section, "learning_curves")
    group = section["panels"]["learning_curves"]
    of_model = {model: training[training["model"] == model] for model in group["models"]}
    losses = {model: split_losses(rows, curves) for model, rows in of_model.items()}
    columns = min(COLUMNS, len(of_model))
    with style():
        drawing = Figure(figsize=section["size"])
        rows = -(-len(of_model) // columns)
        axes = list(drawing.subplots(rows, columns, squeeze=False).flat)
        for place, (each, model) in enumerate(zip(axes, of_model, strict=False)):
            draw_losses(each, losses[model], of_model[model], group["corruptions"])
            each.set_title(section["labels"][model])
            each.set_ylabel("" if place % columns else "training loss")
        for spare in axes[len(of_model) :]:
            spare.remove()
        text = caption(training, losses, section)
        lay_out_grid(drawing, axes[: len(of_model)], columns, setting_handles(group["corruptions"]), text)
    return drawing, text


def caption(training: pd.DataFrame, losses: dict[str, dict[str, pd.DataFrame]], section: dict[str, Any]) -> str:
    """The caption: what the figure cannot say by itself."""
    facts = training.iloc[0]
    diverged = int((training["stopped_by"] == "diverged").sum())
    count = training["model"].nunique()
    thin = any(len(tables["alone"]) for tables in losses.values())
    sentences = [
        f"Learning curves of {'one network' if count == 1 else f'{count} networks'}:"
        f" {images_of(section['dataset_label'], facts['num_train'])}, {facts['num_classes']} classes.",
        "Training loss (cross-entropy, nats), averaged over each epoch as it runs; the vertical axes differ.",
        lines_sentence(section["seeds"]),
        f"Crosses: where {diverged} of {len(training)} runs diverged." if diverged else "",
        f"Thin lines: {THIN_LINES}" if thin else "",
        section["recipe_note"],
    ]
    return " ".join(filter(None, sentences))
