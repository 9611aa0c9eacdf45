"""Test accuracy class by class: at the best epoch by validation where images are held out, else after the last."""

from typing import Any

import pandas as pd

from rethinking.outcomes.selection import Frames, without_diverged
from rethinking.outcomes.wording import diverged_sentence, seeds_sentence, setting_label
from rethinking.reporting.accuracies import table_rows
from rethinking.reporting.formats import Table

PANELS = ("networks",)
ALL = "all classes"
EPOCHS = {
    True: "after the epoch with the highest validation accuracy of the seed; the test set is never used to choose it",
    False: "after the last epoch",
}


def table(*, runs: pd.DataFrame, confusions: pd.DataFrame, published: None, section: dict[str, Any]) -> Table:
    """One row a class and network in the CSV file, one a class where it is read, and one of all of them."""
    frames = Frames(runs=runs, confusions=confusions)
    rows = table_rows(section, PANELS)
    numbers = pd.concat([classes_of(frames, section, row) for row in rows], ignore_index=True)
    dataset = section["dataset_label"]
    notes = [
        f"{dataset}. Percent of the test images of a class that are given it, and how many of how many.",
        *(f"Measured {EPOCHS[chosen]}." for chosen in sorted(set(numbers["epoch"] == "best"), reverse=True)),
        seeds_sentence(section["seeds"], "Images are counted once for each of {count} seeds."),
        diverged_sentence(runs),
        section["recipe_note"],
    ]
    title = f"Accuracy by class: {dataset}"
    return Table(title, numbers, shown(numbers, section), notes)


def classes_of(frames: Frames, section: dict[str, Any], row: tuple[str, str, str]) -> pd.DataFrame:
    """The rows of one network in the CSV file, counts summed over seeds, in the data set's order of classes."""
    panel, model, corruption = row
    runs, cells = (frames.of(name, section["panels"][panel], model, corruption) for name in ("runs", "confusions"))
    runs = without_diverged(runs)
    held_out = runs["best_validation_epoch"].notna().all()
    chosen = runs.set_index("seed")["best_validation_epoch" if held_out else "epochs_done"]
    count = cells["Count"].where(cells["Epoch"] == cells["seed"].map(chosen), 0)
    right = count.where(cells["True"] == cells["Predicted"], 0)
    counts = cells.assign(correct=right, total=count).groupby("True", sort=False)[["correct", "total"]].sum()
    counts.loc[ALL] = counts.sum()
    numbers = counts.rename_axis("class").reset_index().assign(accuracy=lambda rows: 100 * rows.correct / rows.total)
    names = {"model": model, "corruption": corruption, "epoch": "best" if held_out else "last", "n": len(runs)}
    return numbers.assign(**names)[[*names, *numbers.columns]]


def shown(numbers: pd.DataFrame, section: dict[str, Any]) -> pd.DataFrame:
    """A row a class, a column a network."""
    several = numbers["corruption"].nunique() > 1
    columns: dict[str, list[str]] = {"class": list(dict.fromkeys(numbers["class"]))}
    for (model, corruption), rows in numbers.groupby(["model", "corruption"], sort=False):
        name = f"{section['labels'][model]}{f', {setting_label(corruption)}' if several else ''}"
        cells = zip(rows["accuracy"], rows["correct"], rows["total"], strict=True)
        columns[name] = [f"{share:.1f} ({correct:,} of {total:,})" if total else "-" for share, correct, total in cells]
    return pd.DataFrame(columns)
