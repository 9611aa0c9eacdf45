"""The stage `confusions`: the confusion matrices of the runs of a figure or table to one data frame."""

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from rethinking import pickles
from rethinking.analysis.confusions import confusions_table, disagreement
from rethinking.files import atomic
from rethinking.stages.runs import add_arguments, read_runs
from rethinking.stages.sealing import REMEDY, left_by_run, not_the_runs


def read_confusions(runs: Iterable[tuple[Path, dict[str, Any]]]) -> pd.DataFrame:
    """The data frame of some runs, each by its folder and its run.json."""
    return confusions_table([(summary, read_matrices(run, summary)) for run, summary in runs])


def read_matrices(folder: Path, summary: dict[str, Any]) -> dict[str, Any]:
    """What a run's confusion.pkl holds; raises ValueError naming it where it is torn or not of that run."""
    path = left_by_run(folder, summary, "confusion.pkl")
    try:
        content = pickles.load(path)
    except ValueError as error:
        raise ValueError(f"{error}; {REMEDY}") from None
    if problem := disagreement(summary, content):
        raise not_the_runs(path, problem)
    return content


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m rethinking confusions", description=__doc__)
    add_arguments(parser)
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="the data frame, CSV")
    args = parser.parse_args(argv)
    runs = read_runs(args.plan, args.code, args.runs)
    table = read_confusions((args.runs / run.path, summary) for run, summary in runs)
    with atomic(args.out) as temporary:
        table.to_csv(temporary, index=False)
