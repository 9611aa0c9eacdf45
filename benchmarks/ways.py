"""One way to train, in a process of its own: `python -m benchmarks.ways WAY MODEL PRECISION STEPS [FOLDER]`.

It says `ready`, then trains STEPS batches of 128 for each line on standard input and answers with images a second.
The process computes on one thread and touches torch's and the C library's settings only where its way does.
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from benchmarks.images import NUM_CLASSES, images
from rethinking.engine.allocation import keep_freed_memory
from rethinking.engine.loop import Sets, fit
from rethinking.engine.optim import make_optimiser
from rethinking.engine.precision import autocast
from rethinking.engine.reproducibility import make_deterministic
from rethinking.engine.state import State
from rethinking.models.alexnet import LocalResponseNorm
from rethinking.models.registry import MODELS
from rethinking.recipe import Recipe
from rethinking.run import RunConfig
from rethinking.schema import fill
from rethinking.stages.placement import place

BATCH, CROP = 128, 28
CPU = torch.device("cpu")
Repeat = Callable[[], float]


def run_config(model: str, resize: int | None = None, **changes: Any) -> RunConfig:
    """A run that goes on for as long as it is asked to and never scores the training set, but for `changes`."""
    endless = {"epochs": 10**6, "batch_size": BATCH, "learning_rate": 1e-3, "train_evaluation_every": 10**6}
    size = {"crop": None, "resize": resize} if resize else {"crop": CROP}
    recipe = Recipe.from_json(fill(endless | {"schedule": "constant"} | size | changes, "config", "recipe"))
    return RunConfig("cifar10", model, "true_labels", "bench", 0, factory=model, arguments={}, training=recipe)


def placed(model: str, precision: str, stored: np.ndarray, labels: np.ndarray) -> tuple[nn.Module, Sets, RunConfig]:
    """Network and sets as the train stage has them; the test set is one batch."""
    make_deterministic(precision)
    keep_freed_memory()
    run = run_config(model)
    arrays = {"train_images": stored, "train_labels": labels}
    arrays |= {"test_images": stored[:BATCH], "test_labels": labels[:BATCH]}
    network, sets = place(arrays, run, NUM_CLASSES, precision, CPU)
    return network, sets, run


def engine(model: str, precision: str, stored: np.ndarray, labels: np.ndarray) -> Repeat:
    """The project's own loop: from the order of an epoch to its last step, without the evaluation that follows."""
    network, sets, run = placed(model, precision, stored, labels)
    num_steps, calls = len(labels) // BATCH, [0.0]
    # The loop calls `watch` before each step and before each batch of an evaluation.
    epochs = fit(
        sets,
        run,
        State(network, make_optimiser(network, run.training)),
        measures={},
        watch=lambda: calls.append(time.perf_counter()),
    )

    def repeat() -> float:
        calls.clear()
        start = time.perf_counter()
        next(epochs)
        return len(labels) / (calls[num_steps] - start)

    return repeat


def bare(model: str, precision: str, stored: np.ndarray, labels: np.ndarray) -> Repeat:
    """Nothing but forward, loss, backward and torch's optimiser on slices of tensors in memory; the same settings."""
    network, sets, _ = placed(model, precision, stored, labels)
    optimiser = torch.optim.SGD(network.parameters(), lr=1e-3, momentum=0.9)
    network.train()

    def repeat() -> float:
        start = time.perf_counter()
        for x, y in zip(sets.train.images.split(BATCH), sets.train.labels.split(BATCH), strict=True):
            with autocast(CPU, precision):
                logits = network(x)
            optimiser.zero_grad()
            functional.cross_entropy(logits.float(), y).backward()
            optimiser.step()
        return len(labels) / (time.perf_counter() - start)

    return repeat


def common(model: str, precision: str, stored: np.ndarray, labels: np.ndarray) -> Repeat:
    """What most people write: torchvision's CIFAR10 and transforms, a DataLoader without workers, plain layers."""
    from torch.utils.data import DataLoader

    assert precision == "float32"
    loader = DataLoader(torchvision_set(stored, labels), batch_size=BATCH, shuffle=True)
    network = plain(MODELS[model].load()(num_classes=NUM_CLASSES, input_shape=(3, CROP, CROP)))
    optimiser = torch.optim.SGD(network.parameters(), lr=1e-3, momentum=0.9)
    network.train()

    def repeat() -> float:
        start = time.perf_counter()
        for x, y in loader:
            optimiser.zero_grad()
            functional.cross_entropy(network(x), y).backward()
            optimiser.step()
        return len(labels) / (time.perf_counter() - start)

    return repeat


def whiten(x: torch.Tensor) -> torch.Tensor:
    """One image by its own mean and standard deviation, as a transform of torchvision's kind."""
    return (x - x.mean()) / x.std().clamp_min(x.numel() ** -0.5)


def torchvision_set(stored: np.ndarray, labels: np.ndarray) -> Any:
    """torchvision's CIFAR10 as its constructor leaves it, without reading the files again."""
    from torchvision import transforms
    from torchvision.datasets import CIFAR10

    dataset = CIFAR10.__new__(CIFAR10)
    dataset.data, dataset.targets, dataset.train = stored, labels.tolist(), True
    dataset.transform = transforms.Compose([transforms.ToTensor(), transforms.CenterCrop(CROP), whiten])
    dataset.target_transform = None
    return dataset


def plain(network: nn.Module) -> nn.Module:
    """The network with torch's own layers where ours are faster ones that compute the same."""
    for name, child in network.named_children():
        if isinstance(child, LocalResponseNorm):
            setattr(network, name, nn.LocalResponseNorm(9, alpha=0.001, beta=0.75, k=1.0))
        elif isinstance(child, nn.ReLU):
            setattr(network, name, nn.ReLU())
        else:
            plain(child)
    return network


def matrix(model: str, precision: str, stored: np.ndarray, labels: np.ndarray) -> Repeat:
    """The machine's own speed: FLOPs a second of a product of two matrices of 2048x2048."""
    dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
    one, other = (torch.randn(2048, 2048).to(dtype) for _ in range(2))

    def repeat() -> float:
        start = time.perf_counter()
        for _ in range(10):
            one @ other
        return 10 * 2 * 2048**3 / (time.perf_counter() - start)

    return repeat


WAYS = {"engine": engine, "bare": bare, "common": common, "matrix": matrix}


def main(way: str, model: str, precision: str, steps: str, folder: str | None = None) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    stored, labels = images(folder, int(steps) * BATCH)
    repeat = WAYS[way](model, precision, stored, labels)
    repeat()  # the first allocates and chooses kernels
    print("ready", flush=True)
    for _ in sys.stdin:
        print(repeat(), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
