"""When each network had fitted its training set: epoch, steps, seconds and the test accuracy at that evaluation.

A repository (Deep-learning-generalization) logs "zero-loss condition reached at epoch …" from the running loss and
accuracy of the last batches; here it is the fit criterion, in evaluation mode on the whole training set.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from rethinking.outcomes.selection import Frames, without_diverged
from rethinking.outcomes.wording import setting_label, when_fitted
from rethinking.reporting.accuracies import Row, columns_apart, group_name, network_labels, seeds_note, table_rows
from rethinking.reporting.comparison import summary
from rethinking.reporting.formats import Table
from rethinking.sections import Section

PANELS = ("corruption_levels", "learning_curves", "capacity")
RISES = 0.8  # rank correlation of level and time from which the time counts as growing with the level
DIGITS = {
    "epoch": 1,
    "steps": 0,
    "seconds": 1,
    "test_accuracy": 1,
    "test_accuracy_corrupted": 1,
    "relative_time": 2,
    "final_train_accuracy": 2,
}


def table(*, runs: pd.DataFrame, section: Section) -> Table:
    """One row a network, corruption and group of runs. `section` is the table's."""
    frames = Frames(runs=runs)
    numbers = pd.DataFrame([row_of(frames, section, row) for row in table_rows(section, PANELS)])
    reached, ran, diverged = (int(numbers[count].sum()) for count in ("n", "runs", "diverged"))
    notes = [
        f"Reached: {when_fitted(section.fit_criterion)} (whole training set, evaluation mode). A repository"
        ' (Deep-learning-generalization) says "zero-loss" where the running loss and accuracy of the last batches are'
        " good enough.",
        "Seconds are of the machine and of whatever ran beside, and count the evaluations; epochs and steps are"
        " comparable. Relative time: epochs over those on true labels with the same seed. Accuracies in percent.",
        "Test accuracy is of clean labels; corrupted: what is to be expected of test labels corrupted like the training"
        " ones, as the repository has them.",
        f"Means are over the runs that reached it, {reached} of {ran}; n is how many these are of how many."
        f"{f' {diverged} diverged before they did.' if diverged else ''}",
        seeds_note(section),
        *correlation_notes(frames, section),
        section.note,
    ]
    return Table("Time to fit", numbers, shown(numbers, section), notes)


def row_of(frames: Frames, section: Section, row: Row) -> dict[str, Any]:
    """A row of the CSV file: mean and standard deviation of each quantity over the runs that reached the criterion."""
    group, criterion = row.group, section.fit_criterion
    runs = frames.of("runs", *row)
    met = runs[~runs["censored"].astype(bool)]
    values = {
        "epoch": met[f"{criterion}_epoch"],
        "steps": met[f"{criterion}_step"],
        "seconds": met[f"{criterion}_seconds"],
        "test_accuracy": 100 * (1 - met["test_error_at_fit"]),
        "test_accuracy_corrupted": 100 * (1 - met["test_error_at_fit_corrupted"]),
        "relative_time": met["relative_time"],
        "final_train_accuracy": without_diverged(runs)["final_train_accuracy"],
    }
    names = {"panel": group.panel, **group_name(row), "dataset": group.dataset, "recipe": group.recipe}
    names |= {"model": row.model}
    unfit = runs[runs["censored"].astype(bool)]
    counts = {"n": len(met), "runs": len(runs), "diverged": len(unfit) - len(without_diverged(unfit))}
    counts["epochs_trained"] = runs["epochs_done"].max()
    found = {name: summary(column.to_numpy(float), len(runs)) for name, column in values.items()}
    spread = {key: value for name, each in found.items() for key, value in each.columns(name).items()}
    return {**names, "corruption": row.corruption, "criterion": criterion, **spread, **counts}


def correlation_notes(frames: Frames, section: Section) -> list[str]:
    """Of each network over levels, whether the time grows with the level, by Spearman's rank correlation."""
    notes = []
    for group, model in section.networks("corruption_levels"):
        runs = pd.concat([frames.of("runs", group, model, corruption) for corruption in group.corruptions])
        rho = spearman(runs.dropna(subset=["time_to_fit"]))
        found = "cannot be told" if pd.isna(rho) else f"{rho:.2f}, {'' if rho > RISES else 'not '}above {RISES}"
        left_out = int(runs["time_to_fit"].isna().sum())
        notes.append(
            f"Spearman's correlation of level and epochs, {section.label(group, model)}: {found}"
            f" ({len(runs)} runs{f', {left_out} of which did not reach it and are left out' if left_out else ''})."
        )
    return notes


def spearman(runs: pd.DataFrame) -> float:
    """The rank correlation of level and time to fit; NaN where one of them does not vary."""
    level, time = runs["level"].astype(float).rank(), runs["time_to_fit"].astype(float).rank()
    return float(level.corr(time)) if min(level.nunique(), time.nunique()) > 1 else float("nan")


def shown(numbers: pd.DataFrame, section: Section) -> pd.DataFrame:
    """The rows as they are read; of runs that did not reach the criterion the last training accuracy."""
    columns: dict[str, list[str]] = {
        "network": network_labels(numbers, section),
        "data": [section.dataset_labels[dataset] for dataset in numbers["dataset"]],
        "labels and pixels": [setting_label(corruption) for corruption in numbers["corruption"]],
        "runs of": [panel.replace("_", " ") for panel in numbers["panel"]],
    }
    for name, digits in DIGITS.items():
        found = columns_apart(numbers, name, name.replace("_", " "), digits)
        # What else ran on the machine is no spread over seeds.
        columns |= {name: found[name]} if name == "seconds" else found
    rows = numbers.to_dict("records")
    columns["epoch"] = [cell if row["n"] else outcome(row) for cell, row in zip(columns["epoch"], rows, strict=True)]
    columns["n"] = [f"{n} of {ran}" for n, ran in zip(numbers["n"], numbers["runs"], strict=True)]
    return pd.DataFrame(columns)


def outcome(row: Mapping[str, Any]) -> str:
    """What became of a row's runs, none of which reached the criterion."""
    if row["diverged"] == row["runs"]:
        return "diverged" if row["runs"] else "not run"
    some = f", {row['diverged']} diverged" if row["diverged"] else ""
    return f"not reached in {row['epochs_trained']:.0f}{some}"
