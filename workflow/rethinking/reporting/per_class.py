"""Test accuracy class by class: at the best epoch by validation where images are held out, else after the last."""

import pandas as pd

from rethinking.outcomes.selection import Frames, without_diverged
from rethinking.outcomes.wording import diverged_sentence, seeds_sentence, setting_label
from rethinking.reporting.accuracies import Row, group_name, network_labels, table_rows
from rethinking.reporting.formats import Table
from rethinking.sections import Section

PANELS = ("networks",)
ALL = "all classes"
EPOCHS = {
    True: "after the epoch with the highest validation accuracy of the seed; the test set is never used to choose it",
    False: "after the last epoch",
}


def table(*, runs: pd.DataFrame, confusions: pd.DataFrame, section: Section) -> Table:
    """One row a class and network in the CSV file, one a class where it is read, and one of all of them."""
    frames = Frames(runs=runs, confusions=confusions)
    rows = table_rows(section, PANELS)
    numbers = pd.concat([classes_of(frames, row) for row in rows], ignore_index=True)
    dataset = section.dataset_label
    notes = [
        f"{dataset}. Percent of the test images of a class that are given it, and how many of how many.",
        *(f"Measured {EPOCHS[chosen]}." for chosen in sorted(set(numbers["epoch"] == "best"), reverse=True)),
        seeds_sentence(section.seeds, "Images are counted once for each of {count} seeds."),
        diverged_sentence(runs),
        section.note,
    ]
    title = f"Accuracy by class: {dataset}"
    return Table(title, numbers, shown(numbers, section), notes)


def classes_of(frames: Frames, row: Row) -> pd.DataFrame:
    """The rows of one network in the CSV file, counts summed over seeds, in the data set's order of classes."""
    runs, cells = (frames.of(name, *row) for name in ("runs", "confusions"))
    runs = without_diverged(runs)
    held_out = runs["best_validation_epoch"].notna().all()
    chosen = runs.set_index("seed")["best_validation_epoch" if held_out else "epochs_done"]
    count = cells["Count"].where(cells["Epoch"] == cells["seed"].map(chosen), 0)
    right = count.where(cells["True"] == cells["Predicted"], 0)
    counts = cells.assign(correct=right, total=count).groupby("True", sort=False)[["correct", "total"]].sum()
    counts.loc[ALL] = counts.sum()
    numbers = counts.rename_axis("class").reset_index().assign(accuracy=lambda rows: 100 * rows.correct / rows.total)
    names = {**group_name(row), "model": row.model, "corruption": row.corruption}
    names |= {"epoch": "best" if held_out else "last", "n": len(runs)}
    return numbers.assign(**names)[[*names, *numbers.columns]]


def shown(numbers: pd.DataFrame, section: Section) -> pd.DataFrame:
    """A row a class, a column a network; of data sets with other classes "-"."""
    several = numbers["corruption"].nunique() > 1
    columns = {}
    for _, rows in numbers.groupby([*({"group"} & set(numbers)), "model", "corruption"], sort=False):
        setting = f", {setting_label(rows['corruption'].iloc[0])}" if several else ""
        cells = zip(rows["accuracy"], rows["correct"], rows["total"], strict=True)
        texts = [f"{share:.1f} ({correct:,} of {total:,})" if total else "-" for share, correct, total in cells]
        columns[f"{network_labels(rows, section)[0]}{setting}"] = dict(zip(rows["class"], texts, strict=True))
    classes = [*dict.fromkeys(name for name in numbers["class"] if name != ALL), ALL]
    return pd.DataFrame(
        {"class": classes} | {name: [cells.get(each, "-") for each in classes] for name, cells in columns.items()}
    )
