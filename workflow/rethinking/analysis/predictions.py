"""What a trained network says of the images of a test set, and which of these are worth a look."""

from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from rethinking.engine.evaluation import batch_size
from rethinking.engine.precision import autocast
from rethinking.engine.resize import resized


class Predictions(NamedTuple):
    """By image the class that gets the highest probability, int64 (n), and that probability, float64 (n)."""

    classes: np.ndarray
    confidences: np.ndarray


@torch.no_grad()
def logits_of(model: nn.Module, images: torch.Tensor, precision: str, resize: int | None = None) -> torch.Tensor:
    """float32 (n, classes) on the CPU of images (n, channels, height, width), in evaluation mode.

    Images are brought to the side `resize` and taken as many at a time as an evaluation takes, on whose batches
    statistics may depend.
    """
    model.eval()
    found = []
    for x in images.split(batch_size(images, resize)):
        with autocast(x.device, precision):
            found.append(model(resized(x, resize)).float().cpu())
    return torch.cat(found)


def predictions(logits: torch.Tensor) -> Predictions:
    """What the logits (n, classes) say; of equal ones the first class."""
    probabilities = logits.double().softmax(1)
    confidences, classes = probabilities.max(1)
    return Predictions(classes.numpy(), confidences.numpy())


def confident_mistakes(said: Predictions, labels: np.ndarray, number: int) -> np.ndarray:
    """Indices int64 of at most `number` images that get another class than theirs, the most confident first."""
    wrong = np.flatnonzero(said.classes != labels)
    return wrong[np.argsort(-said.confidences[wrong], kind="stable")][:number]
