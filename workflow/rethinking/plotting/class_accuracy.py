"""Test accuracy class by class, a column a network, and beside them what a source prints of its own.

The lowest class of each column is framed: which classes a network is poor at is what such a source speaks of (a blog
on residual networks, S2), from one run of each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from rethinking.models.registry import MODELS
from rethinking.outcomes.classes import ALL, by_seed, held_out, printed
from rethinking.outcomes.selection import Frames, rows_of, without_diverged
from rethinking.outcomes.wording import capitalised, diverged_sentence, seeds_sentence, setting_label
from rethinking.plotting.confusion import FULL, MAP, WHITE_FROM
from rethinking.plotting.layout import CAPTION, shortened, text_height, wrap
from rethinking.plotting.style import SMALL, style
from rethinking.sections import Section

# Inches: around the figure, a letter of the classes' names, between ours and the source's; a row; a column's title.
EDGE, LETTER, APART, ROW = 0.06, 0.06, 0.16, 0.22
TINY = 5.5  # points


@dataclass(frozen=True)
class Column:
    """A column: its title, and by class and `ALL` the accuracy of each seed in percent; of a source one number."""

    title: str
    accuracies: Mapping[str, Sequence[float]]
    theirs: bool = False

    def mean(self, name: str) -> float:
        """The mean over seeds; NaN where there is none."""
        return float(np.mean(its)) if (its := self.accuracies.get(name, ())) else np.nan

    def lowest(self) -> list[str]:
        """The class with the lowest accuracy of each seed, the first of equals."""
        seeds = len(next(iter(self.accuracies.values()), ()))
        classes = [name for name in self.accuracies if name != ALL]
        return [min(classes, key=lambda name: self.accuracies[name][seed]) for seed in range(seeds)]

    def highest(self) -> list[str]:
        """The same of the highest."""
        seeds = len(next(iter(self.accuracies.values()), ()))
        classes = [name for name in self.accuracies if name != ALL]
        return [max(classes, key=lambda name: self.accuracies[name][seed]) for seed in range(seeds)]


def figure(
    runs: pd.DataFrame, confusions: pd.DataFrame, published: pd.DataFrame, section: Section
) -> tuple[Figure, str]:
    """The figure, a column a network of each group and one a network of a source, and its caption."""
    columns = columns_of(Frames(runs=runs, confusions=confusions), published, section)
    classes = [*dict.fromkeys(name for each in columns for name in each.accuracies if name != ALL), ALL]
    width = section.size[0]
    left = EDGE + LETTER * max(len(shortened(name)) for name in classes)
    num_theirs = sum(each.theirs for each in columns)
    wide = (width - left - EDGE - (APART if num_theirs else 0)) / len(columns)
    titles = [wrap(each.title, wide * 72, TINY) for each in columns]
    above = EDGE + text_height(1 + max(title.count("\n") for title in titles))
    text = caption(runs, columns, section)
    wrapped = wrap(text, (width - 2 * EDGE) * 72, SMALL)
    below = EDGE + text_height(2 + wrapped.count("\n"))
    height = below + ROW * len(classes) + above
    with style():
        drawing = Figure(figsize=(width, height))
        for theirs in (False, True):
            its = [(each, title) for each, title in zip(columns, titles, strict=True) if each.theirs == theirs]
            if its:
                start = left + (wide * (len(columns) - num_theirs) + APART) * theirs
                place = (start / width, below / height, wide * len(its) / width, ROW * len(classes) / height)
                draw_block(drawing.add_axes(place), its, classes, named=not theirs)
        drawing.text(EDGE / width, EDGE / height, wrapped, **CAPTION)
    return drawing, text


def columns_of(frames: Frames, published: pd.DataFrame, section: Section) -> list[Column]:
    """Ours, network by network, then what sources print of them, if their classes are those of the data set."""
    ours, theirs = [], []
    for group, model in section.networks("networks"):
        (corruption,) = group.corruptions
        counts = by_seed(frames, group, model, corruption)
        together = counts.groupby("seed")[["correct", "total"]].sum().reset_index().assign(**{"class": ALL})
        counts = pd.concat([counts, together])
        counts = counts[counts["total"] > 0]
        shares = (100 * counts["correct"] / counts["total"]).groupby(counts["class"], sort=False).agg(list)
        ours.append(Column(section.label(group, model), shares.to_dict()))
        said = printed(published, section, group, model, corruption)
        if said and set(said) <= {*shares.index}:
            accuracies = {name: [value] for name, value in said.items()}
            whole = MODELS[section.factories[model]].label  # ours may be narrower
            title = f"the source's {', '.join(filter(None, (whole, group.name)))}"
            theirs.append(Column(title, accuracies, theirs=True))
    return [*ours, *theirs]


def draw_block(axes: Axes, columns: Sequence[tuple[Column, str]], classes: list[str], *, named: bool) -> None:
    """Columns beside each other: a cell a class, coloured and written with its range over seeds, the lowest framed."""
    means = np.array([[column.mean(name) for column, _ in columns] for name in classes])
    axes.imshow(means, cmap=MAP, norm=FULL, aspect="auto", interpolation="nearest")
    axes.grid(visible=False)
    for (row, place), mean in np.ndenumerate(means):
        column, name = columns[place][0], classes[row]
        if np.isnan(mean):
            continue
        colour = "white" if mean >= WHITE_FROM else "black"
        axes.text(place, row, cell(column.accuracies[name]), ha="center", va="center", fontsize=TINY, color=colour)
    for place in range(len(columns)):
        if not np.isnan(means[:-1, place]).all():
            row = int(np.nanargmin(means[:-1, place]))
            colour = "white" if means[row, place] >= WHITE_FROM else "black"
            corner = (place - 0.44, row - 0.4)
            axes.add_patch(Rectangle(corner, 0.88, 0.8, fill=False, edgecolor=colour, linewidth=1.1))
    axes.axhline(len(classes) - 1.5, color="white", linewidth=2)  # all classes are no class
    axes.set_xticks(range(len(columns)), [title for _, title in columns], fontsize=TINY)
    axes.xaxis.tick_top()
    axes.set_yticks(range(len(classes)) if named else [], [shortened(name) for name in classes] if named else [])
    axes.tick_params(length=0, labelsize=SMALL, axis="y")
    axes.tick_params(length=0, labelsize=TINY, axis="x", pad=1)
    axes.spines[["left", "bottom"]].set_visible(False)


def cell(values: Sequence[float]) -> str:
    """ "62 ±5": the mean over seeds and half the way from the lowest to the highest of them; "62" of one."""
    half = (max(values) - min(values)) / 2
    return f"{np.mean(values):.0f}" + (f" ±{half:.0f}" if len(values) > 1 else "")


def caption(runs: pd.DataFrame, columns: Sequence[Column], section: Section) -> str:
    """Of which images, how many seeds, and at which classes each network is worst and best, seed by seed."""
    networks = section.networks("networks")
    shown = pd.concat([rows_of(runs, *network) for network in networks])
    labels = dict.fromkeys(
        f"{section.dataset_labels[group.dataset]}, {setting_label(group.corruptions[0])}" for group, _ in networks
    )
    when = "after the epoch that validation chose" if held_out(without_diverged(shown)) else "after the last epoch"
    sentences = [
        f"{capitalised('; '.join(labels))}: percent of the test images of each class that are given it, {when}; framed:"
        " the lowest class of a column.",
        seeds_sentence(section.seeds, "Means over {count} seeds ({which}) ± half of lowest to highest."),
        f"The lowest and the highest class, seed by seed: {words}." if (words := extremes(columns)) else "",
        "Right: what the source prints, of one run each." if any(each.theirs for each in columns) else "",
        diverged_sentence(shown),
        section.note,
    ]
    return " ".join(filter(None, sentences))


def extremes(columns: Sequence[Column]) -> str:
    """ "Net cat, bird and ship, ship; …": the lowest classes seed by seed and the highest; nothing of no seeds."""
    found = (
        f"{each.title}: {', '.join(each.lowest())} and {', '.join(each.highest())}"
        for each in columns
        if not each.theirs and each.accuracies
    )
    return "; ".join(found)
