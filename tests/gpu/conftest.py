"""One device for all tests of this folder: `pytest tests/gpu --device cuda` (`make test-gpu`), else the CPU.

The bodies are the same on both: the networks' full sizes on a GPU, on the CPU as small as says something.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny_runs
import torch

from gpu import device_runs
from rethinking.stages import train as stage

ROOT = Path(__file__).parents[2]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--device", choices=["cpu", "cuda"], default="cpu", help="where the tests of tests/gpu compute")


@pytest.fixture(scope="session")
def device(request: pytest.FixtureRequest) -> torch.device:
    """The device that was asked for; without one of its kind the tests are skipped."""
    name = request.config.getoption("--device", "cpu")
    if name == "cuda" and not torch.cuda.is_available():
        pytest.skip("torch sees no GPU; `--device cpu` runs the same on the CPU")
    return torch.device(name)


@pytest.fixture(scope="session")
def size(device: torch.device) -> device_runs.Size:
    return device_runs.SIZES[device.type]


@pytest.fixture(scope="session")
def environment(device: torch.device) -> dict[str, str]:
    """Of processes that compute on the device: they see no GPU where it is the CPU, and this checkout's code."""
    code = os.pathsep.join(filter(None, [str(ROOT / "workflow"), os.getenv("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": code} | ({"CUDA_VISIBLE_DEVICES": ""} if device.type == "cpu" else {})


@pytest.fixture(scope="session")
def digits(size: device_runs.Size, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepared digits of the size that the device is tried with."""
    return device_runs.prepare(tmp_path_factory.mktemp("digits") / "digits", size)


@pytest.fixture(autouse=True)
def on_the_device(device: torch.device, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Runs of the test compute there, and torch's settings are as they were after it."""
    if device.type == "cpu":
        monkeypatch.setattr(stage, "choose_device", lambda: device)
    with tiny_runs.torch_as_it_was():
        yield
