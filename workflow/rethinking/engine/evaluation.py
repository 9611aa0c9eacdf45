"""Loss, accuracy and what else a task finds of a whole set, in evaluation mode."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from rethinking.engine.precision import autocast
from rethinking.engine.resize import resized
from rethinking.engine.tasks import Task

BATCH = 250  # at 128 an MLP takes a tenth longer; at 500 Inception takes 400 MB more
PIXELS = BATCH * 64 * 64  # of a batch at most, by which a network of large images takes no more memory


@dataclass(frozen=True)
class Score:
    """Accuracy in percent, or None, and mean loss; `found` is the confusion matrix or, of a regression, predictions."""

    accuracy: float | None
    loss: float
    found: torch.Tensor


class Tally:
    """What the batches of one set come to against one kind of labels, summed on their device."""

    def __init__(self, task: Task, device: torch.device) -> None:
        self.task, self.images = task, 0
        self.loss = torch.zeros((), dtype=torch.float64, device=device)
        self.found: torch.Tensor | None = None

    def add(self, outputs: torch.Tensor, y: torch.Tensor) -> None:
        """Count a batch: outputs (n, classes) or (n, 1), labels (n)."""
        self.loss += self.task.loss(outputs, y, reduction="sum").double()
        self.found = self.task.found(self.found, outputs, y)
        self.images += len(y)

    def score(self) -> Score:
        """What they come to."""
        assert self.found is not None, "a set of nothing"
        found = self.found.cpu()
        return Score(self.task.accuracy(found, self.images), float(self.loss) / self.images, found)


def evaluate(
    model: nn.Module,
    images: torch.Tensor,
    labels: torch.Tensor,
    task: Task,
    precision: str,
    watch: Callable[[], None] = lambda: None,
    resize: int | None = None,
) -> Score:
    """Score `images` against `labels` (n); the rest is as in `evaluate_by`."""
    return evaluate_by(model, images, [labels], task, precision, watch, resize)[0]


def batch_size(images: torch.Tensor, resize: int | None) -> int:
    """How many of images (n, channels, height, width), brought to the side `resize`, are evaluated at a time."""
    return max(1, min(BATCH, PIXELS // (resize or max(images.shape[2:])) ** 2))


@torch.no_grad()
def evaluate_by(
    model: nn.Module,
    images: torch.Tensor,
    labels: Sequence[torch.Tensor],
    task: Task,
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
    tallies = [Tally(task, each.device) for each in labels]
    size = batch_size(images, resize)
    for x, *kinds in zip(images.split(size), *(each.split(size) for each in labels), strict=True):
        watch()
        with autocast(x.device, precision):
            outputs = model(resized(x, resize))
        outputs = outputs.float()
        if note:
            note(outputs, kinds[0])
        for tally, y in zip(tallies, kinds, strict=True):
            tally.add(outputs, y)
    return [tally.score() for tally in tallies]
