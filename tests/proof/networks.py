"""Every registered network: its tensors at full width, and three steps and an evaluation of a narrow one."""

import hashlib
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from networks import image_of
from torch import nn
from torch.nn import functional

from proof import Case, Facts
from rethinking.models.registry import MODELS
from rethinking.stages.placement import memory_format

NUM_CLASSES, NUM_IMAGES, STEPS, RATE = 5, 6, 3, 0.05

# What arguments of a network can be beside their defaults; `width` is another in every case.
ARGUMENTS: dict[str, dict[str, Any]] = {
    "mini_googlenet": {"dropout": 0.3},
    "mini_googlenet_1x1": {"dropout": 0.3},
    "resnet18": {"stem": True, "shortcut": "average_pool"},
    "resnet34": {"stem": True, "shortcut": "average_pool"},
    "alexnet": {"response_norm": "tensorflow"},
    "alexnet_224": {"dropout": 0.3},
    "vgg_224": {"dropout": 0.3},
    "vgg_small_224": {"dropout": 0.3},
    "nin_224": {"dropout": 0.3},
}


def _tensors(name: str, arguments: dict[str, Any]) -> str:
    """A digest of the names and shapes of a network's tensors at full width; nothing is computed."""
    with torch.device("meta"):
        model = MODELS[name].build(**arguments)
    shapes = [(key, tuple(tensor.shape)) for key, tensor in model.state_dict().items()]
    return hashlib.sha256(repr(shapes).encode()).hexdigest()[:16]


def _narrow(name: str, arguments: dict[str, Any]) -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    """A network at a fraction of its width in float64, inputs and targets."""
    classifies = MODELS[name].num_classes is not None
    shape = image_of(name) if classifies else MODELS[name].input_shape
    narrow: dict[str, Any] = {"width": 0.15} if "width" in MODELS[name].arguments else {}
    model = MODELS[name].build(shape, NUM_CLASSES, **narrow, **arguments)
    model.double().to(memory_format=memory_format(model))
    rng = np.random.default_rng(1)
    with torch.no_grad():
        for parameter in model.parameters():  # NumPy draws the same everywhere, torch within rounding
            bound = (6 / max(1, parameter[0].numel())) ** 0.5 if parameter.dim() > 1 else 0.1
            parameter.copy_(torch.from_numpy(rng.uniform(-bound, bound, tuple(parameter.shape))))
    images = torch.from_numpy(rng.uniform(-2, 2, (NUM_IMAGES, *shape)))
    targets = torch.arange(NUM_IMAGES) % NUM_CLASSES if classifies else torch.from_numpy(rng.uniform(-1, 1, (6, 1)))
    return model, images, targets


def _facts(folder: Path, name: str, **arguments: Any) -> Facts:
    torch.set_num_threads(1)
    model, images, targets = _narrow(name, arguments)
    loss_of = functional.mse_loss if targets.is_floating_point() else functional.cross_entropy
    losses, norms = [], []
    with torch.random.fork_rng(devices=[]):
        for step in range(STEPS):
            torch.manual_seed(step)  # of dropout
            loss = loss_of(model.train()(images), targets)
            gradients = torch.autograd.grad(loss, list(model.parameters()))
            losses.append(loss.item())
            norms.append(float(torch.stack([gradient.square().sum() for gradient in gradients]).sum().sqrt()))
            with torch.no_grad():
                for parameter, gradient in zip(model.parameters(), gradients, strict=True):
                    parameter -= RATE * gradient
        with torch.no_grad():
            outputs = model.eval()(images)
    return {
        "tensors": _tensors(name, arguments),
        "losses": losses,
        "gradient_norms": norms,
        "outputs": outputs[0].tolist(),
    }


CASES: dict[str, Case] = {name: partial(_facts, name=name) for name in MODELS} | {
    f"{name}, {', '.join(f'{key} {value}' for key, value in arguments.items())}": partial(
        _facts, name=name, **arguments
    )
    for name, arguments in ARGUMENTS.items()
}
