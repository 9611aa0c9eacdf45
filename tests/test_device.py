"""Which device a run takes, and that all of a run is on it: on a stand-in, since tests have no GPU."""

import fcntl
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from networks import CLASSIFIERS, PAPER, build, image_of
from stand_in_device import DEVICE, NAME, Record, stand_in
from tiny_runs import (
    NUM_CLASSES,
    NUM_TEST,
    NUM_TRAIN,
    SHAPE,
    comparable,
    corrupt_digits,
    make_run,
    prepare_digits,
    retrained,
    run_stage,
    torch_as_it_was,
)

from rethinking.engine import device
from rethinking.engine.device import choose_device
from rethinking.engine.state import State
from rethinking.files import read_json
from rethinking.models.registry import MODELS
from rethinking.run import RunConfig
from rethinking.stages import train as stage

ROOT = Path(__file__).parents[1]

# -- the choice --------------------------------------------------------------------------------------------------------

# A process that takes a device and keeps it until it ends. It knows torch.cuda's answers only, so it starts at once.
CHOOSING = """
import sys
from pathlib import Path
from types import SimpleNamespace
locks, *uuids = sys.argv[1:]
cuda = SimpleNamespace(
    is_available=lambda: bool(uuids),
    device_count=lambda: len(uuids),
    get_device_properties=lambda index: SimpleNamespace(uuid=uuids[index]),
    set_device=lambda index: None,
)
sys.modules["torch"] = SimpleNamespace(cuda=cuda, device=lambda *parts: parts)
from rethinking.engine.device import choose_device
print(choose_device(Path(locks))[1], flush=True)
sys.stdin.read()
"""
Process = subprocess.Popen[str]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """A function from the UUIDs of the GPUs that it sees to a process that takes one of them."""
    started: list[Process] = []

    def start(*uuids: str) -> Process:
        command = [sys.executable, "-c", CHOOSING, str(tmp_path / "locks"), *uuids]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        environment = {"PYTHONPATH": str(ROOT / "workflow")}
        started.append(subprocess.Popen(command, text=True, env=environment, **pipes))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def chosen(process: Process) -> int:
    """The index of the GPU that the process took."""
    assert process.stdout is not None
    return int(process.stdout.readline())


def killed(process: Process) -> None:
    process.kill()  # SIGKILL: it can tidy up nothing
    process.wait()


def test_without_a_gpu_a_run_computes_on_the_cpu(monkeypatch, tmp_path):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device(tmp_path / "locks") == torch.device("cpu")
    assert not (tmp_path / "locks").exists()


def test_a_gpu_that_torch_does_not_see_is_spoken_of(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(device, "NVIDIA", tmp_path / "nvidia0")
    choose_device(tmp_path / "locks")
    assert capsys.readouterr().out == ""
    device.NVIDIA.touch()
    assert choose_device(tmp_path / "locks") == torch.device("cpu")
    assert "has an NVIDIA GPU that PyTorch does not see, so the CPU computes" in capsys.readouterr().out


def test_a_run_takes_the_first_free_gpu_and_makes_it_torch_s_own(monkeypatch, tmp_path, start):
    assert chosen(start("first", "second")) == 0
    current = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    properties = [SimpleNamespace(uuid="first"), SimpleNamespace(uuid="second")]
    monkeypatch.setattr(torch.cuda, "get_device_properties", properties.__getitem__)
    monkeypatch.setattr(torch.cuda, "set_device", current.append)
    assert choose_device(tmp_path / "locks") == torch.device("cuda", 1)
    assert current == [1]


@pytest.mark.parametrize(("num_gpus", "num_runs"), [(2, 2), (2, 5), (3, 3), (1, 3), (4, 2)])
def test_runs_that_start_together_share_the_gpus_evenly(start, num_gpus, num_runs):
    uuids = [f"gpu{index}" for index in range(num_gpus)]
    runs = [start(*uuids) for _ in range(num_runs)]
    assert sorted(map(chosen, runs)) == sorted(number % num_gpus for number in range(num_runs))


def test_a_run_waits_with_its_choice_until_another_has_made_its_own(start, tmp_path):
    locks = tmp_path / "locks"
    locks.mkdir()
    with open(locks / "choosing", "w") as choosing, open(locks / "a.other", "w") as other:
        fcntl.flock(choosing, fcntl.LOCK_EX)
        run = start("a", "b")
        time.sleep(0.5)  # long enough for it to choose, if it would not wait
        fcntl.flock(other, fcntl.LOCK_EX)
        fcntl.flock(choosing, fcntl.LOCK_UN)
        assert chosen(run) == 1


def test_the_gpu_of_a_killed_run_is_free_again(start):
    runs = [start("a", "b") for _ in range(2)]
    on = {chosen(run): run for run in runs}
    killed(on[1])
    assert chosen(start("a", "b")) == 1


def test_a_run_takes_the_gpu_with_the_fewest_runs_whichever_started_first(start):
    runs = [start("a", "b") for _ in range(4)]
    indices = [chosen(run) for run in runs]
    for run, index in zip(runs, indices, strict=True):
        if index == 1:
            killed(run)
    assert [chosen(start("a", "b")) for _ in range(2)] == [1, 1]


def test_processes_that_see_other_gpus_agree_on_which_is_which(start):
    assert chosen(start("b")) == 0
    assert chosen(start("b", "a")) == 1
    assert chosen(start("c", "b", "a")) == 0


@pytest.mark.parametrize("how", ["a link", "open to all"])
def test_a_folder_that_others_can_change_says_nothing_of_gpus(how, tmp_path):
    folder = tmp_path / "locks"
    if how == "a link":
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        folder.symlink_to(tmp_path / "elsewhere")
    else:
        folder.mkdir()
        folder.chmod(0o777)
    called = subprocess.run(
        [sys.executable, "-c", CHOOSING, str(folder), "a"], input="", capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "workflow")},
    )  # fmt: skip
    assert f"ValueError: {folder}: is a link, another user's or open to others" in called.stderr
    assert list(folder.iterdir()) == []


# -- the placement -----------------------------------------------------------------------------------------------------

FAMILIES = ["mlp_1x512", "alexnet", "inception", "inception_without_bn"]
EVERYTHING = {"evaluations_per_epoch": 2, "log_every_steps": 2, "measures": ["frobenius_norm"], "weight_decay": 0.01}
STEPS_PER_EPOCH = math.ceil(NUM_TRAIN / 16)


@pytest.fixture(autouse=True)
def _settings_of_torch() -> Iterator[None]:
    with torch_as_it_was():
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare_digits(tmp_path_factory.mktemp("data") / "digits")


def trained(
    monkeypatch: pytest.MonkeyPatch, run: RunConfig, data: Path, folder: Path, corrupted: Path | None = None
) -> tuple[Record, State]:
    """A run of the train stage on the stand-in: what it moved, and its network and optimiser at the end."""
    kept: list[State] = []
    make_state = stage.State
    with monkeypatch.context() as patch, stand_in() as record:
        patch.setattr(stage, "choose_device", lambda: DEVICE)
        patch.setattr(stage, "State", lambda *parts, **more: kept.append(make_state(*parts, **more)) or kept[-1])
        run_stage(run, data, folder, corrupted)
    return record, kept[0]


def but_for_the_device(folder: Path) -> dict[str, Any]:
    """What a run left, without its times and the names of its devices."""
    found = comparable(folder / "out")
    del found["run.json"]["device"]
    found["run.json"].pop("machines", None)
    found["run.json"]["versions"].pop("cuda", None)
    return found


def kinds(tensors: Iterable[torch.Tensor]) -> list[tuple[tuple[int, ...], torch.dtype]]:
    return [(tuple(tensor.shape), tensor.dtype) for tensor in tensors]


def test_the_stand_in_refuses_to_mix_devices_as_a_gpu_does():
    with stand_in():
        placed = torch.ones(3).to(DEVICE)
        assert placed.device == DEVICE
        with pytest.raises(RuntimeError, match="two devices"):
            placed + torch.ones(3)
        assert (placed + 1).cpu().tolist() == [2, 2, 2]
        assert torch.zeros(2, device=DEVICE).device == DEVICE


@pytest.mark.parametrize("changes", [{}, EVERYTHING], ids=["plain", "everything"])
@pytest.mark.parametrize("model", FAMILIES)
def test_a_run_on_the_device_gives_what_it_gives_on_the_cpu(monkeypatch, data, tmp_path, model, changes):
    run = make_run(model, epochs=2, **changes)
    trained(monkeypatch, run, data, tmp_path / "device")
    run_stage(run, data, tmp_path / "cpu")
    assert read_json(tmp_path / "device/out/run.json")["device"] == f"cuda: {NAME}"
    assert but_for_the_device(tmp_path / "device") == but_for_the_device(tmp_path / "cpu")


@pytest.mark.parametrize("precision", ["float32", "tfloat32", "bfloat16", "auto"])
@pytest.mark.parametrize("model", FAMILIES)
def test_network_optimiser_and_saved_state_are_on_the_device(monkeypatch, data, tmp_path, model, precision):
    run = make_run(model, epochs=1, precision=precision)
    _, state = trained(monkeypatch, run, data, tmp_path)
    tensors = [*state.model.parameters(), *state.model.buffers(), *state.optimiser.moments["velocity"]]
    assert {tensor.device for tensor in tensors} == {DEVICE}


@pytest.mark.parametrize("corruption", ["true_labels", "random_labels-0.5", "gaussian_pixels"])
def test_images_and_labels_go_to_the_device_once_and_then_an_order_an_epoch(monkeypatch, data, tmp_path, corruption):
    run = make_run(corruption=corruption, epochs=3)
    corrupted = corrupt_digits(data, tmp_path / "corrupted", corruption)
    record, state = trained(monkeypatch, run, data, tmp_path, corrupted)
    sets = [shape for n in (NUM_TRAIN, NUM_TEST) for shape in (((n, *SHAPE), torch.float32), ((n,), torch.int64))]
    orders = [((NUM_TRAIN,), torch.int64)] * 3
    assert record.to_device == [*kinds(state.model.parameters()), *sets, *orders]


FLIPPED = {"random_crop": False, "flip": True, "rotation": 0}
WAITING = {
    "plain": {},
    "adam": {"optimiser": "adam", "weight_decay": 0.01},
    "clipped": {"clip_gradient_norm": 1.0},
    "dropout": {"dropout": 0.5},
    "penalties": {"penalties": [{"function": "l2", "weight": 0.01}], "label_smoothing": 0.1},
    "augmented": {"crop": 6, "augmentation": {"random_crop": True, "flip": True, "rotation": 10}},
    "fixed whitening": {"whitening": {"mean": 0.5, "sd": 0.25}, "augmentation": FLIPPED, "crop": 6},
}


@pytest.mark.parametrize("changes", WAITING.values(), ids=WAITING)
def test_nothing_but_scores_comes_back_from_the_device_and_no_step_waits_for_it(monkeypatch, data, tmp_path, changes):
    epochs = 3
    record, state = trained(monkeypatch, make_run(epochs=epochs, **changes), data, tmp_path)
    confusion = ((NUM_CLASSES, NUM_CLASSES), torch.int64)
    # Two evaluations an epoch, of the training and of the test set; at the end the weights, to be written.
    assert record.to_host == [confusion] * (2 * epochs) + kinds(state.model.parameters())
    # Loss and accuracy of the epoch's steps, loss of the training set, loss of the test set: not one for each step.
    assert record.num_reads == 4 * epochs
    assert STEPS_PER_EPOCH > 1


def test_a_run_goes_on_on_the_device_from_a_state_that_another_device_saved(monkeypatch, data, tmp_path):
    longer = make_run("inception", epochs=3)
    shorter = retrained(longer, epochs=1)
    run_stage(shorter, data, tmp_path / "resumed")
    _, state = trained(monkeypatch, longer, data, tmp_path / "resumed")
    assert {tensor.device for tensor in [*state.model.parameters(), *state.optimiser.moments["velocity"]]} == {DEVICE}
    run_stage(longer, data, tmp_path / "in-one-go")
    assert but_for_the_device(tmp_path / "resumed") == but_for_the_device(tmp_path / "in-one-go")
    summary = read_json(tmp_path / "resumed/out/run.json")
    first, second = summary["machines"]
    assert first.startswith("cpu: ")
    assert second == f"{summary['device']}, torch {torch.__version__}"
    assert "machines" not in read_json(tmp_path / "in-one-go/out/run.json"), "where one machine computed all"


def test_every_family_of_the_papers_networks_is_placed_here():
    assert {MODELS[model].family for model in FAMILIES} == {MODELS[model].family for model in PAPER}


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_every_network_goes_to_the_device_as_a_whole(name):
    """What it keeps beside parameters and buffers would stay behind."""
    model = build(name).to("meta")
    assert model(torch.empty(2, *image_of(name), device="meta")).device.type == "meta"
