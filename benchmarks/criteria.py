"""`python -m benchmarks.criteria`: whether any meaning of "overfitted" gives the times of the paper's figure 1b.

Criteria of several kinds, each of many thresholds, say from which epoch on a recorded run of 100 epochs counts as
having overfitted; what that gives MLP 1×512 (three seeds) and AlexNet (one) is held against the paper's epochs, level
by level. Printed are the criteria that are nearest: to the one network's, to the other's, to both at once, and of each
kind to the first network's; and how many come within an epoch. The best of so many is no evidence for it.
"""

import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from rethinking.names import level_of
from rethinking.outcomes.derived import WHOLE
from rethinking.reporting.overfitted import Times, rms, times_of_paper

RUNS, PAPER, RECIPE = Path("docs/results/cifar10-cpu/runs/cifar10"), Path("config/paper"), "paper-bfloat16"
NETWORKS = {"mlp_1x512": "MLP 1×512", "alexnet": "AlexNet"}
LOSSES = {"TrainLoss": "loss", "OnlineTrainLoss": "loss as it ran"}
ACCURACIES = {"TrainAccuracy": "accuracy", "OnlineTrainAccuracy": "accuracy as it ran"}
BEGUN = 90  # percent; a curve that has not begun to rise does not rise either
SPANS = (1, 2, 3, 5, 10)  # epochs over which a change is taken
AVERAGED = (2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20, 25, 30)  # epochs over which a curve is averaged
AVERAGE_GAPS = np.geomspace(0.002, 40, 150)  # points below 100 %
CHANCE_ON, FIRST_ON = "from chance", "from the first"  # where an average begins
ERROR, CHANCE = "TestError", 0.9
AT_CHANCE = dict.fromkeys(LOSSES, np.log(10)) | dict.fromkeys(ACCURACIES, 10.0) | {ERROR: CHANCE}

Metrics = dict[str, np.ndarray]  # a run's columns, an epoch a value


@dataclass(frozen=True)
class Criterion:
    """In words, and at which epochs of a run it holds; its time is the first of them."""

    words: str
    holds: Callable[[Metrics], np.ndarray]

    @property
    def kind(self) -> str:
        """The words without their numbers."""
        return re.sub(r"\d[\d.e-]*", "…", self.words)

    def time(self, run: Metrics) -> float:
        """The first epoch, counted from 1; infinite where it never holds."""
        met = np.flatnonzero(self.holds(run))
        return float(met[0] + 1) if len(met) else np.inf


def levelled(run: Metrics, falling: np.ndarray, span: int, least: float) -> np.ndarray:
    """Where a curve of the run, once this has begun to fit, has fallen by less than that in so many epochs."""
    falls = np.full(len(falling), np.inf)
    falls[span:] = falling[:-span] - falling[span:]
    return (falls < least) & (run["TrainAccuracy"] >= BEGUN)


def averaged(values: np.ndarray, epochs: int, before: float) -> np.ndarray:
    """A curve whose memory of its past fades by a factor of 1 - 1 / `epochs` an epoch; its value `before` the first."""
    found, remembered = np.empty(len(values)), before
    for epoch, value in enumerate(values):
        remembered += (value - remembered) / epochs
        found[epoch] = remembered
    return found


def levels_of_loss(column: str, loss: str, levels: np.ndarray) -> Iterator[Criterion]:
    """Levels of a loss, and distances from its last one."""
    for x in levels:
        yield Criterion(f"{loss} at most {x:.3g}", lambda run, x=x: run[column] <= x)
        yield Criterion(f"{loss} within {x:.3g} of the last", lambda run, x=x: run[column] <= run[column][-1] + x)


def levels_of_accuracy(column: str, accuracy: str, gaps: Iterable[float]) -> Iterator[Criterion]:
    """Accuracies so many points below 100 %, and distances from the last one."""
    for gap in gaps:
        yield Criterion(f"{accuracy} at least {100 - gap:.7g} %", lambda run, g=gap: run[column] >= 100 - g)
        yield Criterion(
            f"{accuracy} within {gap:.3g} points of the last", lambda run, g=gap: run[column] >= run[column][-1] - g
        )


def of_losses() -> Iterator[Criterion]:
    """Levels, distances from the last one, changes of a loss."""
    for column, loss in LOSSES.items():
        yield from levels_of_loss(column, loss, np.geomspace(1e-4, 0.5, 100))
        for factor in np.geomspace(1.01, 20, 100):
            yield Criterion(
                f"{loss} at most {factor:.4g} times the last", lambda run, c=column, f=factor: run[c] <= run[c][-1] * f
            )
        for span in SPANS:
            for x in np.geomspace(1e-5, 0.5, 50):
                yield Criterion(
                    f"{loss} falls by less than {x:.3g} in {span} epochs, above {BEGUN} %",
                    lambda run, c=column, x=x, s=span: levelled(run, run[c], s, x),
                )
            for share in np.geomspace(0.003, 0.9, 50):
                yield Criterion(
                    f"{loss} falls by less than {100 * share:.3g} % in {span} epochs, above {BEGUN} %",
                    lambda run, c=column, x=share, s=span: levelled(run, np.log(run[c]), s, -np.log1p(-x)),
                )


def of_accuracies() -> Iterator[Criterion]:
    """The same of an accuracy, but for factors."""
    for column, accuracy in ACCURACIES.items():
        yield from levels_of_accuracy(column, accuracy, (0, *np.geomspace(0.002, 10, 100)))
        for span in SPANS:
            for x in np.geomspace(0.002, 5, 50):
                yield Criterion(
                    f"{accuracy} rises by less than {x:.3g} points in {span} epochs, above {BEGUN} %",
                    lambda run, c=column, x=x, s=span: levelled(run, -run[c], s, x),
                )


def of_averages() -> Iterator[Criterion]:
    """Levels, and distances from the last one, of losses and accuracies that are averaged."""
    for epochs, start in itertools.product(AVERAGED, (CHANCE_ON, FIRST_ON)):
        for column, loss in LOSSES.items():
            words = f"{loss} averaged over {epochs} epochs {start}"
            yield from levels_of_loss(average(column, epochs, start), words, np.geomspace(1e-3, 1, 100))
        for column, accuracy in ACCURACIES.items():
            words = f"{accuracy} averaged over {epochs} epochs {start}"
            yield from levels_of_accuracy(average(column, epochs, start), words, AVERAGE_GAPS)


def average(column: str, epochs: int, start: str) -> str:
    """The name of a column's average."""
    return f"{column} over {epochs} {start}"


def averages(run: Metrics) -> Metrics:
    """Every average of a run's columns."""
    return {
        average(name, epochs, start): averaged(run[name], epochs, before)
        for name, chance in AT_CHANCE.items()
        for epochs in AVERAGED
        for start, before in ((CHANCE_ON, chance), (FIRST_ON, run[name][0]))
    }


def recorded(model: str) -> dict[float, list[Metrics]]:
    """The network's whole runs by level, a run a seed, with what averages make of each column."""
    found: dict[float, list[Metrics]] = {}
    for file in sorted((RUNS / model).glob(f"*/{RECIPE}/seed*/metrics.csv")):
        metrics = pd.read_csv(file)
        if (level := level_of(file.parts[-4])) is not None and len(metrics) == WHOLE:
            metrics[ERROR] = 1 - metrics["TestAccuracy"] / 100
            run = {name: metrics[name].to_numpy(float) for name in AT_CHANCE}
            found.setdefault(level, []).append(run | averages(run))
    return found


def away(criterion: Criterion, runs: dict[float, list[Metrics]], paper: Times) -> float:
    """Root of the mean squared difference from the paper's, in epochs, over the levels that both have."""
    levels = sorted(runs.keys() & paper.keys())
    return rms([float(np.mean([criterion.time(run) for run in runs[level]])) - paper[level] for level in levels])


def aways(found: np.ndarray) -> str:
    """How far a criterion is off each network's times, in words."""
    return ", ".join(f"{label} {value:.2f}" for label, value in zip(NETWORKS.values(), found, strict=True))


def main() -> None:
    runs = {model: recorded(model) for model in NETWORKS}
    published = pd.read_csv(PAPER / "fig1b.csv")
    paper = {model: times_of_paper(published, model) for model in NETWORKS}
    tried = [*of_losses(), *of_accuracies(), *of_averages()]
    found = np.array([[away(criterion, runs[model], paper[model]) for model in NETWORKS] for criterion in tried])
    counts = (len(runs[model].keys() & paper[model].keys()) for model in NETWORKS)
    of_levels = " and ".join(f"{count} levels of {name}" for count, name in zip(counts, NETWORKS.values(), strict=True))
    print(f"{len(tried)} criteria, {of_levels}; root mean square of the difference from the paper, in epochs")
    for name, of in (*zip(NETWORKS.values(), found.T, strict=True), ("both", found.max(axis=1))):
        best = int(of.argmin())
        print(f"nearest for {name}: {tried[best].words}: {aways(found[best])}; within an epoch {(of < 1).sum()}")
    print(f"nearest for {next(iter(NETWORKS.values()))}, of each kind:")
    for _, places in pd.Series(range(len(tried))).groupby([each.kind for each in tried], sort=False):
        best = int(places.iloc[found[places, 0].argmin()])
        print(f"  {tried[best].words}: {aways(found[best])}")


if __name__ == "__main__":
    main()
