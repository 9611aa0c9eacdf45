"""Batch normalisation's running averages, as a recipe's `batch_norm` wants them. They change evaluation mode only.

The paper does not state them; which ones it has decides when its Inception counts as having fitted.
"""

from collections.abc import Callable

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from rethinking.recipe import BatchNorm


def layers(model: nn.Module) -> list[_BatchNorm]:
    """The layers of a network that normalise over the batch."""
    return [layer for layer in model.modules() if isinstance(layer, _BatchNorm)]


def configure_batch_norm(model: nn.Module, setting: BatchNorm | None) -> None:
    """Give every such layer the recipe's momentum, or no running averages at all; None leaves each its own."""
    if setting is None:
        return
    for layer in layers(model):
        if setting["statistics"] == "batch":
            layer.track_running_stats = False
            layer.running_mean = layer.running_var = layer.num_batches_tracked = None
        else:
            layer.momentum = setting["momentum"]


def running_weight(momentum: float, step: int) -> float:
    """The weight of the batch of `step` (from 0) in an average that began at zero and is divided by what it lacks.

    As Adam's moments (Kingma and Ba 2015, section 3): the first batch has all of it, later ones ever nearer `momentum`.
    """
    return momentum / (1 - (1 - momentum) ** (step + 1))


def before_step(model: nn.Module, setting: BatchNorm | None) -> Callable[[int], None]:
    """What to call with the number of a step (from 0) before it: nothing to be done unless averages are debiased."""
    if setting is None or not setting["debiased"] or setting["statistics"] == "batch":
        return lambda step: None
    found, momentum = layers(model), setting["momentum"]

    def set_weight(step: int) -> None:
        for layer in found:
            layer.momentum = running_weight(momentum, step)

    return set_weight
