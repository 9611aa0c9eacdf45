"""What training leaves behind, epoch by epoch. Accuracies in percent, losses in nats, times in seconds.

A regression has no accuracies, and its losses are mean squared errors.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

import torch


@dataclass(frozen=True)
class Evaluation:
    """Evaluation mode, whole sets, the labels given to the network. `epoch` is a fraction within an epoch.

    Training accuracy and loss are None where the recipe leaves the pass over the training set out, validation accuracy
    and loss where no validation set is held out. These are of the labels by which the recipe chooses, true ones or
    those that were given; the `other` ones are of the other labels, None where these are the same. Every accuracy of
    a regression is None.
    """

    epoch: float
    step: int
    seconds: float
    train_accuracy: float | None
    train_loss: float | None
    test_accuracy: float | None
    test_loss: float
    validation_accuracy: float | None = None
    validation_loss: float | None = None
    other_validation_accuracy: float | None = None
    other_validation_loss: float | None = None


@dataclass(frozen=True)
class EpochRecord:
    """One epoch (from 1). `online_*` are taken in training mode, running over the epoch's batches.

    `evaluations` ends with the one after the epoch; `found` is of the test set after the epoch: int64
    (classes, classes), rows true, columns predicted, or of a regression the predictions float32 (n). `measures` holds
    {measure: {layer: value}}, `steps` the rows of steps.csv as (step, online loss, online accuracy since the row
    before).
    """

    epoch: int
    step: int
    learning_rate: float
    online_loss: float
    online_accuracy: float | None
    seconds: float
    total_seconds: float
    evaluations: list[Evaluation]
    found: torch.Tensor
    measures: dict[str, dict[str, float]] = field(default_factory=dict)
    steps: list[tuple[int, float, float | None]] = field(default_factory=list)

    @property
    def last(self) -> Evaluation:
        return self.evaluations[-1]

    @classmethod
    def from_dict(cls, values: dict[str, Any], found: torch.Tensor) -> "EpochRecord":
        evaluations = [Evaluation(**each) for each in values["evaluations"]]
        steps = [tuple(row) for row in values["steps"]]
        return cls(**{**values, "evaluations": evaluations, "steps": steps, "found": found})

    def to_dict(self) -> dict[str, Any]:
        """All but what was found of the test set, which is saved with that of the other epochs."""
        values = {name: value for name, value in vars(self).items() if name != "found"}
        return values | {"evaluations": [dict(vars(evaluation)) for evaluation in self.evaluations]}


class Sums:
    """Loss and, where there is any, accuracy in training mode, summed on the device so that no step waits for it."""

    def __init__(self, device: torch.device) -> None:
        self.loss = torch.zeros((), dtype=torch.float64, device=device)
        self.correct: torch.Tensor | None = None
        self.images = 0

    def add(self, loss: torch.Tensor, correct: torch.Tensor | None, images: int) -> None:
        """Add a batch: its summed loss, its number of images that were right, if it has one, and of images."""
        self.loss += loss
        if correct is not None:
            self.correct = correct if self.correct is None else self.correct + correct
        self.images += images

    def mean(self) -> tuple[float, float | None]:
        """Mean loss and accuracy in percent."""
        accuracy = None if self.correct is None else 100 * int(self.correct) / self.images
        return float(self.loss) / self.images, accuracy

    def to_list(self) -> list[float | int | None]:
        return [float(self.loss), None if self.correct is None else int(self.correct), self.images]

    @classmethod
    def from_list(cls, values: list[Any], device: torch.device) -> "Sums":
        sums = cls(device)
        sums.loss += values[0]
        sums.correct = None if values[1] is None else torch.tensor(values[1], device=device)
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
    rows: list[tuple[int, float, float | None]] = field(default_factory=list)

    def add(self, loss: torch.Tensor, correct: torch.Tensor | None, images: int) -> None:
        """Count one batch: its mean loss, how many of its images were right, and how many they are."""
        total = loss.detach().double() * images
        self.online.add(total, correct, images)
        if self.since is not None:
            self.since.add(total, correct, images)

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
