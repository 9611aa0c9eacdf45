"""`python -m benchmarks.bfloat16 [--data-dir FOLDER]`: train benchmarks/bfloat16.yaml's runs, write bfloat16.md.

The paper's conclusions are that random labels are fitted and in how many epochs, and what is then right on the test
set. bfloat16 changes none if the first agrees within a tenth and the second within what seeds differ by.
"""

import argparse
import datetime
import itertools
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from benchmarks.processes import ROOT
from rethinking.config import Configuration
from rethinking.config.described import section_of
from rethinking.engine.reproducibility import machine, versions
from rethinking.files import read_json

CONFIGURATION = Path("benchmarks/bfloat16.yaml")
PRECISIONS = ("float32", "bfloat16")
CORRUPTIONS = ("true_labels", "random_labels-1.0")
CRITERION = "accuracy_100"
TENTH = 0.1  # by which the epochs may differ
SEEDS = 2  # standard deviations of one seed: means of three that differ by more are unlikely to be the same


def train(targets: list[str], data_dir: str | None) -> None:
    """Make the runs that are not there."""
    place = ["--config", f"data_dir={data_dir}"] if data_dir else []
    command = [sys.executable, "-P", "-m", "snakemake", "--cores", "all", "--configfile", str(CONFIGURATION)]
    subprocess.run([*command, *place, "--", *targets], cwd=ROOT, check=True)


def row(model: str, corruption: str, precision: str, seed: int, summary: dict[str, Any]) -> dict[str, Any]:
    fit = summary["fit"][CRITERION]
    return {
        "model": model,
        "corruption": corruption,
        "precision": precision,
        "seed": seed,
        "epochs": fit and fit["epoch"],
        "test": fit and fit["test_accuracy"],
    }


def page(runs: pd.DataFrame) -> str:
    """Mean and standard deviation over seeds, side by side, and whether they agree."""
    lines = [
        "| network | labels | fitted, float32 and bfloat16 | epochs to 100 % | ratio | test accuracy "
        "| difference ÷ sd of a seed | agree |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for (model, corruption), group in runs.groupby(["model", "corruption"], sort=False):
        full, reduced = (group[group["precision"] == precision] for precision in PRECISIONS)
        fitted = [f"{part['epochs'].count()} of {len(part)}" for part in (full, reduced)]
        cells = [model, corruption, ", ".join(fitted)]
        if group["epochs"].notna().all():
            ratio = reduced["epochs"].mean() / full["epochs"].mean()
            spread = max(full["test"].std(), reduced["test"].std())
            gap = (reduced["test"].mean() - full["test"].mean()) / spread if spread else math.inf
            agree = abs(ratio - 1) <= TENTH and abs(gap) <= SEEDS
            cells += [both(full, reduced, "epochs"), f"{ratio:.2f}", both(full, reduced, "test"), f"{gap:+.1f}"]
        else:  # a mean over the seeds that happened to fit would hide those that did not
            agree = False
            cells += ["", "", "", ""]
        lines.append(f"| {' | '.join([*cells, 'yes' if agree else '**no**'])} |")
    return "\n".join(lines)


def both(full: pd.DataFrame, reduced: pd.DataFrame, column: str) -> str:
    """Mean and standard deviation over seeds in float32 and in bfloat16."""
    return ", ".join(f"{part[column].mean():.1f} ± {part[column].std():.1f}" for part in (full, reduced))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bfloat16", description=__doc__)
    parser.add_argument("--data-dir", help="folder of cifar-10-batches-py; without it, CIFAR-10 is downloaded")
    args = parser.parse_args()
    configuration = Configuration.load(ROOT / CONFIGURATION)
    group = section_of(configuration, "fig1").only("corruption_levels")
    names = list(itertools.product(group.models, CORRUPTIONS, PRECISIONS, configuration.seeds))
    runs = {name: configuration.run(group.dataset, *name) for name in names}
    paths = {name: f"results/runs/{run.path}/run.json" for name, run in runs.items()}
    train(list(paths.values()), args.data_dir)
    table = pd.DataFrame([row(*name, read_json(ROOT / path)) for name, path in paths.items()])
    cpu = torch.device("cpu")
    facts = f"{machine(cpu)} · torch {versions()['torch']} · {datetime.date.today()}"
    seeds = ", ".join(map(str, configuration.seeds))
    text = (
        "# bfloat16 beside float32\n\nWritten by `make bench-bfloat16`: 500 training and 2,000 test images of CIFAR-10,"
        f" mean ± standard deviation over seeds {seeds}, at the first evaluation with 100 % training accuracy.\n\n"
        f"{facts}\n\n{page(table)}\n"
    )
    (ROOT / "benchmarks/bfloat16.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
