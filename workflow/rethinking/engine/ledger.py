"""The ledger (`ledger: true`): what the network says of each training example at every evaluation of the training set.

Arpit et al. 2017, Toneva et al. 2019, Pleiss et al. 2020. Whether an example is right, on the label given or on the
true one, follows from the class that is predicted, so that is what is kept: five bytes an example and evaluation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional

MOST = torch.finfo(torch.float16).max
FEW = 256  # classes whose numbers take a byte


@dataclass(frozen=True)
class Page:
    """One evaluation: of each example the predicted class (n), and on the label given its loss and margin (n), float16.

    Losses are in nats. The margin is the given label's logit minus the largest of the others.
    """

    epoch: float
    predictions: torch.Tensor
    losses: torch.Tensor
    margins: torch.Tensor


Pages = dict[int, Page]  # by the number of steps since the run's beginning


class Writer:
    """Gathers a page batch by batch; called with logits (n, classes) and the labels (n) that were given."""

    def __init__(self) -> None:
        self._batches: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = []

    def __call__(self, logits: torch.Tensor, labels: torch.Tensor) -> None:
        classes = torch.uint8 if logits.shape[1] <= FEW else torch.int32
        losses = functional.cross_entropy(logits, labels, reduction="none")
        self._batches.append((logits.argmax(1).to(classes), _half(losses), _half(margins(logits, labels))))

    def page(self, epoch: float) -> Page:
        """What was gathered, on the CPU."""
        predictions, losses, margins = (torch.cat(parts).cpu() for parts in zip(*self._batches, strict=True))
        return Page(epoch, predictions, losses, margins)


def margins(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Of logits (n, classes) the label's (n) minus the largest other one."""
    given = torch.arange(logits.shape[1], device=labels.device) == labels[:, None]
    own, other = (logits.masked_fill(hidden, -torch.inf).amax(1) for hidden in (~given, given))
    return own - other


def _half(values: torch.Tensor) -> torch.Tensor:
    """As float16, what is larger than it holds at its ends."""
    return values.clamp(-MOST, MOST).half()


def to_state(pages: Pages) -> dict[str, Any]:
    """What a saved state holds of pages: one tensor a quantity, not one a page."""
    return {
        "epochs": [page.epoch for page in pages.values()],
        "steps": list(pages),
        **{name: _stacked(pages, name) for name in ("predictions", "losses", "margins")},
    }


def from_state(content: Mapping[str, Any], steps: set[int]) -> Pages:
    """The pages that `to_state` made, of these steps alone."""
    tensors = [() if content[name] is None else content[name] for name in ("predictions", "losses", "margins")]
    every = zip(content["steps"], content["epochs"], *tensors, strict=True)
    return {step: Page(*page) for step, *page in every if step in steps}


def _stacked(pages: Pages, name: str) -> torch.Tensor | None:
    return torch.stack([getattr(page, name) for page in pages.values()]) if pages else None


def labels_of(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The labels given to the examples that are trained on, and the true ones, out of a run's arrays."""
    kept = arrays.get("train_indices", slice(None))
    return {"given": arrays["train_labels"][kept], "true": arrays.pop("ledger_labels")[kept]}


def contents(pages: Sequence[Page], labels: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """ledger.npz: `epochs` (evaluations), `given` and `true` labels (n), the rest (evaluations, n)."""
    classes = pages[0].predictions.numpy().dtype
    return {
        "epochs": np.array([page.epoch for page in pages], float),
        **{name: values.astype(classes) for name, values in labels.items()},
        **{
            name: np.stack([getattr(page, name).numpy() for page in pages])
            for name in ("predictions", "losses", "margins")
        },
    }
