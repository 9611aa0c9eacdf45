"""Measures of a trained network's complexity from its weights and its training set alone (Neyshabur et al. 2017).

All but the margin are of the network with its batch normalisation folded (rethinking.analysis.folding). Their names are
those of rethinking.outcomes.measured.
"""

import math

import torch
from torch import Tensor, nn

from rethinking.analysis.curvature import hessian_eigenvalue
from rethinking.analysis.folding import folded
from rethinking.analysis.norms import distance_from_initialisation, frobenius_norm, trainable
from rethinking.analysis.operator_norms import path_norm, spectral_norms
from rethinking.analysis.predictions import logits_of
from rethinking.engine.ledger import margins

LEAST = 0.05  # of the training set may have a smaller margin


def measures(
    model: nn.Module,
    initial: nn.Module,
    images: Tensor,
    labels: Tensor,
    generator: torch.Generator,
    resize: int | None = None,
) -> dict[str, float]:
    """Of a network and of the same before its first step; the training set's images (n, …) and given labels (n)."""
    trained, shape = folded(model), (images.shape[1], *((resize, resize) if resize else images.shape[2:]))
    spectral = spectral_norms(trained, shape, generator)
    return {
        "frobenius_norm": frobenius_norm(trained, {})["total"],
        "distance_from_initialisation": distance_from_initialisation(trained, trainable(folded(initial)))["total"],
        "spectral_product": math.prod(spectral.values()),
        "path_norm": path_norm(trained, shape),
        "margin": margin(model, images, labels, resize),
        "hessian_eigenvalue": hessian_eigenvalue(trained, images, labels, generator, resize),
    }


def margin(model: nn.Module, images: Tensor, labels: Tensor, resize: int | None = None) -> float:
    """What all but a twentieth of the training set exceed by their label's logit minus the largest other one."""
    logits = logits_of(model, images, "float32", resize).double()
    return float(margins(logits, labels.cpu()).quantile(LEAST))
