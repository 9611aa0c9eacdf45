"""Steps to fit by data setting and number of images: against true labels, and against the size before."""

from typing import Any

import numpy as np
import pandas as pd

from rethinking.outcomes.capacity import SETTINGS, rows_of_panel, steps_allowed
from rethinking.outcomes.wording import capitalised, diverged_sentence, setting_label, when_fitted
from rethinking.reporting.formats import Table
from rethinking.reporting.intervals import cells, columns_of, seeds_notes
from rethinking.sections import Section

SHOWN = {
    "steps": ("steps to fit", 0),
    "by_true_labels": ("over those on true labels", 2),
    "by_size_before": ("over those on the next smaller size", 2),
}


def table(*, runs: pd.DataFrame, section: Section) -> Table:
    """One row a data setting and size: means over the seeds that fitted and their confidence intervals."""
    rows = rows_of_panel(runs, section, SETTINGS)
    steps = rows.pivot_table(index="seed", columns=["corruption", "num_train"], values="steps", dropna=False)
    ran = rows.groupby(["corruption", "num_train"]).size()
    settings, sizes = list(dict.fromkeys(rows["corruption"])), sorted(set(rows["num_train"]))
    numbers = pd.DataFrame(
        [
            {"corruption": name, "num_train": size, "runs": ran[name, size], **_row(steps, name, size, before)}
            for name in settings
            for before, size in zip([None, *sizes], sizes, strict=False)
            if (name, size) in steps
        ]
    )
    shown = {
        "data": [setting_label(name) for name in numbers["corruption"]],
        "images": [f"{each:,}" for each in numbers["num_train"]],
        "fitted": [f"{fitted} of {ran}" for fitted, ran in zip(numbers["fitted"], numbers["runs"], strict=True)],
    }
    shown |= {name: cells(numbers, column, digits) for column, (name, digits) in SHOWN.items()}
    notes = [
        f"{capitalised(section.dataset_label)}, {section.labels[section.of(SETTINGS)[0].models[0]]}, at most"
        f" {steps_allowed(section, SETTINGS):,} steps a run. Fitted: {when_fitted(section.fit_criterion)}. Ratios are"
        " of runs that share a seed; the rate is the same for all, and was chosen on random labels.",
        *seeds_notes(section),
        diverged_sentence(rows),
        section.note,
    ]
    return Table("Steps to fit, by data and size", numbers, pd.DataFrame(shown), notes)


def _row(steps: pd.DataFrame, name: str, size: int, before: int | None) -> dict[str, Any]:
    """What a row of the CSV file has; `steps` has a row a seed and a column a setting and size."""
    its = steps[name, size]
    nothing = pd.Series(np.nan, its.index)
    true, smaller = (steps.get(key, nothing) for key in (("true_labels", size), (name, before)))
    return {
        "fitted": int(its.notna().sum()),
        **columns_of("steps", its.dropna().to_numpy(float)),
        **columns_of("by_true_labels", (its / true).dropna().to_numpy(float)),
        **columns_of("by_size_before", (its / smaller).dropna().to_numpy(float)),
    }
