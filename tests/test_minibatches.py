"""`python -m benchmarks.minibatches`: a curve of minibatches as they ran is told from one of the network at rest."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from recorded import RUNS, said_on

ROOT = Path(__file__).parents[1]
SAID = re.compile(
    r"(?P<points>\d+) points; of periods of \d+ to \d+ steps (?P<period>\d+) fits best\."
    r" Within an epoch of (?P<epoch>\d+) steps, from (?P<lag>\d+) steps after it begins,"
    r" (?P<slope>[+-][\d.]+) points against the trend: (?P<explained>\d+) % of the squares that the trend leaves,"
    r" p = (?P<p>[\d.]+)"
)

ON_TRUE_LABELS = RUNS / "inception/true_labels"
SETTINGS = ("batch-norm-of-batches", "evaluated", "batch-norm-99")


def recorded(recipe: str) -> pd.DataFrame:
    """The first two epochs of a run of Inception on true labels."""
    return pd.read_csv(ON_TRUE_LABELS / recipe / "seed0/metrics.csv").head(2)


def said(*runs: Path) -> list[dict[str, float]]:
    """What the command says of each curve."""
    command = [sys.executable, "-m", "benchmarks.minibatches", *map(str, runs)]
    called = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [{name: float(value) for name, value in found.groupdict().items()} for found in SAID.finditer(called.stdout)]


def refused(*runs: Path) -> str:
    """The command's error, its only line."""
    command = [sys.executable, "-m", "benchmarks.minibatches", *map(str, runs)]
    called = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert called.returncode == 1
    assert called.stderr.count("\n") == 1
    return called.stderr


def run_with(folder: Path, falls: float) -> Path:
    """Fifty epochs of 100 steps, a point every ten, that rise with noise and within an epoch fall by so many points."""
    steps = np.arange(10, 5001, 10)
    rises = 50 + 12 * np.log(steps / 10) - falls * ((steps - 1) % 100 / 100)
    frame = pd.DataFrame({"Step": steps, "Epoch": (steps - 1) // 100 + 1, "OnlineTrainLoss": 1.0})
    folder.mkdir()
    noise = np.random.default_rng(0).normal(0, 0.5, len(steps))
    frame.assign(OnlineTrainAccuracy=rises + noise).to_csv(folder / "steps.csv", index=False)
    return folder


def test_a_curve_that_falls_within_each_epoch_is_told_from_one_that_does_not(tmp_path):
    with_teeth, without = said(run_with(tmp_path / "minibatches", 2.0), run_with(tmp_path / "at_rest", 0.0))
    assert with_teeth["period"] == with_teeth["epoch"] == without["epoch"] == 100
    assert with_teeth["slope"] == pytest.approx(-2, abs=0.3)
    assert (with_teeth["p"], with_teeth["points"]) == (0.001, 500)
    assert min(with_teeth["lag"], 100 - with_teeth["lag"]) <= 10
    assert without["p"] > 0.05
    assert abs(without["slope"]) < 0.5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.iloc[:0], "0 points of 0 epochs: an epoch's period needs 5 epochs and 19 points"),
        (lambda frame: frame[frame["Epoch"] <= 2], "20 points of 2 epochs: an epoch's period needs"),
        (lambda frame: frame[frame["Step"] % 500 == 0].head(10), "10 points of 50 epochs: an epoch's period needs"),
        (
            lambda frame: frame[frame["Step"] % 100 == 0],
            "points at 1 of an epoch's 100 steps: an epoch's period needs 3",
        ),
        (lambda frame: frame.iloc[9::10].assign(Step=range(1, 51)), "points at 1 of an epoch's 1 steps"),
        (lambda frame: frame.drop(columns="Epoch"), "it has no column 'Epoch'"),
        (lambda frame: frame.assign(OnlineTrainAccuracy=None), "line 2: OnlineTrainAccuracy = nan is no number"),
        (lambda frame: frame.assign(Step="early"), "line 2: Step = early is no number"),
    ],
)
def test_steps_that_cannot_tell_a_period_are_refused_by_the_file_s_name(change, message, tmp_path):
    path = run_with(tmp_path / "run", 2.0) / "steps.csv"
    change(pd.read_csv(path)).to_csv(path, index=False)
    assert refused(path.parent).startswith(f"error: {path}: {message}")


@pytest.mark.parametrize(
    ("content", "message"), [(None, "missing; a run leaves it whose recipe has log_every_steps"), (b"", "it is empty")]
)
def test_a_run_without_steps_is_refused_by_the_file_s_name(content, message, tmp_path):
    if content is not None:
        (tmp_path / "steps.csv").write_bytes(content)
    assert refused(tmp_path).startswith(f"error: {tmp_path / 'steps.csv'}: {message}")


def test_the_paper_s_curve_without_batch_norm_has_the_period_of_an_epoch_as_the_page_says():
    [found] = said()
    assert (found["points"], found["epoch"]) == (400, 391)
    assert abs(found["period"] - 391) <= 1
    assert found["p"] <= 0.001
    page = said_on("docs/deviations.md")
    assert (
        f"It falls by {-found['slope']:.1f} points within an epoch against its trend, and of periods of 156 to 878"
        f" steps {found['period']:.0f} fits best (p = {found['p']:.3f})"
    ) in page
    assert f"jumps {found['lag']:.0f} steps into an epoch" in page


def test_minibatches_of_ours_as_they_ran_have_the_period_of_an_epoch_as_the_page_says():
    rows = {
        "ours with batch norm, `{}`": "inception/true_labels/paper-bfloat16-first-20",
        "AlexNet, `{}`": "alexnet/true_labels/paper-bfloat16-until-99.9",
        "MLP 1×512, `{}`": "mlp_1x512/true_labels/paper-bfloat16-until-99-steps",
    }
    runs = [RUNS / run / "seed0" for run in rows.values()]
    page = said_on("docs/deviations.md")
    [paper], ours = said(), said(*runs)
    curve = pd.read_csv(ROOT / "config/paper/fig2b.csv").query("quantity == 'minibatch_accuracy'")
    epochs = round(curve["step"].max() / 391)
    assert f"| the paper's Inception without batch norm | {epochs} | {numbers_of(paper)} |" in page
    for (network, run), folder, found in zip(rows.items(), runs, ours, strict=True):
        epochs = len(pd.read_csv(folder / "metrics.csv"))
        assert (found["points"], found["epoch"], found["p"]) == (8 * epochs, 391, 0.001)
        assert abs(found["period"] - 391) <= 4
        assert f"| {network.format(run.split('/')[-1])} | {epochs} | {numbers_of(found)} |" in page


def numbers_of(found: dict[str, float]) -> str:
    """A curve's columns in the page's table."""
    return f"{found['period']:.0f} | {found['slope']:.2f} | {found['p']:.3f}"


def test_with_batch_norm_the_training_set_is_as_far_ahead_of_the_test_set_as_ours_after_each_epoch():
    points = pd.read_csv(ROOT / "config/paper/fig2b.csv")
    of_network = points[(points["model"] == "inception") & points["step"].isin([391, 782])]
    paper = of_network.pivot(index="step", columns="quantity", values="value")
    ours, averaged, longer = (recorded(f"paper-bfloat16-{name}") for name in SETTINGS)
    steps = pd.read_csv(ON_TRUE_LABELS / "paper-bfloat16-batch-norm-of-batches/seed0/steps.csv")
    last = steps[steps["Step"].isin([391, 782])]["OnlineTrainAccuracy"].to_numpy()
    ahead = [
        (paper["train_accuracy"] - paper["test_accuracy"]).to_numpy(),
        last - ours["TestAccuracy"].to_numpy(),
        *((each["TrainAccuracy"] - each["TestAccuracy"]).to_numpy() for each in (ours, averaged, longer)),
    ]
    said = [" and ".join(f"{value:.2f}" for value in both) for both in ahead]
    page = said_on("docs/deviations.md")
    assert f"training accuracy is {said[0]} points above the test accuracy" in page
    assert f"Ours is {said[2]} above after them, {said[1]} over the last 41 minibatches" in page
    assert (
        f"running averages are {said[3]} above (`paper-bfloat16-evaluated`, a momentum of 0.1) or {said[4]} (0.01)"
        in page
    )
    variance = [last * (100 - last) / (41 * 128), ours["TestAccuracy"] * (100 - ours["TestAccuracy"]) / 10_000]
    first, second = np.sqrt(sum(variance))
    paper_s, ours_s = ahead[0][1], ahead[1][1]
    assert (
        f"have one of {first:.1f} points after the first epoch and {second:.1f} after the second, where the paper's"
        f" {paper_s:.2f} and our {ours_s:.2f} are {paper_s - ours_s:.1f} apart; were the paper's of as many images,"
        f" this would have a standard error of {np.sqrt(2) * second:.1f}."
    ) in page
    learnt = [" and ".join(f"{value:.0f} %" for value in each["TrainAccuracy"]) for each in (averaged, ours)]
    assert learnt == ["65 % and 77 %", "68 % and 79 %"]
    assert "(65 % and 77 % of the training set after one and two with running averages, 68 % and 79 % with" in page
