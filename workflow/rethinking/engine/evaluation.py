"""Loss, accuracy and confusion matrix of a whole set in evaluation mode."""

from collections.abc import Callable
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


@torch.no_grad()
def evaluate(
    model: nn.Module,
    images: torch.Tensor,
    labels: torch.Tensor,
    num_classes: int,
    precision: str,
    watch: Callable[[], None] = lambda: None,
    resize: int | None = None,
) -> Score:
    """Score `images` (n, channels, height, width), brought to the side `resize`, against `labels` (n).

    The model is left in evaluation mode. `watch` is called before each batch and may raise, which leaves the model's
    parameters as they are.
    """
    model.eval()
    total_loss = torch.zeros((), dtype=torch.float64, device=labels.device)
    cells = torch.zeros(num_classes * num_classes, dtype=torch.int64, device=labels.device)
    side = resize or max(images.shape[2:])
    size = max(1, min(BATCH, PIXELS // side**2))
    for x, y in zip(images.split(size), labels.split(size), strict=True):
        watch()
        with autocast(x.device, precision):
            logits = model(resized(x, resize))
        logits = logits.float()
        total_loss += functional.cross_entropy(logits, y, reduction="sum").double()
        cells += torch.bincount(y * num_classes + logits.argmax(1), minlength=num_classes * num_classes)
    confusion = cells.view(num_classes, num_classes).cpu()
    correct = int(confusion.diagonal().sum())
    return Score(100 * correct / len(labels), float(total_loss) / len(labels), confusion)
