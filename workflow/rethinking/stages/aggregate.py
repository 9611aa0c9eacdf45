"""Gather the runs of a figure into runs.csv and curves.csv, and refuse runs that another configuration or code made."""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from rethinking.analysis.aggregate import curves_table, mixed, runs_table
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
    """Write `out`/runs.csv and `out`/curves.csv from the runs under `folder`."""
    runs = list(read_runs(plan, code, folder))
    summaries = [summary for _, summary in runs]
    for line in mixed(summaries):
        print(f"warning: the runs of this table differ in {line}", file=sys.stderr)
    # Text as it stands in the file: no number is read and written again.
    text = {"dtype": str, "keep_default_na": False}
    metrics = [(summary, pd.read_csv(folder / run.path / "metrics.csv", **text)) for run, summary in runs]
    for name, table in (("runs", runs_table(summaries, fit_criterion)), ("curves", curves_table(metrics))):
        with atomic(out / f"{name}.csv") as temporary:
            table.to_csv(temporary, index=False)


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m rethinking aggregate")
    parser.add_argument("--plan", required=True, type=json.loads, help="the figure's runs, JSON")
    parser.add_argument("--code", required=True, type=json.loads, help="digest of the code by network and recipe, JSON")
    parser.add_argument("--fit-criterion", required=True, help="criterion of time to fit")
    parser.add_argument("--runs", required=True, type=Path, help="folder of all runs")
    parser.add_argument("--out", required=True, type=Path, help="folder of the tables")
    args = parser.parse_args(argv)
    aggregate(args.plan, args.code, args.fit_criterion, args.runs, args.out)
