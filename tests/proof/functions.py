"""What few trainings come near: decisions at their borders, and draws that it takes many of to tell apart."""

import math
from functools import partial
from pathlib import Path

import tiny_runs
import torch
from torch import nn

from proof import Case, Facts, array_facts
from rethinking import seeds
from rethinking.engine.augmentation import Augmentation
from rethinking.engine.initialisation import SCHEMES, initialise
from rethinking.engine.ledger import margins
from rethinking.engine.loop import evaluation_steps
from rethinking.engine.records import Evaluation
from rethinking.engine.regularisation import clip_gradients
from rethinking.engine.reproducibility import generator, resolved_precision
from rethinking.engine.stopping import best_epoch, meets, on_plateau, out_of_patience
from rethinking.outcomes.criteria import CRITERIA

ACCURACIES = (98.99, 99.0, 99.89, 99.9, 99.99, 100.0)
LOSSES = (0.0101, 0.01, 0.0099)
CURVES = ([1.0, 0.9, 0.9, 0.9], [1.0, 0.999901, 0.99981, 0.9], [1.0, 0.999899, 0.9998, 0.9998], [2.0, 3.0, 1.0, 1.5])


def _fitted(folder: Path) -> Facts:
    evaluations = [Evaluation(1, 1, 0.0, each, 1.0, 0.0, 1.0) for each in ACCURACIES]
    evaluations += [Evaluation(1, 1, 0.0, 50.0, each, 0.0, 1.0) for each in LOSSES]
    return {criterion: [meets(each, criterion) for each in evaluations] for criterion in CRITERIA}


def _patience(folder: Path) -> Facts:
    return {
        str(curve): {
            "best": best_epoch(curve),
            "out_of_patience": [out_of_patience(curve, patience) for patience in range(4)],
            "on_plateau": [on_plateau(curve, patience) for patience in range(4)],
        }
        for curve in CURVES
    }


def _evaluated(folder: Path) -> Facts:
    return {f"{steps} steps": [evaluation_steps(steps, times) for times in range(1, 6)] for steps in (1, 2, 7, 10)}


def _seeds(folder: Path) -> Facts:
    streams = {stream: [seeds.integer(3, stream, *keys) for keys in ((), (1,), (1, 2))] for stream in seeds.STREAMS}
    return {stream: [str(number) for number in numbers] for stream, numbers in streams.items()}


def _initialised(folder: Path, scheme: str) -> Facts:
    """Of each tensor of some layers, large enough to tell how they were drawn, the logarithm of its root mean square,
    in which a percent more is as much at any scale, and its mean and extremes in units of that."""
    layers = [nn.Conv2d(3, 30, 5), nn.Conv2d(30, 20, 3, bias=False), nn.Linear(200, 80), nn.Linear(80, 50)]
    initialise(model := nn.Sequential(*layers), scheme, generator(2, "initialisation"))
    facts = {}
    for name, parameter in model.named_parameters():
        tensor = parameter.detach().double()
        size = tensor.square().mean().sqrt().item()
        sizes = [each.item() / size for each in (tensor.mean(), tensor.min(), tensor.max())] if size else []
        facts[name] = [math.log(size) if size else None, *sizes]
    return facts


def _augmentation(folder: Path) -> Facts:
    """What is drawn for each of two thousand images of 7x9 pixels, in two epochs."""
    options = {"random_crop": True, "flip": True, "rotation": 30.0}
    recipe = tiny_runs.recipe(augmentation=options, whitening="none", crop=5)
    augmentation = Augmentation(torch.zeros(2000, 1, 7, 9), recipe, seed=4)
    return {
        f"epoch {epoch}": {
            "corner": array_facts(draws.corner.numpy()),
            "flip": array_facts(draws.flip.numpy()),
            "angle": [draws.angle.double().sum().item(), draws.angle.double().abs().sum().item()],
        }
        for epoch in (1, 2)
        for draws in [augmentation.draw(epoch)]
    }


def _margins(folder: Path) -> Facts:
    logits = torch.linspace(-2, 3, 15, dtype=torch.float64).view(5, 3).sin()
    return {"margins": margins(logits, torch.tensor([0, 1, 2, 0, 1])).tolist()}


def _clipped(folder: Path) -> Facts:
    """Gradients so small that what keeps the division from zero counts, in millionths."""
    clipped = {}
    for largest in (1e-6, 1e-5):
        parameter = nn.Parameter(torch.zeros(2, dtype=torch.float64))
        parameter.grad = torch.tensor([3e-6, 4e-6], dtype=torch.float64)
        clip_gradients([parameter], largest)
        clipped[str(largest)] = (parameter.grad * 1e6).tolist()
    return clipped


def _precisions(folder: Path) -> Facts:
    """`auto` is left out: it is the processor's to say."""
    return {name: resolved_precision(name, torch.device("cpu")) for name in ("float32", "tfloat32", "bfloat16")}


CASES: dict[str, Case] = {
    **{f"initialisation {scheme}": partial(_initialised, scheme=scheme) for scheme in SCHEMES},
    "augmentation": _augmentation,
    "clipped gradients": _clipped,
    "has fitted": _fitted,
    "margins": _margins,
    "ends early": _patience,
    "evaluations of an epoch": _evaluated,
    "seeds": _seeds,
    "precisions": _precisions,
}
