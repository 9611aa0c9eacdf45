"""From the runs' summaries to one row a run: time to fit, relative time, test error at the fit (paper figure 1).

The paper's "time to overfit" is the epoch at which the training set is fitted; "relative convergence time" is its
ratio to the same seed's time with true labels.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from rethinking.analysis.corrupted_test_labels import error_on_alike
from rethinking.names import level_of, split_corruption
from rethinking.outcomes.columns import RUN
from rethinking.outcomes.selection import on_true_labels


def row(summary: dict[str, Any], fit_criterion: str) -> dict[str, Any]:
    """A row of runs.csv from one run.json. Errors are fractions, accuracies percent, times epochs.

    What is known of the fit beside run.json may stand in it: `test_error_corrupted`, from a confusion matrix.
    """
    family, _ = split_corruption(summary["corruption"])
    values: dict[str, Any] = {key: summary[key] for key in RUN}
    values |= {"corruption_family": family, "level": level_of(summary["corruption"])}
    values |= {key: summary[key] for key in ("num_parameters", "num_train", "num_test", "num_classes")}
    values |= {key: summary[key] for key in ("epochs_done", "stopped_by", "precision", "device", "seconds")}
    for criterion, fit in summary["fit"].items():
        values |= {f"{criterion}_{key}": fit and fit[key] for key in ("epoch", "step", "seconds")}
        values[f"{criterion}_test_error"] = fit and _error(fit["test_accuracy"])
    for part in ("train", "test"):
        values |= {f"final_{part}_{key}": value for key, value in summary["final"][part].items()}
    best = summary["best_validation"]
    values |= {f"best_validation_{key}": best and best.get(key) for key in ("epoch", "accuracy", "labels")}
    fit = summary["fit"][fit_criterion]
    values["censored"] = fit is None
    values["time_to_fit"] = fit and fit["epoch"]
    values["test_error_at_fit"] = error = fit and _error(fit["test_accuracy"])
    known = None if error is None else error_on_alike(family, error, values["level"], summary["num_classes"])
    values["test_error_at_fit_corrupted"] = fit.get("test_error_corrupted") if fit and known is None else known
    values["final_test_error"] = _error(summary["final"]["test"]["accuracy"])
    return values


def _error(accuracy: float | None) -> float | None:
    """The error, a fraction, of an accuracy in percent; None of a regression, which has neither."""
    return None if accuracy is None else 1 - accuracy / 100


def runs_table(summaries: Sequence[dict[str, Any]], fit_criterion: str) -> pd.DataFrame:
    """runs.csv: one row a run.

    `relative_time` is T(seed, P) / T(seed, true labels), one ratio a seed; for a run that never meets the criterion it
    is empty and `relative_time_bound` holds T(last) / T(seed, true labels) instead. Where the run on true labels never
    meets it, the seed has neither.
    """
    table = pd.DataFrame([row(summary, fit_criterion) for summary in summaries])
    times = pd.to_numeric(table["time_to_fit"])
    reference = on_true_labels(table, times)
    table["relative_time"] = times / reference
    table["relative_time_bound"] = (table["epochs_done"] / reference).where(table["censored"])
    return table


def curves_table(runs: Sequence[tuple[dict[str, Any], pd.DataFrame]]) -> pd.DataFrame:
    """curves.csv: the metrics of every run, its five names before them."""
    named = [metrics.assign(**{key: summary[key] for key in RUN}) for summary, metrics in runs]
    table = pd.concat(named, ignore_index=True)
    return table[RUN + [column for column in table.columns if column not in RUN]]


def test_accuracy_at_best(summary: dict[str, Any], metrics: pd.DataFrame) -> Any:
    """A run's test accuracy after the epoch that its validation set chose, as metrics.csv writes it; else None."""
    best = summary["best_validation"]
    if best is None:
        return None
    (accuracy,) = metrics.loc[metrics["Epoch"].astype(int) == best["epoch"], "TestAccuracy"]
    return accuracy


def evaluations_of(metrics: pd.DataFrame) -> pd.DataFrame:
    """The evaluations of a run that has one an epoch: those columns of its metrics that evaluations.csv has as well."""
    scores = [column for column in metrics.columns if column.startswith(("Train", "Test", "Validation"))]
    return metrics[["Epoch", "Step", *scores]].assign(Seconds=metrics["Totaltime"])


def differing_environments(summaries: Sequence[dict[str, Any]]) -> list[str]:
    """What the runs of one table do not share although numbers depend on it: one line each."""
    of_key = {
        # A run that went on elsewhere is of several machines, in their order.
        "device": {" then ".join(summary.get("machines", [summary["device"]])) for summary in summaries},
        "precision": {summary["precision"] for summary in summaries},
    }
    for package in sorted({name for summary in summaries for name in summary["versions"]}):
        of_key[package] = {summary["versions"].get(package, "none") for summary in summaries}
    differing = {key for key, values in of_key.items() if len(values) > 1}
    if any("machines" in summary for summary in summaries):
        differing.add("device")
    return [f"{key}: {', '.join(sorted(values))}" for key, values in of_key.items() if key in differing]


def differing_data(summaries: Sequence[dict[str, Any]]) -> list[str]:
    """The arrays of one name that the runs of one table were given with different bytes: one line each.

    Runs from before run.json named each array are held by the digest of all against those that have the same names.
    """
    found: dict[str, dict[str, list[str]]] = {}
    for summary in summaries:
        dataset, model, corruption, recipe, seed = (summary[key] for key in RUN)
        redraws = len(summary["config"]["training"].get("redraw_labels_after", ()))
        whole = {f"what seed {seed} of {corruption} has with {redraws} redraws": summary["data_sha256"]}
        for name, checksum in (summary.get("arrays", {}) | whole).items():
            runs = found.setdefault(f"{name} of {dataset}", {}).setdefault(checksum, [])
            runs.append(f"{dataset}/{model}/{corruption}/{recipe}/seed{seed}")
    return [
        f"{name} is one in {' and another in '.join(map(_first_of, versions.values()))}"
        for name, versions in found.items()
        if len(versions) > 1
    ]


def _first_of(runs: Sequence[str]) -> str:
    """The first of some runs, and how many there are beside it."""
    return runs[0] + (f" (and {len(runs) - 1} more)" if len(runs) > 1 else "")
