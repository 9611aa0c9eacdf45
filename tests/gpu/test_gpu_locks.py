"""The lock files on the device itself: several processes, one killed; what CUDA_VISIBLE_DEVICES may say."""

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
import torch

from rethinking.engine.device import _num_runs

# A process that takes a device, says which, and keeps it until it ends.
TAKING = """
import sys
from pathlib import Path
import torch
from rethinking.engine.device import choose_device
device = choose_device(Path(sys.argv[1]))
uuid = torch.cuda.get_device_properties(device).uuid if device.type == "cuda" else "-"
torch.ones(1, device=device)
print(device, uuid, flush=True)
sys.stdin.read()
"""
Process = subprocess.Popen[str]
NO_GPU = ("cpu", "-")


@pytest.fixture
def take(tmp_path, environment) -> Iterator[Callable[..., Process]]:
    """A function from CUDA_VISIBLE_DEVICES, None for what it is, to a process that takes a device."""
    started: list[Process] = []

    def take(visible: str | None = None) -> Process:
        given = environment if visible is None else {**environment, "CUDA_VISIBLE_DEVICES": visible}
        command = [sys.executable, "-c", TAKING, str(tmp_path / "locks")]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        started.append(subprocess.Popen(command, text=True, env=given, **pipes))
        return started[-1]

    yield take
    for process in started:
        process.kill()
        process.communicate()


def taken(process: Process) -> tuple[str, str]:
    """The device that the process took, and its UUID."""
    assert process.stdout is not None
    device, uuid = process.stdout.readline().split()
    return device, uuid


@pytest.mark.slow
def test_four_processes_share_the_device_and_a_killed_one_leaves_it(take, device, tmp_path):
    processes = [take() for _ in range(4)]
    found = [taken(process) for process in processes]
    processes[2].kill()
    processes[2].wait()
    if device.type == "cpu":
        assert found == [NO_GPU] * 4
        assert not (tmp_path / "locks").exists()
        return
    num_gpus = torch.cuda.device_count()
    counts = [sum(name == f"cuda:{index}" for name, _ in found) for index in range(num_gpus)]
    assert sum(counts) == 4
    assert max(counts) - min(counts) <= 1
    assert sum(_num_runs(tmp_path / "locks", uuid) for uuid in {uuid for _, uuid in found}) == 3
    assert taken(take())[1] == found[2][1] or num_gpus == 1


def test_a_process_takes_the_gpu_that_is_visible_by_index_or_by_uuid_and_none_where_none_is(take, device):
    uuid = str(torch.cuda.get_device_properties(0).uuid) if device.type == "cuda" else None
    expected = ("cuda:0", uuid) if uuid else NO_GPU
    visible = ["0", f"GPU-{uuid}"] if uuid else [""]
    processes = [take(each) for each in visible]
    nothing = take("")
    assert [taken(process) for process in processes] == [expected] * len(visible)
    assert taken(nothing) == NO_GPU
