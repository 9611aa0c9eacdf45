"""Test accuracy class by class: at the best epoch by validation where images are held out, else after the last."""

import math

import pandas as pd

from rethinking.outcomes.classes import ALL, by_seed, held_out, printed
from rethinking.outcomes.selection import Frames, without_diverged
from rethinking.outcomes.wording import (
    capitalised,
    diverged_sentence,
    seeds_sentence,
    setting_label,
    validation_sentence,
)
from rethinking.reporting.accuracies import Row, group_name, network_labels, plain, table_rows
from rethinking.reporting.formats import Table
from rethinking.sections import Section

PANELS = ("networks",)
SOURCE = "Beside a network what its source prints, of one run at its own size."
EPOCHS = {
    True: "after the epoch with the highest validation accuracy of the seed; the test set is never used to choose it",
    False: "after the last epoch",
}


def table(
    *, runs: pd.DataFrame, confusions: pd.DataFrame, section: Section, published: pd.DataFrame | None = None
) -> Table:
    """One row a class and network in the CSV file, one a class where it is read, and one of all of them.

    What a source prints of a network stands beside it where its classes are those of the data set.
    """
    frames = Frames(runs=runs, confusions=confusions)
    rows = table_rows(section, PANELS)
    numbers = pd.concat([classes_of(frames, published, section, row) for row in rows], ignore_index=True)
    beside = numbers["source"].notna().any()
    dataset = section.dataset_label
    notes = [
        f"{capitalised(dataset)}. Percent of the test images of a class that are given it, and how many of how many.",
        *(f"Measured {EPOCHS[chosen]}." for chosen in sorted(set(numbers["epoch"] == "best"), reverse=True)),
        validation_sentence(runs),
        seeds_sentence(section.seeds, "Images are counted once for each of {count} seeds."),
        SOURCE if beside else "",
        diverged_sentence(runs),
        section.note,
    ]
    title = f"Accuracy by class: {dataset}"
    numbers = numbers if beside else numbers.drop(columns="source")
    return Table(title, numbers, shown(numbers, section), notes)


def classes_of(frames: Frames, published: pd.DataFrame | None, section: Section, row: Row) -> pd.DataFrame:
    """The rows of one network in the CSV file, counts summed over seeds, in the data set's order of classes."""
    runs = without_diverged(frames.of("runs", *row))
    counts = by_seed(frames, *row).groupby("class", sort=False)[["correct", "total"]].sum()
    theirs = printed(published, section, *row)
    theirs = theirs if set(theirs) <= {ALL, *counts.index} else {}
    counts.loc[ALL] = counts.sum()
    numbers = counts.rename_axis("class").reset_index().assign(accuracy=lambda rows: 100 * rows.correct / rows.total)
    names = {**group_name(row), "model": row.model, "corruption": row.corruption}
    names |= {"epoch": "best" if held_out(runs) else "last", "n": len(runs)}
    numbers["source"] = [theirs.get(name, math.nan) for name in numbers["class"]]
    return numbers.assign(**names)[[*names, *numbers.columns]]


def shown(numbers: pd.DataFrame, section: Section) -> pd.DataFrame:
    """A row a class, a column a network and one of what its source prints; of data sets with other classes "-"."""
    several = numbers["corruption"].nunique() > 1
    columns = {}
    for _, rows in numbers.groupby([*({"group"} & set(numbers)), "model", "corruption"], sort=False):
        setting = f", {setting_label(rows['corruption'].iloc[0])}" if several else ""
        cells = zip(rows["accuracy"], rows["correct"], rows["total"], strict=True)
        texts = [f"{share:.1f} ({correct:,} of {total:,})" if total else "-" for share, correct, total in cells]
        name = f"{network_labels(rows, section)[0]}{setting}"
        columns[name] = dict(zip(rows["class"], texts, strict=True))
        if "source" in rows and rows["source"].notna().any():
            theirs = zip(rows["class"], rows["source"], strict=True)
            columns[f"{name}: the source"] = {key: plain(value, 0) for key, value in theirs}
    classes = [*dict.fromkeys(name for name in numbers["class"] if name != ALL), ALL]
    return pd.DataFrame(
        {"class": classes} | {name: [cells.get(each, "-") for each in classes] for name, cells in columns.items()}
    )
