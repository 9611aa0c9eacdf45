"""No step waits for the device; what an evaluation costs in waits is counted."""

import numpy as np
import pytest
import torch
from networks import PAPER

from gpu import waits
from gpu.device_runs import Size, run_of
from rethinking.engine import loop
from rethinking.engine.evaluation import BATCH, evaluate
from rethinking.engine.optim import make_optimiser
from rethinking.engine.reproducibility import make_deterministic
from rethinking.engine.state import State
from rethinking.run import RunConfig
from rethinking.stages.placement import place

EVERYTHING = {
    "optimiser": "adam",
    "weight_decay": 0.01,
    "dropout": 0.5,
    "label_smoothing": 0.1,
    "penalties": [{"function": "l2", "weight": 1e-4}],
    "clip_gradient_norm": 1.0,
    "augmentation": {"random_crop": True, "flip": True, "rotation": 10},
    "evaluations_per_epoch": 2,
}
RECIPES = {"plain": {}, "bfloat16": {"precision": "bfloat16"}, "everything": EVERYTHING, "resized": {"resize": 20}}


def placed(run: RunConfig, size: Size, device: torch.device, num: int) -> tuple[torch.nn.Module, loop.Sets]:
    """The run's network and `num` random images on the device."""
    (channels, *sides), draws = size.image, np.random.default_rng(0)
    images, labels = draws.integers(0, 256, (num, *sides, channels), np.uint8), np.arange(num) % 10
    arrays = {"train_images": images, "train_labels": labels, "test_images": images, "test_labels": labels}
    make_deterministic(run.training.precision)
    return place(arrays, run, 10, run.training.precision, device)


@pytest.mark.parametrize("changes", RECIPES.values(), ids=RECIPES)
@pytest.mark.parametrize("model", PAPER)
def test_no_step_waits_for_the_device(model, changes, device, size, monkeypatch):
    epochs, num_steps = 3, 4
    run = run_of(size, model, epochs=epochs, train_evaluation_every=1, **{"learning_rate": 1e-3} | changes)
    network, sets = placed(run, size, device, num_steps * size.batch)
    state = State(network, make_optimiser(network, run.training))
    with waits.steps(device) as watched:
        for name in ("_evaluate", "_record"):
            monkeypatch.setattr(loop._Epoch, name, watched.pausing(getattr(loop._Epoch, name)))
        assert len(list(loop.fit(sets, run, state, measures={}, watch=watched.watch))) == epochs
    assert watched.num_steps == epochs * num_steps


def test_a_step_that_would_wait_is_found(device):
    with waits.steps(device) as watched:
        number = torch.ones((), device=device)
        watched.watch()
        with pytest.raises(RuntimeError, match=r"waited for|synchronizing"):
            float(number)


def test_an_evaluation_waits_at_most_twice_a_batch_and_at_its_end(device, size, capsys):
    num_batches = 5
    run = run_of(size, "mlp_1x512")
    network, sets = placed(run, size, device, num_batches * BATCH)
    images, labels = sets.test.images, sets.test.labels
    number = waits.counted(device, lambda: evaluate(network, images, labels, sets.task, "float32"))
    with capsys.disabled():
        print(f"\nan evaluation of {num_batches} batches waits {number} times for the device")
    assert 0 < number <= 2 * num_batches + 3
