"""The same numbers as on the CPU, as far as rounding lets them be: first losses, and what a training comes to."""

import dataclasses

import pytest
import tiny_runs
from networks import PAPER
from test_golden_losses import GOLDEN, losses
from tiny_runs import make_run, run_stage

from rethinking.files import read_json
from rethinking.stages import train as stage

# Relative, of the first three losses in float32. One forward pass adds in another order: 1e-5. Then an activation
# within rounding of zero may fall on the other side of a ReLU, as between processors (tests/test_golden_losses.py).
TOLERANCES = (2e-5, 1e-2, 5e-2)


@pytest.mark.parametrize("model", PAPER)
def test_the_first_losses_are_the_golden_ones_within_the_stated_tolerances(model, data, tmp_path):
    lines = (GOLDEN / f"{model}.txt").read_text().splitlines()
    expected = [float(line) for line in lines if not line.startswith("#")]
    for found, wanted, tolerance in zip(losses(model, data, tmp_path), expected, TOLERANCES, strict=False):
        assert float(found) == pytest.approx(wanted, rel=tolerance)


# Of 397 test images, standard deviation of one accuracy by their number alone 1.5 points, of a difference 2.1; of seeds
# about as much again.
POINTS = 8
WIDTHS = {"mlp_1x512": 1.0, "alexnet": 0.5, "inception": 0.25}  # the default figure's
RATES = {"mlp_1x512": 0.01, "alexnet": 0.005, "inception": 0.05}


@pytest.mark.parametrize("model", WIDTHS)
@pytest.mark.slow
def test_a_training_on_digits_comes_to_the_accuracies_of_the_cpu(model, device, size, tmp_path, monkeypatch):
    """The default configuration's network, images and recipe; on the CPU itself, a start of it against another seed."""
    values = tiny_runs.DIGITS | {"image_size": 14, "train": 320, "test": 397}
    data = tmp_path / "digits"
    tiny_runs.prepare.prepare("digits", values, None, data)
    epochs = 20 if size.is_full else 5
    recipe = {"batch_size": 32, "epochs": epochs, "learning_rate": RATES[model], "train_evaluation_every": epochs}
    run = make_run(model, width=WIDTHS[model], **recipe)
    there = read_json(run_stage(run, data, tmp_path / "there") / "run.json")
    monkeypatch.setattr(stage, "choose_device", lambda: stage.torch.device("cpu"))
    seed = run.seed if size.is_full else run.seed + 1
    here = read_json(run_stage(dataclasses.replace(run, seed=seed), data, tmp_path / "here") / "run.json")
    assert there["device"].startswith(device.type)
    assert here["device"].startswith("cpu")
    points = POINTS if size.is_full else 3 * POINTS  # after so few epochs seeds differ by more
    for part in ("train", "test"):
        assert there["final"][part]["accuracy"] == pytest.approx(here["final"][part]["accuracy"], abs=points)
