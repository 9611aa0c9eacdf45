"""What is promised of one machine: the same seed gives the same bytes, alone or not, killed and resumed or not."""

import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
import tiny_runs
import torch
from networks import PAPER
from tiny_runs import comparable, corrupt_digits, run_stage

from gpu.device_runs import Size, ended, run_of, start
from rethinking.files import read_json
from rethinking.run import RunConfig
from rethinking.stages.train import train

NOISE = "random_labels-0.5"


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("model", PAPER)
def test_the_same_seed_gives_the_same_bytes(model, precision, digits, device, size, tmp_path):
    """Also where max pools overlap in channels-last, whose gradient torch promises nothing of."""
    run = run_of(size, model, precision=precision)
    first, *others = (comparable(run_stage(run, digits, tmp_path / str(number))) for number in range(size.repeats))
    assert first["run.json"]["device"].startswith(f"{device.type}: ")
    for other in others:
        assert other == first


OPTIONS: dict[str, dict[str, Any]] = {
    "augmented": {"augmentation": {"random_crop": True, "flip": True, "rotation": 25}},
    "dropout": {"dropout": 0.5, "label_smoothing": 0.1, "clip_gradient_norm": 1.0},
    "resized": {"resize": 20},
    "adam": {"optimiser": "adam", "learning_rate": 1e-3, "schedule": "cosine", "weight_decay": 1e-3},
    "penalties": {"penalties": [{"function": "l1", "weight": 1e-4}, {"function": "l2", "weight": 1e-4}]},
    "measured": {"measures": ["frobenius_norm"], "log_every_steps": 2, "evaluations_per_epoch": 2},
    "tfloat32": {"precision": "tfloat32"},
}


@pytest.mark.parametrize("changes", OPTIONS.values(), ids=OPTIONS)
def test_every_option_of_a_recipe_gives_the_same_bytes(changes, digits, size, tmp_path):
    crop = size.image[1] - 2 if "augmentation" in changes else None
    run = run_of(size, "inception", epochs=2, crop=crop, **changes)
    one, other = (comparable(run_stage(run, digits, tmp_path / name)) for name in ("one", "other"))
    assert one == other


def test_redrawn_labels_and_a_validation_set_give_the_same_bytes(digits, size, tmp_path):
    run = run_of(size, "alexnet", NOISE, epochs=3, redraw_labels_after=[1, 2])
    own, *later = (corrupt_digits(digits, tmp_path / f"labels{seed}", NOISE, seed) for seed in range(3))
    split = tiny_runs.split_digits(digits, tmp_path / "split", size.num_train // 4)

    def left(name: str) -> dict[str, Any]:
        out, state = tmp_path / name / "out", tmp_path / name / "state.pt"
        train(run, code="code", data=digits, corrupted=own, redrawn=later, split=split, out=out, state_path=state)
        return comparable(out)

    one, other = left("one"), left("other")
    assert one == other
    assert one["run.json"]["final"]["validation"] is not None


@pytest.fixture(scope="module")
def lasting(size: Size) -> RunConfig:
    """A run that is still in its middle when its second epoch is seen to end."""
    return run_of(size, "inception", epochs=30)


@pytest.fixture(scope="module")
def alone(lasting: RunConfig, digits: Path, environment: dict[str, str], tmp_path_factory: Any) -> dict[str, Any]:
    """What that run leaves in a process that has the device to itself."""
    folder = tmp_path_factory.mktemp("alone")
    ended([start(lasting, digits, folder, environment)])
    return comparable(folder / "out")


@pytest.mark.slow
def test_a_run_in_another_process_gives_the_same_bytes(lasting, alone, digits, tmp_path):
    assert comparable(run_stage(lasting, digits, tmp_path)) == alone


@pytest.mark.slow
def test_a_run_that_is_killed_and_goes_on_gives_the_same_bytes(lasting, alone, digits, environment, tmp_path):
    process = start(lasting, digits, tmp_path, environment)
    assert process.stdout is not None
    assert any(line.startswith("epoch    2") for line in process.stdout)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "out/run.json").exists()
    (printed,) = ended([start(lasting, digits, tmp_path, environment)])
    assert "resuming after epoch" in printed
    assert comparable(tmp_path / "out") == alone


@pytest.mark.slow
def test_two_runs_at_a_time_on_one_device_give_the_bytes_of_one(lasting, alone, digits, environment, tmp_path):
    folders = [tmp_path / "one", tmp_path / "other"]
    ended([start(lasting, digits, folder, environment) for folder in folders])
    for folder in folders:
        assert comparable(folder / "out") == alone


# On the CPU Inductor writes C++ for a network; there one small network tells whether the body runs.
COMPILED = {"cuda": ["alexnet", "inception"], "cpu": ["mlp_1x512"]}
NO_COMPILER = shutil.which(os.environ.get("CXX", "g++")) is None


# torch 2.11 warns of a line of its own when its compiler is imported first.
@pytest.mark.filterwarnings("default:`torch.jit.script_method` is deprecated:DeprecationWarning")
@pytest.mark.skipif(NO_COMPILER, reason="torch.compile needs a C++ compiler (g++)")
@pytest.mark.parametrize("mode", ["default", "reduce-overhead"])
@pytest.mark.slow
def test_a_compiled_run_gives_its_own_bytes_again(mode, digits, device, size, tmp_path):
    """`reduce-overhead` computes with CUDA graphs on a GPU. The numbers differ from those that are not compiled."""
    for model in COMPILED[device.type]:
        run = run_of(size, model, epochs=3, compile=mode)
        one, other = (run_stage(run, digits, tmp_path / f"{model}-{name}") for name in ("one", "other"))
        assert comparable(one) == comparable(other)
        assert read_json(one / "run.json")["epochs_done"] == 3
        torch.compiler.reset()
