"""Figure 1 of the paper: (a) training loss in five data settings, (b) time to fit, (c) test error at the fit.

Lines are means over seeds with bands over them. A run that never met the fit criterion is a mark of its own in (b) and
(c), outside the means.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rethinking.names import level_of
from rethinking.outcomes.columns import RUN
from rethinking.outcomes.derived import LEVELLED, WHOLE, derived
from rethinking.outcomes.selection import on_true_labels, runs_of_panel, times_by
from rethinking.outcomes.wording import capitalised, images_of, setting_label, when_fitted
from rethinking.plotting.curves import (
    THIN_LINES,
    draw_band,
    draw_losses,
    draw_points,
    lines_sentence,
    mean_and_range,
    setting_handles,
    shown_of_paper,
    split_losses,
    unit_of_axis,
)
from rethinking.plotting.layout import Handles, lay_out
from rethinking.plotting.style import (
    SMALL,
    LineStyle,
    model_styles,
    published_marks,
    published_points,
    setting_styles,
    style,
)
from rethinking.sections import Section

DOTTED: dict[str, Any] = {"linewidth": 0.8, "dashes": (1, 1.2)}
DASH_DOTTED: dict[str, Any] = {"linewidth": 0.8, "dashes": (4, 1.2, 1, 1.2)}
DASHED: dict[str, Any] = {"linewidth": 0.8, "dashes": (4, 1.6)}
BY_LEVEL = ("relative_time", "test_error_at_fit")  # quantities of (b) and (c)
LARGEST_LINEAR = 12  # relative time from which panel (b) is logarithmic; the paper's ends at 3.6


def figure(
    runs: pd.DataFrame, curves: pd.DataFrame, section: Section, published: pd.DataFrame | None = None
) -> tuple[Figure, str]:
    """The figure and its caption. `section` is the figure's.

    `published` holds the paper's numbers (config/paper/README.md) where the runs are of its size; they are drawn over.
    """
    if len(models := sorted({model for _, model in section.networks("learning_curves")})) != 1:
        raise ValueError(f"configuration {section.configuration}, panel learning_curves: shows one model, not {models}")
    training = runs_of_panel(runs, section, "learning_curves")
    levels = runs_of_panel(runs, section, "corruption_levels")
    losses = split_losses(training, curves)
    with style():
        drawing = Figure(figsize=section.size)
        axes = list(drawing.subplots(1, 3))
        draw_losses(axes[0], losses, training, section.corruptions("learning_curves"))
        draw_levels(axes[1], levels, "relative_time", "relative_time_bound", section)
        beside = times_beside(levels, curves, section)
        draw_beside(axes[1], beside, section)
        scale_times(axes[1], levels)
        draw_levels(axes[2], levels, "test_error_at_fit", "final_test_error", section)
        draw_chance(axes[2], 1 - 1 / levels["num_classes"].iloc[0])
        paper = shown_of_paper(published, section)
        draw_paper(axes, paper, section)
        if "train_loss" in set(paper["quantity"]):
            draw_evaluated(axes[0], losses["together"], section)
        if "test_error_at_fit" in set(paper["quantity"]):
            draw_corrupted(axes[2], levels, section)
        label_axes(axes, section)
        text = caption(training, levels, losses, section, paper, beside)
        legends = {0: loss_handles(section, paper), 1: model_handles(levels, section, paper)}
        lay_out(drawing, axes, legends, text)
    return drawing, text


# (b) and (c) against the level of corruption


def draw_levels(axes: Axes, levels: pd.DataFrame, value: str, value_unfit: str, section: Section) -> None:
    """Panel (b) or (c): `value` of the runs that fitted as a line a model, `value_unfit` of the others as marks."""
    panel = section.only("corruption_levels")
    known = [level_of(name) for name in panel.corruptions]
    if None in known or len(set(known)) < len(known):
        raise ValueError(
            f"configuration {section.configuration}, panel corruption_levels: needs one corruption a level,"
            f" not {list(panel.corruptions)}"
        )
    for model, look in model_styles(panel.models).items():
        of_model = levels[levels["model"] == model]
        draw_band(axes, mean_and_range(of_model, "level", value), look.line_and_marker())
        for outcome in ("unfit", "diverged"):
            marked = of_model[outcomes(of_model) == outcome]
            axes.plot(marked["level"], marked[value_unfit], **unfit_marker(look, outcome, value), clip_on=False)
    axes.set_xlabel("label corruption")
    axes.set_xlim(-0.03, 1.03)


def times_beside(levels: pd.DataFrame, curves: pd.DataFrame, section: Section) -> pd.DataFrame | None:
    """The runs of panel (b) with their relative times by the section's second criterion, NaN where they have none."""
    if (criterion := derived(section.beside)) is None:
        return None
    times = times_by(criterion, levels, curves)
    return levels.assign(beside=times / on_true_labels(levels, times))


def draw_beside(axes: Axes, beside: pd.DataFrame | None, section: Section) -> None:
    """These times as a line a model."""
    if beside is None:
        return
    for model, look in model_styles(section.only("corruption_levels").models).items():
        means = mean_and_range(beside[beside["model"] == model], "level", "beside")["mean"]
        axes.plot(means.index, means, **DASH_DOTTED, color=look.colour)


def needs_logarithm(levels: pd.DataFrame) -> bool:
    """Whether the times of panel (b) would crowd at the foot of a linear axis, as bounds of short runs make them."""
    return bool(levels[["relative_time", "relative_time_bound"]].max(axis=None) > LARGEST_LINEAR)


def scale_times(axes: Axes, levels: pd.DataFrame) -> None:
    """A linear axis as in the paper, or one of doublings, labelled with plain numbers."""
    if needs_logarithm(levels):
        axes.set_yscale("log", base=2)
        axes.yaxis.set_major_formatter("{x:g}")


def outcomes(runs: pd.DataFrame) -> pd.Series:
    """Of each run "fitted", "unfit" or "diverged"; one that fitted before it diverged has fitted."""
    diverged = runs["stopped_by"] == "diverged"
    names = np.where(diverged, "diverged", "unfit")
    return pd.Series(np.where(runs["censored"].astype(bool), names, "fitted"), index=runs.index, dtype=str)


def unfit_marker(look: LineStyle, outcome: str, value: str) -> dict[str, Any]:
    """A cross for a run that diverged; else open, an upward triangle where the value is a lower bound."""
    marker = "x" if outcome == "diverged" else "^" if value == "relative_time" else look.marker
    return {
        "linestyle": "none",
        "marker": marker,
        "markersize": 4.5,
        "markerfacecolor": "none",
        "markeredgecolor": look.colour,
        "zorder": 3,
    }


def draw_chance(axes: Axes, chance: float) -> None:
    """The test error of a guess, as a dashed line with its name."""
    axes.axhline(chance, color="0.35", linewidth=0.8, dashes=(5, 3), zorder=1)
    axes.annotate(
        "chance", (0, chance), (0, 1.5), textcoords="offset points", va="bottom", fontsize=SMALL, color="0.25"
    )
    axes.set_ylim(0, max(axes.get_ylim()[1], chance * 1.1))


# The paper's own numbers


def draw_paper(axes: Sequence[Axes], paper: pd.DataFrame, section: Section) -> None:
    """Dots for the points of the paper's curves in (a), stars for its points in (b) and (c), hollow where suspect."""
    losses = paper[paper["quantity"] == "train_loss"]
    for corruption, look in setting_styles(section.corruptions("learning_curves")).items():
        draw_points(axes[0], losses[losses["corruption"] == corruption], published_points(look.colour))
    if len(losses):
        top = max(axes[0].get_ylim()[1], 1.05 * losses["value"].max())
        axes[0].set_ylim(-0.03 * top, top)
    for each, quantity in zip(axes[1:], BY_LEVEL, strict=True):
        of_panel = paper[paper["quantity"] == quantity]
        for model, look in model_styles(section.only("corruption_levels").models).items():
            for suspect in (False, True):
                points = of_panel[(of_panel["name"] == model) & ((of_panel["remark"] == "suspect") == suspect)]
                levels = [level_of(name) or 0.0 for name in points["corruption"]]
                if levels:
                    each.plot(levels, points["value"], **published_marks(look.colour, suspect=suspect))


def draw_evaluated(axes: Axes, losses: pd.DataFrame, section: Section) -> None:
    """The training loss of panel (a) in evaluation mode after an epoch, as the paper's seems to be, where measured."""
    unit = unit_of_axis(axes)
    for corruption, look in setting_styles(section.corruptions("learning_curves")).items():
        means = mean_and_range(losses[losses["corruption"] == corruption], "Step", "TrainLoss")["mean"].dropna()
        axes.plot(means.index / unit, means, **DASHED, color=look.colour)


def draw_corrupted(axes: Axes, levels: pd.DataFrame, section: Section) -> None:
    """What the errors of panel (c) would be on test labels corrupted alike, as the paper's seem to be."""
    for model, look in model_styles(section.only("corruption_levels").models).items():
        means = mean_and_range(levels[levels["model"] == model], "level", "test_error_at_fit_corrupted")["mean"]
        axes.plot(means.index, means, **DOTTED, color=look.colour)


def label_axes(axes: Iterable[Axes], section: Section) -> None:
    """Panel letters and the vertical axes' names, in the paper's words."""
    _, model = section.networks("learning_curves")[0]
    training, time, error = axes
    training.set_title("(a) learning curves")
    training.set_ylabel(f"average training loss\nof {section.labels[model]}")
    time.set_title("(b) convergence slowdown")
    time.set_ylabel("time to fit,\nrelative to true labels")
    error.set_title("(c) generalisation error")
    error.set_ylabel("test error")


def loss_handles(section: Section, paper: pd.DataFrame) -> Handles:
    """The legend of panel (a)."""
    handles = list(setting_handles(section.corruptions("learning_curves")))
    if "train_loss" in set(paper["quantity"]):
        dots = {**published_points("0.35"), "markersize": 4}
        handles.append((Line2D([], [], **dots), "the paper's"))
        handles.append((Line2D([], [], **DASHED, color="0.35"), "ours, after the epoch"))
    return handles


def model_handles(levels: pd.DataFrame, section: Section, paper: pd.DataFrame) -> Handles:
    """The legend of panels (b) and (c): the models, and the marks that occur."""
    looks = model_styles(section.only("corruption_levels").models)
    handles: list[tuple[Any, str]] = [
        (Line2D([], [], **look.line_and_marker()), section.labels[model]) for model, look in looks.items()
    ]
    grey = LineStyle("0.35", "o", ())
    found = set(outcomes(levels))
    if "unfit" in found:
        marks = tuple(Line2D([], [], **unfit_marker(grey, "unfit", value)) for value in ("relative_time", "test_error"))
        handles.append((marks, "did not fit"))
    if "diverged" in found:
        handles.append((Line2D([], [], **unfit_marker(grey, "diverged", "")), "diverged"))
    if criterion := derived(section.beside):
        label = f"ours, loss within {criterion.margin:g} of its last"
        handles.append((Line2D([], [], **DASH_DOTTED, color=grey.colour), label))
    points = paper[paper["quantity"].isin(BY_LEVEL)]
    if "test_error_at_fit" in set(points["quantity"]):
        handles.append((Line2D([], [], **DOTTED, color=grey.colour), "ours, corrupted test labels"))
    for suspect in sorted({remark == "suspect" for remark in points["remark"]}):
        mark = Line2D([], [], **published_marks(grey.colour, suspect=suspect))
        handles.append((mark, "the paper's, suspect" if suspect else "the paper's"))
    return handles


def caption(
    training: pd.DataFrame,
    levels: pd.DataFrame,
    losses: dict[str, pd.DataFrame],
    section: Section,
    paper: pd.DataFrame,
    beside: pd.DataFrame | None,
) -> str:
    """The caption: what the figure cannot say by itself. `beside`: the times by a second criterion (times_beside)."""
    facts = levels.iloc[0]
    sentences = [
        "Fitting random labels and random pixels:"
        f" {images_of(section.dataset_label, facts['num_train'], facts['num_test'])},"
        f" {facts['num_classes']} classes.",
        "(a) Training loss, averaged over each epoch as it runs.",
        *recipe_sentences(section),
        f"(b) Epochs until {when_fitted(section.fit_criterion)} (whole training set, evaluation mode), divided by"
        " those on true labels with the same seed.",
        *beside_sentences(section, beside),
        "(c) Test error at that moment; test labels are never corrupted.",
        lines_sentence(section.seeds),
        *outcome_sentences(training, levels),
    ]
    if "diverged" in set(outcomes(levels)) or not losses["diverged"].empty:
        sentences.append("Crosses: where runs diverged.")
    if needs_logarithm(levels):
        sentences.append("The vertical axis of (b) is logarithmic.")
    if not losses["alone"].empty:
        sentences.append(f"Thin lines in (a): {THIN_LINES}")
    if not paper.empty:
        marks = ["stars" if quantity in BY_LEVEL else "dots" for quantity in paper["quantity"]]
        names = capitalised(" and ".join(sorted(set(marks))))
        sentences.append(f"{names}: what the paper reports, read from its figures.")
    if "train_loss" in set(paper["quantity"]):
        sentences.append(
            "Dashed lines in (a): the loss in evaluation mode after an epoch, as the paper's seems to be, where it was"
            " measured."
        )
    if "test_error_at_fit" in set(paper["quantity"]):
        sentences.append(
            "Dotted lines in (c): the error to be expected on test labels corrupted like the training ones, as the"
            " authors' published code has them."
        )
    if "suspect" in set(paper["remark"]):
        sentences.append("Hollow stars: points that the paper probably plots twice.")
    return " ".join([*sentences, section.note]).strip()


def recipe_sentences(section: Section) -> list[str]:
    """Which recipe each curve of panel (a) is of, where they are of several."""
    of: dict[str, list[str]] = {}
    for group in section.of("learning_curves"):
        of.setdefault(group.recipe, []).extend(map(setting_label, group.corruptions))
    if len(of) == 1:
        return []
    each = (f"{recipe} ({', '.join(names)})" for recipe, names in of.items())
    return [f"Its recipes: {'; '.join(each)}."]


def beside_sentences(section: Section, beside: pd.DataFrame | None) -> list[str]:
    """What the second criterion of panel (b) is, where there is one, and how many runs it leaves out."""
    if beside is None:
        return []
    sentences = [
        f"Dash-dotted in (b): until {when_fitted(section.beside)}, found afterwards from the whole curve of runs of"
        f" {WHOLE} epochs, and of shorter ones that end at a loss under {LEVELLED:g}."
    ]
    if lacking := int(beside["beside"].isna().sum()):
        sentences.append(
            f"It is without {lacking} of {len(beside)} runs, which are of neither kind, diverged, or have no such time"
            " on true labels."
        )
    return sentences


def outcome_sentences(training: pd.DataFrame, levels: pd.DataFrame) -> list[str]:
    """The number of runs, of those that did not fit, and what marks them."""
    every = pd.concat([training, levels]).drop_duplicates(RUN)
    count = outcomes(every).value_counts()
    unfit, diverged = count.get("unfit", 0), count.get("diverged", 0)
    if not unfit and not diverged:
        return [f"{len(every)} runs, all of which fitted."]
    words = [f"{unfit} of which did not fit within {'its' if unfit == 1 else 'their'} epochs"] if unfit else []
    words += [f"{diverged} {'diverged' if words else 'of which diverged'}"] if diverged else []
    sentences = [f"{len(every)} runs, {' and '.join(words)}."]
    if set(outcomes(levels)) != {"fitted"}:
        sentences.append("The lines of (b, c) leave them out.")
    if "unfit" in set(outcomes(levels)):
        sentences.append("Open marks: runs that did not fit, (b) at their lower bound, (c) at their last test error.")
    timeless = levels[["relative_time", "relative_time_bound"]].isna().all(axis=1)
    if timeless.any():
        sentences.append(f"(b) lacks {timeless.sum()} runs, whose model did not fit true labels with their seed.")
    return sentences
