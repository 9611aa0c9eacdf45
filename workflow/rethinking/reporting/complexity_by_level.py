"""Measures of complexity against the level of label noise, each divided by its value on true labels."""

from typing import Any

import numpy as np
import pandas as pd

from rethinking.outcomes.complexity import (
    ERROR,
    MEASURES,
    geometric_mean,
    left_out_sentence,
    measured,
    over_true_labels,
)
from rethinking.outcomes.selection import runs_of_panel
from rethinking.outcomes.wording import capitalised, diverged_sentence, setting_label, when_fitted
from rethinking.reporting.formats import Table
from rethinking.reporting.intervals import cells, columns_of, seeds_notes
from rethinking.sections import Section


def table(*, runs: pd.DataFrame, complexity: pd.DataFrame, section: Section) -> Table:
    """One row a network and corruption: mean test error, geometric means of the measures, and their intervals."""
    found, group = measured(runs, complexity, section), section.only("levels")
    ratios = over_true_labels(found)
    numbers = pd.DataFrame(
        [
            {"model": model, "corruption": corruption, **row_of(found[its], ratios[its])}
            for model in group.models
            for corruption in group.corruptions
            for its in [(found["model"] == model) & (found["corruption"] == corruption)]
        ]
    )
    notes = [
        f"{capitalised(section.dataset_labels[group.dataset])}. Every run ends when"
        f" {when_fitted(section.fit_criterion)}. Measures are of the weights then, batch normalisation folded into"
        " them, and divided by those of the same seed's run on true labels; in the row of true labels the value itself"
        " stands in brackets.",
        "Means are geometric, but for the test error (%, clean labels).",
        *seeds_notes(section),
        left_out_sentence(runs_of_panel(runs, section, "levels")),
        diverged_sentence(runs_of_panel(runs, section, "levels")),
        section.note,
    ]
    return Table("Measures of complexity", numbers, shown(numbers, section), notes)


def row_of(found: pd.DataFrame, ratios: pd.DataFrame) -> dict[str, Any]:
    """What a row of the CSV file has of one network and corruption."""
    values: dict[str, Any] = {"n": len(found), "train_loss": found["final_train_loss"].mean()}
    values |= columns_of("test_error", 100 * found[ERROR].to_numpy(float))
    for name in MEASURES:
        logs = np.log(ratios[name].where(ratios[name] > 0).to_numpy(float))
        values[name] = geometric_mean(found[name])
        values |= {key: np.exp(end) for key, end in columns_of(f"{name}_ratio", logs).items()}
    return values


def shown(numbers: pd.DataFrame, section: Section) -> pd.DataFrame:
    """The rows as they are read."""
    columns = {
        "network": [section.labels[model] for model in numbers["model"]],
        "labels": [setting_label(corruption) for corruption in numbers["corruption"]],
        "n": [str(n) for n in numbers["n"]],
        "test error (%)": cells(numbers, "test_error"),
    }
    for name, label in MEASURES.items():
        values = zip(numbers["corruption"], numbers[name], cells(numbers, f"{name}_ratio", 2), strict=True)
        columns[label] = [
            f"1 ({value:.3g})" if corruption == "true_labels" and np.isfinite(value) else cell
            for corruption, value, cell in values
        ]
    return pd.DataFrame(columns)
