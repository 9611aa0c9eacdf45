"""Norms of a network's parameters (tutorial W2D1: Frobenius norms of the whole network and of each tensor).

A measure takes the network and its trainable tensors as they were before the first step, and gives a value for each of
them by name and one for all of them together, "total": the root of the sum of squares, in float64.
"""

from collections.abc import Mapping

import torch
from torch import nn

Tensors = Mapping[str, torch.Tensor]


def trainable(model: nn.Module) -> dict[str, torch.Tensor]:
    """Copies of the network's trainable tensors by name."""
    return {name: parameter.detach().clone() for name, parameter in model.named_parameters() if parameter.requires_grad}


def _norms(tensors: Tensors) -> dict[str, float]:
    norms = {name: float(tensor.double().norm()) for name, tensor in tensors.items()}
    return {"total": sum(norm**2 for norm in norms.values()) ** 0.5, **norms}


def frobenius_norm(model: nn.Module, initial: Tensors) -> dict[str, float]:
    """The Frobenius norm of each trainable tensor."""
    return _norms(trainable(model))


def distance_from_initialisation(model: nn.Module, initial: Tensors) -> dict[str, float]:
    """The Frobenius norm of how far each trainable tensor has moved."""
    return _norms({name: tensor - initial[name] for name, tensor in trainable(model).items()})
