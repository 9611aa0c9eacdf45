"""When a run has fitted its training set and when it ends: plain functions over its records."""

import math
from collections.abc import Iterator, Sequence

from rethinking.engine.records import EpochRecord, Evaluation
from rethinking.outcomes.criteria import CRITERIA
from rethinking.outcomes.progress import of_score
from rethinking.recipe import Recipe


def meets(evaluation: Evaluation, criterion: str) -> bool:
    """Whether an evaluation of the training set meets a criterion; False where there was none."""
    if evaluation.train_loss is None:
        return False
    return CRITERIA[criterion].is_met(evaluation.train_accuracy or 0.0, evaluation.train_loss)  # 0: a regression's


def first_fit(records: Sequence[EpochRecord], criterion: str) -> Evaluation | None:
    """The first evaluation that meets the criterion; a later relapse changes nothing.

    Where labels are redrawn, each evaluation counts on those given at that time, so a fit before the first redraw is
    one of the first labels alone.
    """
    evaluations = (evaluation for record in records for evaluation in record.evaluations)
    return next((evaluation for evaluation in evaluations if meets(evaluation, criterion)), None)


class Fits:
    """Which criteria of having fitted the training set a run has met, for a line in the log where it first does."""

    def __init__(self, before: Sequence[EpochRecord]) -> None:
        self.known = {name for name in CRITERIA if first_fit(before, name)}

    def met_by(self, record: EpochRecord) -> Iterator[str]:
        """A line a criterion that this epoch is the first to meet: when, and how good the network was on test data."""
        for name in CRITERIA:
            if name not in self.known and (found := first_fit([record], name)):
                self.known.add(name)
                score = of_score({"accuracy": found.test_accuracy, "loss": found.test_loss}, "accuracy ")
                when = f"epoch {found.epoch:g}, step {found.step}, after {found.seconds:.2f} s"
                yield f"{name} met at {when}: test {score}"


def diverged(record: EpochRecord) -> bool:
    """Whether the epoch's training loss, in training or in evaluation mode, is no number any more."""
    losses = (record.online_loss, record.last.train_loss)
    return any(loss is not None and not math.isfinite(loss) for loss in losses)


def is_last(epoch: int, records: Sequence[EpochRecord], recipe: Recipe) -> bool:
    """Whether epoch number `epoch` is the last one after these records, as far as they can tell."""
    if epoch >= recipe.epochs:
        return True
    stop = recipe.stop or {}
    if "criterion" not in stop:
        return False
    fit = first_fit(records, stop["criterion"])
    return fit is not None and epoch >= fit.epoch + stop["extra_epochs"]


def best_epoch(accuracies: Sequence[float]) -> int:
    """The epoch (from 1) with the highest of the accuracies, the first of equals."""
    return max(range(len(accuracies)), key=accuracies.__getitem__) + 1


def out_of_patience(accuracies: Sequence[float], patience: int) -> bool:
    """Whether more than `patience` epochs in a row have not exceeded the best validation accuracy (tutorial W2D1)."""
    return len(accuracies) - best_epoch(accuracies) > patience


def on_plateau(losses: Sequence[float], patience: int, threshold: float = 1e-4) -> bool:
    """Whether for more than `patience` epochs no training loss was below the best one by the fraction `threshold`."""
    best, best_index = math.inf, 0
    for index, loss in enumerate(losses):
        if loss < best * (1 - threshold):
            best, best_index = loss, index
    return len(losses) - 1 - best_index > patience


def scores_train(epoch: int, records: Sequence[EpochRecord], recipe: Recipe) -> bool:
    """Whether epoch number `epoch`, coming after these records, is scored on the training set as well."""
    return epoch % recipe.train_evaluation_every == 0 or is_last(epoch, records, recipe)


def stopped_by(records: Sequence[EpochRecord], recipe: Recipe) -> str | None:
    """Why the run ends after these records; None if it goes on.

    One of "diverged", "epochs", the criterion of `stop`, "early_stopping", "plateau".
    """
    if not records:
        return None
    if diverged(records[-1]):
        return "diverged"
    if records[-1].epoch >= recipe.epochs:
        return "epochs"
    stop = recipe.stop or {}
    if is_last(records[-1].epoch, records, recipe):
        return stop["criterion"]
    if "early_stopping" in stop:
        accuracies = [record.last.validation_accuracy or 0.0 for record in records]
        return "early_stopping" if out_of_patience(accuracies, stop["early_stopping"]) else None
    if "plateau" in stop:
        return "plateau" if on_plateau([record.online_loss for record in records], stop["plateau"]) else None
    return None
