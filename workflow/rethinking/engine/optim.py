"""The optimisers and their learning rate (paper appendix A: momentum 0.9, the rate times 0.95 an epoch).

torch's own fused kernels, one pass over the memory of all parameters instead of one for each operation, called without
`torch.optim`, whose first call imports torch's compiler: a second a run, most of a short run's time. The tests compare
the two bit for bit, and both with the formulas.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from rethinking.recipe import Recipe

Tensors = list[torch.Tensor]


class Optimiser(ABC):
    """The trainable parameters, l2 weight decay on those that are not `undecayed`, and a state that can be saved."""

    def __init__(
        self, parameters: Iterable[nn.Parameter], *, weight_decay: float = 0.0, undecayed: Iterable[nn.Parameter] = ()
    ) -> None:
        self.parameters = [parameter for parameter in parameters if parameter.requires_grad]
        spared = {id(parameter) for parameter in undecayed}
        self.decays = [0.0 if id(parameter) in spared else weight_decay for parameter in self.parameters]
        self.num_steps = 0
        self.moments: dict[str, Tensors] = {}

    @torch.no_grad()
    def step(self, learning_rate: float) -> None:
        """Move every parameter by its gradient and forget the gradient."""
        self.num_steps += 1
        gradients = [gradient for parameter in self.parameters if (gradient := parameter.grad) is not None]
        assert len(gradients) == len(self.parameters), "a parameter without a gradient"
        if self.num_steps == 1:  # the kernels walk through memory, and autograd lays a gradient out like its parameter
            both = zip(gradients, self.parameters, strict=True)
            assert all(_strides(gradient) == _strides(parameter) for gradient, parameter in both), "another layout"
        for decay in dict.fromkeys(self.decays):  # two at most, and a call of the kernel for each
            chosen = [index for index, its in enumerate(self.decays) if its == decay]
            moments = {name: [its[index] for index in chosen] for name, its in self.moments.items()}
            parameters: Tensors = [self.parameters[index] for index in chosen]
            self.move(parameters, [gradients[index] for index in chosen], moments, decay, learning_rate)
        for parameter in self.parameters:
            parameter.grad = None

    @abstractmethod
    def move(
        self, parameters: Tensors, gradients: Tensors, moments: dict[str, Tensors], decay: float, learning_rate: float
    ) -> None:
        """One step of parameters that share a weight decay, and of their moments."""

    def zeros(self) -> Tensors:
        """A moment of every parameter before the first step."""
        return [torch.zeros_like(parameter) for parameter in self.parameters]

    def state_dict(self) -> dict[str, Any]:
        return {"num_steps": self.num_steps, "moments": self.moments}

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        self.num_steps = saved["num_steps"]
        for name, moments in self.moments.items():
            for moment, value in zip(moments, saved["moments"][name], strict=True):
                moment.copy_(value)


def _strides(tensor: torch.Tensor) -> list[int]:
    """How a dense tensor lies in memory; the strides of dimensions of size 1 say nothing of it."""
    return [stride for stride, size in zip(tensor.stride(), tensor.shape, strict=True) if size > 1]


class SGD(Optimiser):
    """Stochastic gradient descent with momentum, Nesterov's or plain."""

    def __init__(
        self, parameters: Iterable[nn.Parameter], *, momentum: float = 0.0, nesterov: bool = False, **decay: Any
    ) -> None:
        super().__init__(parameters, **decay)
        self.momentum, self.nesterov = momentum, nesterov
        # torch starts a velocity with the first gradient, which is what starting from zero gives as well.
        self.moments = {"velocity": self.zeros()} if momentum else {}

    def move(
        self, parameters: Tensors, gradients: Tensors, moments: dict[str, Tensors], decay: float, learning_rate: float
    ) -> None:
        torch.ops.aten._fused_sgd_(
            parameters,
            gradients,
            moments.get("velocity", []),
            weight_decay=decay,
            momentum=self.momentum,
            lr=learning_rate,
            dampening=0.0,
            nesterov=self.nesterov,
            maximize=False,
            is_first_step=False,
        )


class Adam(Optimiser):
    """Kingma and Ba 2015; weight decay is added to the gradient."""

    def __init__(
        self, parameters: Iterable[nn.Parameter], *, betas: tuple[float, float], epsilon: float, **decay: Any
    ) -> None:
        super().__init__(parameters, **decay)
        self.betas, self.epsilon = betas, epsilon
        self.moments = {"first": self.zeros(), "second": self.zeros()}

    def move(
        self, parameters: Tensors, gradients: Tensors, moments: dict[str, Tensors], decay: float, learning_rate: float
    ) -> None:
        # The kernel wants a count for each parameter, on its device.
        counts = torch.full((len(parameters),), float(self.num_steps), device=parameters[0].device)
        torch.ops.aten._fused_adam_(
            parameters,
            gradients,
            moments["first"],
            moments["second"],
            [],
            list(counts.unbind()),
            lr=learning_rate,
            beta1=self.betas[0],
            beta2=self.betas[1],
            weight_decay=decay,
            eps=self.epsilon,
            amsgrad=False,
            maximize=False,
        )


def make_optimiser(model: nn.Module, recipe: Recipe) -> Optimiser:
    """The recipe's optimiser over the trainable parameters."""
    decay: dict[str, Any] = {"weight_decay": recipe.weight_decay}
    if (where := recipe.weight_decay_on) != "all":
        spared = model.classifier if where == "hidden_fully_connected" else None
        layers = [layer for layer in model.modules() if isinstance(layer, nn.Linear) and layer is not spared]
        decayed = {id(layer.weight) for layer in layers}
        decay["undecayed"] = [parameter for parameter in model.parameters() if id(parameter) not in decayed]
    if recipe.optimiser == "adam":
        first, second = recipe.betas
        return Adam(model.parameters(), betas=(first, second), epsilon=recipe.epsilon, **decay)
    return SGD(model.parameters(), momentum=recipe.momentum, nesterov=recipe.nesterov, **decay)


def learning_rate(step: int, steps_per_epoch: int, recipe: Recipe) -> float:
    """The rate of step `step` (from 0); a function of the step alone, so that nothing of it needs saving."""
    rate, epoch = recipe.learning_rate, step // steps_per_epoch
    match recipe.schedule:
        case "exponential":
            return rate * recipe.decay ** (step // (recipe.decay_every_steps or steps_per_epoch))
        case "warm_up":
            start = recipe.warm_up["start"]
            return rate * (start + (1 - start) * min(epoch / recipe.warm_up["epochs"], 1))
        case "cosine":
            return rate * (1 + math.cos(math.pi * step / (steps_per_epoch * recipe.epochs))) / 2
    return rate
