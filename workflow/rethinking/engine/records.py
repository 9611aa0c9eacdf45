"""What training leaves behind, epoch by epoch. Accuracies in percent, losses in nats, times in seconds."""

from dataclasses import asdict, dataclass, field
from typing import Any

import torch


@dataclass(frozen=True)
class Evaluation:
    """Evaluation mode, whole sets, the labels given to the network. `epoch` is a fraction within an epoch.

    Training accuracy and loss are None where the recipe leaves the pass over the training set out, validation accuracy
    and loss where no validation set is held out. These are of the labels by which the recipe chooses, true ones or
    those that were given; the `other` ones are of the other labels, None where these are the same.
    """

    epoch: float
    step: int
    seconds: float
    train_accuracy: float | None
    train_loss: float | None
    test_accuracy: float
    test_loss: float
    validation_accuracy: float | None = None
    validation_loss: float | None = None
    other_validation_accuracy: float | None = None
    other_validation_loss: float | None = None


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
    def from_dict(cls, values: dict[str, Any], confusion: torch.Tensor) -> "EpochRecord":
        evaluations = [Evaluation(**each) for each in values["evaluations"]]
        steps = [tuple(row) for row in values["steps"]]
        return cls(**{**values, "evaluations": evaluations, "steps": steps, "confusion": confusion})

    def to_dict(self) -> dict[str, Any]:
        """All but the confusion matrix, which is saved with those of the other epochs."""
        values = {name: value for name, value in vars(self).items() if name != "confusion"}
        return values | {"evaluations": [dict(vars(evaluation)) for evaluation in self.evaluations]}


class Sums:
    """Loss and accuracy in training mode, summed on the device so that no step waits for it."""

    def __init__(self, device: torch.device) -> None:
        self.loss = torch.zeros((), dtype=torch.float64, device=device)
        self.correct = torch.zeros((), dtype=torch.int64, device=device)
        self.images = 0

    def add(self, loss: torch.Tensor, correct: torch.Tensor, images: int) -> None:
        """Add a batch: its summed loss, its number of images that were right, and of images."""
        self.loss += loss
        self.correct += correct
        self.images += images

    def mean(self) -> tuple[float, float]:
        """Mean loss in nats and accuracy in percent."""
        return float(self.loss) / self.images, 100 * int(self.correct) / self.images

    def to_list(self) -> list[float | int]:
        return [float(self.loss), int(self.correct), self.images]

    @classmethod
    def from_list(cls, values: list[Any], device: torch.device) -> "Sums":
        sums = cls(device)
        sums.loss += values[0]
        sums.correct += values[1]
        sums.images = values[2]
        return sums


@dataclass
class Progress:
    """Where an unfinished epoch stands: its steps so far, and everything that its record will be made of.

    `online` sums over the epoch, `since` over the steps since the last row of steps.csv, where there is one.
    """

    online: Sums
    since: Sums | None
    batch: int = 0
    seconds: float = 0.0
    evaluations: list[Evaluation] = field(default_factory=list)
    rows: list[tuple[int, float, float]] = field(default_factory=list)

    def add(self, loss: torch.Tensor, logits: torch.Tensor, labels: torch.Tensor) -> None:
        """Count one batch: its mean loss, logits (n, classes) and labels (n)."""
        total, correct = loss.detach().double() * len(labels), (logits.detach().argmax(1) == labels).sum()
        self.online.add(total, correct, len(labels))
        if self.since is not None:
            self.since.add(total, correct, len(labels))

    def to_dict(self) -> dict[str, Any]:
        return {
            "online": self.online.to_list(),
            "since": self.since and self.since.to_list(),
            "batch": self.batch,
            "seconds": self.seconds,
            "evaluations": [asdict(evaluation) for evaluation in self.evaluations],
            "rows": self.rows,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any], device: torch.device) -> "Progress":
        return cls(
            online=Sums.from_list(values["online"], device),
            since=values["since"] and Sums.from_list(values["since"], device),
            batch=values["batch"],
            seconds=values["seconds"],
            evaluations=[Evaluation(**each) for each in values["evaluations"]],
            rows=[tuple(row) for row in values["rows"]],
        )
