"""`python -m benchmarks.minibatches [RUN …]`: whether a training curve is of minibatches as they ran.

Every image comes once an epoch. What an epoch begins with was last seen half an epoch ago on average, what it ends with
one and a half, and is known less well: the accuracy of minibatches as they run falls within an epoch, against what it
rises by, and jumps as the next begins. That of the network at rest knows nothing of where an epoch begins.

The curve is that of the paper's figure 2b without batch norm (`config/paper/fig2b.csv`), or that of `steps.csv` of each
RUN, a folder like results/runs/cifar10/alexnet/true_labels/RECIPE/seed0. Fitted is a polynomial in the logarithm of the
step, and a sawtooth of every period in turn, which jumps a lag after its period begins: averages over the last so many
steps jump half as many later.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from rethinking.files import broken, read_csv

STEPS = 391  # of an epoch of the paper's
DEGREE = 6
LEAST_EPOCHS = 5  # of a run: in fewer a sawtooth is part of the trend
LEAST_PLACES = 3  # within an epoch: at one or two every sawtooth is the same
DRAWS = 999
FIGURE, MODEL = Path("config/paper/fig2b.csv"), "inception_without_bn"


@dataclass(frozen=True)
class Sawtooth:
    """The period that fits best; of an epoch's: its lag (steps), its slope (points), its share of squares, its p."""

    period: int
    lag: int
    slope: float
    explained: float
    p: float


def trend(steps: np.ndarray) -> np.ndarray:
    """Orthonormal columns (n, DEGREE + 1) whose sums are polynomials in the logarithm of the step."""
    logarithms = np.log(steps)
    return np.linalg.qr(np.vander((logarithms - logarithms.mean()) / logarithms.std(), DEGREE + 1))[0]


def teeth(steps: np.ndarray, period: int) -> np.ndarray:
    """Sawteeth (n, period) less their trend, a lag a column: from -1/2 to 1/2 within a period."""
    columns = (steps[:, None] - np.arange(period)) % period / period - 0.5
    smooth = trend(steps)
    return columns - smooth @ (smooth.T @ columns)


def explained(columns: np.ndarray, residuals: np.ndarray) -> np.ndarray:
    """Which share of the squares of residuals each column explains."""
    return (columns.T @ residuals) ** 2 / np.sum(columns**2, axis=0) / np.sum(residuals**2)


def periods(epoch: int) -> range:
    """Those that are tried beside an epoch's."""
    return range(2 * epoch // 5, 2 * epoch + epoch // 4)


def sawtooth(steps: np.ndarray, values: np.ndarray, epoch: int, seed: int = 0) -> Sawtooth:
    """What a curve has of the period of an epoch of so many steps.

    `p` is the share of curves of which an epoch's sawtooth explains as much at its best lag, among this one and DRAWS
    others whose residuals are turned round within each epoch, each by a random share of it: what is near in time stays
    near, where an epoch begins is lost.
    """
    smooth = trend(steps)
    residuals = values - smooth @ (smooth.T @ values)
    best = {period: explained(teeth(steps, period), residuals).max() for period in periods(epoch)}
    columns = teeth(steps, epoch)
    own = explained(columns, residuals)
    lag = int(own.argmax())
    column = columns[:, lag]
    epochs, generator, others = (steps - 1) // epoch, np.random.default_rng(seed), 0
    for _ in range(DRAWS):
        turned = residuals.copy()
        for one in np.unique(epochs):
            places = np.flatnonzero(epochs == one)
            turned[places] = np.roll(residuals[places], generator.integers(len(places)))
        turned -= smooth @ (smooth.T @ turned)
        others += explained(columns, turned).max() >= own[lag]
    return Sawtooth(
        period=max(best, key=lambda period: best[period]),
        lag=lag,
        slope=float(column @ residuals / (column @ column)),
        explained=float(own[lag]),
        p=(1 + others) / (1 + DRAWS),
    )


def of_paper() -> tuple[np.ndarray, np.ndarray, int]:
    """Steps and training accuracy (percent) of the paper's curve without batch norm, and the steps of an epoch."""
    points = pd.read_csv(FIGURE)
    points = points[(points["model"] == MODEL) & (points["quantity"] == "minibatch_accuracy")].sort_values("step")
    return points["step"].to_numpy(float), points["value"].to_numpy(float), STEPS


def of_run(folder: Path) -> tuple[np.ndarray, np.ndarray, int]:
    """The same of a run as it ran, averages of the steps since the point before.

    Raises ValueError naming the file where it is no `steps.csv`, or of too few epochs for a period to be told.
    """
    path = folder / "steps.csv"
    if not path.is_file():
        raise ValueError(f"{path}: missing; a run leaves it whose recipe has log_every_steps")
    points = read_csv(path)
    columns = ["Step", "Epoch", "OnlineTrainAccuracy"]
    if lacking := [name for name in columns if name not in points]:
        raise broken(path, f"it has no column {lacking[0]!r}")
    numbers = points[columns].apply(pd.to_numeric, errors="coerce").to_numpy(float)
    if not np.isfinite(numbers).all():
        row, column = np.argwhere(~np.isfinite(numbers))[0]
        raise broken(path, f"line {row + 2}: {columns[column]} = {points[columns].iloc[row, column]!s} is no number")
    epochs = int(points["Epoch"].max()) if len(points) else 0
    if epochs < LEAST_EPOCHS or len(points) <= 3 * DEGREE:
        said = f"{len(points)} points of {epochs} epochs"
        raise ValueError(f"{path}: {said}: an epoch's period needs {LEAST_EPOCHS} epochs and {3 * DEGREE + 1} points")
    epoch = int(points["Step"].max() // epochs)
    if (places := len(np.unique((numbers[:, 0] - 1) % epoch))) < LEAST_PLACES:
        said = f"points at {places} of an epoch's {epoch} steps"
        raise ValueError(f"{path}: {said}: an epoch's period needs {LEAST_PLACES}; log more often (log_every_steps)")
    return numbers[:, 0], numbers[:, 2], epoch


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.minibatches", description=__doc__.partition("\n")[0])
    parser.add_argument("runs", type=Path, nargs="*", metavar="RUN", help="folders of runs that logged their steps")
    args = parser.parse_args()
    try:
        curves = {str(run): of_run(run) for run in args.runs} or {f"{FIGURE}, {MODEL}": of_paper()}
    except ValueError as error:
        parser.exit(1, f"error: {error}\n")
    for name, (steps, values, epoch) in curves.items():
        found, tried = sawtooth(steps, values, epoch), periods(epoch)
        print(
            f"{name}: {len(values)} points; of periods of {tried[0]} to {tried[-1]} steps {found.period} fits best."
            f" Within an epoch of {epoch} steps, from {found.lag} steps after it begins, {found.slope:+.2f} points"
            f" against the trend: {100 * found.explained:.0f} % of the squares that the trend leaves, p = {found.p:.3f}"
        )


if __name__ == "__main__":
    main()
