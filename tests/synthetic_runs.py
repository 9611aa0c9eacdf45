"""What `aggregate`, `confusions` and `gather` write of runs, with made-up numbers: no figure needs a training."""

import base64
import io
import math
import zlib
from collections import UserDict
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from rethinking.analysis.aggregate import curves_table, evaluations_of, runs_table, test_accuracy_at_best
from rethinking.analysis.confusions import confusions_table
from rethinking.analysis.detection import detection, roc
from rethinking.analysis.learned import learned
from rethinking.names import split_corruption
from rethinking.outcomes.columns import MISTAKE, PREDICTIONS, RUN, STRIP
from rethinking.outcomes.criteria import CRITERIA
from rethinking.outcomes.measured import MEASURED

EPOCHS, STEPS, CLASSES, OF_A_CLASS = 12, 25, ("cat", "dog", "frog"), 20

DIVERGED = 7  # the seed whose runs diverge and never fit
Name = tuple[str, str, str, str, int]  # data set, network, corruption, recipe, seed


class Frames(UserDict[str, Any]):
    """Data frames by name, or functions that make one when it is first asked for: hardly anyone asks for all."""

    def __getitem__(self, name: str) -> pd.DataFrame:
        if callable(value := self.data[name]):
            self.data[name] = value()
        return self.data[name]


def frames(
    names: Iterable[Name],
    criterion: str = "accuracy_100",
    *,
    validation: bool = True,
    classes: Sequence[str] = CLASSES,
) -> Frames:
    """`runs`, `curves`, `evaluations`, `confusions`, `measures`, `steps`, `predictions`, `complexity`, ledgers'."""
    runs = [run(name, validation, classes) for name in names]

    def all_runs() -> pd.DataFrame:
        at_best = [test_accuracy_at_best(summary, metrics) for summary, metrics, _ in runs]
        return runs_table([summary for summary, _, _ in runs], criterion).assign(test_accuracy_at_best=at_best)

    @cache
    def ledgers() -> list[tuple[dict[str, Any], dict[str, np.ndarray]]]:
        return [(summary, ledger_of(summary, len(classes))) for summary, _, _ in runs]

    return Frames(
        {
            "runs": all_runs,
            "curves": lambda: curves_table([(summary, metrics) for summary, metrics, _ in runs]),
            "evaluations": lambda: curves_table([(summary, evaluations_of(metrics)) for summary, metrics, _ in runs]),
            "confusions": lambda: confusions_table([(summary, content) for summary, _, content in runs]),
            "measures": lambda: curves_table([(summary, measures_of(metrics)) for summary, metrics, _ in runs]),
            "predictions": lambda: pd.concat(
                [predictions_of(summary, classes) for summary, _, _ in runs_of_first_seed(runs)]
            ),
            "steps": lambda: curves_table([(summary, steps_of(metrics)) for summary, metrics, _ in runs]),
            "complexity": lambda: curves_table([(summary, complexity_of(summary)) for summary, _, _ in runs]),
            "learned": lambda: curves_table([(summary, learned(ledger)) for summary, ledger in ledgers()]),
            "detection": lambda: curves_table(
                [(summary, detection(ledger, [4, EPOCHS])) for summary, ledger in ledgers()]
            ),
            "roc": lambda: curves_table([(summary, roc(ledger, [4, EPOCHS])) for summary, ledger in ledgers()]),
            "points": lambda: curves_table([(summary, points_of(metrics)) for summary, metrics, _ in runs]),
        }
    )


def runs_of_first_seed(runs: Sequence[tuple[dict[str, Any], Any, Any]]) -> list[tuple[dict[str, Any], Any, Any]]:
    """Of single networks pictures are made, as the stage `predictions` does."""
    return [run for run in runs if run[0]["seed"] == runs[0][0]["seed"]]


def ledger_of(summary: dict[str, Any], classes: int) -> dict[str, np.ndarray]:
    """A ledger of a run that says true labels from epoch 3 on, of corrupted examples until it says what was given."""
    rng = np.random.default_rng(zlib.crc32("/".join(str(summary[key]) for key in RUN).encode()))
    true, epoch = rng.integers(classes, size=summary["num_train"]), np.arange(1, EPOCHS + 1)[:, None]
    corrupted = rng.random(len(true)) < 0.9 * (split_corruption(summary["corruption"])[1] or 0.0)
    given = np.where(corrupted, (true + 1) % classes, true)
    known, memorised = 2 + rng.integers(3, size=len(true)), np.where(corrupted, 5 + rng.integers(6, size=len(true)), 4)
    said = np.where(epoch >= known, true, rng.integers(classes, size=(EPOCHS, len(true))))
    predictions = np.where(epoch >= memorised, given, said)
    margins = np.where(predictions == given, 1.0, -1.0) + 0.1 * rng.normal(size=predictions.shape)
    ledger = {"epochs": epoch[:, 0].astype(float), "given": given, "true": true, "predictions": predictions}
    return ledger | {"losses": np.log1p(np.exp(-margins)).astype(np.float16), "margins": margins.astype(np.float16)}


def complexity_of(summary: dict[str, Any]) -> pd.DataFrame:
    """Measures that grow with the level, each seed's own; of a run that diverged none."""
    rng = np.random.default_rng(zlib.crc32("/".join(str(summary[key]) for key in RUN).encode()))
    grown = 1 + 4 * (split_corruption(summary["corruption"])[1] or 0.0)
    values = [grown**place * rng.uniform(1, 1.3) for place in range(len(MEASURED))]
    return pd.DataFrame({"Measure": MEASURED, "Value": np.nan if summary["seed"] == DIVERGED else values})


def measures_of(metrics: pd.DataFrame) -> pd.DataFrame:
    """measures.csv of a network of two tensors, whose norms grow as its accuracy does."""
    epoch = np.arange(EPOCHS + 1)
    weight = 3 + np.concatenate([[0], metrics["TrainAccuracy"] / 50])
    norms = {"total": np.hypot(weight, 0.5), "classifier.weight": weight, "classifier.bias": 0.5 + 0 * weight}
    names = {"Epoch": epoch, "Measure": "frobenius_norm"}
    tables = [pd.DataFrame({**names, "Layer": layer, "Value": values}) for layer, values in norms.items()]
    return pd.concat(tables).sort_values("Epoch", kind="stable")


def predictions_of(summary: dict[str, Any], classes: Sequence[str]) -> pd.DataFrame:
    """What a network says of an image of each class, every other wrongly, and a mistake a class; images of noise."""
    rng = np.random.default_rng(0)
    others = [*classes[1:], classes[0]]
    rows = [
        {"Shown": shown, "Index": place, "True": name, "Predicted": name if place % 2 and shown == STRIP else other,
         "Confidence": 0.9 - place / 10, "Image": as_text(rng.integers(0, 256, (4, 4, 3), np.uint8))}
        for shown in (STRIP, MISTAKE)
        for place, (name, other) in enumerate(zip(classes, others, strict=True))
    ]  # fmt: skip
    return pd.DataFrame(rows).assign(**{key: summary[key] for key in RUN})[list(PREDICTIONS)]


def as_text(image: np.ndarray) -> str:
    """A PNG file in base64."""
    Image.fromarray(image).save(buffer := io.BytesIO(), format="PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def points_of(metrics: pd.DataFrame) -> pd.DataFrame:
    """points.csv with three points, and every four epochs a line that comes nearer to the one without noise."""
    x = np.linspace(0, 1, 5)
    points = {"Epoch": 0, "Set": "train", "Point": range(3), "Input": [0.2, 0.5, 0.9], "Target": [-1.0, 2.0, 1.0]}
    tables = [pd.DataFrame({**points, "Prediction": np.nan})]
    for epoch in (1, *range(4, EPOCHS + 1, 4)):
        said = 2 * x * epoch / EPOCHS + metrics["TestLoss"].iloc[-1] / 10
        line = {"Epoch": epoch, "Set": "test", "Point": range(len(x)), "Input": x, "Target": 2 * x}
        tables.append(pd.DataFrame({**line, "Prediction": said}))
    return pd.concat(tables, ignore_index=True)


def steps_of(metrics: pd.DataFrame) -> pd.DataFrame:
    """steps.csv with one row an epoch."""
    return metrics[["Step", "Epoch", "OnlineTrainLoss", "OnlineTrainAccuracy"]]


def run(name: Name, validation: bool, classes: Sequence[str]) -> tuple[dict[str, Any], pd.DataFrame, dict[str, Any]]:
    """A run's run.json, as far as it is read here, its metrics.csv and its confusion.pkl; the same each time."""
    rng = np.random.default_rng(zlib.crc32("/".join(map(str, name)).encode()))
    level = split_corruption(name[2])[1] or 0.0
    epoch = np.arange(1, EPOCHS + 1)
    loss = math.log(len(classes)) * np.exp(-epoch / (1 + level + rng.uniform(0, 0.2)))
    accuracy = np.where(loss < 0.02, 100.0, 99 * np.exp(-loss))
    matrices = matrices_of(rng, len(classes), 0.8 * (1 - level) * (1 - np.exp(-epoch / 4)))
    test = 100 * matrices.trace(axis1=1, axis2=2) / (len(classes) * OF_A_CLASS)
    metrics = pd.DataFrame({
        "TrainAccuracy": accuracy, "TrainLoss": loss, "TestAccuracy": test, "TestLoss": 2 - test / 100,
        "EpochTime": 0.5, "Totaltime": 0.5 * epoch, "Epoch": epoch, "Step": STEPS * epoch, "LearningRate": 0.1,
        "OnlineTrainLoss": 1.1 * loss, "OnlineTrainAccuracy": accuracy - 1,
    })  # fmt: skip
    best = None
    if validation:
        metrics = metrics.assign(ValidationAccuracy=test + rng.normal(0, 1, EPOCHS), ValidationLoss=2 - test / 100)
        chosen = metrics["ValidationAccuracy"].idxmax()
        best = {"epoch": int(metrics["Epoch"][chosen]), "accuracy": metrics["ValidationAccuracy"][chosen]}
        best["labels"] = "given_labels" if level else None
        for labels in ("Given", "True"):
            metrics = metrics.assign(
                **{f"{name}{labels}": metrics[name] for name in ("ValidationAccuracy", "ValidationLoss")}
            )
    content = {"classes": list(classes), "epochs": epoch.tolist(), "set": "test", "matrices": matrices}
    return summary_of(name, len(classes), metrics) | {"best_validation": best}, metrics, content


def matrices_of(rng: np.random.Generator, classes: int, diagonal: np.ndarray) -> np.ndarray:
    """Confusion matrices int64 (epochs, classes, classes) with about these shares of each class on the diagonal."""
    shares = [np.eye(classes) * share + (1 - share) / classes for share in diagonal]
    return np.array([[rng.multinomial(OF_A_CLASS, row) for row in matrix] for matrix in shares])


def summary_of(name: Name, classes: int, metrics: pd.DataFrame) -> dict[str, Any]:
    """run.json of a run that trained all its epochs, or diverged after as many."""
    last, diverged = metrics.iloc[-1], name[-1] == DIVERGED
    fits = {criterion: None if diverged else fit_of(metrics, criterion) for criterion in CRITERIA}
    return {
        **dict(zip(RUN, name, strict=True)),
        "num_parameters": 12_345, "num_train": 50, "num_test": classes * OF_A_CLASS, "num_classes": classes,
        "epochs_done": EPOCHS, "stopped_by": "diverged" if diverged else "epochs", "precision": "float32",
        "device": "cpu",
        "seconds": last["Totaltime"], "fit": fits,
        "final": {
            "train": {"accuracy": last["TrainAccuracy"], "loss": last["TrainLoss"]},
            "test": {"accuracy": last["TestAccuracy"], "loss": last["TestLoss"]},
        },
    }  # fmt: skip


def fit_of(metrics: pd.DataFrame, criterion: str) -> dict[str, Any] | None:
    """The first epoch that meets a criterion, near enough."""
    least = {"accuracy_99": 98.0, "accuracy_99_9": 98.5}.get(criterion, 100.0)
    met = metrics[metrics["TrainAccuracy"] >= least]
    if met.empty:
        return None
    first = met.iloc[0]
    return {
        "epoch": int(first["Epoch"]), "step": int(first["Step"]), "seconds": first["Totaltime"],
        "test_accuracy": first["TestAccuracy"], "test_loss": first["TestLoss"],
    }  # fmt: skip
