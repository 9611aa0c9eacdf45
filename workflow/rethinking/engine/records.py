"""What training leaves behind, epoch by epoch. Accuracies in percent, losses in nats, times in seconds."""

from dataclasses import dataclass, field
from typing import Any

import torch


@dataclass(frozen=True)
class Evaluation:
    """Evaluation mode, whole sets, the labels given to the network. `epoch` is a fraction within an epoch.

    Training accuracy and loss are None where the recipe leaves the pass over the training set out.
    """

    epoch: float
    step: int
    seconds: float
    train_accuracy: float | None
    train_loss: float | None
    test_accuracy: float
    test_loss: float


@dataclass(frozen=True)
class EpochRecord:
    """One epoch (from 1). `online_*` are taken in training mode, running over the epoch's batches.

    `evaluations` ends with the one after the epoch; `confusion` is int64 (classes, classes), rows true, columns
    predicted, of the test set after the epoch. `measures` holds {measure: {layer: value}}, `steps` the rows of
    steps.csv as (step, online loss, online accuracy since the row before).
    """

    epoch: int
    step: int
    learning_rate: float
    online_loss: float
    online_accuracy: float
    seconds: float
    total_seconds: float
    evaluations: list[Evaluation]
    confusion: torch.Tensor
    measures: dict[str, dict[str, float]] = field(default_factory=dict)
    steps: list[tuple[int, float, float]] = field(default_factory=list)

    @property
    def last(self) -> Evaluation:
        return self.evaluations[-1]

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "EpochRecord":
        evaluations = [Evaluation(**each) for each in values["evaluations"]]
        return cls(**{**values, "evaluations": evaluations, "steps": [tuple(row) for row in values["steps"]]})
