"""The runs of a figure or table, for the stages that gather them; runs of another configuration are refused."""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rethinking.analysis.aggregate import differing_data
from rethinking.run import RunConfig, runs_of
from rethinking.stages.sealing import read_run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of every stage that gathers runs."""
    parser.add_argument("--plan", required=True, type=json.loads, help="the runs of a figure or table, JSON")
    parser.add_argument("--code", required=True, type=json.loads, help="digest of the code by network and recipe, JSON")
    parser.add_argument("--runs", required=True, type=Path, help="folder of all runs")


def read_runs(plan: dict[str, Any], code: dict[str, str], folder: Path) -> Iterator[tuple[RunConfig, dict[str, Any]]]:
    """Every run of the plan with its run.json; raises ValueError naming the run that is not what the plan asks for.

    Data may be deleted and made again; ValueError names two runs that were given different ones under one name.
    """
    summaries = []
    for run in runs_of(plan):
        summary = read_run(folder / run.path)
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
        summaries.append(summary)
        yield run, summary
    if different := differing_data(summaries):
        raise ValueError(
            f"{folder}: {different[0]}: the data were made again and came out otherwise, as they may with another "
            "version of numpy or Pillow; delete the runs of one kind to train them on what results/data holds now"
        )


def _flat(config: dict[str, Any]) -> dict[str, Any]:
    """A run's configuration with the recipe's values beside its names."""
    return {key: value for key, value in {**config, **config.get("training", {})}.items() if key != "training"}
