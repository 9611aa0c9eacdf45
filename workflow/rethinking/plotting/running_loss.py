"""The training loss as it runs, a mean over every so many steps, a panel a network; a source's numbers over ours.

What a blog on residual networks prints of each of its trainings (S2: every 2,000 batches of five images).
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rethinking.outcomes.columns import RUN
from rethinking.outcomes.printed import at_steps, of_its_size
from rethinking.outcomes.selection import rows_of, without_diverged
from rethinking.outcomes.wording import capitalised, diverged_sentence, images_of, setting_label
from rethinking.plotting.curves import draw_band, lines_sentence, mean_and_range, steps_label, unit_of
from rethinking.plotting.grids import grid
from rethinking.plotting.layout import lay_out
from rethinking.plotting.style import BLUE, VERMILLION, LineStyle, published_marks, style
from rethinking.sections import PanelRuns, Section

COLUMNS = 3
OURS, THEIRS = LineStyle(BLUE, "o", ()), published_marks(VERMILLION)


def figure(runs: pd.DataFrame, steps: pd.DataFrame, published: pd.DataFrame, section: Section) -> tuple[Figure, str]:
    """The figure, a panel a network of each group, and its caption."""
    networks = section.networks("networks")
    columns, starred = min(COLUMNS, len(networks)), False
    with style():
        drawing = Figure(figsize=section.size)
        axes = grid(drawing, len(networks), columns, sharey=True)
        for place, (each, (group, model)) in enumerate(zip(axes, networks, strict=True)):
            trained = without_diverged(rows_of(runs, group, model))
            printed = theirs(published, section, group, model, trained)
            draw_network(each, steps.merge(trained[RUN], on=RUN), printed)
            starred |= len(printed) > 0
            each.set_title(section.label(group, model))
            each.set_ylabel("" if place % columns else "running loss (nats)")
        text = caption(runs, section, starred)
        both = [(Line2D([], [], **OURS.line_and_marker()), "ours"), (Line2D([], [], **THEIRS), "the source's")]
        lay_out(drawing, axes, {0: both} if starred else {}, text, columns=columns, each_titled=True)
    return drawing, text


def theirs(published: pd.DataFrame, section: Section, group: PanelRuns, model: str, runs: pd.DataFrame) -> pd.DataFrame:
    """What a source prints of a network step by step, as far as our runs are of its size."""
    rows = at_steps(published, section, group, model, "online_loss")
    images = runs["num_train"].iloc[0] if len(runs) else 0
    fitting = [of_its_size(section, group, model, images, row) for row in rows.to_dict("records")]
    return rows[pd.Series(fitting, index=rows.index, dtype=bool)]


def draw_network(axes: Axes, steps: pd.DataFrame, printed: pd.DataFrame) -> None:
    """The mean over seeds with its band, and the source's numbers."""
    unit = unit_of([steps])
    summary = mean_and_range(steps, "Step", "OnlineTrainLoss")
    summary.index = summary.index / unit
    draw_band(axes, summary, OURS.line_and_marker(), markersize=3.2)
    axes.plot(printed["step"].astype(float) / unit, printed["value"], **THEIRS)
    axes.set_xlabel(steps_label(unit))
    axes.set_xlim(left=0)


def caption(runs: pd.DataFrame, section: Section, starred: bool) -> str:
    """Of which images, over how many steps each number is, how many seeds."""
    networks = section.networks("networks")
    shown = pd.concat([rows_of(runs, *network) for network in networks])
    data = dict.fromkeys(data_of(group, rows_of(runs, group, model).iloc[0], section) for group, model in networks)
    sentences = [
        f"{capitalised('; '.join(data))}: training loss (cross-entropy, nats) as it runs, each point the mean of"
        f" {of_steps(section)}.",
        lines_sentence(section.seeds),
        "Stars: what the source prints, of one run." if starred else "",
        diverged_sentence(shown),
        section.note,
    ]
    return " ".join(filter(None, sentences))


def data_of(group: PanelRuns, run: pd.Series, section: Section) -> str:
    """What a group's networks are trained on, by one of their runs."""
    images = images_of(section.dataset_labels[group.dataset], run["num_train"])
    return f"{images}, {setting_label(group.corruptions[0])}"


def of_steps(section: Section) -> str:
    """The steps that a point is of: "the last 2,000 batches of 5"."""
    recipes = [section.settings[group.recipe][model] for group, model in section.networks("networks")]
    words = {f"the last {each['log_every_steps']:,} batches of {each['batch_size']}" for each in recipes}
    return " or ".join(sorted(words))
