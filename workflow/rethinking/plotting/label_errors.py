"""Finding wrong labels by what each example did while it was trained on: ROC curves, and their areas by level.

Scores of Arpit et al. 2017 (loss), Pleiss et al. 2020 (area under the margin) and Toneva et al. 2019 (forgetting).
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rethinking.outcomes.columns import RUN
from rethinking.outcomes.early_learning import share_of_wrong
from rethinking.outcomes.label_errors import EXPLAINED, SCORES, horizon_of, horizon_sentence, horizons
from rethinking.outcomes.selection import runs_of_panel, without_diverged
from rethinking.outcomes.wording import diverged_sentence, setting_label
from rethinking.plotting.curves import draw_band, lines_sentence, mean_and_range, network_on
from rethinking.plotting.layout import Handles, lay_out
from rethinking.plotting.learned_first import corrupted_settings, title_panels
from rethinking.plotting.style import BLUE, GREEN, ORANGE, PURPLE, SMALL, LineStyle, style
from rethinking.sections import Section

LOOKS = {
    "mean_loss": LineStyle(BLUE, "o", ()),
    "area_under_margin": LineStyle(ORANGE, "s", (4, 1.4)),
    "first_learned": LineStyle(GREEN, "D", (4, 1.2, 1, 1.2)),
    "forgettings": LineStyle(PURPLE, "v", (1, 1.2)),
}
CHANCE: dict[str, Any] = {"color": "0.45", "linewidth": 0.8, "linestyle": (0, (1, 1.5)), "zorder": 1.5}
HOLLOW: dict[str, Any] = {"markerfacecolor": "white", "alpha": 0.6, "linewidth": 0.8}


def figure(
    runs: pd.DataFrame, learned: pd.DataFrame, detection: pd.DataFrame, roc: pd.DataFrame, section: Section
) -> tuple[Figure, str]:
    """The figure, a panel a corruption of labels and one with the areas of all, and its caption."""
    shown = runs_of_panel(runs, section, "levels")
    trained = without_diverged(shown)[RUN]
    rows, areas, curves = (frame.merge(trained, on=RUN) for frame in (learned, detection, roc))
    noisy = corrupted_settings(rows, section)
    with style():
        drawing = Figure(figsize=section.size)
        axes = list(drawing.subplots(1, len(noisy) + 1, squeeze=False).flat)
        first = areas["Epoch"] == horizon_of(areas)
        for each, corruption in zip(axes, noisy, strict=False):
            of_setting = [frame[frame["corruption"] == corruption] for frame in (curves, areas[first])]
            draw_setting(each, of_setting[0][of_setting[0]["Epoch"] == horizon_of(areas)], of_setting[1])
        draw_areas(axes[-1], areas, rows)
        label_axes(axes, noisy, section.size[0])
        text = caption(shown, areas, section)
        lay_out(drawing, axes, legends(areas, len(noisy)), text)
    return drawing, text


def draw_setting(axes: Axes, roc: pd.DataFrame, detection: pd.DataFrame) -> None:
    """One corruption: a curve a score, means over seeds, and below the diagonal the areas."""
    axes.plot([0, 1], [0, 1], **CHANCE)
    axes.text(0.97, 0.03 + 0.105 * len(LOOKS), "area", fontsize=SMALL, ha="right", color="0.25")
    for place, (score, look) in enumerate(LOOKS.items()):
        summary = mean_and_range(roc[roc["Score"] == score], "FalsePositiveRate", "TruePositiveRate")
        draw_band(axes, summary, look.line_and_marker(), markersize=3.0, markevery=(4 + 6 * place, 25))
        area = detection[detection["Score"] == score]["Auroc"].mean()
        height = 0.03 + 0.105 * (len(LOOKS) - 1 - place)
        axes.text(0.97, height, f"{area:.3f}", fontsize=SMALL, ha="right", color=look.colour, fontweight="bold")


def draw_areas(axes: Axes, detection: pd.DataFrame, learned: pd.DataFrame) -> None:
    """The areas of all corruptions against the share of wrong labels; of all epochs, where fewer enter, pale."""
    shares = 100 * share_of_wrong(learned).groupby("corruption", sort=False).mean()
    for epoch in horizons(detection):
        pale = HOLLOW if epoch != horizon_of(detection) else {}
        for score, look in LOOKS.items():
            rows = detection[(detection["Score"] == score) & (detection["Epoch"] == epoch)].dropna(subset=["Auroc"])
            summary = mean_and_range(rows, "corruption", "Auroc")
            summary.index = shares.reindex(summary.index)
            if len(summary):
                line = look.line_and_marker() | ({"markeredgecolor": look.colour, **pale} if pale else {})
                draw_band(axes, summary.sort_index().assign(**({"count": 1} if pale else {})), line)
    axes.axhline(0.5, **CHANCE)


def label_axes(axes: Sequence[Axes], noisy: Sequence[str], width: float) -> None:
    """What the panels are of and what they show."""
    title_panels(axes, [*map(setting_label, noisy), "all levels"], width)
    for each in axes[:-1]:
        each.set_xlabel("right labels suspected")
        each.set_ylim(0, 1.02)
        each.set_xlim(0, 1)
    axes[0].set_ylabel("wrong labels found")
    axes[-1].set_xlabel("wrong labels (%)")
    axes[-1].set_ylabel("area under the curve")
    axes[-1].set_ylim(min(0.45, axes[-1].get_ylim()[0]), 1.01)


def legends(detection: pd.DataFrame, number: int) -> dict[int, Handles]:
    """The scores above the first panel, beside them which epochs are meant where there are two sets of them."""
    scores = [(Line2D([], [], **LOOKS[score].line_and_marker()), name) for score, name in SCORES.items()]
    first, *whole = horizons(detection)
    grey: dict[str, Any] = {"color": "0.35", "marker": "o"}
    epochs = [
        (Line2D([], [], **grey), f"{first:g} epochs"),
        *((Line2D([], [], **grey, **HOLLOW), f"all {epoch:g}") for epoch in whole),
    ]
    return {0: scores, **({number: epochs} if whole and number else {})}


def caption(runs: pd.DataFrame, detection: pd.DataFrame, section: Section) -> str:
    """What is shown of how many images and seeds, and what the scores are."""
    group = section.only("levels")
    sentences = [
        f"{network_on(runs, group, section)}: share of the examples with a wrong label that are found against the share"
        " of those with a right one that are suspected as well (ROC), and the areas under these curves against the"
        " share of wrong labels.",
        EXPLAINED,
        horizon_sentence(detection),
        lines_sentence(section.seeds),
        diverged_sentence(runs),
        section.note,
    ]
    return " ".join(filter(None, sentences))
