"""The stage `ledger`: ledgers of a figure's or table's runs to data frames of when which labels were learnt."""

import argparse
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rethinking.analysis.aggregate import curves_table
from rethinking.analysis.detection import detection, horizons, roc
from rethinking.analysis.learned import Ledger, learned
from rethinking.files import atomic
from rethinking.stages.runs import add_arguments, read_runs
from rethinking.stages.sealing import REMEDY, left_by_run, not_the_runs

NAMES = ("epochs", "given", "true", "predictions", "losses", "margins")


def read_ledger(folder: Path, summary: dict[str, Any]) -> Ledger:
    """A run's ledger.npz; raises ValueError naming it where it is torn or not of that run."""
    path = left_by_run(folder, summary, "ledger.npz")
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
            ledger = {name: arrays[name] for name in NAMES}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path}: is torn or no ledger ({error}); {REMEDY}") from None
    epochs, examples = summary["epochs_done"], summary["num_train"]
    shape = (len(ledger["epochs"]), examples)
    if shape[0] == 0 or ledger["epochs"][-1] != epochs or any(ledger[name].shape != shape for name in NAMES[3:]):
        raise not_the_runs(path, f"it is not of {examples} examples until epoch {epochs}, as run.json says")
    return ledger


def frames_of(folder: Path, summary: dict[str, Any], *first: int) -> dict[str, pd.DataFrame]:
    """The three data frames of one run; so many `first` epochs enter the scores beside all."""
    ledger = read_ledger(folder, summary)
    epochs = horizons(ledger, *first)
    return {"learned": learned(ledger), "detection": detection(ledger, epochs), "roc": roc(ledger, epochs)}


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m rethinking ledger", description=__doc__)
    add_arguments(parser)
    parser.add_argument("--horizon", type=int, nargs="*", default=[], help="epochs that enter the scores, beside all")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder of the data frames")
    args = parser.parse_args(argv)
    read = [
        (summary, frames_of(args.runs / run.path, summary, *args.horizon))
        for run, summary in read_runs(args.plan, args.code, args.runs)
    ]
    for name in ("learned", "detection", "roc"):
        table = curves_table([(summary, frames[name]) for summary, frames in read])
        with atomic(args.out / f"{name}.csv") as temporary:
            table.to_csv(temporary, index=False)
