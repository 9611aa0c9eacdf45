"""People's mistakes, mistakes drawn class by class, and uniform ones: time to fit and test error by realised share."""

from typing import Any

import pandas as pd

from rethinking.outcomes.noise_kinds import KINDS, by_kind
from rethinking.outcomes.wording import capitalised, diverged_sentence, setting_label, when_fitted
from rethinking.reporting.formats import Table
from rethinking.reporting.intervals import cells, columns_of, seeds_notes
from rethinking.sections import Section

SHOWN = {
    "share": ("labels that changed (%)", 1),
    "time_to_fit": ("epochs to fit", 1),
    "test_error": ("test error at the fit (%)", 1),
}


def table(*, runs: pd.DataFrame, learned: pd.DataFrame, section: Section) -> Table:
    """One row a network, kind and corruption: means over the seeds that fitted and their confidence intervals."""
    found = by_kind(runs, learned, section)
    numbers = pd.DataFrame(
        [
            {"model": model, "kind": kind, "corruption": corruption, **row_of(rows)}
            for (model, kind, corruption), rows in found.groupby(["model", "kind", "corruption"], sort=False)
        ]
    )
    notes = [
        f"{capitalised(section.dataset_label)}. Fitted: {when_fitted(section.fit_criterion)}; n: runs that did, of"
        " how many. Test labels are the true ones.",
        "People's labels are one fixed draw: their seeds differ in the network alone, and there is no interval of their"
        " share."
        if "people" in set(found["kind"])
        else "",
        *seeds_notes(section),
        diverged_sentence(runs),
        section.note,
    ]
    return Table("Kinds of label noise", numbers, shown(numbers, section), notes)


def row_of(rows: pd.DataFrame) -> dict[str, Any]:
    """What a row of the CSV file has of one corruption's runs."""
    fitted = rows.dropna(subset=["time_to_fit"])
    values: dict[str, Any] = {"n": len(fitted), "runs": len(rows)}
    values |= columns_of("share", 100 * rows["share"].to_numpy(float))
    values |= columns_of("time_to_fit", fitted["time_to_fit"].to_numpy(float))
    return values | columns_of("test_error", 100 * fitted["test_error_at_fit"].to_numpy(float))


def shown(numbers: pd.DataFrame, section: Section) -> pd.DataFrame:
    """The rows as they are read."""
    columns = {
        "network": [section.labels[model] for model in numbers["model"]],
        "noise": [KINDS[kind] for kind in numbers["kind"]],
        "labels": [setting_label(corruption) for corruption in numbers["corruption"]],
        "n": [f"{n} of {ran}" for n, ran in zip(numbers["n"], numbers["runs"], strict=True)],
    }
    for column, (name, digits) in SHOWN.items():
        columns[name] = cells(numbers, column, digits)
    return pd.DataFrame(columns)
