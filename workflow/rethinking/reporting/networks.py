"""Networks side by side: input, parameters, multiply-adds, accuracy after training, seconds an epoch, a source's."""

import math
from typing import Any

import pandas as pd

from rethinking.outcomes.architectures import Compared, compared
from rethinking.outcomes.wording import capitalised, diverged_sentence
from rethinking.reporting.accuracies import columns_apart, plain, seeds_note, with_difference
from rethinking.reporting.comparison import summary
from rethinking.reporting.formats import Table
from rethinking.sections import Section

MEASURED = {  # columns of the CSV file by their names in the table
    "train_accuracy": "training accuracy",
    "test_accuracy": "test accuracy",
    "seconds_per_epoch": "seconds an epoch",
}


def table(*, runs: pd.DataFrame, architectures: pd.DataFrame, published: pd.DataFrame, section: Section) -> Table:
    """One row a network of each group."""
    networks = compared(runs, architectures, published, section, "networks")
    numbers = pd.DataFrame([row_of(each) for each in networks])
    if not numbers["group"].any():
        numbers = numbers.drop(columns="group")
    datasets = dict.fromkeys(section.dataset_labels[each.group.dataset] for each in networks)
    notes = [
        f"{capitalised('; '.join(datasets))}. Accuracies in percent, in evaluation mode, after the last epoch;"
        " seconds are those of training and evaluation together.",
        "Multiply-adds are those of convolutions and fully connected layers for one image.",
        "The source's are of one run each after as many epochs, its training accuracy a running one; differences are"
        " given where ours are of its size."
        if numbers[["source_train", "source_test"]].notna().any(axis=None)
        else "",
        seeds_note(section),
        diverged_sentence(runs),
        section.note,
    ]
    return Table("Networks compared", numbers, shown(numbers, [each.label for each in networks]), notes)


def row_of(network: Compared) -> dict[str, Any]:
    """A row of the CSV file: sizes, means and standard deviations over seeds, and the source's numbers."""
    measured = {
        "train_accuracy": network.runs["final_train_accuracy"],
        "test_accuracy": network.runs["final_test_accuracy"],
        "seconds_per_epoch": network.seconds_per_epoch,
    }
    values: dict[str, Any] = {
        "group": network.group.name, "model": network.model, "dataset": network.group.dataset,
        "input": network.input, "parameters": network.parameters, "multiply_adds": network.multiply_adds,
        "epochs": network.epochs, "n": len(network.runs),
    }  # fmt: skip
    for column, of_runs in measured.items():
        values |= summary(of_runs.to_numpy(float), len(network.runs)).columns(column)
    difference = values["test_accuracy"] - network.test if network.whole else math.nan
    return values | {"source_train": network.train, "source_test": network.test, "difference": difference}


def shown(numbers: pd.DataFrame, labels: list[str]) -> pd.DataFrame:
    """The rows as they are read."""
    columns = {
        "network": labels,
        "input": list(numbers["input"]),
        "parameters": [f"{count:,}" for count in numbers["parameters"]],
        "multiply-adds": [f"{count:,}" for count in numbers["multiply_adds"]],
        "epochs": [str(count) for count in numbers["epochs"]],
        "n": [str(n) for n in numbers["n"]],
    }
    for column, name in MEASURED.items():
        columns |= columns_apart(numbers, column, name, 1)
    columns["the source's training accuracy"] = [plain(value) for value in numbers["source_train"]]
    pairs = zip(numbers["source_test"], numbers["difference"], strict=True)
    columns["the source's test accuracy (difference)"] = [with_difference(*each) for each in pairs]
    return pd.DataFrame(columns)
