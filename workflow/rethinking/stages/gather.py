"""The stage `gather`: what the runs of a figure or table left because their recipes asked for it, to one data frame."""

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from rethinking.analysis.aggregate import curves_table
from rethinking.files import atomic
from rethinking.outcomes.columns import FRAMES, RUN
from rethinking.stages.aggregate import read_cells
from rethinking.stages.runs import add_arguments, read_runs
from rethinking.stages.sealing import not_the_runs

ASKED_BY = {"measures": "measures", "steps": "log_every_steps", "points": "predictions_every"}  # keys of a recipe


def gathered(runs: Iterable[tuple[Path, dict[str, Any]]], frame: str) -> pd.DataFrame:
    """The data frame of some runs, each by its folder and its run.json; cells are text, as they stand there.

    Runs whose recipe did not ask for it have no rows. Raises ValueError naming a file that is missing, torn, edited or
    not of its run.
    """
    found = [(summary, _read(folder, summary, frame)) for folder, summary in runs if _asked(summary, frame)]
    return curves_table(found) if found else pd.DataFrame(columns=[*FRAMES[frame]])


def _asked(summary: dict[str, Any], frame: str) -> bool:
    return bool(summary["config"]["training"].get(ASKED_BY[frame]))


def _read(folder: Path, summary: dict[str, Any], frame: str) -> pd.DataFrame:
    path = folder / f"{frame}.csv"
    table = read_cells(folder, summary, path.name)
    if lacking := [name for name in FRAMES[frame] if name not in (*RUN, *table.columns)]:
        raise not_the_runs(path, f"it has no column {lacking[0]}")
    last, epochs = table["Epoch"].tolist()[-1:], summary["epochs_done"]
    if last != [str(epochs)]:
        raise not_the_runs(path, f"run.json tells of {epochs} epochs, this ends with {''.join(last) or 'none'}")
    return table


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m rethinking gather", description=__doc__)
    parser.add_argument("--frame", required=True, choices=["measures", "points", "steps"], help="which of these files")
    add_arguments(parser)
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="the data frame, CSV")
    args = parser.parse_args(argv)
    runs = read_runs(args.plan, args.code, args.runs)
    table = gathered(((args.runs / run.path, summary) for run, summary in runs), args.frame)
    with atomic(args.out) as temporary:
        table.to_csv(temporary, index=False)
