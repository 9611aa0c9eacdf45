"""The best epoch by validation and what the test set says of it, beside the end of training, and the seconds.

A notebook prints the highest accuracy of all epochs on the images that it calls test; this table chooses by validation
and reports the test accuracy of that epoch, whatever others have.
"""

import math
from typing import Any

import pandas as pd

from rethinking.outcomes.selection import Frames, without_diverged
from rethinking.outcomes.wording import capitalised, diverged_sentence, setting_label, validation_sentence
from rethinking.reporting.accuracies import Row, columns_apart, group_name, network_labels, seeds_note, table_rows
from rethinking.reporting.comparison import summary
from rethinking.reporting.formats import Table
from rethinking.sections import Section

PANELS = ("networks",)
OF_A_RUN = {  # columns of runs.csv by their names in the table
    "best_validation_accuracy": "best validation accuracy",
    "best_validation_epoch": "at epoch",
    "test_accuracy_at_best": "test accuracy there",
    "final_test_accuracy": "test accuracy at the end",
    "final_train_accuracy": "training accuracy at the end",
    "seconds_per_epoch": "seconds an epoch",
    "seconds": "seconds in total",
}


def table(*, runs: pd.DataFrame, section: Section) -> Table:
    """One row a network. `section` is the table's."""
    frames = Frames(runs=runs.assign(seconds_per_epoch=runs["seconds"] / runs["epochs_done"]))
    numbers = pd.DataFrame([row_of(frames, row) for row in table_rows(section, PANELS)])
    dataset = section.dataset_label
    notes = [
        f"{capitalised(dataset)}. Accuracies in percent, in evaluation mode; seconds are those of training and"
        " evaluation together.",
        "The epoch is chosen by the validation set, images held out of the training set, and is the first of equals;"
        " the test set is never used for it.",
        validation_sentence(runs),
        seeds_note(section),
        diverged_sentence(runs),
        section.note,
    ]
    return Table(f"Best epoch: {dataset}", numbers, shown(numbers, section), notes)


def row_of(frames: Frames, row: Row) -> dict[str, Any]:
    """A row of the CSV file: means, and standard deviations over seeds."""
    rows = without_diverged(frames.of("runs", *row))
    values: dict[str, Any] = {**group_name(row), "model": row.model, "corruption": row.corruption, "n": len(rows)}
    for column in OF_A_RUN:
        values |= summary(rows[column].to_numpy(float), len(rows)).columns(column)
    return values


def shown(numbers: pd.DataFrame, section: Section) -> pd.DataFrame:
    """The rows as they are read."""
    columns = {
        "network": network_labels(numbers, section),
        "labels and pixels": [setting_label(corruption) for corruption in numbers["corruption"]],
        "n": [str(n) for n in numbers["n"]],
    }
    for column, name in OF_A_RUN.items():
        columns |= columns_apart(numbers, column, name, [digits_of(column, sd) for sd in numbers[f"{column}_sd"]])
    return pd.DataFrame(columns)


def digits_of(column: str, sd: float) -> int:
    """Decimals: of one seed's epoch there are none."""
    if column == "best_validation_epoch":
        return 0 if math.isnan(sd) else 1
    return 1 if column == "seconds" else 2
