"""Networks of growing width under label noise, in numbers: errors by width, and the peak of the test error."""

from typing import Any

import pandas as pd

from rethinking.outcomes.descent import (
    SIZE,
    TEST,
    TRAIN,
    WIDTHS,
    drawn_evenly,
    rows_of_widths,
    settings_of,
    trained_on,
)
from rethinking.outcomes.selection import runs_of_panel
from rethinking.outcomes.wording import diverged_sentence, setting_label
from rethinking.reporting.formats import Table
from rethinking.reporting.intervals import cells, columns_of, seeds_notes
from rethinking.reporting.peaks import PLACES, peaks, shown
from rethinking.sections import Section


def by_width(*, runs: pd.DataFrame, section: Section) -> Table:
    """One row a kind of labels and network: means over seeds and their intervals."""
    rows = rows_of_widths(runs, section)
    numbers = pd.DataFrame(
        [
            {"corruption": name, "model": model, **_cell(part)}
            for name in settings_of(section)
            for model, part in rows[rows["corruption"] == name].groupby("model", sort=False)
        ]
    )
    columns = {
        "labels": [setting_label(name) for name in numbers["corruption"]],
        "network": [section.labels[model] for model in numbers["model"]],
        "parameters": [f"{each:,}" for each in numbers[SIZE]],
        "for each output of an image": [f"{each:.3g}" for each in numbers["parameters_an_output"]],
        "fitted": [f"{fitted} of {ran}" for fitted, ran in zip(numbers["fitted"], numbers["n"], strict=True)],
        "training error (%)": cells(numbers, TRAIN),
        "test error (%)": cells(numbers, TEST),
    }
    return Table("Errors by width", numbers, pd.DataFrame(columns), _notes(runs, rows, section))


def of_peaks(*, runs: pd.DataFrame, section: Section) -> Table:
    """One row a kind of labels: the peak of the test error over width."""
    rows = rows_of_widths(runs, section)
    found = peaks(rows, SIZE).set_index("corruption")
    numbers = found.loc[[name for name in settings_of(section) if name in found.index]].reset_index()
    names = {float(size): section.labels[model] for size, model in zip(rows[SIZE], rows["model"], strict=True)}
    words = shown(numbers, "network", lambda size: names[float(size)])
    return Table("Width: the peak of the test error", numbers, words, [PLACES, *_notes(runs, rows, section)])


def _cell(rows: pd.DataFrame) -> dict[str, Any]:
    """What a row of the CSV file has of one network's runs on one kind of labels."""
    parameters, images, classes = (int(rows[name].iloc[0]) for name in (SIZE, "num_train", "num_classes"))
    found = {"num_parameters": parameters, "num_train": images, "parameters_an_output": parameters / images / classes}
    found |= {"n": len(rows), "fitted": int((rows[TRAIN] == 0).sum())}
    return found | {key: value for name in (TRAIN, TEST) for key, value in columns_of(name, rows[name]).items()}


def _notes(runs: pd.DataFrame, rows: pd.DataFrame, section: Section) -> list[str]:
    return [
        trained_on(rows, section),
        drawn_evenly(settings_of(section)),
        *seeds_notes(section),
        diverged_sentence(runs_of_panel(runs, section, WIDTHS)),
        section.note,
    ]
