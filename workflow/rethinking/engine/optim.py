"""The optimiser and its learning rate (paper appendix A: momentum 0.9, the rate times 0.95 an epoch).

Ours, not `torch.optim`'s, whose first call imports torch's compiler: a second a run, most of a short run's time. The
tests compare the two bit for bit.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn


class SGD:
    """Stochastic gradient descent with momentum, Nesterov's or plain, and l2 weight decay on every parameter."""

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        *,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        self.parameters = [parameter for parameter in parameters if parameter.requires_grad]
        self.momentum, self.nesterov, self.weight_decay = momentum, nesterov, weight_decay
        # Before the first step a velocity is the gradient itself, which starting from zero gives as well.
        self.velocities = [torch.zeros_like(parameter) for parameter in self.parameters]

    @torch.no_grad()
    def step(self, learning_rate: float) -> None:
        """Move every parameter by its gradient and forget the gradient."""
        for parameter, velocity in zip(self.parameters, self.velocities, strict=True):
            gradient = parameter.grad
            assert gradient is not None
            if self.weight_decay:
                gradient = gradient.add(parameter, alpha=self.weight_decay)
            if self.momentum:
                velocity.mul_(self.momentum).add_(gradient)
                gradient = gradient.add(velocity, alpha=self.momentum) if self.nesterov else velocity
            parameter.add_(gradient, alpha=-learning_rate)
            parameter.grad = None

    def state_dict(self) -> dict[str, list[torch.Tensor]]:
        return {"velocities": self.velocities}

    def load_state_dict(self, saved: dict[str, list[torch.Tensor]]) -> None:
        for velocity, value in zip(self.velocities, saved["velocities"], strict=True):
            velocity.copy_(value)


def make_optimiser(model: nn.Module, training: dict[str, Any]) -> SGD:
    """The recipe's optimiser over the trainable parameters."""
    keys = ("momentum", "nesterov", "weight_decay")
    return SGD(model.parameters(), **{key: training[key] for key in keys})


def learning_rate(step: int, steps_per_epoch: int, training: dict[str, Any]) -> float:
    """The rate of step `step` (from 0); a function of the step alone, so that nothing of it needs saving."""
    if training["schedule"] == "constant":
        return training["learning_rate"]
    every = training["decay_every_steps"] or steps_per_epoch
    return training["learning_rate"] * training["decay"] ** (step // every)
