"""Loss, accuracy and confusion matrix of a whole set in evaluation mode."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from rethinking.engine.precision import autocast
from rethinking.engine.resize import resized

BATCH = 250  # at 128 an MLP takes a tenth longer; at 500 Inception takes 400 MB more
PIXELS = BATCH * 64 * 64  # of a batch at most, by which a network of large images takes no more memory


@dataclass(frozen=True)
class Score:
    """Accuracy in percent, mean cross-entropy in nats, confusion matrix int64 (classes, classes), rows true."""

    accuracy: float
    loss: float
    confusion: torch.Tensor


class Tally:
    """What the batches of one set come to against one kind of labels, summed on their device."""

    def __init__(self, num_classes: int, device: torch.device) -> None:
        self.num_classes, self.images = num_classes, 0
        self.loss = torch.zeros((), dtype=torch.float64, device=device)
        self.cells = torch.zeros(num_classes * num_classes, dtype=torch.int64, device=device)

    def add(self, logits: torch.Tensor, y: torch.Tensor) -> None:
        """Count a batch: logits (n, classes), labels (n)."""
        self.loss += functional.cross_entropy(logits, y, reduction="sum").double()
        told = y * self.num_classes + logits.argmax(1)
        self.cells += torch.bincount(told, minlength=len(self.cells))
        self.images += len(y)

    def score(self) -> Score:
        """What they come to."""
        confusion = self.cells.view(self.num_classes, self.num_classes).cpu()
        correct = int(confusion.diagonal().sum())
        return Score(100 * correct / self.images, float(self.loss) / self.images, confusion)


def evaluate(
    model: nn.Module,
    images: torch.Tensor,
    labels: torch.Tensor,
    num_classes: int,
    precision: str,
    watch: Callable[[], None] = lambda: None,
    resize: int | None = None,
) -> Score:
    """Score `images` against `labels` (n); the rest is as in `evaluate_by`."""
    return evaluate_by(model, images, [labels], num_classes, precision, watch, resize)[0]


@torch.no_grad()
def evaluate_by(
    model: nn.Module,
    images: torch.Tensor,
    labels: Sequence[torch.Tensor],
    num_classes: int,
    precision: str,
    watch: Callable[[], None] = lambda: None,
    resize: int | None = None,
    note: Callable[[torch.Tensor, torch.Tensor], None] | None = None,
) -> list[Score]:
    """Score `images` (n, channels, height, width), brought to the side `resize`, against each of `labels` (n).

    The model is left in evaluation mode. `watch` is called before each batch and may raise, which leaves the model's
    parameters as they are. `note`, where there is one, is told of each its logits
    (batch, classes) and the first of its labels (batch).
    """
    model.eval()
    tallies = [Tally(num_classes, each.device) for each in labels]
    side = resize or max(images.shape[2:])
    size = max(1, min(BATCH, PIXELS // side**2))
    for x, *kinds in zip(images.split(size), *(each.split(size) for each in labels), strict=True):
        watch()
        with autocast(x.device, precision):
            logits = model(resized(x, resize))
        logits = logits.float()
        if note:
            note(logits, kinds[0])
        for tally, y in zip(tallies, kinds, strict=True):
            tally.add(logits, y)
    return [tally.score() for tally in tallies]
