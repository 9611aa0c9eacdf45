"""The stage `complexity_of_run`: how complex a trained network is, from its saved weights and its training set."""

import argparse
import copy
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rethinking.analysis.complexity import measures
from rethinking.engine.device import choose_device
from rethinking.engine.reproducibility import generator, make_deterministic
from rethinking.files import sha256, write_json
from rethinking.outcomes.measured import MEASURED
from rethinking.run import WEIGHTS, RunConfig
from rethinking.stages.placement import place
from rethinking.stages.run_folder import load_data
from rethinking.stages.saved import read_saved, weights_of


def measured(
    run: RunConfig,
    folder: Path,
    data: Path,
    corrupted: Path | None = None,
    split: Path | None = None,
    redrawn: Sequence[Path] = (),
) -> dict[str, Any]:
    """What the stage writes of a run in `folder`: each measure, and of which weights; None where it is no number.

    The network before its first step is made again from the run's seed; labels are those that it was given last. Raises
    ValueError where weights or data are not those that run.json is of.
    """
    saved = read_saved(folder)
    weights = weights_of(saved)
    arrays, manifest, of_data = load_data(data, corrupted, split, redrawn)
    if of_data["data_sha256"] != saved.summary["data_sha256"]:
        raise ValueError(f"{data}: not what {run.path} was trained on; delete the run to train it on this")
    device = choose_device()
    make_deterministic("float32")
    model, sets = place(arrays, run, len(manifest["classes"]), "float32", device)
    sets = sets.in_epoch(saved.summary["epochs_done"])
    initial = copy.deepcopy(model)
    model.load_state_dict(weights)
    found: dict[str, float] = dict.fromkeys(MEASURED, math.nan)
    if all(tensor.isfinite().all() for tensor in model.state_dict().values()):  # else the run diverged
        drawn = generator(run.seed, "order", 0)  # that of an epoch which no training has
        found = measures(model, initial, sets.train.images, sets.train.labels, drawn, sets.resize)
    kept = {name: value if math.isfinite(value) else None for name, value in found.items()}
    return {"weights": sha256(folder / WEIGHTS), "measures": kept}


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m rethinking complexity_of_run", description=__doc__)
    parser.add_argument("--run", required=True, type=json.loads, help="the run's values, JSON")
    parser.add_argument("--left", required=True, type=Path, help="folder of what the run left")
    parser.add_argument("--data", required=True, type=Path, help="folder of the prepared data set")
    parser.add_argument("--corrupted", type=Path, help="folder of the corrupted arrays")
    parser.add_argument(
        "--redrawn", nargs="+", type=Path, default=[], help="folders of the labels given later, in their order"
    )
    parser.add_argument("--split", type=Path, help="folder of the indices of training and validation set")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="the measures, JSON")
    args = parser.parse_args(argv)
    run = RunConfig.from_json(args.run)
    write_json(args.out, measured(run, args.left, args.data, args.corrupted, args.split, args.redrawn))
