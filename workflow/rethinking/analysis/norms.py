"""Norms of a network's parameters (tutorial W2D1: Frobenius norms of the whole network and of each tensor)."""

import torch
from torch import nn


@torch.no_grad()
def frobenius_norm(model: nn.Module) -> dict[str, float]:
    """The Frobenius norm of each trainable tensor by name, and of all of them together as "total".

    The total is the square root of the sum of the squared norms, taken in float64.
    """
    norms = {
        name: float(parameter.double().norm())
        for name, parameter in model.named_parameters()
        if parameter.requires_grad
    }
    return {"total": sum(norm**2 for norm in norms.values()) ** 0.5, **norms}
