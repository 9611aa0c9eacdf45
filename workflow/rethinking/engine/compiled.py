"""Networks compiled by `torch.compile` for the steps of training, and what to say where that cannot be done."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import nn

from rethinking.run import RunConfig


def for_steps(model: nn.Module, run: RunConfig) -> Callable[[torch.Tensor], torch.Tensor]:
    """What computes a network's steps: it is compiled at its first call, where the recipe asks for that."""
    mode = run.training.compile
    return model if mode is None else torch.compile(model, mode=mode, dynamic=False)


@contextmanager
def faults_by_key(run: RunConfig) -> Iterator[None]:
    """What the compiler raises as a ValueError that names the recipe's key: a machine without a compiler, say."""
    try:
        yield
    except RuntimeError as error:
        if run.training.compile is None:
            raise
        from torch._dynamo.exc import TorchDynamoException  # whose import takes two seconds

        if not isinstance(error, TorchDynamoException):
            raise
        why = " ".join(str(error).partition("\n\n")[0].split())
        raise ValueError(
            f'{run.path}: recipes.{run.recipe}.compile = "{run.training.compile}": torch cannot compile the network on'
            f" this machine ({why}); install a C++ compiler (g++), or write compile: null"
        ) from None
