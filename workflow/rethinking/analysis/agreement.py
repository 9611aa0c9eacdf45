"""Whether what run.json says of a run is what the run's other files say."""

import math
from typing import Any

import pandas as pd


def disagreement(summary: dict[str, Any], metrics: pd.DataFrame, evaluations: pd.DataFrame) -> str | None:
    """Where a run.json and the run's metrics.csv and evaluations.csv, as text, differ; None where they agree.

    Compared are the number of epochs and what was found after the last one, at each fit, and at the best epoch.
    """
    epochs, found = summary["epochs_done"], [] if "Epoch" not in metrics else metrics["Epoch"].tolist()
    if found != [str(epoch) for epoch in range(1, epochs + 1)]:
        return f"run.json tells of {epochs} epochs, here are {len(found)} rows ({_listed(found)})"
    if metrics.isna().any(axis=None) or evaluations.isna().any(axis=None):
        return "a row of it is cut"
    last = metrics.iloc[-1]
    said = {f"{part.title()}{key.title()}": value for part, scores in summary["final"].items() if scores
            for key, value in scores.items()}  # fmt: skip
    told = [("after the last epoch", last, said | {"Totaltime": summary["seconds"]})]
    for criterion, fit in summary["fit"].items():
        if fit:
            told.append((criterion, _row(evaluations, fit["epoch"]), {"TestAccuracy": fit["test_accuracy"]}))
    if best := summary["best_validation"]:
        told.append(("at the best epoch", _row(metrics, best["epoch"]), {"ValidationAccuracy": best["accuracy"]}))
    for where, row, values in told:
        if row is None:
            return f"run.json tells of an evaluation ({where}) that is not here"
        for column, value in values.items():
            if not _same(row.get(column, ""), value):
                return f"run.json says {column} = {value} {where}, here it is {row.get(column, '')}"
    return None


def _row(table: pd.DataFrame, epoch: float) -> "pd.Series | None":
    """The row of an evaluation, by the epoch, which may be a fraction."""
    rows = table[table["Epoch"].astype(float) == epoch]
    return rows.iloc[0] if len(rows) else None


def _same(cell: str, value: float | None) -> bool:
    """Whether a cell of a CSV file holds a value of run.json, where a number that JSON lacks is null."""
    number = float(cell or "nan")
    return number == value if value is not None else not math.isfinite(number)


def _listed(epochs: list[str]) -> str:
    return "epochs " + ", ".join(epochs if len(epochs) < 4 else [epochs[0], epochs[1], "…", epochs[-1]])
