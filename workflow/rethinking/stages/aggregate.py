"""Gather the runs of a figure or table into runs.csv, curves.csv and evaluations.csv."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rethinking.analysis.aggregate import curves_table, evaluations_of, mixed, runs_table, test_accuracy_at_best
from rethinking.files import atomic
from rethinking.stages.runs import add_arguments, read_runs


def aggregate(plan: dict[str, Any], code: dict[str, str], fit_criterion: str, folder: Path, out: Path) -> None:
    """Write `out`/runs.csv, `out`/curves.csv and `out`/evaluations.csv from the runs under `folder`."""
    runs = list(read_runs(plan, code, folder))
    summaries = [summary for _, summary in runs]
    for line in mixed(summaries):
        print(f"warning: the runs of this table differ in {line}", file=sys.stderr)
    for name, table in frames([(folder / run.path, summary) for run, summary in runs], fit_criterion).items():
        with atomic(out / f"{name}.csv") as temporary:
            table.to_csv(temporary, index=False)


def frames(runs: Sequence[tuple[Path, dict[str, Any]]], fit_criterion: str) -> dict[str, pd.DataFrame]:
    """The three tables of some runs, each by its folder and its run.json."""
    metrics = [(summary, _read(run / "metrics.csv")) for run, summary in runs]
    evaluations = [
        (summary, _read(run / "evaluations.csv") if _has_evaluations(summary) else evaluations_of(table))
        for (run, _), (summary, table) in zip(runs, metrics, strict=True)
    ]
    at_best = [test_accuracy_at_best(summary, table) for summary, table in metrics]
    return {
        "runs": runs_table([summary for _, summary in runs], fit_criterion).assign(test_accuracy_at_best=at_best),
        "curves": curves_table(metrics),
        "evaluations": curves_table(evaluations),
    }


def _has_evaluations(summary: dict[str, Any]) -> bool:
    """Whether a run leaves a file of the evaluations within its epochs."""
    return summary["config"]["training"]["evaluations_per_epoch"] > 1


def _read(path: Path) -> pd.DataFrame:
    """A run's CSV file as text, as it stands there: no number is read and written again."""
    if not path.exists():
        raise ValueError(f"{path} is missing; delete run.json beside it to train the run again")
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m rethinking aggregate")
    add_arguments(parser)
    parser.add_argument("--fit-criterion", required=True, help="criterion of time to fit")
    parser.add_argument("--out", required=True, type=Path, help="folder of the tables")
    args = parser.parse_args(argv)
    aggregate(args.plan, args.code, args.fit_criterion, args.runs, args.out)
