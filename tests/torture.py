"""Runs that are killed at random moments and started again must end with the bytes of a run that never was.

    python tests/torture.py --runs 100     (`make torture`)

Each run is killed by SIGKILL one to five times, wherever it happens to be: in a step, an evaluation, the middle of a
write. Every process is forked from one that has imported torch already, so that the kills hit training and not imports.
"""

import argparse
import contextlib
import csv
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from rethinking.config import CATALOGUE, CHECKOUT, Configuration, jobs
from rethinking.plotting.registry import FIGURES
from rethinking.run import RunConfig
from rethinking.schema import ConfigOrigins, load_yaml
from rethinking.stages.corrupt import corrupt
from rethinking.stages.prepare import prepare
from rethinking.stages.split import split
from rethinking.stages.train import train

# Every option that has a state of its own between two steps.
RECIPES: dict[str, dict[str, Any]] = {
    "plain": {"log_every_steps": 2, "measures": ["frobenius_norm"]},
    "several-evaluations": {"evaluations_per_epoch": 3, "train_evaluation_every": 2, "ledger": True},
    "dropout": {"dropout": 0.3, "label_smoothing": 0.1, "clip_gradient_norm": 1.0},
    "augmented": {"crop": 12, "augmentation": {"random_crop": True, "flip": True, "rotation": 25}},
    "counted-steps": {"steps_per_epoch": 7, "evaluations_per_epoch": 2, "dropout": 0.3},
    "adam": {"optimiser": "adam", "learning_rate": 0.001, "schedule": "cosine"},
    "early": {"stop": {"early_stopping": 6}, "weight_decay": 0.001, "weight_decay_on": "fully_connected"},
}
COMMON = {"epochs": 12, "batch_size": 16, "initialisation": "kaiming", "crop": None, "learning_rate": 0.01}
SEED_KEYS = {"EpochTime", "Totaltime", "Seconds"}


def configuration() -> Configuration:
    """Small networks on 80 digits, one recipe for each option."""
    recipes = {name: COMMON | recipe for name, recipe in RECIPES.items()}
    own = {"digits-80": {"extends": "digits", "train": 80, "test": 60, "validation": 20}}
    models = {"mlp": {"factory": "mlp_1x512", "width": 0.2}, "conv": {"factory": "alexnet", "width": 0.1}}
    runs = {"models": ["mlp"], "levels": [0]}
    figure = {"dataset": "digits-80", "recipe": "plain", "panels": dict.fromkeys(FIGURES["fig1"].panels, runs)}
    raw = {"name": "torture", "datasets": own, "models": models, "recipes": recipes, "figures": {"fig1": figure}}
    return Configuration(raw, load_yaml(CHECKOUT / CATALOGUE), ConfigOrigins("torture"))


class Case:
    """One run: its data are made once, its training as often as one likes."""

    def __init__(self, run: RunConfig, data: Path) -> None:
        self.run, self.data = run, data

    def train(self, out: Path) -> None:
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            train(
                self.run,
                code="torture",
                data=self.data,
                corrupted=self.data / self.run.corruption / f"seed{self.run.seed}",
                split=self.data / "split" / f"seed{self.run.seed}",
                out=out,
                state_path=out / "state.pt",
                seconds_between_saves=0,
            )

    def forked(self, out: Path, kill_after: float | None = None) -> bool:
        """Train in a process of its own; True where it came to its end before it was killed."""
        child = os.fork()
        if child == 0:
            code = 1
            try:
                self.train(out)
                code = 0
            finally:
                os._exit(code)
        if kill_after is not None:
            time.sleep(kill_after)
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status):
            raise AssertionError(f"{self.run.path}: the training failed after it was killed")
        return os.WIFEXITED(status)


def cases(folder: Path, num_runs: int) -> list[Case]:
    """`num_runs` runs over all recipes and both networks, their data under `folder`."""
    settings, data = configuration(), folder / "data"
    prepare("digits-80", jobs.prepare_job(settings, "digits-80"), None, data)
    found = []
    for seed in range(num_runs):
        recipe, model = list(RECIPES)[seed % len(RECIPES)], ("mlp", "conv")[seed // len(RECIPES) % 2]
        run = settings.run("digits-80", model, "random_labels-0.5", recipe, seed)
        corrupt(
            jobs.corruption_job(settings, "digits-80", run.corruption, seed),
            data,
            data / run.corruption / f"seed{seed}",
        )
        split(jobs.split_job(settings, "digits-80", seed) or {}, data, data / "split" / f"seed{seed}")
        found.append(Case(run, data))
    return found


def outcome(folder: Path) -> dict[str, Any]:
    """What a run left, times left out."""
    found: dict[str, Any] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix == ".csv":
            with open(path, newline="") as file:
                found[path.name] = [
                    {key: value for key, value in row.items() if key not in SEED_KEYS} for row in csv.DictReader(file)
                ]
        elif path.suffix in (".pkl", ".npz", ".safetensors"):
            found[path.name] = path.read_bytes()
    summary = json.loads((folder / "run.json").read_text())
    fits = {name: fit and {**fit, "seconds": None} for name, fit in summary["fit"].items()}
    digests = {
        name: digest for name, digest in summary["files"].items() if name not in ("metrics.csv", "evaluations.csv")
    }
    return found | {"run.json": {**summary, "seconds": None, "fit": fits, "files": digests, "own_digest": None}}


def killed_often(case: Case, folder: Path, rng: random.Random) -> int:
    """Kill a run one to five times at random moments, let it end, compare; returns how often it was killed."""
    case.forked(folder / "whole")
    started = time.monotonic()
    case.forked(folder / "again")
    length = time.monotonic() - started
    assert outcome(folder / "whole") == outcome(folder / "again"), f"{case.run.path}: two whole runs differ"
    kills, wanted = 0, rng.randint(1, 5)
    while kills < wanted:
        # Evenly over what a run takes; one that ends before it is killed begins again.
        if case.forked(folder / "killed", kill_after=rng.uniform(0, 1.2 * length / wanted)):
            if kills:
                break
            shutil.rmtree(folder / "killed")
        else:
            kills += 1
    case.forked(folder / "killed")
    assert outcome(folder / "whole") == outcome(folder / "killed"), f"{case.run.path}: killed {kills} times, differs"
    assert not list((folder / "killed").glob(".*.tmp")), "temporary files are left"
    return kills


def torture(folder: Path, num_runs: int, seed: int = 0) -> Counter[int]:
    """How many runs were killed how often; AssertionError at the first that did not end with the same bytes."""
    rng = random.Random(seed)
    counts: Counter[int] = Counter()
    for number, case in enumerate(cases(folder, num_runs)):
        counts[killed_often(case, folder / str(number), rng)] += 1
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        counts = torture(Path(folder), args.runs, args.seed)
    kills = sum(times * number for times, number in counts.items())
    print(
        f"{args.runs} of {args.runs} runs byte-equal after {kills} kills: {dict(sorted(counts.items()))} (kills: runs)"
    )


if __name__ == "__main__":
    sys.exit(main())
