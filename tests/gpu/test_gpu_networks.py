"""Every network in every precision: an epoch of two steps and its evaluation under the deterministic setting."""

import numpy as np
import pytest
import torch
from networks import CLASSIFIERS, image_of
from tiny_runs import make_run

from gpu.device_runs import PRECISIONS, Size
from rethinking.engine.loop import fit
from rethinking.engine.optim import make_optimiser
from rethinking.engine.reproducibility import make_deterministic, resolved_precision
from rethinking.engine.state import State
from rethinking.models.registry import MODELS
from rethinking.stages.placement import place

NUM_CLASSES, BATCH = 7, 4


def pixels(image: tuple[int, ...], num: int) -> dict[str, np.ndarray]:
    """Random images of a size and labels, as the train stage loads them; the test set is the training set."""
    draws, (channels, *sides) = np.random.default_rng(0), image
    images = draws.integers(0, 256, (num, *sides, channels), np.uint8)
    labels = np.arange(num) % NUM_CLASSES
    return {"train_images": images, "train_labels": labels, "test_images": images, "test_labels": labels}


def widths(name: str, size: Size) -> float:
    return 1.0 if size.is_full else 1 / 8


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_network_takes_its_steps_and_is_scored_by_deterministic_operations(name, precision, device, size):
    resolved = resolved_precision(precision, device)
    make_deterministic(resolved)
    assert torch.get_deterministic_debug_mode() == 2  # an operation that is not deterministic raises
    run = make_run(name, width=widths(name, size), epochs=1, batch_size=BATCH, learning_rate=1e-3)
    image = MODELS[name].input_shape if size.is_full else image_of(name)
    network, sets = place(pixels(image, 2 * BATCH), run, NUM_CLASSES, resolved, device)
    before = [parameter.detach().clone() for parameter in network.parameters()]
    (record,) = fit(sets, run, State(network, make_optimiser(network, run.training)), measures={})
    assert np.isfinite([record.online_loss, record.last.train_loss, record.last.test_loss]).all()
    assert {parameter.device.type for parameter in network.parameters()} == {device.type}
    assert any(not torch.equal(one, other) for one, other in zip(before, network.parameters(), strict=True))


def test_the_network_that_does_not_classify_has_deterministic_gradients(device):
    make_deterministic("float32")
    (name,) = set(MODELS) - set(CLASSIFIERS)
    network = MODELS[name].build().to(device)
    network(torch.ones(BATCH, *MODELS[name].input_shape, device=device)).square().mean().backward()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in network.parameters())
