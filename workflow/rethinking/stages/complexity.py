"""The stage `complexity`: measures of a figure's or table's runs to one data frame."""

import argparse
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from rethinking.analysis.aggregate import curves_table
from rethinking.files import atomic, read_json
from rethinking.outcomes.measured import MEASURED
from rethinking.run import WEIGHTS
from rethinking.stages.runs import add_arguments, read_runs


def complexity_table(runs: Iterable[tuple[Path, dict[str, Any]]]) -> pd.DataFrame:
    """The data frame of some runs, each by the file of its measures and its run.json: a row a measure."""
    return curves_table([(summary, _rows(file, summary)) for file, summary in runs])


def _rows(file: Path, summary: dict[str, Any]) -> pd.DataFrame:
    found = read_measured(file, summary)
    return pd.DataFrame({"Measure": list(found), "Value": list(found.values())})


def read_measured(file: Path, summary: dict[str, Any]) -> dict[str, float]:
    """The measures of a run by its run.json, NaN where there is none; ValueError where the file is not of that run."""
    content = read_json(file, weights=str, measures=dict)
    if not is_of_run(content, summary) or content["measures"].keys() != {*MEASURED}:
        raise ValueError(f"{file}: is not of the weights that the run left; delete it to measure these")
    return {name: math.nan if value is None else value for name, value in content["measures"].items()}


def is_of_run(content: dict[str, Any], summary: dict[str, Any]) -> bool:
    """Whether what the stage wrote is of the weights that a run.json is of."""
    return summary.get("files", {}).get(WEIGHTS) in (None, content.get("weights"))


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m rethinking complexity", description=__doc__)
    add_arguments(parser)
    parser.add_argument("--measured", required=True, type=Path, metavar="DIR", help="folder of all runs' measures")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="the data frame, CSV")
    args = parser.parse_args(argv)
    runs = read_runs(args.plan, args.code, args.runs)
    table = complexity_table((args.measured / f"{run.path}.json", summary) for run, summary in runs)
    with atomic(args.out) as temporary:
        table.to_csv(temporary, index=False)
