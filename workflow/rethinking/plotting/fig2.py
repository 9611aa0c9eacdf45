"""Figure 2 of the paper: (a) early stopping under explicit regularisers, (b) the small Inception without batch norm.

The paper's panel (a) is ImageNet, and its best-so-far is that of the test set. Here a validation set is held out as
well: a mark on a test curve is where its best epoch would have been chosen honestly.
"""

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from rethinking.outcomes.columns import RUN
from rethinking.outcomes.selection import runs_of_group, without_diverged
from rethinking.outcomes.wording import capitalised, diverged_sentence, images_of
from rethinking.plotting.curves import (
    by_step,
    draw_curve,
    draw_points,
    lines_sentence,
    shown_of_paper,
    steps_label,
    unit_of,
)
from rethinking.plotting.layout import Handles, lay_out
from rethinking.plotting.style import BLACK, BLUE, ORANGE, LineStyle, model_styles, published_points, style
from rethinking.sections import Section

SETTINGS = {  # the paper's order and words; no augmentation and dropout leave weight decay
    "all_regularisers": ("augmentation, weight decay, dropout", LineStyle(BLUE, "o", ())),
    "weight_decay": ("weight decay", LineStyle(ORANGE, "s", (4, 1.4))),
    "no_regulariser": ("no regulariser", LineStyle(BLACK, "D", (4, 1.2, 1, 1.2))),
}
VALIDATION = (1, 1.2)  # dashes


def figure(
    runs: pd.DataFrame, evaluations: pd.DataFrame, section: Section, published: pd.DataFrame | None = None
) -> tuple[Figure, str]:
    """The figure and its caption. `section` is the figure's.

    Where it has none of the panels of early stopping, (b) is all there is. Runs that diverged are in no mean; raises
    ValueError if a run is not there.
    """
    trained = {group.panel: runs_of_group(runs, section, group) for group in section.groups}
    tables = {panel: evaluations.merge(without_diverged(rows)[RUN], on=RUN) for panel, rows in trained.items()}
    settings = {name: tables[name] for name in SETTINGS if name in tables}
    networks = {
        model: tables["batch_norm"][tables["batch_norm"]["model"] == model]
        for model in section.only("batch_norm").models
    }
    with style():
        drawing = Figure(figsize=section.size)
        axes = list(drawing.subplots(1, 1 + bool(settings), squeeze=False)[0])
        draw_batch_norm(axes[-1], networks)
        paper = shown_of_paper(published, section).query("panel == 'batch_norm'")
        draw_paper(axes[-1], paper, section)
        legends = {len(axes) - 1: network_handles(section, paper)}
        if settings:
            draw_early_stopping(axes[0], settings, section)
            legends[0] = setting_handles()
        axes[-1].set_title("(b) batch normalisation" if settings else "batch normalisation")
        text = caption(trained, settings, section, paper)
        lay_out(drawing, axes, legends, text)
    return drawing, text


def best_so_far(curves: pd.DataFrame) -> pd.DataFrame:
    """The highest value up to each step, seed by seed."""
    return curves.cummax()


def shade_best(axes: Axes, rows: pd.DataFrame, unit: int, colour: str) -> None:
    """The area between the mean test accuracy and the mean of the best one so far."""
    curves = by_step(rows, "TestAccuracy")
    best = best_so_far(curves).mean(axis=1)
    axes.fill_between(curves.index / unit, curves.mean(axis=1), best, color=colour, alpha=0.25, linewidth=0)


def chosen(rows: pd.DataFrame) -> pd.DataFrame:
    """Of each seed the evaluation with the highest validation accuracy, the first of equals."""
    measured = rows.dropna(subset=["ValidationAccuracy"]).sort_values("Step", kind="stable", ignore_index=True)
    return measured.loc[measured.groupby("seed")["ValidationAccuracy"].idxmax()]


def draw_early_stopping(axes: Axes, settings: dict[str, pd.DataFrame], section: Section) -> None:
    """Panel (a): test and validation accuracy of each setting, and where validation would have stopped."""
    unit = unit_of(list(settings.values()))
    for name, rows in settings.items():
        look = SETTINGS[name][1]
        shade_best(axes, rows, unit, look.colour)
        draw_curve(axes, rows, "TestAccuracy", unit, {"color": look.colour, "linestyle": "-"})
        draw_curve(axes, rows, "ValidationAccuracy", unit, {"color": look.colour, "linestyle": (0, VALIDATION)})
        picked = chosen(rows)
        axes.plot(picked["Step"] / unit, picked["TestAccuracy"], **choice_mark(look))
    finish(axes, list(settings.values()), unit)
    shown = pd.concat(settings.values())[["TestAccuracy", "ValidationAccuracy"]]
    axes.set_ylim(top=head(shown.max(axis=None)))
    model = section.only("no_regulariser").models[0]
    axes.set_title("(a) early stopping")
    axes.set_ylabel(f"accuracy of {section.labels[model]} (%)")


def choice_mark(look: LineStyle) -> dict[str, Any]:
    """The mark of an epoch that the validation set chose."""
    return {
        "linestyle": "none",
        "marker": look.marker,
        "markerfacecolor": "white",
        "markeredgecolor": look.colour,
        "zorder": 4,
        "clip_on": False,
    }


def draw_batch_norm(axes: Axes, networks: dict[str, pd.DataFrame]) -> None:
    """Panel (b): training and test accuracy of each network."""
    unit = unit_of(list(networks.values()))
    for model, look in model_styles(list(networks)).items():
        shade_best(axes, networks[model], unit, look.colour)
        marks = {"marker": look.marker, "markevery": 0.12, "markeredgecolor": "white", "markeredgewidth": 0.3}
        draw_curve(axes, networks[model], "TestAccuracy", unit, {"color": look.colour, "linestyle": "-"}, **marks)
        line = {"color": look.colour, "linestyle": (0, (4, 1.4)), "linewidth": 0.8}
        draw_curve(axes, networks[model], "TrainAccuracy", unit, line)
    finish(axes, list(networks.values()), unit)
    axes.set_ylabel("accuracy (%)")


def finish(axes: Axes, tables: Sequence[pd.DataFrame], unit: int) -> None:
    """The axes' ends: all steps and, from a multiple of ten, all that was measured."""
    axes.set_xlabel(steps_label(unit))
    axes.set_xlim(0, 1.02 * max((table["Step"].max() for table in tables if len(table)), default=1) / unit)
    axes.set_ylim(foot(pd.concat(tables)["TestAccuracy"]), 101)


def head(highest: float) -> float:
    """The upper end of an axis that shows accuracies up to the highest, in tens of percent."""
    return 101 if math.isnan(highest) else min(101, 10 * math.ceil(highest / 10) + 1)


def foot(accuracies: pd.Series) -> float:
    """The lower end of an axis that shows all of these, in tens of percent."""
    return max(0, 10 * (accuracies.min() // 10)) if len(accuracies) else 0


def draw_paper(axes: Axes, paper: pd.DataFrame, section: Section) -> None:
    """The paper's points of panel (b) in the colour of the same network; the axes reach to them as well."""
    test = paper["quantity"] == "test_accuracy"
    for model, look in model_styles(section.only("batch_norm").models).items():
        of_model = paper["name"] == model
        draw_points(axes, paper[of_model & ~test], paper_dots(look.colour, training=True))
        draw_points(axes, paper[of_model & test], paper_dots(look.colour, training=False))
    if test.any():
        axes.set_ylim(bottom=min(axes.get_ylim()[0], foot(paper[test]["value"])))


def paper_dots(colour: str, *, training: bool) -> dict[str, Any]:
    """Full dots of the paper's test accuracy, rings of its training accuracy, which has many more."""
    rings = {"markersize": 4.0, "markerfacecolor": "none", "markeredgewidth": 0.35, "zorder": 3.5}
    return published_points(colour) | (rings if training else {"markersize": 3.2})


def setting_handles() -> Handles:
    """The legend of panel (a)."""
    handles: list[tuple[Any, str]] = [
        ((Line2D([], [], color=look.colour), Line2D([], [], **choice_mark(look))), label)
        for label, look in SETTINGS.values()
    ]
    return [
        *handles,
        (Line2D([], [], color="0.35"), "test"),
        (Line2D([], [], color="0.35", linestyle=(0, VALIDATION)), "validation"),
    ]


def network_handles(section: Section, paper: pd.DataFrame) -> Handles:
    """The legend of panel (b)."""
    looks = model_styles(section.only("batch_norm").models)
    handles: list[tuple[Any, str]] = [
        (Line2D([], [], color=look.colour, marker=look.marker, markeredgecolor="white"), section.labels[model])
        for model, look in looks.items()
    ]
    handles.append((Line2D([], [], color="0.35", linestyle=(0, (4, 1.4)), linewidth=0.8), "training"))
    handles.append((Patch(facecolor="0.35", alpha=0.25, linewidth=0), "best so far"))
    for training, label in ((False, "the paper's, test"), (True, "the paper's, training")):
        if ((paper["quantity"] != "test_accuracy") == training).any():
            handles.append((Line2D([], [], **{**paper_dots("0.35", training=training), "markersize": 6}), label))
    return handles


def caption(
    trained: dict[str, pd.DataFrame], settings: dict[str, pd.DataFrame], section: Section, paper: pd.DataFrame
) -> str:
    """The caption: what the figure cannot say by itself, and what early stopping was worth."""
    facts = trained["batch_norm"].iloc[0]
    images = images_of(label_of(facts, section), facts["num_train"], facts["num_test"])
    sentences = [
        "Implicit regularisers, true labels.",
        *early_stopping_sentences([trained[name].iloc[0] for name in settings], settings, section),
        f"{'(b) ' if settings else ''}{capitalised(images)}: test accuracy, shaded up to the best so far, and training"
        " accuracy in evaluation mode; no explicit regulariser.",
        lines_sentence(section.seeds, "hairs: each seed"),
    ]
    if not paper.empty:
        sentences.append("Dots and rings: what the paper reports, read from its figure.")
    if (paper["quantity"] == "minibatch_accuracy").any():
        sentences.append("Its training accuracy without batch norm is of minibatches as they ran (docs/deviations.md).")
    diverged = diverged_sentence(pd.concat(trained.values()).drop_duplicates(RUN))
    return " ".join(filter(None, [*sentences, diverged, section.note]))


def label_of(run: pd.Series, section: Section) -> str:
    """The label of the data set of a run."""
    return section.dataset_labels[run["dataset"]]


def early_stopping_sentences(
    firsts: Sequence[pd.Series], settings: dict[str, pd.DataFrame], section: Section
) -> list[str]:
    """What panel (a) shows, by the first run of each setting and all evaluations; nothing where it is not there."""
    if not settings:
        return []
    images = dict.fromkeys(f"{run['num_train']:,} images ({label_of(run, section)})" for run in firsts)
    shown = (
        f"(a) Trained on {' or '.join(images)}. Shaded: up to the best test accuracy so far, which nobody who trains"
        " can know. Open marks: test accuracy at the best epoch of a validation set that was held out of the training"
        " images. The paper's panel is Inception V3 on ImageNet, without a validation set."
    )
    return [shown, *(gain_sentence(name, rows) for name, rows in settings.items())]


def gain_sentence(name: str, rows: pd.DataFrame) -> str:
    """What stopping at the validation set's best epoch, and at the test set's, would have added to the end."""
    label = capitalised(SETTINGS[name][0])
    if rows.empty:
        return f"{label}: diverged."
    test = by_step(rows, "TestAccuracy")
    end = test.iloc[-1].mean()
    picked, best = chosen(rows)["TestAccuracy"].mean(), test.max().mean()
    return f"{label}: {end:.1f} % at the end, {picked:.1f} % where validation is best, {best:.1f} % at most."
