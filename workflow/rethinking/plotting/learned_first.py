"""Who is learned first: accuracy on examples with right and with wrong labels, epoch by epoch, at several levels.

Wrong labels are learnt later than right ones, and until then a network says the true label of many examples that have
a wrong one (Arpit et al. 2017, Liu et al. 2020). Beside it: what stopping early gains, by the share of wrong labels.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rethinking.outcomes.columns import RUN
from rethinking.outcomes.early_learning import early_learning
from rethinking.outcomes.selection import runs_of_panel, without_diverged
from rethinking.outcomes.wording import diverged_sentence, setting_label
from rethinking.plotting.curves import draw_band, lines_sentence, network_on
from rethinking.plotting.layout import Handles, lay_out, panel_width, wrap
from rethinking.plotting.style import BLACK, BLUE, GREEN, LARGE, ORANGE, PURPLE, VERMILLION, LineStyle, style
from rethinking.plotting.training import by_epoch
from rethinking.sections import Section

# Part of the training set and which of its labels, "" for the test set: name and look.
CURVES = {
    ("uncorrupted", "Given"): ("right labels", LineStyle(BLACK, "o", ())),
    ("corrupted", "Given"): ("wrong labels, as given", LineStyle(VERMILLION, "s", (4, 1.4))),
    ("corrupted", "True"): ("wrong labels, true ones", LineStyle(BLUE, "D", (4, 1.2, 1, 1.2))),
    ("", "Test"): ("clean test set", LineStyle(GREEN, "v", (1, 1.2))),
}
GAINS = {
    "gain_chosen": ("validation chooses", LineStyle(PURPLE, "o", ())),
    "gain_best": ("best of all epochs", LineStyle(ORANGE, "s", (1, 1.2))),
}
CHANCE: dict[str, Any] = {"color": "0.45", "linewidth": 0.8, "linestyle": (0, (1, 1.5)), "zorder": 1.5}


def figure(runs: pd.DataFrame, curves: pd.DataFrame, learned: pd.DataFrame, section: Section) -> tuple[Figure, str]:
    """The figure, a panel a corruption of labels and one with what stopping early gains, and its caption."""
    shown = runs_of_panel(runs, section, "levels")
    trained = without_diverged(shown)
    rows, tests = (frame.merge(trained[RUN], on=RUN) for frame in (learned, curves))
    noisy = corrupted_settings(rows, section)
    with style():
        drawing = Figure(figsize=section.size)
        axes = list(drawing.subplots(1, len(noisy) + 1, squeeze=False).flat)
        for each, corruption in zip(axes, noisy, strict=False):
            draw_setting(each, *(frame[frame["corruption"] == corruption] for frame in (rows, tests)))
            each.axhline(100 / shown["num_classes"].iloc[0], **CHANCE)
        draw_gains(axes[-1], early_learning(trained, tests, rows))
        label_axes(axes, noisy, section.size[0])
        text = caption(shown, section)
        lay_out(drawing, axes, legends(len(noisy)), text)
    return drawing, text


def corrupted_settings(learned: pd.DataFrame, section: Section) -> list[str]:
    """The corruptions of the panel under which some labels are wrong, in its order."""
    there = set(learned[learned["Part"] == "corrupted"]["corruption"])
    return [corruption for corruption in section.only("levels").corruptions if corruption in there]


def draw_setting(axes: Axes, learned: pd.DataFrame, curves: pd.DataFrame) -> None:
    """The four lines of one corruption: means over seeds, bands from the lowest to the highest."""
    for place, ((part, label), (_, look)) in enumerate(CURVES.items()):
        rows = learned[learned["Part"] == part] if part else curves
        summary = by_epoch(rows, f"{label}Accuracy").agg(["mean", "min", "max", "count"], axis=1)
        if len(summary):
            # Parts of the panel's diagonal: evenly on a logarithmic axis, lines on each other not at the same places.
            draw_band(axes, summary, look.line_and_marker(), markersize=3.2, markevery=(0.04 * place, 0.2))
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")


def draw_gains(axes: Axes, found: pd.DataFrame) -> None:
    """How much better on the test set an earlier epoch is than the last, against the share of wrong labels."""
    axes.axhline(0, **CHANCE)
    for column, (_, look) in GAINS.items():
        by_setting = found.groupby("corruption", sort=False)
        summary = by_setting[column].agg(["mean", "min", "max", "count"])
        summary.index = 100 * by_setting["share"].mean()
        draw_band(axes, summary.sort_index(), look.line_and_marker())


def label_axes(axes: Sequence[Axes], noisy: Sequence[str], width: float) -> None:
    """What the panels are of and what they show."""
    title_panels(axes, [*map(setting_label, noisy), "stopping early"], width)
    for each in axes[:-1]:
        each.set_xlabel("epoch")
        each.set_ylim(0, 103)
    axes[0].set_ylabel("accuracy (%)")
    axes[-1].set_xlabel("wrong labels (%)")
    axes[-1].set_ylabel("gain on the test set\n(percentage points)")


def title_panels(axes: Sequence[Axes], titles: Sequence[str], width: float) -> None:
    """Titles no wider than their panels on a figure `width` inches wide; a level has a line of its own."""
    points = 72 * panel_width(width, len(axes))
    for each, title in zip(axes, titles, strict=True):
        each.set_title(
            "\n".join(wrap(part, points, LARGE, "bold") for part in title.replace(", P", ",\nP").split("\n"))
        )


def legends(number: int) -> dict[int, Handles]:
    """The legend of the curves above the first panel, that of the gains above the last."""
    curves: Handles = [(Line2D([], [], **look.line_and_marker()), name) for name, look in CURVES.values()]
    gains: Handles = [(Line2D([], [], **look.line_and_marker()), name) for name, look in GAINS.values()]
    guessing: Handles = [*curves, (Line2D([], [], **CHANCE), "guessing")]
    return {0: guessing, number: gains} if number else {0: gains}


def caption(runs: pd.DataFrame, section: Section) -> str:
    """What is shown of how many images and seeds."""
    group = section.only("levels")
    true = section.settings[group.recipe][group.models[0]]["true_validation_labels"]
    sentences = [
        f"{network_on(runs, group, section)}: accuracy after each epoch, in evaluation mode, on training examples whose"
        " label is the true one (right) and on those whose label changed (wrong; labels that were drawn anew and came"
        " out as they were are right), and on test images. Examples with a wrong label are counted twice: by the label"
        " given and by the true one, which the network never sees.",
        "Last panel: test accuracy of the epoch that held-out images choose, whose labels are"
        f" {'the true ones' if true else 'corrupted alike'}, minus that of the last epoch; and of the best of all"
        " epochs, which only the test set knows.",
        lines_sentence(section.seeds),
        diverged_sentence(runs),
        section.note,
    ]
    return " ".join(filter(None, sentences))
