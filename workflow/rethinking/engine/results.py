"""From records to what a run's files hold. Percent, nats (of a regression squared errors), seconds."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from rethinking.engine.records import EpochRecord, Evaluation
from rethinking.engine.stopping import first_fit
from rethinking.outcomes.criteria import CRITERIA
from rethinking.recipe import Recipe

Row = dict[str, Any]
Points = tuple[torch.Tensor, torch.Tensor]  # of a regression: inputs (n, values), targets (n)


def _scores(evaluation: Evaluation) -> Row:
    return {
        "TrainAccuracy": evaluation.train_accuracy,
        "TrainLoss": evaluation.train_loss,
        "TestAccuracy": evaluation.test_accuracy,
        "TestLoss": evaluation.test_loss,
    }


def _validation(evaluation: Evaluation, recipe: Recipe) -> Row:
    """Columns that are there only where images are held out, for both kinds of labels where these were corrupted."""
    chosen, other = (
        {"ValidationAccuracy": accuracy, "ValidationLoss": loss}
        for accuracy, loss in (
            (evaluation.validation_accuracy, evaluation.validation_loss),
            (evaluation.other_validation_accuracy, evaluation.other_validation_loss),
        )
    )
    if evaluation.validation_loss is None:
        return {}
    if evaluation.other_validation_loss is None:
        return chosen
    given, true = (other, chosen) if recipe.true_validation_labels else (chosen, other)
    by_labels = {"Given": given, "True": true}
    return chosen | {f"{name}{labels}": scores[name] for labels, scores in by_labels.items() for name in scores}


def metrics(records: Sequence[EpochRecord], recipe: Recipe) -> list[Row]:
    """metrics.csv: one row an epoch, the notebook's six columns first."""
    return [
        {
            **_scores(record.last),
            "EpochTime": record.seconds,
            "Totaltime": record.total_seconds,
            "Epoch": record.epoch,
            "Step": record.step,
            "LearningRate": record.learning_rate,
            "OnlineTrainLoss": record.online_loss,
            "OnlineTrainAccuracy": record.online_accuracy,
            **_validation(record.last, recipe),
        }
        for record in records
    ]


def evaluations(records: Sequence[EpochRecord], recipe: Recipe) -> list[Row]:
    """evaluations.csv, where a recipe asks for several an epoch: all of them, epochs as fractions."""
    every = (evaluation for record in records for evaluation in record.evaluations)
    return [
        {"Epoch": each.epoch, "Step": each.step, **_scores(each), **_validation(each, recipe), "Seconds": each.seconds}
        for each in every
    ]


def steps(records: Sequence[EpochRecord]) -> list[Row]:
    """steps.csv: loss and accuracy in training mode since the row before."""
    return [
        {"Step": step, "Epoch": record.epoch, "OnlineTrainLoss": loss, "OnlineTrainAccuracy": accuracy}
        for record in records
        for step, loss, accuracy in record.steps
    ]


def measures(initial: dict[str, dict[str, float]], records: Sequence[EpochRecord]) -> list[Row]:
    """measures.csv: every measure of every layer, epoch 0 being before training."""
    taken = [(0, initial)] + [(record.epoch, record.measures) for record in records]
    return [
        {"Epoch": epoch, "Measure": measure, "Layer": layer, "Value": value}
        for epoch, of_epoch in taken
        for measure, layers in of_epoch.items()
        for layer, value in layers.items()
    ]


def confusion(records: Sequence[EpochRecord], classes: Sequence[str]) -> dict[str, Any]:
    """confusion.pkl: builtins and one int64 array (epochs, classes, classes), rows true, columns predicted."""
    matrices = np.stack([record.found.numpy() for record in records])
    return {
        "classes": list(classes),
        "epochs": [record.epoch for record in records],
        "set": "test",
        "matrices": matrices,
    }


def predictions(records: Sequence[EpochRecord], every: int, points: Mapping[str, Points]) -> list[Row]:
    """points.csv of a regression, with what the network says of each test input after some epochs.

    That is after the first, each that `every` divides, and the last. Before these, as of epoch 0, come the points of
    the training set, which have no prediction. `points` are those of "train" and "test".
    """
    rows = [{"Epoch": 0, "Set": "train", **row, "Prediction": None} for row in _points(points["train"])]
    test = _points(points["test"])
    for record in records:
        if record.epoch in (1, len(records)) or record.epoch % every == 0:
            said = zip(test, record.found.tolist(), strict=True)
            rows += [{"Epoch": record.epoch, "Set": "test", **row, "Prediction": number} for row, number in said]
    return rows


def _points(points: Points) -> list[Row]:
    """A set of a regression: the number of each point, what is given of it where that is one number, what it is."""
    inputs, targets = points
    given = inputs[:, 0].tolist() if inputs.shape[1] == 1 else [None] * len(inputs)
    numbered = enumerate(zip(given, targets.tolist(), strict=True))
    return [{"Point": place, "Input": number, "Target": target} for place, (number, target) in numbered]


def fits(records: Sequence[EpochRecord]) -> dict[str, Row | None]:
    """For every criterion where it was first met, or None."""
    found = {criterion: first_fit(records, criterion) for criterion in CRITERIA}
    return {
        criterion: evaluation
        and {
            "epoch": evaluation.epoch,
            "step": evaluation.step,
            "seconds": evaluation.seconds,
            "test_accuracy": evaluation.test_accuracy,
            "test_loss": finite(evaluation.test_loss),
        }
        for criterion, evaluation in found.items()
    }


def final(record: EpochRecord) -> dict[str, Row | None]:
    """Accuracy and loss after the last epoch; a loss that is no number becomes null."""
    last = record.last
    validation = None
    if last.validation_loss is not None:
        validation = {"accuracy": last.validation_accuracy, "loss": finite(last.validation_loss)}
    return {
        "train": {"accuracy": last.train_accuracy, "loss": finite(last.train_loss)},
        "validation": validation,
        "test": {"accuracy": last.test_accuracy, "loss": finite(last.test_loss)},
    }


def finite(value: float | None) -> float | None:
    """JSON has no NaN."""
    return value if value is not None and math.isfinite(value) else None


def keeps_best(recipe: Recipe) -> bool:
    """Whether the weights that a run leaves are those of its best epoch on the validation set, not of its last."""
    return "early_stopping" in (recipe.stop or {})
