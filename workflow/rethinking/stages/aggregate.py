"""Gather the runs of a figure or table into runs.csv, curves.csv and evaluations.csv."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rethinking.analysis.aggregate import (
    curves_table,
    differing_environments,
    evaluations_of,
    runs_table,
    test_accuracy_at_best,
)
from rethinking.analysis.agreement import disagreement
from rethinking.analysis.corrupted_test_labels import error_by_classes
from rethinking.files import atomic, read_csv, read_json
from rethinking.outcomes.columns import RUN
from rethinking.outcomes.derived import WithinOfLast, derived
from rethinking.stages.matrices import read_matrices
from rethinking.stages.runs import add_arguments, read_runs
from rethinking.stages.sealing import left_by_run, not_the_runs

Summary = dict[str, Any]  # a run.json
Transitions = Mapping[tuple[str, str], np.ndarray]  # by data set and corruption: (true classes, given ones)
_setting = itemgetter(*(key for key in RUN if key != "seed"))  # what the seeds of a run.json share


def aggregate(
    plan: dict[str, Any],
    code: dict[str, str],
    fit_criterion: str,
    folder: Path,
    out: Path,
    transitions: Transitions | None = None,
) -> None:
    """Write `out`/runs.csv, `out`/curves.csv and `out`/evaluations.csv from the runs under `folder`."""
    runs = list(read_runs(plan, code, folder))
    summaries = [summary for _, summary in runs]
    for line in differing_environments(summaries):
        print(f"warning: the runs of this table differ in {line}", file=sys.stderr)
    folders = [(folder / run.path, summary) for run, summary in runs]
    for name, table in frames(folders, fit_criterion, transitions).items():
        with atomic(out / f"{name}.csv") as temporary:
            table.to_csv(temporary, index=False)


def frames(
    runs: Sequence[tuple[Path, dict[str, Any]]], fit_criterion: str, transitions: Transitions | None = None
) -> dict[str, pd.DataFrame]:
    """The three tables of some runs, each by its folder and its run.json.

    `transitions` are those of class noise; runs with such have confusion matrices beside their metrics.
    """
    read = [(summary, *read_tables(run, summary)) for run, summary in runs]
    if criterion := derived(fit_criterion):
        read = [
            (with_fit(summary, metrics, fit_criterion, criterion), metrics, more) for summary, metrics, more in read
        ]
    if transitions:
        with_folders = [(folder, summary) for (folder, _), (summary, _, _) in zip(runs, read, strict=True)]
        told = with_errors_on_alike(with_folders, fit_criterion, transitions)
        read = [(summary, metrics, more) for summary, (_, metrics, more) in zip(told, read, strict=True)]
    at_best = [test_accuracy_at_best(summary, metrics) for summary, metrics, _ in read]
    return {
        "runs": runs_table([summary for summary, _, _ in read], fit_criterion).assign(test_accuracy_at_best=at_best),
        "curves": curves_table([(summary, metrics) for summary, metrics, _ in read]),
        "evaluations": curves_table([(summary, evaluations) for summary, _, evaluations in read]),
    }


def with_fit(summary: Summary, metrics: pd.DataFrame, name: str, criterion: WithinOfLast) -> Summary:
    """A run.json with one more criterion among those of `fit`, found from the run's whole curve.

    Raises ValueError naming the run where the criterion is not defined for it.
    """
    losses = pd.to_numeric(metrics["TrainLoss"], errors="coerce").tolist()
    try:
        index = criterion.first(losses)
    except ValueError as error:
        raise ValueError(f"{'/'.join(str(summary[key]) for key in RUN)}: {error}") from None
    return summary | {"fit": summary["fit"] | {name: None if index is None else _fit_at(metrics, index)}}


def with_errors_on_alike(
    runs: Sequence[tuple[Path, Summary]], criterion: str, transitions: Transitions
) -> list[Summary]:
    """Each run.json, saying beside the fit what the error then is to be on test labels corrupted alike, where it can.

    A run leaves a confusion matrix an epoch and none of a fit between two: there all seeds of its setting lack that
    error, for means are over every seed that fitted or over none.
    """
    between = {_setting(summary) for _, summary in runs if (fit := summary["fit"][criterion]) and fit["epoch"] % 1}
    return [
        summary if _setting(summary) in between else _with_error_on_alike(folder, summary, criterion, transitions)
        for folder, summary in runs
    ]


def _with_error_on_alike(folder: Path, summary: Summary, criterion: str, transitions: Transitions) -> Summary:
    fit, rows = summary["fit"][criterion], transitions.get((summary["dataset"], summary["corruption"]))
    if fit is None or rows is None:
        return summary
    matrix = read_matrices(folder, summary)["matrices"][int(fit["epoch"]) - 1]
    fit = fit | {"test_error_corrupted": error_by_classes(np.asarray(matrix), rows)}
    return summary | {"fit": summary["fit"] | {criterion: fit}}


def _fit_at(metrics: pd.DataFrame, index: int) -> Summary:
    """What run.json holds of the evaluation that first met a criterion."""
    found = metrics.iloc[index]
    columns = {"epoch": "Epoch", "step": "Step", "seconds": "Totaltime", "test_accuracy": "TestAccuracy"}
    return {key: float(found[column]) for key, column in columns.items()}


def read_tables(folder: Path, summary: dict[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A run's metrics and evaluations as text, as they stand there: no number is read and written again.

    Raises ValueError naming a file that is missing, torn or edited, or that run.json says something else of.
    """
    metrics = read_cells(folder, summary, "metrics.csv")
    several = summary["config"]["training"]["evaluations_per_epoch"] > 1
    evaluations = read_cells(folder, summary, "evaluations.csv") if several else evaluations_of(metrics)
    if problem := disagreement(summary, metrics, evaluations):
        raise not_the_runs(folder / "metrics.csv", problem)
    return metrics, evaluations


def read_cells(folder: Path, summary: dict[str, Any], name: str) -> pd.DataFrame:
    """A CSV file that a run left, its cells as text; raises ValueError naming one that is missing, torn or edited."""
    return read_csv(left_by_run(folder, summary, name), dtype=str, keep_default_na=False)


def read_transitions(path: Path) -> Transitions:
    """What the stage `transitions` wrote, by data set and corruption."""
    rows = read_json(path, corruptions=list)["corruptions"]
    return {(each["dataset"], each["corruption"]): np.array(each["probabilities"], float) for each in rows}


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m rethinking aggregate")
    add_arguments(parser)
    parser.add_argument("--fit-criterion", required=True, help="criterion of time to fit")
    parser.add_argument("--transitions", type=Path, metavar="FILE", help="those of class noise, JSON")
    parser.add_argument("--out", required=True, type=Path, help="folder of the tables")
    args = parser.parse_args(argv)
    transitions = read_transitions(args.transitions) if args.transitions else None
    aggregate(args.plan, args.code, args.fit_criterion, args.runs, args.out, transitions)
