"""The stage `confusions`: the confusion matrices of the runs of a figure or table to one data frame."""

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from rethinking.analysis.confusions import confusions_table
from rethinking.files import atomic
from rethinking.stages.matrices import read_matrices
from rethinking.stages.runs import add_arguments, read_runs


def read_confusions(runs: Iterable[tuple[Path, dict[str, Any]]]) -> pd.DataFrame:
    """The data frame of some runs, each by its folder and its run.json."""
    return confusions_table([(summary, read_matrices(run, summary)) for run, summary in runs])


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m rethinking confusions", description=__doc__)
    add_arguments(parser)
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="the data frame, CSV")
    args = parser.parse_args(argv)
    runs = read_runs(args.plan, args.code, args.runs)
    table = read_confusions((args.runs / run.path, summary) for run, summary in runs)
    with atomic(args.out) as temporary:
        table.to_csv(temporary, index=False)
