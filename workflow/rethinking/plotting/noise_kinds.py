"""The axes of the paper's figures 1b and 1c with people's mistakes (CIFAR-10N, Wei et al. 2022) beside drawn noise."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rethinking.outcomes.noise_kinds import KINDS, by_kind
from rethinking.outcomes.wording import capitalised, diverged_sentence, images_of, when_fitted
from rethinking.plotting.curves import draw_band, lines_sentence
from rethinking.plotting.layout import Handles, lay_out
from rethinking.plotting.style import BLACK, BLUE, VERMILLION, LineStyle, style
from rethinking.sections import Section

LOOKS = {
    "people": LineStyle(VERMILLION, "o", ()),
    "class_noise": LineStyle(BLUE, "s", (4, 1.4)),
    "uniform": LineStyle(BLACK, "D", (1, 1.2)),
}
ROWS = {"time_to_fit": "time to fit (epochs)", "test_error_percent": "test error at the fit (%)"}


def figure(runs: pd.DataFrame, learned: pd.DataFrame, section: Section) -> tuple[Figure, str]:
    """The figure, a column a network: time to fit above, test error below, a line a kind of noise; and its caption."""
    found = by_kind(runs, learned, section)
    found = found.assign(test_error_percent=100 * found["test_error_at_fit"])
    networks = list(dict.fromkeys(found["model"]))
    with style():
        drawing = Figure(figsize=section.size)
        axes = drawing.subplots(len(ROWS), len(networks), squeeze=False, sharex=True, sharey="row")
        for column, model in enumerate(networks):
            for each, quantity in zip(axes[:, column], ROWS, strict=True):
                draw_kinds(each, found[found["model"] == model], quantity)
            axes[0, column].set_title(section.labels[model])
            axes[-1, column].set_xlabel("labels that changed (%)")
        for row, label in zip(axes, ROWS.values(), strict=True):
            row[0].set_ylabel(label)
        text = caption(found, section)
        lay_out(drawing, list(axes.flat), {0: handles(found)}, text, columns=len(networks))
    return drawing, text


def draw_kinds(axes: Axes, found: pd.DataFrame, quantity: str) -> None:
    """A line a kind: means over the seeds that fitted, bands from the lowest to the highest, at the mean share."""
    for kind, look in LOOKS.items():
        rows = found[found["kind"] == kind].dropna(subset=[quantity])
        if rows.empty:
            continue
        by_setting = rows.groupby("corruption", sort=False)
        summary = by_setting[quantity].agg(["mean", "min", "max", "count"])
        summary.index = 100 * by_setting["share"].mean()
        draw_band(axes, summary.sort_index(), look.line_and_marker())


def handles(found: pd.DataFrame) -> Handles:
    """The legend: the kinds that there are."""
    there = [kind for kind in KINDS if kind in set(found["kind"])]
    return [(Line2D([], [], **LOOKS[kind].line_and_marker()), KINDS[kind]) for kind in there]


def caption(found: pd.DataFrame, section: Section) -> str:
    """What is shown of how many images and seeds, and where people's labels differ from drawn ones."""
    return " ".join(filter(None, [*sentences(found, section), lines_sentence(section.seeds), section.note]))


def sentences(found: pd.DataFrame, section: Section) -> Sequence[str]:
    """The parts of a caption that are about what is shown."""
    data = capitalised(images_of(section.dataset_label, int(found["num_train"].iloc[0])))
    unfit = int(found.drop_duplicates(["model", "corruption", "seed"])["time_to_fit"].isna().sum())
    return [
        f"{data}: epochs until {when_fitted(section.fit_criterion)}, and the error on clean test images then, against"
        " the share of training labels that are not the true ones.",
        "People's labels are one fixed draw, the same for every seed; the others are drawn anew with each, the second"
        " kind with the class-to-class probabilities of a matrix."
        if "people" in set(found["kind"])
        else "",
        f"{unfit} runs that did not fit are left out." if unfit else "",
        diverged_sentence(found),
    ]
