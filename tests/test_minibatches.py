"""`python -m benchmarks.minibatches`: a curve of minibatches as they ran is told from one of the network at rest."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parents[1]
SAID = re.compile(
    r"(?P<points>\d+) points; of periods of \d+ to \d+ steps (?P<period>\d+) fits best\."
    r" Within an epoch of (?P<epoch>\d+) steps, from (?P<lag>\d+) steps after it begins,"
    r" (?P<slope>[+-][\d.]+) points against the trend: (?P<explained>\d+) % of the squares that the trend leaves,"
    r" p = (?P<p>[\d.]+)"
)


def said(*runs: Path) -> list[dict[str, float]]:
    """What the command says of each curve."""
    command = [sys.executable, "-m", "benchmarks.minibatches", *map(str, runs)]
    called = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [{name: float(value) for name, value in found.groupdict().items()} for found in SAID.finditer(called.stdout)]


def run_with(folder: Path, falls: float) -> Path:
    """Fifty epochs of 100 steps, a point every ten, that rise with noise and within an epoch fall by so many points."""
    steps = np.arange(10, 5001, 10)
    rises = 50 + 12 * np.log(steps / 10) - falls * ((steps - 1) % 100 / 100)
    frame = pd.DataFrame({"Step": steps, "Epoch": (steps - 1) // 100 + 1, "OnlineTrainLoss": 1.0})
    folder.mkdir()
    noise = np.random.default_rng(0).normal(0, 0.5, len(steps))
    frame.assign(OnlineTrainAccuracy=rises + noise).to_csv(folder / "steps.csv", index=False)
    return folder


def deviations() -> str:
    return " ".join((ROOT / "docs/deviations.md").read_text(encoding="utf-8").split())


def test_a_curve_that_falls_within_each_epoch_is_told_from_one_that_does_not(tmp_path):
    with_teeth, without = said(run_with(tmp_path / "minibatches", 2.0), run_with(tmp_path / "at_rest", 0.0))
    assert with_teeth["period"] == with_teeth["epoch"] == without["epoch"] == 100
    assert with_teeth["slope"] == pytest.approx(-2, abs=0.3)
    assert (with_teeth["p"], with_teeth["points"]) == (0.001, 500)
    assert min(with_teeth["lag"], 100 - with_teeth["lag"]) <= 10
    assert without["p"] > 0.05
    assert abs(without["slope"]) < 0.5


def test_the_paper_s_curve_without_batch_norm_has_the_period_of_an_epoch_as_the_page_says():
    [found] = said()
    assert (found["points"], found["epoch"]) == (400, 391)
    assert abs(found["period"] - 391) <= 1
    assert found["p"] <= 0.001
    page = deviations()
    assert (
        f"It falls by {-found['slope']:.1f} points within an epoch against its trend, and of periods of 156 to 878"
        f" steps {found['period']:.0f} fits best (p = {found['p']:.3f})"
    ) in page
    assert f"jumps {found['lag']:.0f} steps into an epoch" in page


def test_with_batch_norm_the_training_set_is_as_far_ahead_of_the_test_set_as_ours_after_each_epoch():
    points = pd.read_csv(ROOT / "config/paper/fig2b.csv")
    of_network = points[(points["model"] == "inception") & points["step"].isin([391, 782])]
    paper = of_network.pivot(index="step", columns="quantity", values="value")
    run = "runs/cifar10/inception/true_labels/paper-bfloat16-batch-norm-of-batches/seed0"
    ours, steps = (
        pd.read_csv(ROOT / "docs/results/cifar10-cpu" / run / f"{name}.csv") for name in ("metrics", "steps")
    )
    last = steps[steps["Step"].isin([391, 782])]["OnlineTrainAccuracy"].to_numpy()
    ahead = [
        (paper["train_accuracy"] - paper["test_accuracy"]).to_numpy(),
        (ours["TrainAccuracy"] - ours["TestAccuracy"]).to_numpy(),
        last - ours["TestAccuracy"].to_numpy(),
    ]
    said = [" and ".join(f"{value:.2f}" for value in both) for both in ahead]
    page = deviations()
    assert f"training accuracy is {said[0]} points above the test accuracy" in page
    assert f"Ours is {said[1]} above after them, {said[2]} over the last 41 minibatches" in page
