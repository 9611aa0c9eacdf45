"""Ways to train on a device, in one process: each answers images a second of some steps, the device waited for."""

import time
from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional
from torch.utils.data import DataLoader

from benchmarks.images import NUM_CLASSES
from benchmarks.ways import CROP, plain, run_config, torchvision_set
from rethinking.engine.loop import fit
from rethinking.engine.optim import make_optimiser
from rethinking.engine.precision import autocast
from rethinking.engine.reproducibility import make_deterministic
from rethinking.engine.state import State
from rethinking.models.registry import MODELS
from rethinking.stages.placement import place

Repeat = Callable[[], float]
Images = tuple[np.ndarray, np.ndarray]  # uint8 (n, 32, 32, 3) and labels (n)


def waited(device: torch.device) -> float:
    """The time, once everything that the device was given has been computed."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def engine(
    model: str, precision: str, images: Images, batch: int, device: torch.device, compiled: str | None = None
) -> Repeat:
    """The project's own loop, from an epoch's first step to its last, compiled in a mode or not."""
    stored, labels = images
    num_steps = len(labels) // batch
    run = run_config(model, batch_size=batch, compile=compiled)
    make_deterministic(precision)
    arrays = {"train_images": stored, "train_labels": labels, "test_images": stored[:8], "test_labels": labels[:8]}
    network, sets = place(arrays, run, NUM_CLASSES, precision, device)
    calls, times = [0], {0: 0.0, num_steps: 0.0}

    def watch() -> None:
        """Called before each step, then before the first batch of the evaluation."""
        if calls[0] in times:
            times[calls[0]] = waited(device)
        calls[0] += 1

    epochs = fit(sets, run, State(network, make_optimiser(network, run.training)), measures={}, watch=watch)

    def repeat() -> float:
        make_deterministic(precision)
        calls[0] = 0
        next(epochs)
        return num_steps * batch / (times[num_steps] - times[0])

    return repeat


def bare(model: str, precision: str, images: Images, batch: int, device: torch.device) -> Repeat:
    """Forward, loss, backward and torch's optimiser on slices of tensors on the device; the same settings."""
    stored, labels = images
    run = run_config(model)
    make_deterministic(precision)
    arrays = {"train_images": stored, "train_labels": labels, "test_images": stored[:8], "test_labels": labels[:8]}
    network, sets = place(arrays, run, NUM_CLASSES, precision, device)
    optimiser = torch.optim.SGD(network.parameters(), lr=1e-3, momentum=0.9)
    network.train()

    def repeat() -> float:
        make_deterministic(precision)
        start = waited(device)
        for x, y in zip(sets.train.images.split(batch), sets.train.labels.split(batch), strict=True):
            with autocast(device, precision):
                logits = network(x)
            optimiser.zero_grad()
            functional.cross_entropy(logits.float(), y).backward()
            optimiser.step()
        return len(labels) / (waited(device) - start)

    return repeat


def common(model: str, precision: str, images: Images, batch: int, device: torch.device, workers: int) -> Repeat:
    """What most people write: torchvision's CIFAR10, a DataLoader with workers and pinned memory, plain layers.

    In the same precision, and free to choose kernels that are not deterministic.
    """
    on_gpu = device.type == "cuda"
    loader = DataLoader(
        torchvision_set(*images),
        batch_size=batch,
        shuffle=True,
        num_workers=workers,
        pin_memory=on_gpu,
        persistent_workers=workers > 0,
    )
    network = plain(MODELS[model].load()(num_classes=NUM_CLASSES, input_shape=(3, CROP, CROP))).to(device).train()
    optimiser = torch.optim.SGD(network.parameters(), lr=1e-3, momentum=0.9)

    def repeat() -> float:
        make_deterministic(precision)
        torch.set_deterministic_debug_mode("default")
        torch.backends.cudnn.benchmark = True
        start = waited(device)
        for x, y in loader:
            x, y = x.to(device, non_blocking=True), y.to(device, non_blocking=True)
            optimiser.zero_grad()
            with autocast(device, precision):
                logits = network(x)
            functional.cross_entropy(logits.float(), y).backward()
            optimiser.step()
        return len(images[1]) / (waited(device) - start)

    return repeat


def product(side: int, device: torch.device) -> Repeat:
    """The device's own speed: FLOPs a second of a product of two square bfloat16 matrices."""
    one, other = (torch.randn(side, side, device=device).bfloat16() for _ in range(2))

    def repeat() -> float:
        start = waited(device)
        for _ in range(10):
            one @ other
        return 10 * 2 * side**3 / (waited(device) - start)

    return repeat
