"""Table 4 of the paper (appendix E): fitting random labels under explicit regularisers.

Under random crop and augmentation a training image is never the same twice, and the paper's training accuracy is the
average over the last epoch's batches as they ran (footnote 1); under weight decay it is that of table 1.
"""

from typing import Any

import pandas as pd

from rethinking.outcomes.selection import Frames
from rethinking.outcomes.wording import capitalised, diverged_sentence
from rethinking.reporting.accuracies import (
    INFERRED,
    Row,
    columns_apart,
    compared,
    seeds_note,
    settings,
    table_rows,
    tolerance_note,
    with_difference,
)
from rethinking.reporting.comparison import FITTED
from rethinking.reporting.formats import Table
from rethinking.sections import Section

PANELS = ("random_labels_decay", "random_labels_crop", "random_labels_augmentation")  # the paper's order
QUANTITIES = {"train_accuracy": "evaluation mode", "online_accuracy": "as the last epoch ran"}


def table(*, runs: pd.DataFrame, curves: pd.DataFrame, published: pd.DataFrame | None, section: Section) -> Table:
    """One row a network and regulariser. `section` is the table's."""
    frames = Frames(runs=runs, curves=curves)
    numbers = pd.DataFrame([row_of(frames, published, section, row) for row in table_rows(section, PANELS)])
    dataset = section.dataset_label
    notes = [
        f"{capitalised(dataset)}, random labels. Training accuracy in percent after the last epoch; under random crop"
        " and augmentation the average over the last epoch's batches as they ran (appendix E of the paper).",
        f"The paper's AlexNet under weight decay failed to converge, which is reproduced below {FITTED:g} %."
        if section.at_paper_size
        else "",
        seeds_note(section),
        diverged_sentence(runs),
        tolerance_note(section, list(QUANTITIES)),
        INFERRED if section.at_paper_size else "",
        section.note,
    ]
    return Table(f"Table 4: {dataset}", numbers, shown(numbers, section), notes)


def row_of(frames: Frames, published: pd.DataFrame | None, section: Section, row: Row) -> dict[str, Any]:
    """A row of the CSV file."""
    regularised = settings(section, row)
    augmented = regularised["random_crop"] or regularised["flip"] or regularised["rotation"]
    quantity = "online_accuracy" if augmented else "train_accuracy"
    found = compared(frames, published, section, row, quantity)
    return {
        "panel": row.group.panel,
        "model": row.model,
        "corruption": row.corruption,
        **regularised,
        "measured": quantity,
        **{name.replace(quantity, "accuracy"): value for name, value in found.items()},
    }


def shown(numbers: pd.DataFrame, section: Section) -> pd.DataFrame:
    """The rows as they are read."""
    columns: dict[str, list[str]] = {
        "network": [section.labels[model] for model in numbers["model"]],
        "regulariser": [regulariser(row) for _, row in numbers.iterrows()],
        **columns_apart(numbers, "accuracy", "training accuracy"),
        "measured": [QUANTITIES[quantity] for quantity in numbers["measured"]],
        "n": [str(n) for n in numbers["n"]],
    }
    if section.at_paper_size:
        pairs = zip(numbers["accuracy_paper"], numbers["accuracy_difference"], strict=True)
        columns["paper (difference)"] = [with_difference(*pair) for pair in pairs]
        columns["verdict"] = list(numbers["accuracy_verdict"])
    return pd.DataFrame(columns)


def regulariser(row: pd.Series) -> str:
    """What a row's runs were regularised with, in words."""
    words = [f"weight decay {row['weight_decay']:g}"] if row["weight_decay"] else []
    words += ["random crop"] if row["random_crop"] else []
    words += ["flip"] if row["flip"] else []
    words += [f"rotation up to {row['rotation']:g} degrees"] if row["rotation"] else []
    return ", ".join(words)
