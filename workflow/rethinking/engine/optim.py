"""The optimisers and their learning rate (paper appendix A: momentum 0.9, the rate times 0.95 an epoch).

Ours, not `torch.optim`'s, whose first call imports torch's compiler: a second a run, most of a short run's time. The
tests compare the two bit for bit.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

import torch
from torch import nn


class Optimiser(ABC):
    """The trainable parameters, l2 weight decay on those that are not `undecayed`, and a state that can be saved."""

    def __init__(
        self, parameters: Iterable[nn.Parameter], *, weight_decay: float = 0.0, undecayed: Iterable[nn.Parameter] = ()
    ) -> None:
        self.parameters = [parameter for parameter in parameters if parameter.requires_grad]
        spared = {id(parameter) for parameter in undecayed}
        self.decays = [0.0 if id(parameter) in spared else weight_decay for parameter in self.parameters]
        self.num_steps = 0
        self.moments: dict[str, list[torch.Tensor]] = {}

    @torch.no_grad()
    def step(self, learning_rate: float) -> None:
        """Move every parameter by its gradient and forget the gradient."""
        self.num_steps += 1
        for index, (parameter, decay) in enumerate(zip(self.parameters, self.decays, strict=True)):
            assert parameter.grad is not None
            gradient = parameter.grad.add(parameter, alpha=decay) if decay else parameter.grad
            self.move(index, parameter, gradient, learning_rate)
            parameter.grad = None

    @abstractmethod
    def move(self, index: int, parameter: nn.Parameter, gradient: torch.Tensor, learning_rate: float) -> None:
        """One step of parameter number `index`."""

    def zeros(self) -> list[torch.Tensor]:
        """A moment of every parameter before the first step."""
        return [torch.zeros_like(parameter) for parameter in self.parameters]

    def state_dict(self) -> dict[str, Any]:
        return {"num_steps": self.num_steps, "moments": self.moments}

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        self.num_steps = saved["num_steps"]
        for name, moments in self.moments.items():
            for moment, value in zip(moments, saved["moments"][name], strict=True):
                moment.copy_(value)


class SGD(Optimiser):
    """Stochastic gradient descent with momentum, Nesterov's or plain."""

    def __init__(
        self, parameters: Iterable[nn.Parameter], *, momentum: float = 0.0, nesterov: bool = False, **decay: Any
    ) -> None:
        super().__init__(parameters, **decay)
        self.momentum, self.nesterov = momentum, nesterov
        # torch starts a velocity with the first gradient, which is what starting from zero gives as well.
        self.moments = {"velocity": self.zeros()} if momentum else {}

    def move(self, index: int, parameter: nn.Parameter, gradient: torch.Tensor, learning_rate: float) -> None:
        if self.momentum:
            velocity = self.moments["velocity"][index].mul_(self.momentum).add_(gradient)
            gradient = gradient.add(velocity, alpha=self.momentum) if self.nesterov else velocity
        parameter.add_(gradient, alpha=-learning_rate)


class Adam(Optimiser):
    """Kingma and Ba 2015; weight decay is added to the gradient."""

    def __init__(
        self, parameters: Iterable[nn.Parameter], *, betas: tuple[float, float], epsilon: float, **decay: Any
    ) -> None:
        super().__init__(parameters, **decay)
        self.betas, self.epsilon = betas, epsilon
        self.moments = {"first": self.zeros(), "second": self.zeros()}

    def move(self, index: int, parameter: nn.Parameter, gradient: torch.Tensor, learning_rate: float) -> None:
        one, two = self.betas
        first = self.moments["first"][index].lerp_(gradient, 1 - one)
        second = self.moments["second"][index].mul_(two).addcmul_(gradient, gradient, value=1 - two)
        spread = (second.sqrt() / (1 - two**self.num_steps) ** 0.5).add_(self.epsilon)
        parameter.addcdiv_(first, spread, value=-learning_rate / (1 - one**self.num_steps))


def make_optimiser(model: nn.Module, training: dict[str, Any]) -> Optimiser:
    """The recipe's optimiser over the trainable parameters."""
    decay: dict[str, Any] = {"weight_decay": training["weight_decay"]}
    if training["weight_decay_on"] == "fully_connected":
        decayed = {id(layer.weight) for layer in model.modules() if isinstance(layer, nn.Linear)}
        decay["undecayed"] = [parameter for parameter in model.parameters() if id(parameter) not in decayed]
    if training["optimiser"] == "adam":
        return Adam(model.parameters(), betas=tuple(training["betas"]), epsilon=training["epsilon"], **decay)
    return SGD(model.parameters(), momentum=training["momentum"], nesterov=training["nesterov"], **decay)


def learning_rate(step: int, steps_per_epoch: int, training: dict[str, Any]) -> float:
    """The rate of step `step` (from 0); a function of the step alone, so that nothing of it needs saving."""
    rate, epoch = training["learning_rate"], step // steps_per_epoch
    match training["schedule"]:
        case "exponential":
            return rate * training["decay"] ** (step // (training["decay_every_steps"] or steps_per_epoch))
        case "warm_up":
            start = training["warm_up"]["start"]
            return rate * (start + (1 - start) * min(epoch / training["warm_up"]["epochs"], 1))
        case "cosine":
            return rate * (1 + math.cos(math.pi * step / (steps_per_epoch * training["epochs"]))) / 2
    return rate
