"""Who is learned first, in numbers: when right and wrong labels are learnt, and what stopping in between gives."""

from typing import Any

import pandas as pd

from rethinking.outcomes.early_learning import HALF, early_learning
from rethinking.outcomes.selection import runs_of_panel, without_diverged
from rethinking.outcomes.wording import capitalised, diverged_sentence, setting_label
from rethinking.reporting.formats import Table
from rethinking.reporting.intervals import cells, columns_of, seeds_notes
from rethinking.sections import Section

# Columns of the CSV file, each with an interval: what it is called and its decimals.
SHOWN = {
    "share": ("wrong labels (%)", 1),
    "uncorrupted_half": ("half of the right labels learnt at epoch", 1),
    "corrupted_half": ("half of the wrong ones", 1),
    "true_peak_epoch": ("true labels of the wrong ones most often said at epoch", 1),
    "true_peak": ("share of them then (%)", 1),
    "given_at_peak": ("the given ones then (%)", 1),
    "true_final": ("true ones at the end (%)", 1),
    "given_final": ("given ones at the end (%)", 1),
    "uncorrupted_final": ("right labels at the end (%)", 1),
    "test_best_epoch": ("test accuracy best at epoch", 1),
    "test_best": ("test accuracy there (%)", 1),
    "test_chosen": ("where validation chooses (%)", 1),
    "test_final": ("at the end (%)", 1),
    "gain_best": ("gain of the best epoch", 1),
    "gain_chosen": ("gain of stopping by validation", 1),
}


def table(*, runs: pd.DataFrame, curves: pd.DataFrame, learned: pd.DataFrame, section: Section) -> Table:
    """One row a corruption: means over seeds and their confidence intervals."""
    shown_runs, group = runs_of_panel(runs, section, "levels"), section.only("levels")
    found = early_learning(without_diverged(shown_runs), curves, learned)
    numbers = pd.DataFrame([row_of(found[found["corruption"] == name], name) for name in group.corruptions])
    true = section.settings[group.recipe][group.models[0]]["true_validation_labels"]
    notes = [
        f"{capitalised(section.dataset_labels[group.dataset])}, {section.labels[group.models[0]]}. A label is wrong"
        f" where it is not the true one; half: the first evaluation at which {HALF:g} % of them are what the network"
        " says. Accuracies in percent, in evaluation mode, gains in percentage points above the last epoch's test"
        " accuracy.",
        f"Validation: images held out, whose labels are {'the true ones' if true else 'corrupted alike'}. The best"
        " epoch is that of the test set itself, which no one has to choose by.",
        *seeds_notes(section),
        diverged_sentence(shown_runs),
        section.note,
    ]
    return Table("Who is learned first", numbers, shown(numbers), notes)


def row_of(found: pd.DataFrame, corruption: str) -> dict[str, Any]:
    """A row of the CSV file."""
    values: dict[str, Any] = {"corruption": corruption, "n": len(found)}
    for column in SHOWN:
        values |= columns_of(column, 100 * found[column] if column == "share" else found[column])
    return values


def shown(numbers: pd.DataFrame) -> pd.DataFrame:
    """The rows as they are read."""
    columns = {
        "labels": [setting_label(corruption) for corruption in numbers["corruption"]],
        "n": [str(n) for n in numbers["n"]],
    }
    for column, (name, digits) in SHOWN.items():
        columns[name] = cells(numbers, column, digits)
    return pd.DataFrame(columns)
