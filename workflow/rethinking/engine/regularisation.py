"""Explicit regularisers (paper section 3): penalties on the weights, dropout, label smoothing, gradient clipping."""

from collections.abc import Callable, Iterable

import torch
from torch import nn
from torch.nn import functional

from rethinking.engine.tasks import Task
from rethinking.recipe import Recipe

Penalty = Callable[[Iterable[nn.Parameter]], torch.Tensor]


def l1(parameters: Iterable[nn.Parameter]) -> torch.Tensor:
    """Sum of the absolute values."""
    return torch.stack([parameter.abs().sum() for parameter in parameters]).sum()


def l2(parameters: Iterable[nn.Parameter]) -> torch.Tensor:
    """Sum of the squares."""
    return torch.stack([parameter.square().sum() for parameter in parameters]).sum()


PENALTIES: dict[str, Penalty] = {"l1": l1, "l2": l2}


def objective(
    model: nn.Module, recipe: Recipe, task: Task
) -> Callable[[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]:
    """A function (outputs, labels) -> (what is minimised, the task's mean loss with the labels).

    The first is that loss, with smoothed labels where the recipe says so, plus weight times penalty for each of its
    penalties; the second is what is reported.
    """
    smoothing = recipe.label_smoothing
    penalties = [(PENALTIES[each["function"]], each["weight"]) for each in recipe.penalties]
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]

    def both(outputs: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        loss = task.loss(outputs, labels)
        total = task.smoothed(outputs, labels, smoothing) if smoothing else loss
        for penalty, weight in penalties:
            total = total + weight * penalty(parameters)
        return total, loss

    return both


def add_dropout(model: nn.Module, probability: float) -> None:
    """Drop units before the last fully connected layer, `model.classifier`, while the model is in training mode."""
    if probability:
        last = model.classifier
        assert isinstance(last, nn.Module)
        last.register_forward_pre_hook(
            lambda layer, inputs: functional.dropout(inputs[0], probability, training=layer.training)
        )


def drops_units(model: nn.Module, recipe: Recipe) -> bool:
    """Whether each step draws units to drop, for the recipe or for a layer of the network's own."""
    return bool(recipe.dropout) or any(isinstance(layer, nn.Dropout) and layer.p for layer in model.modules())


@torch.no_grad()
def clip_gradients(parameters: Iterable[nn.Parameter], largest: float) -> None:
    """Scale all gradients down together where their common l2 norm exceeds `largest`."""
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    norm = torch.stack([gradient.square().sum() for gradient in gradients]).sum().sqrt()
    factor = (largest / (norm + 1e-6)).clamp_max(1)
    for gradient in gradients:
        gradient.mul_(factor)
