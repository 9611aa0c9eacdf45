"""What a network learns: the loss of a batch, and what its outputs on a whole set come to.

A classification has a cross-entropy in nats, an accuracy in percent and a confusion matrix; a regression has a mean
squared error, no accuracy, and its predictions in the place of the matrix.
"""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch.nn import functional


class Task(Protocol):
    """Outputs (n, classes) or (n, 1) against targets (n): class numbers int64 or numbers float32."""

    @property
    def num_classes(self) -> int: ...

    def loss(self, outputs: torch.Tensor, targets: torch.Tensor, *, reduction: str = "mean") -> torch.Tensor:
        """The mean over a batch, or with `reduction` "sum" the sum."""
        ...

    def smoothed(self, outputs: torch.Tensor, targets: torch.Tensor, share: float) -> torch.Tensor:
        """The mean with so much of a label's weight spread over all classes."""
        ...

    def num_right(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor | None:
        """How many of a batch are right, int64; None where that says nothing."""
        ...

    def found(self, before: torch.Tensor | None, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """What was found of a set with one more batch, `before` being that without it."""
        ...

    def accuracy(self, found: torch.Tensor, num: int) -> float | None:
        """The percentage of a set that is right by what was found of it; None where that says nothing."""
        ...


@dataclass(frozen=True)
class Classification:
    """Found of a set: its confusion matrix int64 (classes, classes), rows true, columns predicted."""

    num_classes: int

    def loss(self, outputs: torch.Tensor, targets: torch.Tensor, *, reduction: str = "mean") -> torch.Tensor:
        return functional.cross_entropy(outputs, targets, reduction=reduction)

    def smoothed(self, outputs: torch.Tensor, targets: torch.Tensor, share: float) -> torch.Tensor:
        return functional.cross_entropy(outputs, targets, label_smoothing=share)

    def num_right(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return (outputs.argmax(1) == targets).sum()

    def found(self, before: torch.Tensor | None, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        num = self.num_classes
        cells = torch.bincount(targets * num + outputs.argmax(1), minlength=num * num).view(num, num)
        return cells if before is None else before + cells

    def accuracy(self, found: torch.Tensor, num: int) -> float:
        return 100 * int(found.diagonal().sum()) / num


@dataclass(frozen=True)
class Regression:
    """Found of a set: its predictions float32 (n)."""

    num_classes: int = 0

    def loss(self, outputs: torch.Tensor, targets: torch.Tensor, *, reduction: str = "mean") -> torch.Tensor:
        return functional.mse_loss(outputs.squeeze(1), targets, reduction=reduction)

    def smoothed(self, outputs: torch.Tensor, targets: torch.Tensor, share: float) -> torch.Tensor:
        raise ValueError(f"label_smoothing = {share}: numbers are of no class")

    def num_right(self, outputs: torch.Tensor, targets: torch.Tensor) -> None:
        return None

    def found(self, before: torch.Tensor | None, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        predicted = outputs.squeeze(1)
        return predicted if before is None else torch.cat([before, predicted])

    def accuracy(self, found: torch.Tensor, num: int) -> None:
        return None
