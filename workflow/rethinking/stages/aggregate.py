"""Gather the runs of a figure or table into runs.csv, curves.csv and evaluations.csv.

Runs that another configuration or code made are refused.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rethinking.analysis.aggregate import curves_table, evaluations_of, mixed, runs_table
from rethinking.files import atomic, read_json
from rethinking.run import RunConfig, runs_of


def read_runs(plan: dict[str, Any], code: dict[str, str], folder: Path) -> Iterator[tuple[RunConfig, dict[str, Any]]]:
    """Every run of the plan with its run.json; raises ValueError naming the run that is not what the plan asks for."""
    for run in runs_of(plan):
        summary = read_json(folder / run.path / "run.json")
        if summary["config_digest"] != run.digest:
            asked, made = _flat(json.loads(run.json)), _flat(summary["config"])
            differing = [
                f"{key}: asked {asked[key]!r}, made with {made.get(key)!r}"
                for key in asked
                if asked[key] != made.get(key)
            ]
            raise ValueError(
                f"{folder / run.path}: another configuration made this run ({'; '.join(differing)}); delete it"
            )
        if summary["code_digest"] != code[run.code_key]:
            raise ValueError(
                f"{folder / run.path}: other code made this run (it says {summary['code_digest']}, the checkout is "
                f"{code[run.code_key]}); delete it to train again, or, if the change of code alters no number, "
                "accept what is there: make accept"
            )
        yield run, summary


def _flat(config: dict[str, Any]) -> dict[str, Any]:
    """A run's configuration with the recipe's values beside its names."""
    return {key: value for key, value in {**config, **config.get("training", {})}.items() if key != "training"}


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
    return {
        "runs": runs_table([summary for _, summary in runs], fit_criterion),
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
    parser.add_argument("--plan", required=True, type=json.loads, help="the runs of a figure or table, JSON")
    parser.add_argument("--code", required=True, type=json.loads, help="digest of the code by network and recipe, JSON")
    parser.add_argument("--fit-criterion", required=True, help="criterion of time to fit")
    parser.add_argument("--runs", required=True, type=Path, help="folder of all runs")
    parser.add_argument("--out", required=True, type=Path, help="folder of the tables")
    args = parser.parse_args(argv)
    aggregate(args.plan, args.code, args.fit_criterion, args.runs, args.out)
