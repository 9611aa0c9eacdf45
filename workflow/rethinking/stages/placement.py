"""A run's network and sets on the device, in the layout and precision in which the network is fastest."""

import numpy as np
import torch
from torch import nn

from rethinking.data.preprocess import CHUNK, preprocess
from rethinking.engine.augmentation import Augmentation
from rethinking.engine.batch_norm import configure_batch_norm
from rethinking.engine.initialisation import initialise
from rethinking.engine.loop import Sets, Split
from rethinking.engine.regularisation import add_dropout
from rethinking.engine.reproducibility import generator
from rethinking.engine.tasks import Classification, Regression
from rethinking.models.registry import MODELS
from rethinking.registry import REGRESSION
from rethinking.run import RunConfig


def place(
    arrays: dict[str, np.ndarray], run: RunConfig, num_classes: int, precision: str, device: torch.device
) -> tuple[nn.Module, Sets]:
    """The run's network, initialised from its seed, and its sets, whitened, the validation set out of the training set.

    Empties `arrays`, so that no set is held twice: stored and whitened, CIFAR-10 takes 0.2 and 0.6 GB.
    """
    _, height, width, channels = arrays["train_images"].shape
    crop = run.training.crop
    shape = (channels, crop or height, crop or width)
    side = run.training.resize
    task = Regression() if MODELS[run.factory].task == REGRESSION else Classification(num_classes)
    model = make_model(run, (channels, side or shape[1], side or shape[2]), num_classes, device)
    train_indices, held_out = (arrays.pop(f"{name}_indices", None) for name in ("train", "validation"))

    def part(images: np.ndarray, labels: np.ndarray) -> Split:
        return Split(whitened(images, run, shape, precision, model), torch.from_numpy(labels).to(device))

    images, labels = arrays.pop("train_images"), arrays.pop("train_labels")
    redrawn = {epoch: arrays.pop(f"redrawn_labels_{number}") for number, epoch in enumerate(run.redraws, 1)}
    true_labels, validation, other = arrays.pop("true_labels", None), None, None
    if held_out is not None:
        kinds = [labels] if true_labels is None else [labels, true_labels]
        chosen, *others = kinds[::-1] if run.training.true_validation_labels else kinds
        validation = part(images[held_out], chosen[held_out])
        other = torch.from_numpy(others[0][held_out]).to(device) if others else None
    if train_indices is not None:
        images, labels = images[train_indices], labels[train_indices]
        redrawn = {epoch: drawn[train_indices] for epoch, drawn in redrawn.items()}
    augmentation = None
    if run.training.augmentation is not None:
        stored = images.transpose(0, 3, 1, 2).copy()
        augmentation = Augmentation(torch.from_numpy(stored).to(device), run.training, run.seed)
    train = part(images, labels)
    del images
    test = part(arrays.pop("test_images"), arrays.pop("test_labels"))
    later = {epoch: torch.from_numpy(drawn).to(device) for epoch, drawn in redrawn.items()}
    return model, Sets(train, test, task, precision, validation, augmentation, side, later, other)


def make_model(run: RunConfig, shape: tuple[int, int, int], num_classes: int, device: torch.device) -> nn.Module:
    """The run's network for images of `shape` (channels, height, width), on the device, in its layout."""
    model = MODELS[run.factory].build(shape, num_classes, **run.arguments)
    initialise(model, run.training.initialisation, generator(run.seed, "initialisation"))
    add_dropout(model, run.training.dropout)
    configure_batch_norm(model, run.training.batch_norm)
    return model.to(device).to(memory_format=memory_format(model))


def memory_format(model: nn.Module) -> torch.memory_format:
    """The layout of images and weights in which the network is fastest."""
    return getattr(model, "memory_format", torch.contiguous_format)


def whitened(
    images: np.ndarray, run: RunConfig, shape: tuple[int, int, int], precision: str, model: nn.Module
) -> torch.Tensor:
    """Stored images (n, height, width, channels) as the network takes them: (n, *shape), on its device, in its layout.

    The numbers of a regression are taken as they are.

    Under bfloat16 a CPU stores them in it, half as large: the network's first layer would round them to it anyway,
    unless they are resized before.
    """
    device = next(model.parameters()).device
    if MODELS[run.factory].task == REGRESSION:  # numbers, which nothing scales
        return torch.from_numpy(images.transpose(0, 3, 1, 2).copy()).to(device)
    halved = precision == "bfloat16" and device.type == "cpu" and run.training.resize is None
    dtype = torch.bfloat16 if halved else torch.float32
    placed = torch.empty((len(images), *shape), dtype=dtype, device=device, memory_format=memory_format(model))
    for start in range(0, len(images), CHUNK):
        chunk = preprocess(images[start : start + CHUNK], crop=run.training.crop, whitening=run.training.whitening)
        placed[start : start + CHUNK].copy_(torch.from_numpy(chunk))
    return placed
