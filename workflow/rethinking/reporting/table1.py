"""Table 1 of the paper: accuracies after the last epoch with and without random crop, weight decay, true labels."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from rethinking.outcomes.selection import Frames
from rethinking.outcomes.wording import capitalised, diverged_sentence
from rethinking.reporting.accuracies import (
    INFERRED,
    NOISE,
    Row,
    columns_apart,
    compared,
    plain,
    seeds_note,
    settings,
    table_rows,
    tolerance_note,
    with_difference,
)
from rethinking.reporting.formats import Table
from rethinking.sections import Section

PANELS = ("crop_and_decay", "crop", "decay", "plain", "random_labels")  # the paper's order
QUANTITIES = ("train_accuracy", "test_accuracy")


def table(*, runs: pd.DataFrame, published: pd.DataFrame | None, section: Section) -> Table:
    """One row a network and setting. `section` is the table's."""
    frames = Frames(runs=runs)
    rows = [row_of(frames, published, section, row) for row in table_rows(section, PANELS)]
    numbers = pd.DataFrame(rows)
    dataset = section.dataset_label
    notes = [
        f"{capitalised(dataset)}, recipes {', '.join(dict.fromkeys(group.recipe for group in section.groups))}."
        " Accuracies in percent, in evaluation mode, after the last epoch and not the best.",
        seeds_note(section),
        NOISE,
        diverged_sentence(runs),
        tolerance_note(section, QUANTITIES),
        INFERRED if section.at_paper_size else "",
        section.note,
    ]
    return Table(f"Table 1: {dataset}", numbers, shown(numbers, section), notes)


def row_of(frames: Frames, published: pd.DataFrame | None, section: Section, row: Row) -> dict[str, Any]:
    """A row of the CSV file."""
    rows = frames.of("runs", *row)
    regularised = settings(section, row)
    values = {
        "panel": row.group.panel,
        "model": row.model,
        "num_parameters": int(rows["num_parameters"].iloc[0]) if len(rows) else None,
        "random_crop": regularised["random_crop"],
        "weight_decay": regularised["weight_decay"],
        "weight_decay_on": regularised["weight_decay_on"],
        "corruption": row.corruption,
        "epochs": regularised["epochs"],
    }
    for quantity in QUANTITIES:
        values |= compared(frames, published, section, row, quantity)
    return values


def shown(numbers: pd.DataFrame, section: Section) -> pd.DataFrame:
    """The rows as they are read."""
    columns: dict[str, list[str]] = {
        "network": [section.labels[model] for model in numbers["model"]],
        "parameters": ["-" if pd.isna(number) else f"{number:,.0f}" for number in numbers["num_parameters"]],
        "random crop": ["yes" if used else "no" for used in numbers["random_crop"]],
        f"weight decay{' (inferred)' * section.at_paper_size}": [decay_of(row) for row in numbers.to_dict("records")],
        "labels": ["true" if name == "true_labels" else "random" for name in numbers["corruption"]],
        "n": [str(n) for n in numbers["n"]],
    }
    for quantity in QUANTITIES:
        part = quantity.split("_")[0]
        columns |= columns_apart(numbers, quantity, part)
        if f"{quantity}_binomial_error" in numbers:
            columns[f"{part}, binomial se"] = [plain(error) for error in numbers[f"{quantity}_binomial_error"]]
        if section.at_paper_size:
            pairs = zip(numbers[f"{quantity}_paper"], numbers[f"{quantity}_difference"], strict=True)
            columns[f"{part}, paper (difference)"] = [with_difference(*pair) for pair in pairs]
            columns[f"{part}, verdict"] = list(numbers[f"{quantity}_verdict"])
    return pd.DataFrame(columns)


def decay_of(row: Mapping[str, Any]) -> str:
    """A row's weight decay, and which weights it is of where these are not all."""
    if not row["weight_decay"]:
        return "no"
    part = "" if row["weight_decay_on"] == "all" else f" ({row['weight_decay_on'].replace('_', ' ')})"
    return f"{row['weight_decay']:g}{part}"
