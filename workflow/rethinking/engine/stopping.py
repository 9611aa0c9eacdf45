"""When a run has fitted its training set and when it ends: plain functions over its records.

The paper never says what "overfit" means in figure 1b, so four criteria are reported.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

from rethinking.engine.records import EpochRecord, Evaluation

CRITERIA: dict[str, Callable[[float, float], bool]] = {
    "accuracy_99": lambda accuracy, loss: accuracy >= 99,
    "accuracy_99_9": lambda accuracy, loss: accuracy >= 99.9,
    "accuracy_100": lambda accuracy, loss: accuracy == 100,
    "loss_0_01": lambda accuracy, loss: loss < 0.01,
}


def meets(evaluation: Evaluation, criterion: str) -> bool:
    """Whether an evaluation of the training set meets a criterion; False where there was none."""
    if evaluation.train_accuracy is None or evaluation.train_loss is None:
        return False
    return CRITERIA[criterion](evaluation.train_accuracy, evaluation.train_loss)


def first_fit(records: Sequence[EpochRecord], criterion: str) -> Evaluation | None:
    """The first evaluation that meets the criterion; a later relapse changes nothing."""
    evaluations = (evaluation for record in records for evaluation in record.evaluations)
    return next((evaluation for evaluation in evaluations if meets(evaluation, criterion)), None)


def diverged(record: EpochRecord) -> bool:
    """Whether the epoch's training loss, in training or in evaluation mode, is no number any more."""
    losses = (record.online_loss, record.last.train_loss)
    return any(loss is not None and not math.isfinite(loss) for loss in losses)


def is_last(epoch: int, records: Sequence[EpochRecord], training: dict[str, Any]) -> bool:
    """Whether epoch number `epoch` is the last one after these records, as far as they can tell."""
    if epoch >= training["epochs"]:
        return True
    if (stop := training["stop"]) is None:
        return False
    fit = first_fit(records, stop["criterion"])
    return fit is not None and epoch >= fit.epoch + stop["extra_epochs"]


def scores_train(epoch: int, records: Sequence[EpochRecord], training: dict[str, Any]) -> bool:
    """Whether epoch number `epoch`, coming after these records, is scored on the training set as well."""
    return epoch % training["train_evaluation_every"] == 0 or is_last(epoch, records, training)


def stopped_by(records: Sequence[EpochRecord], training: dict[str, Any]) -> str | None:
    """Why the run ends after these records: "diverged", a criterion, "epochs"; None if it goes on."""
    if not records:
        return None
    if diverged(records[-1]):
        return "diverged"
    if not is_last(records[-1].epoch, records, training):
        return None
    return "epochs" if records[-1].epoch >= training["epochs"] else training["stop"]["criterion"]
